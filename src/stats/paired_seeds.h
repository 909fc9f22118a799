#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "stats/bootstrap.h"

namespace stevie::stats {

/// One setting against another over the same seeds, first minus second.
struct PairedSeeds {
  double mean = 0;
  Interval interval;       // of the mean, by Student's t over the pairs
  double p_two_sided = 1;  // of no difference: all signs of the differences are as likely (Fisher 1935)
};

/// first and second: one score a seed, in the same order. Exact, over all 2^n signs, for up to 16 pairs; for
/// more over 65,535 drawn ones with `seed`, p = (#{as large} + 1) / 65,536. level: coverage of the interval.
/// Throws Error "stats.unpaired" where the numbers differ, "stats.bad_test" for fewer than two pairs, scores
/// that are not finite or a level outside (0, 1).
PairedSeeds compare_seeds(std::span<const double> first, std::span<const double> second, double level = 0.95,
                          std::uint64_t seed = 1);

/// p values corrected for all of them together, in their order: Holm 1979. Rejecting where the result is at
/// most alpha makes even one wrong rejection at most alpha likely. Throws Error "stats.bad_test" where a p is
/// not in [0, 1].
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace stevie::stats
