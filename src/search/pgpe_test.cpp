#include "search/pgpe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "search/search_testing.h"

namespace stevie::search {
namespace {

TEST(Pgpe, ItsPairsAreMirrored) {
  const auto optimizer = make_pgpe(cube(3, -100, 100), PgpeConfig{.pairs = 5, .start_sigma = 0.05});
  const auto points = optimizer->ask();
  ASSERT_EQ(points.size(), 10u);
  for (std::size_t k = 0; k < points.size(); k += 2) {
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(points[k][i], -points[k + 1][i], 1e-10);
  }
}

/// The update of the header, written out for one dimension.
TEST(Pgpe, TheUpdateIsTheFormula) {
  PgpeConfig config{.pairs = 3, .step_mean = 0.7, .step_sigma = 0.05};
  config.shaping = RewardShaping::normalise;
  config.baseline_memory = 0.5;
  const auto optimizer = make_pgpe(cube(1, 0, 1), config);
  double mean = 0.5, sigma = 0.2, baseline = 0;
  for (int episode = 0; episode < 4; ++episode) {
    const auto points = optimizer->ask();
    std::vector<double> rewards;
    for (const auto& point : points) rewards.push_back(-10 * (point[0] - 0.62) * (point[0] - 0.62));
    double average = 0, variance = 0;
    for (const double reward : rewards) average += reward / 6;
    for (const double reward : rewards) variance += (reward - average) * (reward - average) / 6;
    if (episode == 0) baseline = average;
    double mean_step = 0, sigma_step = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double e = points[2 * k][0] - mean;
      const double plus = (rewards[2 * k] - baseline) / std::sqrt(variance);
      const double minus = (rewards[2 * k + 1] - baseline) / std::sqrt(variance);
      mean_step += e * (plus - minus) / 2 / 3;
      sigma_step += (plus + minus) / 2 * (e * e - sigma * sigma) / sigma / 3;
    }
    baseline = 0.5 * baseline + 0.5 * average;
    mean += 0.7 * mean_step;
    sigma += 0.05 * sigma_step;
    optimizer->tell(rewards);
    EXPECT_NEAR(optimizer->centre()[0], mean, 1e-12);
    EXPECT_NEAR(optimizer->spread()[0], sigma, 1e-12);
  }
}

TEST(Pgpe, OnlyTheOrderOfTheRewardsMatters) {
  const auto plain = make_pgpe(cube(3, 0, 1), {}), bent = make_pgpe(cube(3, 0, 1), {});
  const Reward reward = [](auto x) { return -std::abs(x[0] - 0.3) - x[1] * x[2]; };
  play(*plain, reward, 10);
  play(
      *bent, [&](auto x) { return std::exp(9 * reward(x)); }, 10);
  EXPECT_EQ(plain->centre(), bent->centre());
  EXPECT_EQ(plain->spread(), bent->spread());
}

TEST(Pgpe, SigmaChangesByItsLimitAtMost) {
  PgpeConfig config{.step_sigma = 1000, .most_sigma_change = 0.1, .tolerance = 0};
  const auto optimizer = make_pgpe(cube(2, 0, 1), config);
  auto before = optimizer->spread();
  for (std::uint64_t episode = 1; episode < 10; ++episode) {
    play(
        *optimizer, [](auto x) { return -(x[0] - 0.5) * (x[0] - 0.5) - x[1]; }, episode);
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_NEAR(std::abs(optimizer->spread()[i] / before[i] - 1), 0.1, 1e-9);
    before = optimizer->spread();
  }
}

/// What the searches of this project look like: few dimensions, few episodes, started far from the optimum.
TEST(Pgpe, TenEpisodesComeCloseInThreeDimensions) {
  const std::vector<double> optimum{0.25, 0.8, 0.6};
  double mean_distance = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto optimizer = make_pgpe(cube(3, 0, 1), PgpeConfig{.seed = seed});
    play(
        *optimizer, [&](auto x) { return -distance(x, optimum); }, 10);
    mean_distance += distance(optimizer->centre(), optimum) / 20;
  }
  EXPECT_LT(mean_distance, 0.1);  // the start is 0.40 away
}

}  // namespace
}  // namespace stevie::search
