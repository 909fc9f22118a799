#pragma once
#include <iosfwd>
#include <string>

#include "app/news.h"
#include "live/live_engine.h"

namespace stevie::api {

/// What `stevie serve` tells the person at the terminal: a line for everything that matters when it happens,
/// and every ten seconds how the account stands. Not for several threads at once.
class ServeConsole {
 public:
  /// err: nullptr: nothing is told. live: nullptr: nothing is traded.
  ServeConsole(std::ostream* err, const app::NewsHub& news, const live::LiveEngine* live);

  void look();
  /// One line: "2019-03-04T12:00:00Z equity 10,234.12, BTC/USDT 0.12; 12 orders; risk active; ...".
  std::string status() const;

 private:
  std::ostream* err_;
  const app::NewsHub& news_;
  const live::LiveEngine* live_;
  std::uint64_t seen_;
  TimeMs told_;
};

/// The line for one item; empty for what happens all the time.
std::string console_line(const app::NewsItem& item);

}  // namespace stevie::api
