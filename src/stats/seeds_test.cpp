#include "stats/seeds.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/testing.h"

namespace stevie::stats {
namespace {

TEST(InterquartileMean, AveragesTheMiddleHalf) {
  EXPECT_DOUBLE_EQ(interquartile_mean(std::vector<double>{100, 2, 3, -100}), 2.5);
  // Ten values: the middle half holds the fourth to seventh whole and half of the third and eighth.
  EXPECT_DOUBLE_EQ(interquartile_mean(std::vector<double>{10, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
                   (1.5 + 4 + 5 + 6 + 7 + 4) / 5);
  EXPECT_DOUBLE_EQ(interquartile_mean(std::vector<double>{7}), 7.0);
}

std::vector<double> scores_of(std::uint64_t stream, std::size_t count, double mean) {
  RandomStream random(31, stream);
  std::vector<double> scores(count);
  for (double& score : scores) score = mean + random.normal();
  return scores;
}

TEST(SummariseSeeds, DrawsEachTaskAmongItself) {
  // within a task all seeds agree: nothing to draw, however different the tasks are
  const std::vector<double> scores{1, 1, 1, 1, 5, 5, 5, 5};
  const SeedSummary own = summarise_seeds({scores, 2, 4}, {});
  EXPECT_DOUBLE_EQ(own.interquartile_mean, 3);
  EXPECT_DOUBLE_EQ(own.interval.low, 3);
  EXPECT_DOUBLE_EQ(own.interval.high, 3);
}

TEST(SummariseSeeds, IntervalHoldsTheTruthAboutAsOftenAsItSays) {
  int held = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    const std::vector<double> scores = scores_of(run, 40, 2);
    const SeedSummary own = summarise_seeds({scores, 4, 10}, {run, 200, 0.95, std::nullopt});
    held += own.interval.low <= 2 && 2 <= own.interval.high;
  }
  EXPECT_GE(held, 360);  // 90 %: percentile intervals of few seeds are somewhat too narrow
  EXPECT_LE(held, 392);
}

TEST(ProbabilityOfImprovement, CountsPairsWithTiesHalf) {
  // task 1: 3 beats 1 and 2, 2 beats 1 and ties 2: 3.5 of 4; task 2: nothing beats 9: 0 of 4
  const std::vector<double> first{3, 2, 0, 0}, second{1, 2, 9, 9};
  EXPECT_DOUBLE_EQ(probability_of_improvement({first, 2, 2}, {second, 2, 2}, {}).probability, 3.5 / 8);
  EXPECT_DOUBLE_EQ(probability_of_improvement({second, 2, 2}, {first, 2, 2}, {}).probability, 4.5 / 8);
}

TEST(ProbabilityOfImprovement, TakesUnequalNumbersOfSeeds) {
  const std::vector<double> first = scores_of(1000, 20, 1), second = scores_of(1001, 45, 0);
  const ImprovementProbability own = probability_of_improvement({first, 1, 20}, {second, 1, 45}, {});
  EXPECT_NEAR(own.probability, 0.76, 0.1);  // Phi(1 / sqrt 2)
  EXPECT_LT(own.interval.low, own.probability);
  EXPECT_GT(own.interval.high, own.probability);
  EXPECT_GT(own.interval.low, 0.5);
}

TEST(Seeds, RefuseWhatHasNoScores) {
  const std::vector<double> one{1}, two{1, 2}, nan{std::nan("")};
  EXPECT_EQ(error_of([] { interquartile_mean({}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { summarise_seeds({}, {}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { summarise_seeds({nan, 1, 1}, {}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { summarise_seeds({one, 1, 1}, {1, 10, 0.95, {}}); }).code(), "stats.bad_bootstrap");
  EXPECT_EQ(error_of([&] {
              probability_of_improvement({two, 2, 1}, {two, 1, 2}, {});
            }).code(),
            "stats.unpaired");
}

}  // namespace
}  // namespace stevie::stats
