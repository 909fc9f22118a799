#include "stats/temperature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "stats/calibration.h"

namespace stevie::stats {
namespace {

constexpr std::size_t classes = 3;

/// Scores whose softmax at `temperature` is the distribution that the labels are drawn from.
struct Drawn {
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
};

Drawn draw(double temperature, std::size_t rows, std::uint64_t seed) {
  RandomStream random(seed, 0);
  Drawn drawn;
  std::vector<double> row(classes), probabilities(classes);
  for (std::size_t i = 0; i < rows; ++i) {
    for (double& score : row) score = 2 * random.normal();
    tempered_softmax(row, temperature, probabilities);
    double left = random.uniform();
    std::uint8_t label = 0;
    while (label + 1U < classes && left >= probabilities[label]) left -= probabilities[label++];
    drawn.scores.insert(drawn.scores.end(), row.begin(), row.end());
    drawn.labels.push_back(label);
  }
  return drawn;
}

/// The mean log loss, worked out the plain way.
double plain_loss(const Drawn& drawn, double temperature) {
  double sum = 0;
  for (std::size_t i = 0; i < drawn.labels.size(); ++i) {
    double all = 0;
    for (std::size_t c = 0; c < classes; ++c) all += std::exp(drawn.scores[i * classes + c] / temperature);
    sum -= std::log(std::exp(drawn.scores[i * classes + drawn.labels[i]] / temperature) / all);
  }
  return sum / static_cast<double>(drawn.labels.size());
}

/// Expected calibration error of the most probable class.
double calibration_error(const Drawn& drawn, double temperature) {
  std::vector<double> confidences;
  std::vector<std::uint8_t> right;
  std::vector<double> probabilities(classes);
  for (std::size_t i = 0; i < drawn.labels.size(); ++i) {
    tempered_softmax(std::span(drawn.scores).subspan(i * classes, classes), temperature, probabilities);
    const auto best = std::ranges::max_element(probabilities);
    confidences.push_back(*best);
    right.push_back(best - probabilities.begin() == drawn.labels[i]);
  }
  return *calibrate(confidences, right, 15).expected_error.value;
}

TEST(Temperature, FindsTheOneThatTheLabelsWereDrawnWith) {
  for (const double truth : {0.5, 1.0, 2.0, 5.0}) {
    const Drawn drawn = draw(truth, 20'000, 3);
    const TemperatureFit fit = fit_temperature(drawn.scores, classes, drawn.labels);
    EXPECT_NEAR(fit.temperature / truth, 1, 0.08) << truth;
    EXPECT_NEAR(fit.loss_before, plain_loss(drawn, 1), 1e-9);
    EXPECT_NEAR(fit.loss_after, plain_loss(drawn, fit.temperature), 1e-9);
    // no temperature beside it is better
    EXPECT_LT(fit.loss_after, plain_loss(drawn, fit.temperature * 1.02));
    EXPECT_LT(fit.loss_after, plain_loss(drawn, fit.temperature / 1.02));
  }
}

TEST(Temperature, MakesConfidencesMeanWhatTheySayOnOtherLabels) {
  const Drawn fitted = draw(3, 5'000, 1), other = draw(3, 20'000, 2);
  const double temperature = fit_temperature(fitted.scores, classes, fitted.labels).temperature;
  EXPECT_GT(calibration_error(other, 1), 0.2);
  EXPECT_LT(calibration_error(other, temperature), 0.02);
  EXPECT_LT(plain_loss(other, temperature), plain_loss(other, 1) - 0.1);
}

TEST(Temperature, ScoresThatTellNothingOrTheOppositeGetTheLargest) {
  Drawn drawn = draw(1, 500, 1);
  for (double& score : drawn.scores) score = -score;
  EXPECT_NEAR(fit_temperature(drawn.scores, classes, drawn.labels).temperature, largest_temperature, 1e-9);
}

TEST(Temperature, ScoresThatAreAlwaysRightGetTheSmallest) {
  const std::vector<double> scores{1, 0, 0, 0, 1, 0};
  const std::vector<std::uint8_t> labels{0, 1};
  EXPECT_NEAR(fit_temperature(scores, classes, labels).temperature, smallest_temperature, 1e-12);
}

TEST(Temperature, SoftmaxSumsToOneForScoresOfAnySize) {
  const std::vector<double> scores{-1e300, 4e3, 4e3, 0};
  std::vector<double> probabilities(scores.size());
  tempered_softmax(scores, 2, probabilities);
  EXPECT_EQ(probabilities, (std::vector<double>{0, 0.5, 0.5, 0}));
}

TEST(Temperature, RefusesWhatItCannotFit) {
  const std::vector<std::uint8_t> labels{0, 3};
  const std::vector<double> scores(6, 0.0), bad{0, 0, std::numeric_limits<double>::infinity()};
  EXPECT_THROW(fit_temperature(scores, classes, labels), Error);                       // no such class
  EXPECT_THROW(fit_temperature(scores, classes, std::span(labels).first(1)), Error);   // too many scores
  EXPECT_THROW(fit_temperature(bad, classes, std::span(labels).first(1)), Error);      // not finite
  EXPECT_THROW(fit_temperature({}, classes, std::span<const std::uint8_t>()), Error);  // nothing
}

}  // namespace
}  // namespace stevie::stats
