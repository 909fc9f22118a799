#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace stevie::stats {

/// Inner parts of the Sharpe ratio tests: return series side by side, `lane_count` at a time, so that the
/// same step of all of them is one vector instruction. Not for callers of stats: see comparison_tests.h.
inline constexpr std::size_t lane_count = 16;
using Lanes = std::array<double, lane_count>;

/// Up to lane_count series in units of their own deviation, with what the delta method needs. Unused lanes
/// hold cash.
struct LaneSeries {
  std::vector<double> standard;  // (periods, lanes): (r - mean) / deviation; 0 where the lane does not vary
  std::size_t periods = 0;
  Lanes sharpe{};                            // mean / deviation (over n); 0 for cash
  Lanes deviation{};                         // over n
  std::array<bool, lane_count> undefined{};  // does not vary, and is not cash
  // numerator and denominator of the bandwidth's alpha, over the AR(1) fits of r and r^2
  Lanes alpha_numerator{}, alpha_denominator{};
};
/// rows: at most lane_count series of equal length. Reuses the memory of `series`.
void load_lanes(std::span<const std::span<const double>> rows, LaneSeries& series);

/// Change of the Sharpe ratio with each period, to first order: x - SR / 2 (x^2 - 1), x standardised;
/// (periods, lanes).
void influences(const LaneSeries& series, std::vector<double>& result);

/// Parzen's kernel at 0 <= x.
double parzen(double x);
/// Bandwidth 2.6614 (alpha n)^0.2 (Andrews 1991), at most n / 2.
double parzen_bandwidth(double alpha_numerator, double alpha_denominator, std::size_t periods);

/// Long-run variance of each lane of `values` (periods, lanes), whose means are 0: Parzen kernel with the
/// lane's bandwidth, times n / (n - 4).
Lanes long_run_variance(std::span<const double> values, std::size_t periods, const Lanes& bandwidth);

}  // namespace stevie::stats
