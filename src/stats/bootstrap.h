#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/random.h"
#include "stats/metrics.h"

namespace stevie::stats {

/// Mean block lengths at which block resampling estimates the variance of the mean best.
struct BlockLengths {
  double stationary = 1;
  double circular = 1;
};
/// Politis and White 2004 with the correction of Patton, Politis and White 2009. At least 1; 1 for a series
/// that does not vary or is shorter than 10.
BlockLengths automatic_block_length(std::span<const double> series);

/// One resampled order of 0 .. indices.size()-1: the stationary bootstrap of Politis and Romano 1994. At each
/// step a new block starts at a uniform place with probability 1 / mean_block, else the next index follows,
/// wrapping around.
void stationary_indices(RandomStream& random, double mean_block, std::span<std::uint32_t> indices);

/// Settings of every resampling here.
struct BootstrapConfig {
  std::uint64_t seed =
      1;  // replicate k draws from RandomStream(seed, k): independent of the number of threads
  std::size_t replicates = 2000;  // more makes the ends of the intervals steadier, in proportion to the time
  double level = 0.95;            // coverage of the intervals, in (0, 1)
  std::optional<double> mean_block;  // days; absent: automatic_block_length of the daily returns
};

/// Where the middle `level` of the replicates lies.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Intervals of the metrics, absent where the metric is absent or fewer than nine tenths of the replicates
/// define it. Ratios and returns of days resample days; the drawdown is that of the rearranged bars. Trade
/// statistics resample trades one by one. Exposure, turnover, PSR and DSR have none.
struct PerformanceIntervals {
  double mean_block = 1;  // days
  std::optional<Interval> total_return, annual_return, volatility, sharpe, sortino, max_drawdown, calmar,
      cvar95;
  std::optional<Interval> win_rate, profit_factor, expectancy;
};
/// The interval of the metric with this key (MetricInfo::key); absent for those that have none.
std::optional<Interval> find_interval(const PerformanceIntervals& intervals, std::string_view key);

/// Percentile intervals; see docs/metrics.md for what they do and do not say. Throws as measure() does.
PerformanceIntervals bootstrap_intervals(const EquityCurve& curve, const BootstrapConfig& config);

/// One run against another over the same days, resampled together.
struct PairedDifference {
  Metric difference;  // first minus second
  std::optional<Interval> interval;
  std::optional<double> probability_better;  // share of replicates in which the first is higher
};
struct PairedComparison {
  double mean_block = 1;
  PairedDifference sharpe;  // annualised
  PairedDifference total_return;
  PairedDifference annual_return;
};
/// Both runs must cover the same days, else Error "stats.unpaired". Under 30 days everything is absent.
PairedComparison compare_paired(const EquityCurve& first, const EquityCurve& second,
                                const BootstrapConfig& config);

}  // namespace stevie::stats
