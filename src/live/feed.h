#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "market/bars.h"

namespace stevie::live {

/// A bar that has closed.
struct ClosedBar {
  std::size_t symbol = 0;  // index into Feed::symbols()
  market::Bar bar;
  bool late = false;  // fetched after the fact, to fill a gap: too old to decide new entries on
};

/// Bars that are handed over together, at most one of each symbol, in order of symbols.
struct FeedStep {
  std::vector<ClosedBar> bars;
  TimeMs received = 0;  // by the feed's clock
};

enum class FeedHealth : std::uint8_t { connecting, live, stale, reconnecting, ended };
std::string_view to_string(FeedHealth health);

/// How a feed is doing, for people.
struct FeedStatus {
  FeedHealth health = FeedHealth::connecting;
  std::string text;         // one sentence: "replaying 2,304 of 63,756 bars", "no message for 12 s"
  TimeMs newest_close = 0;  // close time of the newest bar handed over; 0: none
  std::uint64_t bars = 0;   // handed over
  std::uint64_t reconnects = 0;
  std::uint64_t gaps_filled = 0;  // bars fetched after the fact
  std::uint64_t rejected = 0;     // messages that were malformed, out of order, or contradicted a closed bar
  double progress = -1;           // 0 to 1 of a replay; below 0: no end is known
};

/// Where bars come from while trading. Everything but status() and interrupt() is for one thread.
class Feed {
 public:
  virtual ~Feed() = default;

  virtual std::string name() const = 0;  // "replay of BTCUSDT_1h.csv.gz at full speed", "Binance BTC/USDT 1m"
  virtual const std::vector<std::string>& symbols() const = 0;  // "BTC/USDT"
  virtual TimeMs interval() const = 0;
  /// This feed's present: a replay's is the close of the newest bar it has handed over, an exchange's that of
  /// the system's clock.
  virtual TimeMs now() const = 0;

  /// The bars of a symbol that open before `before`, newest `count` of them at most, oldest first: what a
  /// strategy is warmed up with. Fewer where there are none. Throws what reading or fetching them throws.
  virtual market::Bars history(std::size_t symbol, TimeMs before, std::size_t count) = 0;
  /// Begins with the first bar that opens after `after[symbol]`; absent: a replay with its own first bar, an
  /// exchange with the next bar that closes. Bars that closed between `after` and now come first, late.
  virtual void start(const std::vector<std::optional<TimeMs>>& after) = 0;

  /// Waits for the next bars, `patience` at most. Nothing: none came in time, interrupt() was called, or the
  /// feed has ended (status()).
  virtual std::optional<FeedStep> next(TimeMs patience) = 0;
  /// Ends a wait in next(), from any thread or a signal handler's thread.
  virtual void interrupt() = 0;

  virtual FeedStatus status() const = 0;  // from any thread

  /// Every bar of a symbol that this feed will ever hand over and those before them, where it has them all in
  /// memory from the beginning on; nullptr where it has not. They never change: from any thread.
  virtual const market::Bars* all_bars(std::size_t symbol) const {
    (void)symbol;
    return nullptr;
  }
};

}  // namespace stevie::live
