#include "stats/calibration.h"

#include <gtest/gtest.h>

#include <array>

#include "core/random.h"
#include "core/testing.h"

namespace stevie::stats {
namespace {

TEST(Wilson, AgreesWithPublishedIntervals) {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
  struct Row {
    std::size_t successes, trials;
    double low, high;
  };
  for (const Row& row : std::array{Row{81, 263, 0.2553, 0.3662}, Row{15, 148, 0.0624, 0.1605},
                                   Row{0, 20, 0.0, 0.1611}, Row{1, 29, 0.0061, 0.1718}}) {
    const Interval interval = wilson_interval(row.successes, row.trials, 0.95);
    EXPECT_NEAR(interval.low, row.low, 5e-5);
    EXPECT_NEAR(interval.high, row.high, 5e-5);
  }
}

TEST(Wilson, StaysWithinItsBoundsAndTurnsWithTheOutcome) {
  for (std::size_t trials = 1; trials < 60; ++trials) {
    for (std::size_t successes = 0; successes <= trials; ++successes) {
      const Interval interval = wilson_interval(successes, trials, 0.9);
      const double share = static_cast<double>(successes) / static_cast<double>(trials);
      EXPECT_GE(interval.low, 0);
      EXPECT_LE(interval.high, 1);
      EXPECT_LE(interval.low, share);
      EXPECT_GE(interval.high, share);
      const Interval turned = wilson_interval(trials - successes, trials, 0.9);
      EXPECT_NEAR(turned.low, 1 - interval.high, 1e-12);
    }
  }
  EXPECT_EQ(wilson_interval(0, 0, 0.95).high, 1);
  EXPECT_EQ(error_of([] { wilson_interval(2, 1, 0.95); }).code(), "stats.bad_input");
  EXPECT_EQ(error_of([] { wilson_interval(1, 2, 1); }).code(), "stats.bad_input");
}

TEST(MeanInterval, CoversTheTrueMeanAboutAsOftenAsItSays) {
  constexpr int runs = 400;
  int covered = 0;
  for (int run = 0; run < runs; ++run) {
    RandomStream random(11, static_cast<std::uint64_t>(run));
    std::vector<double> values;
    for (int i = 0; i < 80; ++i) values.push_back(random.uniform());
    const auto interval = mean_interval(values, 0.9, 10, 300);
    covered += interval->low <= 0.5 && interval->high >= 0.5 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(covered) / runs, 0.9, 0.05);  // three standard errors
}

TEST(MeanInterval, FewValuesHaveNone) {
  const std::vector<double> values(9, 1.0);
  EXPECT_FALSE(mean_interval(values, 0.95));
  EXPECT_FALSE(mean_interval({}, 0.95, 0));
}

TEST(Calibration, ByHand) {
  const std::vector<double> predictions{0.1, 0.2, 0.9, 1.0};
  const std::vector<std::uint8_t> outcomes{0, 1, 1, 1};
  const Calibration found = calibrate(predictions, outcomes, 2, 0.95, 4);
  ASSERT_EQ(found.bins.size(), 2U);
  EXPECT_EQ(found.bins[0].count, 2U);
  EXPECT_EQ(found.bins[0].successes, 1U);
  EXPECT_NEAR(found.bins[0].mean_prediction, 0.15, 1e-12);
  EXPECT_EQ(found.bins[1].share, 1);
  EXPECT_NEAR(*found.brier.value, (0.01 + 0.64 + 0.01 + 0) / 4, 1e-12);
  EXPECT_NEAR(*found.expected_error.value, 0.5 * 0.35 + 0.5 * 0.05, 1e-12);
  EXPECT_NEAR(*found.brier_skill.value, 1 - 0.165 / (0.75 * 0.25), 1e-12);
}

TEST(Calibration, TrueProbabilitiesAreCalibratedAndConstantsAreNot) {
  RandomStream random(5, 0);
  std::vector<double> honest, boastful;
  std::vector<std::uint8_t> outcomes;
  for (int i = 0; i < 50'000; ++i) {
    const double probability = random.uniform();
    honest.push_back(probability);
    boastful.push_back(0.95);
    outcomes.push_back(random.uniform() < probability ? 1 : 0);
  }
  const Calibration good = calibrate(honest, outcomes, 10);
  EXPECT_LT(*good.expected_error.value, 0.01);
  EXPECT_NEAR(*good.brier.value, 1.0 / 6, 0.005);  // the mean of p (1 - p)
  EXPECT_GT(*good.brier_skill.value, 0.3);
  const Calibration bad = calibrate(boastful, outcomes, 10);
  EXPECT_NEAR(*bad.expected_error.value, 0.45, 0.01);
  EXPECT_LT(*bad.brier_skill.value, 0);
  EXPECT_EQ(bad.bins[9].count, outcomes.size());
}

TEST(Calibration, FewAreSaidToBeTooFewAndNonsenseIsRefused) {
  const std::vector<double> predictions(29, 0.5);
  const std::vector<std::uint8_t> outcomes(29, 1);
  const Calibration found = calibrate(predictions, outcomes, 5);
  EXPECT_FALSE(found.brier);
  EXPECT_EQ(found.brier.reason, "too few: 29 of at least 30");
  EXPECT_EQ(found.bins[2].count, 29U);
  EXPECT_TRUE(calibrate({}, {}, 5).bins[0].interval.high == 1);
  const std::vector<double> bad{1.5};
  const std::vector<std::uint8_t> one{1};
  EXPECT_EQ(error_of([&] { calibrate(bad, one, 5); }).code(), "stats.bad_input");
  EXPECT_EQ(error_of([&] { calibrate(predictions, one, 5); }).code(), "stats.bad_input");
  EXPECT_EQ(error_of([&] { calibrate({}, {}, 0); }).code(), "stats.bad_input");
}

}  // namespace
}  // namespace stevie::stats
