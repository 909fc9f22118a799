#pragma once
#include <span>

#include "stats/bootstrap.h"
#include "stats/comparison_tests.h"

namespace stevie::stats {

/// What several seeds of one training say together (Agarwal, Schwarzer, Castro, Courville and Bellemare 2021,
/// "Deep reinforcement learning at the edge of the statistical precipice"; the library rliable).

/// Mean of the middle half of the values; where a quarter of them is no whole number, the values at the ends
/// count in part. Any order; at least one value.
double interquartile_mean(std::span<const double> scores);

/// Interquartile mean over all tasks and seeds, with the interval of the stratified bootstrap: every task's
/// seeds are drawn again among themselves.
struct SeedSummary {
  double interquartile_mean = 0;
  Interval interval;  // percentile interval at config.level
};
/// scores: (tasks, seeds), one row a task. config.mean_block is not used. Throws Error "stats.bad_bootstrap"
/// on settings out of range, "stats.bad_test" without scores or where one is not finite.
SeedSummary summarise_seeds(const SeriesView& scores, const BootstrapConfig& config);

/// Probability that a run of the first is better than one of the second on a task drawn at random: the mean
/// over tasks of the share of pairs of seeds in which it is higher, ties counting half.
struct ImprovementProbability {
  double probability = 0;
  Interval interval;  // stratified bootstrap, both resampled
};
/// first and second: the same tasks, any numbers of seeds. Throws as summarise_seeds, and "stats.unpaired"
/// where the tasks differ in number.
ImprovementProbability probability_of_improvement(const SeriesView& first, const SeriesView& second,
                                                  const BootstrapConfig& config);

}  // namespace stevie::stats
