#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>

namespace stevie {

/// A fixed number of threads that share loops. For short work repeated often (one step of many environment
/// lanes): starting a loop does not allocate, and an idle worker listens for some microseconds before it
/// sleeps.
///
/// Which thread runs which index is not fixed, so the result must not depend on it: write to slot i only.
class ThreadPool {
 public:
  /// threads: how many work on a loop, the calling one included; 1 runs everything in the caller. 0: one a
  /// core.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const;

  /// Calls body(i) once for every i in [0, count) and returns when all have finished. If bodies throw, the
  /// remaining indices may be left out and one of the exceptions is thrown here. One caller at a time; a body
  /// must not call parallel_for of the same pool.
  template <class Body>
  void parallel_for(std::size_t count, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run(count, const_cast<void*>(static_cast<const void*>(&body)),
        [](void* context, std::size_t i) { (*static_cast<Plain*>(context))(i); });
  }

 private:
  using Call = void (*)(void* context, std::size_t index);
  void run(std::size_t count, void* context, Call call);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stevie
