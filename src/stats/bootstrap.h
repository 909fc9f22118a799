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
  std::size_t replicates = 2000;     // 100 to a million; more: steadier intervals, as much more time
  double level = 0.95;               // coverage of the intervals, in (0, 1)
  std::optional<double> mean_block;  // days; absent: automatic_block_length of the daily returns
};
/// Throws Error "stats.bad_bootstrap" with every fault of the settings.
void check_bootstrap(const BootstrapConfig& config);

/// Quantile of ascending values with linear interpolation between neighbours (type 7 of Hyndman and Fan
/// 1996). At least one value; probability in [0, 1].
double quantile(std::span<const double> sorted, double probability);

/// Adds to the metrics of `performance`, which measure() made from the same curve, the interval in which the
/// middle `level` of the replicates lies; returns the mean block length used, in days.
///
/// Ratios and returns resample days; the drawdown is that of the rearranged bars. Win rate, profit factor and
/// expectancy resample trades one by one. Expectancy in R, SQN, time in market, turnover, PSR and DSR get
/// none, nor does a metric that is absent, that resampling does not move, or that fewer than nine tenths of
/// the replicates define, nor anything under minimum_days. docs/metrics.md says what such an interval does
/// and does not tell. Throws as measure() does, and Error "stats.bad_bootstrap".
double add_intervals(const EquityCurve& curve, const BootstrapConfig& config, Performance& performance);

/// One figure of a run minus the same figure of another.
struct PairedDifference {
  Metric difference;
  std::optional<double> probability_better;  // share of replicates in which the first is higher
};
/// One run against another over the same days, resampled together.
struct PairedComparison {
  double mean_block = 1;  // days
  PairedDifference sharpe;
  PairedDifference total_return;
  PairedDifference annual_return;
};
/// First minus second. Both must cover the same days, else Error "stats.unpaired". Under
/// minimum_days nothing is resampled. Throws as add_intervals() does.
PairedComparison compare_paired(const EquityCurve& first, const EquityCurve& second,
                                const BootstrapConfig& config);

}  // namespace stevie::stats
