#include "core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

namespace stevie {
namespace {

/// Polls before a thread goes to sleep in the kernel: about 20 microseconds, the length of a pause between
/// two steps.
constexpr int polls_before_sleep = 2000;

inline void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Waits until the value differs from `old`.
template <class T>
void wait_for_change(const std::atomic<T>& value, T old) {
  for (int poll = 0; poll < polls_before_sleep; ++poll) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause_cpu();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

struct ThreadPool::State {
  // One loop at a time: written by the caller before `generation` grows, read by the workers after they saw
  // it grow.
  std::size_t count = 0;
  void* context = nullptr;
  Call call = nullptr;

  std::atomic<std::uint64_t> generation{0};
  std::atomic<std::size_t> next{0};  // the first index nobody has taken
  std::atomic<std::size_t> workers_busy{
      0};  // every worker answers for every generation, so that none comes late
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  bool stopping = false;
  std::vector<std::thread> workers;

  void take_indices() {
    try {
      for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) call(context, i);
    } catch (...) {
      next.store(count, std::memory_order_relaxed);
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  }

  void work() {
    for (std::uint64_t seen = 0;;) {
      wait_for_change(generation, seen);
      ++seen;
      if (stopping) return;
      take_indices();
      if (workers_busy.fetch_sub(1, std::memory_order_acq_rel) == 1) workers_busy.notify_one();
    }
  }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  state_->workers.reserve(threads - 1);
  for (std::size_t i = 1; i < threads; ++i) {
    state_->workers.emplace_back([state = state_.get()] { state->work(); });
  }
}

ThreadPool::~ThreadPool() {
  state_->stopping = true;
  state_->generation.fetch_add(1, std::memory_order_release);
  state_->generation.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

std::size_t ThreadPool::threads() const {
  return state_->workers.size() + 1;
}

void ThreadPool::run(std::size_t count, void* context, Call call) {
  if (state_->workers.empty() || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) call(context, i);
    return;
  }
  State& state = *state_;
  state.count = count;
  state.context = context;
  state.call = call;
  state.next.store(0, std::memory_order_relaxed);
  state.workers_busy.store(state.workers.size(), std::memory_order_relaxed);
  state.generation.fetch_add(1, std::memory_order_release);
  state.generation.notify_all();
  state.take_indices();
  for (std::size_t busy; (busy = state.workers_busy.load(std::memory_order_acquire)) != 0;) {
    wait_for_change(state.workers_busy, busy);
  }
  if (state.failed.exchange(false)) std::rethrow_exception(std::exchange(state.failure, nullptr));
}

}  // namespace stevie
