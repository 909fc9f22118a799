#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "live/feed.h"
#include "market/candles.h"

namespace stevie::live {

/// The bars that the loop knows, up to the newest one that it has played, for people: charts and
/// measurements. Never a bar ahead of the loop's now.
///
/// Where the feed has all its bars in memory (a replay) they are read there; else those of the warm-up and
/// those that were played are kept here, the newest `most_bars` of each symbol at least. The loop never waits
/// for a reader.
class BarHistory {
 public:
  explicit BarHistory(const Feed& feed, std::size_t most_bars = 5'000'000);

  // By the loop.
  /// `newest`: open time of the newest bar that counts as known; nothing: none does.
  void warm_up(std::size_t symbol, const market::Bars& bars, const std::optional<TimeMs>& newest);
  void played(std::size_t symbol, const market::Bar& bar);

  // From any thread.
  const std::vector<std::string>& symbols() const { return symbols_; }
  TimeMs interval() const { return interval_; }
  /// Place of a symbol, "BTC/USDT"; nothing where it is not traded.
  std::optional<std::size_t> find(const std::string& symbol) const;
  market::CandleChart candles(std::size_t symbol, const market::CandleRequest& request) const;
  /// Calls `read` with the bars of a symbol, of which the first `count` are known. It must not call back.
  void read(std::size_t symbol,
            const std::function<void(const market::Bars& bars, std::size_t count)>& read) const;

 private:
  struct Series {
    const market::Bars* all = nullptr;  // of the feed
    market::Bars own;
    market::CandleIndex index;
    std::size_t known = 0;  // of `all`
  };
  /// Takes in what the loop has left. Under reader_mutex_.
  Series& up_to_date(std::size_t symbol) const;
  void trim(Series& series) const;

  std::vector<std::string> symbols_;
  TimeMs interval_;
  std::size_t most_bars_;

  mutable std::mutex reader_mutex_;
  mutable std::vector<Series> series_;  // (symbols)

  struct Pending {
    std::optional<TimeMs> newest;
    std::vector<market::Bar> bars;  // where the feed does not have them
  };
  mutable std::mutex pending_mutex_;      // held for moments
  mutable std::vector<Pending> pending_;  // (symbols)
};

}  // namespace stevie::live
