#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace stevie::api {

/// Threads that take tasks in order; at most `queue` wait. A task must not throw.
class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue);
  ~WorkerPool();

  /// False where the queue is full or the pool has ended.
  bool submit(std::function<void()> task);
  std::size_t waiting() const;
  /// Drops what waits and joins the threads.
  void end();

 private:
  void work();

  std::size_t queue_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace stevie::api
