#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "app/news.h"
#include "ledger/event.h"
#include "notify/notify.h"

namespace stevie::app {

/// Makes messages for people of what the program publishes and records. Remembers what it saw last, and so
/// tells changes; what it finds at first is no change. Not for several threads at once.
class MessageMaker {
 public:
  /// denials_per_minute: how many orders must be denied within a minute to be worth a message.
  explicit MessageMaker(std::uint64_t denials_per_minute) : most_denials_(denials_per_minute) {}

  /// Bodies that are not what they should be give none.
  std::vector<notify::Message> read(const NewsItem& item);
  /// The kinds of the ledger that read() tells of, and the message of such an event: the same, with the same
  /// key.
  static const std::vector<std::string>& ledger_kinds();
  std::optional<notify::Message> read(const ledger::Event& event);

 private:
  void read_state(const NewsItem& item, std::vector<notify::Message>& messages);
  void read_decision(const NewsItem& item, std::vector<notify::Message>& messages);

  std::uint64_t most_denials_;
  std::deque<std::pair<TimeMs, std::string>> denials_;  // of the last minute: when, and which
  bool told_denials_ = false;
  std::optional<std::string> risk_state_;
  std::optional<bool> feed_stale_, recording_, agrees_;
};

}  // namespace stevie::app
