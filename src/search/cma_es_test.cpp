#include "search/cma_es.h"

#include <gtest/gtest.h>

#include <cmath>

#include "search/search_testing.h"

namespace stevie::search {
namespace {

double rosenbrock(std::span<const double> x) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
  }
  return sum;
}

TEST(CmaEs, FollowsTheBentValley) {
  const Box box{std::vector<double>(4, -2), std::vector<double>(4, 2), {-1.2, 1, -1.2, 1}};
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto optimizer = make_cma_es(box, {.seed = seed, .tolerance = 1e-6});
    play(
        *optimizer, [](auto x) { return -rosenbrock(x); }, 2000);
    found += distance(optimizer->centre(), std::vector<double>(4, 1.0)) < 1e-3 ? 1 : 0;
  }
  EXPECT_GE(found, 4);  // from this start the other valley, at x[0] near -1, attracts some runs
}

/// An ellipsoid of condition 10^4 whose axes lie across the coordinates: without adapting the covariance the
/// way is thousands of batches long.
TEST(CmaEs, LearnsARotatedEllipsoid) {
  constexpr std::size_t n = 5;
  const Reward reward = [](auto x) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double along = 0;  // coordinate along the i-th vector of the discrete cosine transform
      for (std::size_t j = 0; j < n; ++j) {
        const double angle = M_PI * (static_cast<double>(j) + 0.5) * static_cast<double>(i) / n;
        along += std::cos(angle) * std::sqrt((i == 0 ? 1.0 : 2.0) / n) * (x[j] - 0.2);
      }
      sum += std::pow(1e4, static_cast<double>(i) / (n - 1)) * along * along;
    }
    return -sum;
  };
  const auto optimizer = make_cma_es(cube(n, -1, 1), {.seed = 2, .tolerance = 1e-6});
  const auto episodes = play(*optimizer, reward, 1000);
  EXPECT_LT(episodes, 300u);
  EXPECT_LT(distance(optimizer->centre(), std::vector<double>(n, 0.2)), 1e-4);
}

TEST(CmaEs, AConstrainedOptimumIsHeldAtTheBound) {
  const auto optimizer = make_cma_es(cube(3, 0, 1), {.seed = 4, .tolerance = 1e-4});
  play(
      *optimizer,
      [](auto x) { return -std::pow(x[0] - 2, 2) - std::pow(x[1] - 0.5, 2) - std::pow(x[2] + 1, 2); }, 500);
  EXPECT_LT(distance(optimizer->centre(), std::vector<double>{1, 0.5, 0}), 1e-2);
}

TEST(CmaEs, TheDefaultBatchIsThatOfTheTutorial) {
  EXPECT_EQ(make_cma_es(cube(1, 0, 1), {})->ask().size(), 4u);
  EXPECT_EQ(make_cma_es(cube(3, 0, 1), {})->ask().size(), 7u);
  EXPECT_EQ(make_cma_es(cube(12, 0, 1), {})->ask().size(), 11u);
}

}  // namespace
}  // namespace stevie::search
