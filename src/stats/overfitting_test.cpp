#include "stats/overfitting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "core/testing.h"

namespace stevie::stats {
namespace {

using Indices = std::vector<std::uint32_t>;

std::vector<double> noise(std::uint64_t stream, std::size_t series, std::size_t periods) {
  RandomStream random(21, stream);
  std::vector<double> values(series * periods);
  for (double& value : values) value = 0.01 * random.normal();
  return values;
}

double plain_sharpe(const std::vector<double>& values) {
  double mean = 0, variance = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) variance += (value - mean) * (value - mean);
  return mean / std::sqrt(variance / static_cast<double>(values.size()));
}

// Every subset of the blocks as a bit mask, the two halves written out.
TEST(ProbabilityOfOverfitting, FollowsItsDefinitionWrittenOutPlainly) {
  constexpr std::size_t series = 7, periods = 62, blocks = 6, length = 10, skipped = 2;
  const std::vector<double> values = noise(1, series, periods);
  const SeriesView view{values, series, periods};
  std::vector<double> logits;
  for (unsigned mask = 0; mask < 1U << blocks; ++mask) {
    if (__builtin_popcount(mask) != 3) continue;
    std::vector<double> inside, outside;
    for (std::size_t k = 0; k < series; ++k) {
      std::vector<double> in, out;
      for (std::size_t t = skipped; t < periods; ++t)
        (mask >> ((t - skipped) / length) & 1U ? in : out).push_back(view.row(k)[t]);
      inside.push_back(plain_sharpe(in));
      outside.push_back(plain_sharpe(out));
    }
    const auto winner = std::max_element(inside.begin(), inside.end()) - inside.begin();
    const double own = outside[static_cast<std::size_t>(winner)];
    const auto rank = std::count_if(outside.begin(), outside.end(), [&](double v) { return v <= own; });
    const double w = static_cast<double>(rank) / (series + 1);
    logits.push_back(std::log(w / (1 - w)));
  }
  Overfitting own = probability_of_overfitting(view, blocks);
  ASSERT_EQ(own.logits.size(), 20u);
  const auto bad = std::count_if(logits.begin(), logits.end(), [](double logit) { return logit <= 0; });
  EXPECT_DOUBLE_EQ(own.probability, static_cast<double>(bad) / 20);
  std::sort(logits.begin(), logits.end());
  std::sort(own.logits.begin(), own.logits.end());
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(own.logits[i], logits[i], 1e-12);
}

TEST(ProbabilityOfOverfitting, IsSmallForRealSkillAndLargeForLuck) {
  constexpr std::size_t series = 20, periods = 400;
  std::vector<double> values = noise(2, series, periods);
  double luck = 0;
  for (std::uint64_t run = 0; run < 30; ++run)
    luck += probability_of_overfitting({noise(100 + run, series, periods), series, periods}, 8).probability;
  EXPECT_GT(luck / 30, 0.4);
  for (std::size_t t = 0; t < periods; ++t) values[3 * periods + t] += 0.004;
  const Overfitting skill = probability_of_overfitting({values, series, periods}, 16);
  EXPECT_EQ(skill.logits.size(), 12870u);
  EXPECT_LT(skill.probability, 0.02);
}

TEST(ProbabilityOfOverfitting, IsOneHalfWhereAllAreTheSame) {
  std::vector<double> values = noise(3, 1, 100);
  values.insert(values.end(), values.begin(), values.begin() + 100);
  values.insert(values.end(), values.begin(), values.begin() + 100);
  const Overfitting own = probability_of_overfitting({values, 3, 100}, 4);
  for (const double logit : own.logits) EXPECT_NEAR(logit, 0, 1e-12);  // the middle rank
}

// Written by hand: nine periods in three groups, one tested, one period purged, one more kept free after.
TEST(PurgedSplits, FollowHandWrittenLists) {
  const PurgedSplits own = purged_splits({9, 3, 1, 1, 1});
  ASSERT_EQ(own.splits.size(), 3u);
  EXPECT_EQ(own.splits[0].test, (Indices{0, 1, 2}));
  EXPECT_EQ(own.splits[0].train, (Indices{5, 6, 7, 8}));
  EXPECT_EQ(own.splits[1].test, (Indices{3, 4, 5}));
  EXPECT_EQ(own.splits[1].train, (Indices{0, 1, 8}));
  EXPECT_EQ(own.splits[2].test, (Indices{6, 7, 8}));
  EXPECT_EQ(own.splits[2].train, (Indices{0, 1, 2, 3, 4}));
  EXPECT_EQ(own.paths, (std::vector<Indices>{{0, 1, 2}}));
}

// Twelve periods in six groups of two, two tested at a time: the split of groups 0 and 5 is neighbour to
// nothing twice, that of 1 and 2 is one test part.
TEST(PurgedSplits, KeepNeighbouringTestGroupsTogether) {
  const PurgedSplits own = purged_splits({12, 6, 2, 1, 0});
  ASSERT_EQ(own.splits.size(), 15u);
  EXPECT_EQ(own.splits[4].test_groups, (Indices{0, 5}));
  EXPECT_EQ(own.splits[4].train, (Indices{3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(own.splits[5].test_groups, (Indices{1, 2}));
  EXPECT_EQ(own.splits[5].test, (Indices{2, 3, 4, 5}));
  EXPECT_EQ(own.splits[5].train, (Indices{0, 7, 8, 9, 10, 11}));
}

TEST(PurgedSplits, TestEveryPeriodOnceOnEveryPath) {
  const PurgedConfig config{103, 6, 3, 2, 1};
  const PurgedSplits own = purged_splits(config);
  EXPECT_EQ(own.splits.size(), 20u);
  EXPECT_EQ(own.paths.size(), 10u);
  for (const Indices& path : own.paths)
    for (std::uint32_t group = 0; group < 6; ++group) {
      const Indices& groups = own.splits[path[group]].test_groups;
      EXPECT_TRUE(std::binary_search(groups.begin(), groups.end(), group));
    }
  for (const PurgedSplit& split : own.splits)
    for (const std::uint32_t train : split.train)
      for (const std::uint32_t test : split.test) {
        EXPECT_GT(std::abs(static_cast<int>(train) - static_cast<int>(test)), 2);
        EXPECT_TRUE(train < test || train - test > 3);
      }
}

TEST(Overfitting, RefusesSettingsThatMeanNothing) {
  const std::vector<double> values = noise(4, 2, 40);
  for (const std::size_t blocks : {0u, 3u, 22u})
    EXPECT_EQ(error_of([&] {
                probability_of_overfitting({values, 2, 40}, blocks);
              }).code(),
              "stats.bad_test");
  EXPECT_EQ(error_of([&] { probability_of_overfitting({values, 1, 80}, 4); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([] { purged_splits({100, 1, 1, 0, 0}); }).code(), "stats.bad_split");
  EXPECT_EQ(error_of([] { purged_splits({100, 10, 10, 0, 0}); }).code(), "stats.bad_split");
  EXPECT_EQ(error_of([] { purged_splits({1000, 30, 15, 0, 0}); }).code(), "stats.bad_split");
  EXPECT_EQ(error_of([] { purged_splits({10, 2, 1, 6, 0}); }).code(), "stats.bad_split");
}

}  // namespace
}  // namespace stevie::stats
