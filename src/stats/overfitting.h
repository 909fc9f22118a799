#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "stats/comparison_tests.h"

namespace stevie::stats {

/// Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez
/// de Prado and Zhu 2017).
struct Overfitting {
  double probability = 0;      // share of the splits in which the winner ends up in the lower half
  std::vector<double> logits;  // per split ln(w / (1 - w)), w = rank of the winner out of sample / (N + 1);
                               // equal values share the mean of their ranks
};
/// The periods are cut into `blocks` even parts (the first periods % blocks periods are left out); in each of
/// the C(blocks, blocks / 2) splits the candidate with the highest Sharpe ratio on one half is ranked on the
/// other. A candidate that does not vary on a half has the ratio 0 there.
/// Throws Error "stats.bad_test": fewer than 2 candidates, blocks odd, under 2 or above 20, fewer than 2
/// periods a block, a value that is not finite.
Overfitting probability_of_overfitting(const SeriesView& returns, std::size_t blocks);

/// Combinatorial purged cross-validation (Lopez de Prado 2018, chapter 12): `groups` consecutive parts of the
/// periods, every choice of `test_groups` of them tested once.
struct PurgedConfig {
  std::size_t periods = 0;
  std::size_t groups = 10;      // 2 .. periods, of periods / groups periods each; the last takes the rest
  std::size_t test_groups = 2;  // 1 .. groups - 1
  std::size_t purge = 0;        // periods taken out of training on both sides of a test part: at least the
                                // look-back plus the longest holding
  std::size_t embargo = 0;      // further periods taken out after a test part
};
struct PurgedSplit {
  std::vector<std::uint32_t> train;        // ascending
  std::vector<std::uint32_t> test;         // ascending
  std::vector<std::uint32_t> test_groups;  // ascending
};
struct PurgedSplits {
  std::vector<PurgedSplit> splits;  // C(groups, test_groups), in lexicographic order of their test groups
  /// (paths, groups): which split tests this group on this path; C(groups, test_groups) * test_groups /
  /// groups paths, each of which covers all periods out of sample once.
  std::vector<std::vector<std::uint32_t>> paths;
};
/// Throws Error "stats.bad_split": settings out of range, more than 100,000 splits, a split without training
/// periods.
PurgedSplits purged_splits(const PurgedConfig& config);

}  // namespace stevie::stats
