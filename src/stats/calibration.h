#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/metrics.h"

namespace stevie::stats {

/// Interval of a share of successes among independent trials: the score interval of Wilson 1927, "Probable
/// inference, the law of succession, and statistical inference". It stays within 0 and 1 and holds for few
/// trials too. 0 to 1 where there are none. Throws Error "stats.bad_input" where successes > trials or the
/// level is not within (0, 1).
Interval wilson_interval(std::size_t successes, std::size_t trials, double level);

/// Interval of the mean of independent values: the middle `level` of the means of `replicates` samples with
/// replacement (the percentile bootstrap of Efron 1979), seeded. Nothing for fewer than `least` values.
std::optional<Interval> mean_interval(std::span<const double> values, double level, std::size_t least = 10,
                                      std::size_t replicates = 1000, std::uint64_t seed = 1);

/// Predictions within [low, high), the last bin with its upper end.
struct CalibrationBin {
  double low = 0, high = 1;
  std::size_t count = 0, successes = 0;
  double mean_prediction = 0;  // 0 where there is none
  double share = 0;            // successes / count; 0 where there is none
  Interval interval;           // of the share: wilson_interval()
};

/// How well predicted probabilities agree with what followed.
struct Calibration {
  std::size_t count = 0, successes = 0;
  std::vector<CalibrationBin> bins;
  /// Mean squared distance of prediction and outcome, 0 (perfect) to 1 (Brier 1950, "Verification of
  /// forecasts expressed in terms of probability").
  Metric brier;
  /// 1 - brier / that of predicting the share of successes each time: above 0 the predictions tell more than
  /// that share does. Absent where all outcomes are the same.
  Metric brier_skill;
  /// Mean distance of a bin's share from its mean prediction, weighted by the bins' counts (Naeini, Cooper
  /// and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning").
  Metric expected_error;
};

/// predictions: in [0, 1]; outcomes: 0 or 1; as many of each. bins: 1 to 100, of equal width. Figures over
/// all are absent ("too few") under `least` predictions. Throws Error "stats.bad_input".
Calibration calibrate(std::span<const double> predictions, std::span<const std::uint8_t> outcomes,
                      std::size_t bins, double level = 0.95, std::size_t least = 30);

}  // namespace stevie::stats
