#pragma once
#include <cstddef>

#include "core/aligned.h"
#include "core/time.h"
#include "features/kernels.h"
#include "features/registry.h"

namespace stevie::features {

/// Columns of `size` consecutive bars that somebody else owns.
struct BarColumns {
  const TimeMs* open_time;
  const double *open, *high, *low, *close, *volume;
  std::size_t size;
};

/// Keeps the last history_bars bars in front of the newest ones and works out what BarBlock shares.
class BarHistory {
 public:
  /// Most bars append() takes at once. 256 bars of 100 columns stay in the second-level cache.
  static constexpr std::size_t block_bars = 256;

  BarHistory();

  /// Takes the next bars, at most block_bars, and returns them with their history; valid until the next call.
  /// Throws Error "features.unusable_bar" before anything is changed.
  BarBlock append(const BarColumns& bars);

  std::size_t bars_seen() const { return bars_seen_; }

 private:
  enum Column {
    open,
    high,
    low,
    close,
    volume,
    log_open,
    log_high,
    log_low,
    log_close,
    log_return,
    sigma,
    inverse_sigma
  };
  static constexpr std::size_t column_count = 12;
  // Room for more than one block, so that the history is moved to the front only once in a while.
  static constexpr std::size_t capacity = history_bars + 4 * block_bars;

  double* at(Column column, std::size_t offset) { return values_.data() + column * capacity + offset; }
  void make_room(std::size_t size);
  void derive(std::size_t size);

  AlignedVector<double> values_;    // (column_count, capacity)
  AlignedVector<TimeMs> time_;      // (capacity)
  std::size_t end_ = history_bars;  // offset behind the newest bar
  std::size_t bars_seen_ = 0;
  double first_log_close_ = 0;
  RollingMean square_return_{volatility_bars};
};

}  // namespace stevie::features
