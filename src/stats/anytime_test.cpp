#include "stats/anytime.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.h"
#include "core/testing.h"

namespace stevie::stats {
namespace {

// Reference values of the library confseq (Howard et al. 2021).
TEST(NormalMixtureBound, GivesThePublishedNumbers) {
  EXPECT_NEAR(normal_mixture_bound(100, 0.05, 100), 27.66071, 5e-6);
  EXPECT_NEAR(normal_mixture_bound_two_sided(100, 0.05, 100), 30.35209, 5e-6);
}

TEST(NormalMixtureBound, IsTightestNearItsOptimalVariance) {
  for (const double variance : {20.0, 100.0, 500.0}) {
    const double tuned = normal_mixture_bound(variance, 0.05, variance);
    for (const double other : {variance / 4, variance * 4})
      EXPECT_LT(tuned, normal_mixture_bound(variance, 0.05, other)) << variance << " " << other;
  }
}

TEST(ConfidenceSequence, FollowsItsFormula) {
  ConfidenceSequence sequence({0.05, 100, 2});
  RandomStream random(1, 0);
  double sum = 0, squares = 0, best = -std::numeric_limits<double>::infinity();
  for (int n = 1; n <= 300; ++n) {
    const double value = 0.3 + random.normal();
    sequence.add(value);
    sum += value;
    squares += value * value;
    if (n < 2) continue;
    const double mean = sum / n, deviation = std::sqrt((squares - n * mean * mean) / (n - 1));
    const double r2 = (-2 * std::log(0.1) + std::log(1 - 2 * std::log(0.1))) / 100;
    const double lower = mean - deviation * std::sqrt(2 * (n * r2 + 1) / (n * n * r2) *
                                                      std::log(1 + std::sqrt(n * r2 + 1) / 0.1));
    EXPECT_NEAR(sequence.lower(), lower, 1e-9);
    best = std::max(best, lower);
    EXPECT_NEAR(sequence.running_lower(), best, 1e-9);
  }
  EXPECT_GT(sequence.lower(), 0);
}

TEST(ConfidenceSequence, SaysNothingBeforeTheFirstLook) {
  ConfidenceSequence sequence({0.05, 100, 30});
  for (int n = 1; n < 30; ++n) {
    sequence.add(1 + 1e-3 * n);
    EXPECT_EQ(sequence.lower(), -std::numeric_limits<double>::infinity());
  }
  sequence.add(1);
  EXPECT_GT(sequence.running_lower(), 0);
}

// Recomputed from the whole stream: the mean over the bets of the wealth each would have made.
TEST(EProcess, IsTheMeanWealthOfItsBets) {
  const EProcessConfig config{0.001, 0.05, 4, 0.05};
  EProcess process(config);
  RandomStream random(2, 0);
  std::vector<double> days;
  double largest = 1;
  for (int n = 0; n < 200; ++n) {
    days.push_back(0.004 + 0.04 * random.normal());
    process.add(days.back());
    double value = 0;
    for (int i = 1; i <= 4; ++i) {
      double wealth = 1;
      for (const double day : days)
        wealth *= 1 + i / 5.0 / 0.051 * (std::min(std::max(day, -0.05), 0.05) - 0.001);
      value += wealth / 4;
    }
    largest = std::max(largest, value);
    EXPECT_NEAR(process.log_value(), std::log(value), 1e-9);
    EXPECT_NEAR(process.p(), 1 / largest, 1e-9);
    EXPECT_EQ(process.rejects(), largest >= 20);
  }
}

TEST(MixtureTest, FollowsItsFormula) {
  MixtureTest test({0.1, 4, 0.25});
  const double variance = 4, spread = 0.25;
  double sum = 0, largest = 1;
  RandomStream random(3, 0);
  for (int n = 1; n <= 100; ++n) {
    const double value = 0.6 + 2 * random.normal();
    test.add(value);
    sum += value - 0.1;
    const double mean = sum / n, total = variance + n * spread;
    const double ratio =
        std::sqrt(variance / total) * std::exp(n * n * spread * mean * mean / (2 * variance * total));
    largest = std::max(largest, ratio);
    EXPECT_NEAR(test.log_likelihood_ratio(), std::log(ratio), 1e-10);
    EXPECT_NEAR(test.p(), 1 / largest, 1e-10);
  }
}

// Ville's inequality: looking every day for three years, at most alpha of the streams without any difference
// raise an alarm. 4000 streams: three standard deviations of a share of 0.05 are 0.0103.
constexpr int streams = 4000, days = 1095;
constexpr double allowed = 0.05 + 0.0103;

TEST(DailyPeeking, RaisesFewFalseAlarms) {
  int sequence_alarms = 0, process_alarms = 0, mixture_alarms = 0, plain_alarms = 0;
  for (int k = 0; k < streams; ++k) {
    RandomStream random(4, static_cast<std::uint64_t>(k));
    ConfidenceSequence sequence({});
    EProcess process({0, 0.05, 5, 0.05});
    MixtureTest mixture({0, 0.0001, 1e-6});
    bool plain = false;
    double sum = 0;
    for (int n = 1; n <= days; ++n) {
      const double value = 0.01 * random.student_t_unit_variance(5);
      sequence.add(value);
      process.add(value);
      mixture.add(value);
      sum += value;
      plain = plain || (n >= 30 && sum / std::sqrt(n) > 1.645 * 0.01);
    }
    sequence_alarms += sequence.running_lower() > 0;
    process_alarms += process.rejects();
    mixture_alarms += mixture.p() <= 0.05;
    plain_alarms += plain;
  }
  EXPECT_LE(sequence_alarms, allowed * streams);
  EXPECT_LE(process_alarms, allowed * streams);
  EXPECT_LE(mixture_alarms, allowed * streams);
  EXPECT_GT(plain_alarms, 0.25 * streams);  // what a plain z test does when it is looked at every day
}

TEST(DailyPeeking, FindsWhatIsThere) {
  int sequence_found = 0, process_found = 0, mixture_found = 0;
  for (std::uint64_t k = 0; k < 100; ++k) {
    RandomStream random(5, k);
    ConfidenceSequence sequence({});
    EProcess process({0, 0.05, 20, 0.05});
    MixtureTest mixture({0, 0.0001, 1e-6});
    for (int n = 1; n <= days; ++n) {
      const double value = 0.002 + 0.01 * random.student_t_unit_variance(5);
      sequence.add(value);
      process.add(value);
      mixture.add(value);
    }
    sequence_found += sequence.running_lower() > 0;
    process_found += process.rejects();
    mixture_found += mixture.p() <= 0.05;
  }
  EXPECT_GE(sequence_found, 95);
  EXPECT_GE(process_found, 95);
  EXPECT_GE(mixture_found, 95);
}

TEST(Anytime, RefusesSettingsAndValuesThatMeanNothing) {
  EXPECT_EQ(error_of([] { ConfidenceSequence({0.5, 365, 30}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { ConfidenceSequence({0.05, 0, 30}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { EProcess({0.1, 0.05, 20, 0.05}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { EProcess({0, 0.05, 0, 0.05}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { MixtureTest({0, 0, 1}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { normal_mixture_bound(0, 0.05, 1); }).code(), "stats.bad_test");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of([&] { ConfidenceSequence({}).add(nan); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { EProcess({}).add(nan); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { MixtureTest({}).add(nan); }).code(), "stats.bad_test");
}

}  // namespace
}  // namespace stevie::stats
