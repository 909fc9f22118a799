#include "stats/temperature.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace stevie::stats {
namespace {

void require(bool good, const char* sentence) {
  if (!good) throw Error("stats.bad_input", sentence);
}

/// Mean log loss at an inverse temperature, and its slope there.
struct Loss {
  double value = 0, slope = 0;
};

Loss loss_at(double inverse, std::span<const double> scores, std::size_t classes,
             std::span<const std::uint8_t> labels) {
  Loss loss;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const std::span<const double> z = scores.subspan(row * classes, classes);
    const double largest = *std::ranges::max_element(z);
    double sum = 0, mean = 0;
    for (const double score : z) {
      const double weight = std::exp(inverse * (score - largest));
      sum += weight;
      mean += weight * score;
    }
    const double happened = z[labels[row]];
    loss.value += std::log(sum) - inverse * (happened - largest);
    loss.slope += mean / sum - happened;
  }
  const auto rows = static_cast<double>(labels.size());
  return {loss.value / rows, loss.slope / rows};
}

}  // namespace

void tempered_softmax(std::span<const double> scores, double temperature, std::span<double> probabilities) {
  const double largest = *std::ranges::max_element(scores);
  double sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    sum += probabilities[i] = std::exp((scores[i] - largest) / temperature);
  for (double& probability : probabilities) probability /= sum;
}

TemperatureFit fit_temperature(std::span<const double> scores, std::size_t classes,
                               std::span<const std::uint8_t> labels) {
  require(classes > 0 && !labels.empty(), "a temperature needs at least one row and one class");
  require(scores.size() == labels.size() * classes, "there must be one score for each row and class");
  require(std::ranges::all_of(scores, [](double score) { return std::isfinite(score); }),
          "a score must be a finite number");
  require(std::ranges::all_of(labels, [classes](std::uint8_t label) { return label < classes; }),
          "a label must name one of the classes");
  constexpr int halvings = 60;  // of the logarithm's range of 7.6: far below what a double resolves
  double low = std::log(1 / largest_temperature), high = std::log(1 / smallest_temperature);
  const auto slope = [&](double logarithm) {
    return loss_at(std::exp(logarithm), scores, classes, labels).slope;
  };
  if (slope(low) >= 0) {
    high = low;
  } else if (slope(high) <= 0) {
    low = high;
  }
  for (int i = 0; i < halvings && low < high; ++i) {
    const double middle = (low + high) / 2;
    (slope(middle) < 0 ? low : high) = middle;
  }
  const double inverse = std::exp((low + high) / 2);
  return {std::clamp(1 / inverse, smallest_temperature, largest_temperature),
          loss_at(1, scores, classes, labels).value, loss_at(inverse, scores, classes, labels).value};
}

}  // namespace stevie::stats
