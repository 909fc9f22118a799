#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"
#include "core/testing.h"
#include "stats/bootstrap.h"
#include "stats/comparison_tests.h"

namespace stevie::stats {
namespace {

using Series = std::vector<double>;

/// Differences of `means.size()` candidates, one after the other, of unequal spread; each remembers `memory`
/// of its last value.
Series differences(std::uint64_t stream, std::size_t periods, const Series& means, double memory = 0.3) {
  RandomStream random(41, stream);
  Series all;
  for (std::size_t k = 0; k < means.size(); ++k) {
    double last = 0;
    const double spread = 1 + static_cast<double>(k % 3);
    for (std::size_t t = 0; t < periods; ++t) {
      last = memory * last + random.normal();
      all.push_back(spread * (means[k] + last));
    }
  }
  return all;
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

struct PlainSuperiorAbility {
  double statistic = 0, lower = 0, consistent = 0, upper = 0, reality = 0;
};

/// Hansen 2005, sections 3 and 4, each resample written out in full.
PlainSuperiorAbility plain(const SeriesView& view, std::uint64_t seed, std::size_t replicates, double block) {
  const auto n = static_cast<double>(view.periods);
  const double p = 1 / block, root = std::sqrt(n);
  Series mean, w;
  for (std::size_t k = 0; k < view.series; ++k) {
    mean.push_back(mean_of(view.row(k)));
    double variance = 0;
    for (std::size_t i = 0; i < view.periods; ++i) {
      double gamma = 0;
      for (std::size_t t = i; t < view.periods; ++t)
        gamma += (view.row(k)[t] - mean[k]) * (view.row(k)[t - i] - mean[k]) / n;
      const auto lag = static_cast<double>(i);
      const double kappa = (1 - lag / n) * std::pow(1 - p, lag) + lag / n * std::pow(1 - p, n - lag);
      variance += i == 0 ? gamma : 2 * kappa * gamma;
    }
    w.push_back(std::sqrt(variance));
  }
  PlainSuperiorAbility result;
  double best_mean = -1e300;
  for (std::size_t k = 0; k < view.series; ++k) {
    result.statistic = std::max(result.statistic, root * mean[k] / w[k]);
    best_mean = std::max(best_mean, mean[k]);
  }
  std::vector<std::uint32_t> order(view.periods);
  for (std::size_t r = 0; r < replicates; ++r) {
    RandomStream random(seed, r);
    stationary_indices(random, block, order);
    double lower = 0, consistent = 0, upper = 0, reality = -1e300;
    for (std::size_t k = 0; k < view.series; ++k) {
      Series drawn;
      for (const std::uint32_t index : order) drawn.push_back(view.row(k)[index]);
      const double star = mean_of(drawn);
      const bool kept = mean[k] >= -std::sqrt(w[k] * w[k] / n * 2 * std::log(std::log(n)));
      lower = std::max(lower, root * (star - std::max(mean[k], 0.0)) / w[k]);
      consistent = std::max(consistent, root * (star - (kept ? mean[k] : 0)) / w[k]);
      upper = std::max(upper, root * (star - mean[k]) / w[k]);
      reality = std::max(reality, star - mean[k]);
    }
    result.lower += lower >= result.statistic;
    result.consistent += consistent >= result.statistic;
    result.upper += upper >= result.statistic;
    result.reality += reality >= best_mean;
  }
  for (double* p_value : {&result.lower, &result.consistent, &result.upper, &result.reality})
    *p_value = (*p_value + 1) / (static_cast<double>(replicates) + 1);
  return result;
}

TEST(SuperiorAbility, FollowsTheDefinitionWrittenOutPlainly) {
  for (const Series& means :
       {Series{0, 0, 0}, Series{0.05, -0.3, 0.1, -0.02}, Series{-0.4, 0.12, -0.5, 0.1, -0.6}}) {
    const Series all = differences(means.size(), 250, means);
    const SeriesView view{all, means.size(), 250};
    MeanTestConfig config;
    config.replicates = 300;
    config.mean_block = 6;
    const SuperiorAbility own = superior_ability(view, config);
    const PlainSuperiorAbility reference = plain(view, config.seed, config.replicates, 6);
    EXPECT_NEAR(own.statistic, reference.statistic, 1e-9);
    EXPECT_DOUBLE_EQ(own.p_lower, reference.lower);
    EXPECT_DOUBLE_EQ(own.p_consistent, reference.consistent);
    EXPECT_DOUBLE_EQ(own.p_upper, reference.upper);
    EXPECT_DOUBLE_EQ(reality_check(view, config), reference.reality);
    EXPECT_LE(own.p_lower, own.p_consistent);
    EXPECT_LE(own.p_consistent, own.p_upper);
  }
}

// What Hansen's test is for: many hopeless candidates cost the Reality Check its power, not this test.
TEST(SuperiorAbility, IsNotDrownedByBadCandidates) {
  Series means{0.2};
  means.resize(40, -1.0);
  const Series all = differences(9, 300, means);
  const SuperiorAbility own = superior_ability({all, 40, 300}, {});
  EXPECT_LE(own.p_consistent, 0.05);
  EXPECT_GT(own.p_upper, 2 * own.p_consistent);
}

TEST(SuperiorAbility, SaysNothingWhereNothingVaries) {
  const Series all(100, 1.0);
  EXPECT_EQ(superior_ability({all, 2, 50}, {}).p_consistent, 1);
  EXPECT_EQ(reality_check({all, 2, 50}, {}), 1);
  EXPECT_TRUE(stepwise_selection({all, 2, 50}, {}).empty());
}

// Twenty candidates as good as the base, 200 times: at most 5 % (three standard deviations: 0.046) reject.
TEST(BestOfManyMeans, RejectsRarelyWhereNothingIsBetter) {
  int superior = 0, reality = 0, stepwise = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    const Series all = differences(1000 + run, 150, Series(20, 0.0), 0);
    MeanTestConfig config;
    config.seed = run;
    config.replicates = 199;
    config.mean_block = 2;
    superior += superior_ability({all, 20, 150}, config).p_consistent <= 0.05;
    reality += reality_check({all, 20, 150}, config) <= 0.05;
    stepwise += !stepwise_selection({all, 20, 150}, config).empty();
  }
  EXPECT_LE(superior, 200 * 0.096);
  EXPECT_LE(reality, 200 * 0.096);
  EXPECT_LE(stepwise, 200 * 0.096);
}

TEST(StepwiseSelection, FindsAllThatAreClearlyBetter) {
  Series means{2.0, 0.5, 0.0, -0.1, 0.6};
  const Series all = differences(77, 400, means);
  EXPECT_EQ(stepwise_selection({all, 5, 400}, {}), (std::vector<std::size_t>{0, 1, 4}));
}

TEST(BestOfManyMeans, RefuseSettingsThatMeanNothing) {
  const Series all = differences(3, 30, {0, 0});
  EXPECT_EQ(error_of([&] { superior_ability({all, 2, 31}, {}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { reality_check({{}, 0, 30}, {}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { reality_check({all, 6, 10}, {}); }).code(), "stats.bad_test");
  MeanTestConfig config;
  config.level = 0.0001;
  config.mean_block = 0.5;
  const Error error = error_of([&] { stepwise_selection({all, 2, 30}, config); });
  EXPECT_NE(error.message().find("replicates"), std::string::npos);
  EXPECT_NE(error.message().find("mean_block"), std::string::npos);
}

}  // namespace
}  // namespace stevie::stats
