#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

/// Neighbouring bars put together: open of the first, highest high, lowest low, close of the last, sum of the
/// volumes. `open_time` is the beginning of the candle's span, at or before its first bar.
struct Candle {
  TimeMs open_time = 0;
  double open = 0, high = 0, low = 0, close = 0, volume = 0;
  std::size_t bars = 0;  // in it, > 0
};

/// Highs, lows and volumes of blocks of 64 bars, so that any stretch of a series is put together without
/// going over each of its bars: a million bars become candles in about a millisecond.
class CandleIndex {
 public:
  static constexpr std::size_t block_bars = 64;

  /// Takes in the whole blocks of bars [0, count) that it does not know yet. The series may only have grown
  /// at its end since the last call.
  void extend(const Bars& bars, std::size_t count);
  /// Bars [range.begin, range.end) as one candle that opens at `open_time`. The range is not empty; blocks
  /// that are not taken in are gone over bar by bar.
  Candle merge(const Bars& bars, BarRange range, TimeMs open_time) const;

 private:
  struct Block {
    double high = 0, low = 0, volume = 0;
  };
  std::vector<Block> blocks_;
};

/// What candles are asked for.
struct CandleRequest {
  std::optional<TimeMs> from;  // the first bar opens here or later
  std::optional<TimeMs> to;    // the last bar opens here or earlier
  std::size_t points = 500;    // candles at most, > 0
};

struct CandleChart {
  TimeMs width = 0;                   // of a candle; the bars' interval where nothing was put together
  std::vector<Candle> candles;        // oldest first, none without a bar
  std::optional<TimeMs> first, last;  // open times of the oldest and the newest of all bars there are
  bool has_volume = true;
};

/// Candles over those of bars [0, count) that the request names; without `from`, the newest `points` bars up
/// to `to`. All are of the same width: the shortest that keeps within `points`, of round lengths (5 m, 1 h, 1
/// d) and laid on UTC's grid (weeks begin on Monday), so that panning does not move their borders.
CandleChart make_candles(const Bars& bars, std::size_t count, const CandleIndex& index,
                         const CandleRequest& request);

/// The shortest round width, a multiple of `interval`, that is at least `least`.
TimeMs round_candle_width(TimeMs interval, TimeMs least);

}  // namespace stevie::market
