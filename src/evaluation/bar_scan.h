#pragma once
/// Loops over the columns of bars that nothing happens on, written so that the compiler takes eight bars at a
/// time.
#include <algorithm>
#include <array>
#include <cstddef>

namespace stevie::evaluation {

inline constexpr std::size_t scan_block = 8;  // bars looked at together

/// First bar of [begin, end) with low <= lower or high >= upper; end where there is none. NaN is never
/// reached.
inline std::size_t first_touch(const double* low, const double* high, std::size_t begin, std::size_t end,
                               double lower, double upper) {
  std::size_t bar = begin;
  for (; bar + scan_block <= end; bar += scan_block) {
    unsigned touched = 0;
    for (std::size_t i = 0; i < scan_block; ++i)
      touched |= static_cast<unsigned>(low[bar + i] <= lower) | static_cast<unsigned>(high[bar + i] >= upper);
    if (touched != 0) break;
  }
  while (bar < end && !(low[bar] <= lower) && !(high[bar] >= upper)) ++bar;
  return bar;
}

/// Follows the peak of an equity and the largest loss from it, as stats::drawdown_series does value by value.
/// Only the lowest value under a peak is divided: rounding is monotonous, so that the largest quotient is
/// its.
class Drawdown {
 public:
  explicit Drawdown(double start) : peak_(start), lowest_(start) {}

  void add(double equity) {
    if (equity > peak_) {
      settle();
      peak_ = lowest_ = equity;
    } else {
      lowest_ = std::min(lowest_, equity);
    }
  }
  /// cash + units * close of each bar.
  void add(double cash, double units, const double* close, std::size_t count) {
    std::size_t i = 0;
    for (; i + scan_block <= count; i += scan_block) {
      std::array<double, scan_block> equity;
      unsigned rises = 0;
      for (std::size_t lane = 0; lane < scan_block; ++lane) equity[lane] = cash + units * close[i + lane];
      for (std::size_t lane = 0; lane < scan_block; ++lane)
        rises |= static_cast<unsigned>(equity[lane] > peak_);
      if (rises != 0) {
        for (const double value : equity) add(value);
      } else {
        for (std::size_t half = scan_block / 2; half > 0; half /= 2)
          for (std::size_t lane = 0; lane < half; ++lane)
            equity[lane] = std::min(equity[lane], equity[lane + half]);
        lowest_ = std::min(lowest_, equity[0]);
      }
    }
    for (; i < count; ++i) add(cash + units * close[i]);
  }
  double largest() {
    settle();
    return largest_;
  }

 private:
  void settle() { largest_ = std::max(largest_, (peak_ - lowest_) / peak_); }

  double peak_, lowest_;
  double largest_ = 0;
};

}  // namespace stevie::evaluation
