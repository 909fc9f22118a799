#include "stats/paired_seeds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"

namespace stevie::stats {
namespace {

TEST(PairedSeeds, MeanIntervalAndExactProbabilityByHand) {
  // Differences 1, 2, 3: mean 2, standard error 1/sqrt(3), t(2) at 97.5 % = 4.302653.
  const PairedSeeds result = compare_seeds(std::vector{2.0, 4.0, 6.0}, std::vector{1.0, 2.0, 3.0});
  EXPECT_DOUBLE_EQ(result.mean, 2);
  EXPECT_NEAR(result.interval.low, 2 - 4.302653 / std::sqrt(3.0), 1e-6);
  EXPECT_NEAR(result.interval.high, 2 + 4.302653 / std::sqrt(3.0), 1e-6);
  EXPECT_DOUBLE_EQ(result.p_two_sided, 2.0 / 8);  // only all the same sign reach 6
}

TEST(PairedSeeds, TenPairsOfOneSignGiveTwoIn1024) {
  std::vector<double> first(10), second(10, 0.0);
  for (std::size_t i = 0; i < 10; ++i) first[i] = 0.1 * static_cast<double>(i + 1);
  EXPECT_DOUBLE_EQ(compare_seeds(first, second).p_two_sided, 2.0 / 1024);
  EXPECT_DOUBLE_EQ(compare_seeds(second, first).p_two_sided, 2.0 / 1024);
  EXPECT_DOUBLE_EQ(compare_seeds(second, second).p_two_sided, 1);
  EXPECT_EQ(compare_seeds(second, second).interval.high, 0);
}

TEST(PairedSeeds, DrawnSignsAgreeWithTheNormalApproximation) {
  RandomStream random(5, 0);
  std::vector<double> first(40), second(40, 0.0);
  for (double& score : first) score = 0.3 + random.normal();
  const PairedSeeds result = compare_seeds(first, second);
  double squares = 0;
  for (const double score : first) squares += score * score;
  const double z = result.mean * 40 / std::sqrt(squares);
  EXPECT_NEAR(result.p_two_sided, std::erfc(std::abs(z) / std::sqrt(2.0)), 0.01);
  EXPECT_EQ(result.p_two_sided, compare_seeds(first, second).p_two_sided);
}

TEST(PairedSeeds, ErrsAsOftenAsItSays) {
  RandomStream random(6, 0);
  constexpr int runs = 2000;
  int wrong = 0, outside = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> first(8), second(8);
    for (std::size_t i = 0; i < 8; ++i) {
      const double shared = 5 * random.normal();
      first[i] = shared + random.normal();
      second[i] = shared + random.normal();
    }
    const PairedSeeds result = compare_seeds(first, second);
    wrong += result.p_two_sided <= 0.05;
    outside += result.interval.low > 0 || result.interval.high < 0;
  }
  const double error = std::sqrt(0.05 * 0.95 / runs);
  EXPECT_LT(wrong, (0.05 + 4 * error) * runs);
  EXPECT_NEAR(outside, 0.05 * runs, 4 * error * runs);
}

TEST(PairedSeeds, HolmByHand) {
  // Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling.
  const std::vector<double> adjusted = holm_adjusted(std::vector{0.03, 0.01, 0.04, 0.02});
  EXPECT_NEAR(adjusted[0], 0.06, 1e-12);
  EXPECT_NEAR(adjusted[1], 0.04, 1e-12);
  EXPECT_NEAR(adjusted[2], 0.06, 1e-12);
  EXPECT_NEAR(adjusted[3], 0.06, 1e-12);
  EXPECT_EQ(holm_adjusted(std::vector{0.7, 0.9}), (std::vector{1.0, 1.0}));
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(PairedSeeds, FaultsAreErrors) {
  const auto code = [](auto&& work) -> std::string {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  const std::vector<double> two{1, 2}, one{1}, bad{1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ(code([&] { compare_seeds(two, one); }), "stats.unpaired");
  EXPECT_EQ(code([&] { compare_seeds(one, one); }), "stats.bad_test");
  EXPECT_EQ(code([&] { compare_seeds(two, bad); }), "stats.bad_test");
  EXPECT_EQ(code([&] { compare_seeds(two, two, 1.0); }), "stats.bad_test");
  EXPECT_EQ(code([&] { holm_adjusted(std::vector{0.5, 1.5}); }), "stats.bad_test");
}

}  // namespace
}  // namespace stevie::stats
