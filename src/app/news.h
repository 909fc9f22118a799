#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace stevie::app {

/// One thing that changed, for those who watch.
struct NewsItem {
  std::uint64_t id = 0;  // one more than the item before
  std::string topic;     // "live", "decisions", "fills", "risk", "parameters", "sessions", "ledger"
  std::string kind;      // "live.step", "session.progress", ...
  std::string body;      // JSON object on one line
  TimeMs time = 0;
};

/// The newest things that changed. Any thread may publish and any may read; nobody waits for a reader: one
/// that falls behind finds that items are gone and reads the state anew.
class NewsHub {
 public:
  /// first: number of the first item. One that no earlier process reached (the time in microseconds) lets
  /// after() tell a reader of that process that it missed something.
  explicit NewsHub(std::size_t kept = 10'000, std::uint64_t first = 1) : kept_(kept), next_(first) {}

  std::uint64_t publish(std::string topic, std::string kind, std::string body);
  /// Items after `id`, oldest first, at most `most`. `missed`: true where some of them are gone already, or
  /// where `id` is of another process; the items are then the oldest that are kept.
  struct Batch {
    std::vector<NewsItem> items;
    bool missed = false;
  };
  Batch after(std::uint64_t id, std::size_t most) const;
  std::uint64_t newest() const;
  /// Called after each publish, on the publisher's thread; must only wake somebody, and must neither publish
  /// nor call on_publish() or stop_waking(). Returns the handle that stop_waking() takes.
  std::uint64_t on_publish(std::function<void()> wake);
  /// Once it returns the function is not running and will not be called again.
  void stop_waking(std::uint64_t handle);

 private:
  mutable std::mutex mutex_;  // next_ and items_
  std::size_t kept_;
  std::uint64_t next_;
  std::deque<NewsItem> items_;
  std::mutex wake_mutex_;
  std::vector<std::pair<std::uint64_t, std::function<void()>>> wake_;
  std::uint64_t wake_handles_ = 0;
};

}  // namespace stevie::app
