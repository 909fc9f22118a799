#pragma once
#include <functional>
#include <memory>

#include "app/news.h"
#include "ledger/ledger.h"
#include "notify/notifier.h"

namespace stevie::app {

/// Tells the channels what happens: a thread reads the news, makes messages of them and hands them to a
/// notifier, whose own thread sends them. What was recorded while nobody listened - the program was down, or
/// news were missed - is read from the ledger, as far back as a day. Nobody who publishes waits.
class Notifications {
 public:
  struct Parts {
    notify::NotifyConfig config;
    ledger::LedgerConfig ledger;  // opens its own connection, when it needs one
    NewsHub* news = nullptr;
    std::function<TimeMs()> now = {};                                      // default: the system's clock
    std::function<notify::PostAnswer(const notify::HttpPost&)> post = {};  // for tests
  };
  explicit Notifications(Parts parts);
  ~Notifications();  // stops

  void start();
  void stop();

  notify::Notifier& notifier();

  /// What the thread does when it is woken: reads what is new. For tests while it does not run. Throws
  /// nothing.
  void look();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::app
