#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace stevie::stats {

/// A temperature divides scores before the softmax: above 1 the probabilities come nearer to each other,
/// below 1 they draw apart, and which class is the most probable stays.
inline constexpr double smallest_temperature = 0.05;
inline constexpr double largest_temperature = 100.0;

/// Softmax of scores / temperature; the sum is 1. The spans are of equal length, at least 1; temperature > 0.
void tempered_softmax(std::span<const double> scores, double temperature, std::span<double> probabilities);

struct TemperatureFit {
  double temperature = 1;
  /// Mean of -ln(probability given to what happened), at temperature 1 and at the one found.
  double loss_before = 0, loss_after = 0;
};

/// The temperature at which the mean log loss of what happened is least: temperature scaling (Guo, Pleiss,
/// Sun and Weinberger 2017, "On calibration of modern neural networks"). The loss is convex in 1 /
/// temperature, so that a bisection of its slope finds the one minimum; where it lies outside
/// smallest_temperature to largest_temperature the nearer of the two is taken (scores that tell nothing: the
/// largest).
///
/// scores: (rows, classes), finite; labels: (rows), each below `classes`. Throws Error "stats.bad_input".
TemperatureFit fit_temperature(std::span<const double> scores, std::size_t classes,
                               std::span<const std::uint8_t> labels);

}  // namespace stevie::stats
