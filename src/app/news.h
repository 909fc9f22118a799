#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/time.h"

namespace stevie::app {

/// One thing that changed, for those who watch.
struct NewsItem {
  std::uint64_t id = 0;  // 1, 2, ... within this process
  std::string topic;     // "live", "decisions", "fills", "risk", "parameters", "sessions", "ledger"
  std::string kind;      // "live.step", "session.progress", ...
  std::string body;      // JSON object on one line
  TimeMs time = 0;
};

/// The newest things that changed. Any thread may publish and any may read; nobody waits for a reader: one
/// that falls behind finds that items are gone and reads the state anew.
class NewsHub {
 public:
  explicit NewsHub(std::size_t kept = 10'000) : kept_(kept) {}

  std::uint64_t publish(std::string topic, std::string kind, std::string body);
  /// Items after `id`, at most `most`. `missed`: true where some of them are gone already.
  struct Batch {
    std::vector<NewsItem> items;
    bool missed = false;
  };
  Batch after(std::uint64_t id, std::size_t most) const;
  std::uint64_t newest() const;
  /// Called after each publish, on the publisher's thread; must only wake somebody.
  void on_publish(std::function<void()> wake);

 private:
  mutable std::mutex mutex_;
  std::size_t kept_;
  std::uint64_t next_ = 1;
  std::deque<NewsItem> items_;
  std::vector<std::function<void()>> wake_;
};

}  // namespace stevie::app
