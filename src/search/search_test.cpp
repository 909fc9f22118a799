#include "search/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "core/random.h"
#include "core/testing.h"
#include "search/search_testing.h"
#include "search/unit_box.h"

namespace stevie::search {
namespace {

/// One way of making an optimiser; every search must pass the tests below.
struct Maker {
  std::string name;
  std::function<std::unique_ptr<Optimizer>(const Box&, std::uint64_t seed, double tolerance)> make;
};

std::unique_ptr<Optimizer> pgpe(const Box& box, std::uint64_t seed, double tolerance, RewardShaping shaping) {
  PgpeConfig config;
  config.seed = seed;
  config.tolerance = tolerance;
  config.shaping = shaping;
  config.step_sigma = shaping == RewardShaping::rank ? config.step_sigma : 0.1;
  config.step_mean = shaping == RewardShaping::rank ? config.step_mean : 0.6;
  return make_pgpe(box, config);
}

std::vector<Maker> makers() {
  return {
      {"PgpeByRank", [](const Box& box, std::uint64_t seed,
                        double tolerance) { return pgpe(box, seed, tolerance, RewardShaping::rank); }},
      {"PgpeByValue", [](const Box& box, std::uint64_t seed,
                         double tolerance) { return pgpe(box, seed, tolerance, RewardShaping::normalise); }},
      {"CmaEs", [](const Box& box, std::uint64_t seed, double tolerance) {
         CmaEsConfig config;
         config.seed = seed;
         config.tolerance = tolerance;
         return make_cma_es(box, config);
       }}};
}

class EverySearch : public ::testing::TestWithParam<Maker> {
 protected:
  static std::unique_ptr<Optimizer> make(const Box& box, std::uint64_t seed = 7, double tolerance = 0.002) {
    return GetParam().make(box, seed, tolerance);
  }
};

INSTANTIATE_TEST_SUITE_P(Search, EverySearch, ::testing::ValuesIn(makers()),
                         [](const auto& made) { return made.param.name; });

double sphere(std::span<const double> x, std::span<const double> optimum) {
  return -distance(x, optimum) * distance(x, optimum);
}

TEST_P(EverySearch, ClimbsASphereInsideItsBox) {
  const std::vector<double> optimum{1.5, -2.0, 0.25, 3.0};
  const auto optimizer = make(cube(4, -5, 5));
  play(
      *optimizer, [&](auto x) { return sphere(x, optimum); }, 400);
  EXPECT_TRUE(optimizer->converged());
  EXPECT_LT(distance(optimizer->centre(), optimum), 0.1);
  EXPECT_LT(distance(optimizer->best()->point, optimum), 0.1);
}

TEST_P(EverySearch, FindsTheTopUnderNoise) {
  const std::vector<double> optimum{0.3, 0.6, 0.5};
  double mean_distance = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    RandomStream noise(99, seed);
    const auto optimizer = make(cube(3, 0, 1), seed);
    play(
        *optimizer, [&](auto x) { return sphere(x, optimum) + 0.01 * noise.normal(); }, 60);
    mean_distance += distance(optimizer->centre(), optimum) / 10;
  }
  EXPECT_LT(mean_distance, 0.1);
}

TEST_P(EverySearch, ReachesAnOptimumOnTheBound) {
  const auto optimizer = make(cube(3, 0, 1));
  play(
      *optimizer, [](auto x) { return x[0] + 2 * x[1] - x[2]; }, 200);
  const std::vector<double> corner{1, 1, 0};
  EXPECT_LT(distance(optimizer->best()->point, corner), 1e-9);
  EXPECT_LT(distance(optimizer->centre(), corner), 0.1);
}

TEST_P(EverySearch, NeverLeavesTheBox) {
  const Box box{{-1, 0.1, 5}, {1, 0.7, 1e6}, {-1, 0.7, 6}};
  const auto optimizer = make(box, 3, 0);
  for (int episode = 0; episode < 100; ++episode) {
    std::vector<double> rewards;
    for (const auto& point : optimizer->ask()) {
      ASSERT_EQ(point.size(), 3u);
      for (std::size_t i = 0; i < 3; ++i) {
        ASSERT_GE(point[i], box.lower[i]);
        ASSERT_LE(point[i], box.upper[i]);
      }
      rewards.push_back(std::sin(7 * point[0]) + point[1] - std::log(point[2]));
    }
    optimizer->tell(rewards);
    for (const double spread : optimizer->spread()) {
      ASSERT_GT(spread, 0);
      ASSERT_LE(spread, 1);
    }
  }
}

TEST_P(EverySearch, TheUnitOfADimensionDoesNotMatter) {
  const auto small = make(cube(3, 0, 1)), large = make(cube(3, 0, 1024));
  const std::vector<double> optimum{0.7, 0.2, 0.4};
  for (int episode = 0; episode < 20; ++episode) {
    const auto points = small->ask(), scaled = large->ask();
    std::vector<double> rewards;
    for (std::size_t k = 0; k < points.size(); ++k) {
      for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(points[k][i] * 1024, scaled[k][i]);
      rewards.push_back(sphere(points[k], optimum));
    }
    small->tell(rewards);
    large->tell(rewards);
  }
}

TEST_P(EverySearch, ScaleAndShiftOfTheRewardDoNotMatter) {
  const auto plain = make(cube(3, 0, 1)), moved = make(cube(3, 0, 1));
  const std::vector<double> optimum{0.5, 0.5, 0.25};
  const auto reward = [&](auto x) { return sphere(x, optimum); };
  play(*plain, reward, 15);
  play(
      *moved, [&](auto x) { return 4 * reward(x) + 8; }, 15);
  EXPECT_LT(distance(plain->centre(), moved->centre()), 1e-9);
}

TEST_P(EverySearch, GoesOnFromItsBytesAsIfNothingHadHappened) {
  const Reward reward = [](auto x) { return std::cos(3 * x[0]) * x[1] - x[2] * x[2]; };
  const auto whole = make(cube(3, -1, 2), 11, 0);
  play(*whole, reward, 9);
  auto part = make(cube(3, -1, 2), 11, 0);
  for (const std::uint64_t stop : {0, 1, 4, 8, 9}) {
    play(*part, reward, stop);
    const std::string saved = part->save();
    part = make(cube(3, -1, 2), 11, 0);
    part->restore(saved);
    EXPECT_EQ(part->save(), saved);
  }
  EXPECT_EQ(part->save(), whole->save());
  EXPECT_EQ(part->ask(), whole->ask());
  EXPECT_EQ(part->best()->point, whole->best()->point);
}

TEST_P(EverySearch, RefusesTheStateOfAnother) {
  const auto optimizer = make(cube(3, -1, 2), 11);
  play(
      *optimizer, [](auto x) { return x[0]; }, 2);
  const std::string saved = optimizer->save();
  EXPECT_EQ(error_of([&] { make(cube(3, -1, 2), 12)->restore(saved); }).code(), "search.state_differs");
  EXPECT_EQ(error_of([&] { make(cube(3, -1, 3), 11)->restore(saved); }).code(), "search.state_differs");
  const auto fresh = make(cube(3, -1, 2), 11);
  const std::string before = fresh->save();
  for (std::size_t length = 0; length < saved.size(); ++length) {
    const std::string code = error_of([&] { fresh->restore(saved.substr(0, length)); }).code();
    ASSERT_TRUE(code == "bytes.damaged" || code == "search.state_differs") << length;
  }
  EXPECT_EQ(fresh->save(), before);
}

TEST_P(EverySearch, AskingTwiceGivesTheSamePoints) {
  const auto optimizer = make(cube(2, 0, 1));
  EXPECT_EQ(optimizer->ask(), optimizer->ask());
  EXPECT_FALSE(optimizer->best().has_value());
  EXPECT_EQ(error_of([&] { optimizer->tell(std::vector<double>{1.0}); }).code(), "search.bad_rewards");
}

TEST_P(EverySearch, OtherSeedsSearchElsewhere) {
  EXPECT_NE(make(cube(2, 0, 1), 1)->ask(), make(cube(2, 0, 1), 2)->ask());
}

TEST_P(EverySearch, LooksFartherWhereEveryRewardIsTheSameAndStopsAfterFiveBatches) {
  const auto optimizer = make(cube(2, 0, 1));
  auto spread = optimizer->spread();
  EXPECT_EQ(play(
                *optimizer, [](auto) { return 0.0; }, 100),
            5u);
  for (double& width : spread) width *= std::pow(1.2, 5);
  ASSERT_EQ(optimizer->spread().size(), spread.size());
  for (std::size_t i = 0; i < spread.size(); ++i) EXPECT_NEAR(optimizer->spread()[i], spread[i], 1e-12);
  EXPECT_EQ(optimizer->best()->episode, 0u);
}

TEST_P(EverySearch, ARewardThatIsNoNumberIsTheWorst) {
  const auto optimizer = make(cube(2, 0, 1));
  const std::vector<double> optimum{0.2, 0.2};
  play(
      *optimizer,
      [&](auto x) { return x[0] > 0.5 ? std::numeric_limits<double>::quiet_NaN() : sphere(x, optimum); },
      200);
  EXPECT_LT(distance(optimizer->centre(), optimum), 0.1);
  const auto hopeless = make(cube(2, 0, 1));
  play(
      *hopeless, [](auto) { return -std::numeric_limits<double>::infinity(); }, 100);
  EXPECT_FALSE(hopeless->best().has_value());
}

TEST(SearchBox, NamesAllItsFaults) {
  const Error error = error_of([] {
    make_pgpe({{0, 3, NAN, 0}, {1, 2, 5, 1}, {0.5, 2.5, 1, 7}}, PgpeConfig{});
  });
  EXPECT_EQ(error.code(), "search.bad_box");
  for (const char* part : {"dimension 1", "dimension 2", "dimension 3 starts outside"}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  EXPECT_EQ(error_of([] { make_cma_es({}, CmaEsConfig{}); }).code(), "search.bad_box");
  EXPECT_EQ(error_of([] { make_cma_es({{0, 0}, {1}, {}}, CmaEsConfig{}); }).code(), "search.bad_box");
}

TEST(SearchConfig, NamesAllItsFaults) {
  PgpeConfig pgpe_config;
  pgpe_config.pairs = 0;
  pgpe_config.start_sigma = -1;
  pgpe_config.step_mean = NAN;
  const Error error = error_of([&] { make_pgpe(cube(2, 0, 1), pgpe_config); });
  EXPECT_EQ(error.code(), "search.bad_config");
  for (const char* part : {"pairs", "start_sigma", "step_mean"}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  CmaEsConfig cma_config;
  cma_config.batch = 3;
  EXPECT_EQ(error_of([&] { make_cma_es(cube(2, 0, 1), cma_config); }).code(), "search.bad_config");
}

TEST(CentredRanks, EqualValuesShareTheirRank) {
  EXPECT_EQ(centred_ranks(std::vector<double>{3, 1, 2, 2, 9}),
            (std::vector<double>{0.25, -0.5, -0.125, -0.125, 0.5}));
  EXPECT_EQ(centred_ranks(std::vector<double>{4}), std::vector<double>{0});
  EXPECT_EQ(centred_ranks(std::vector<double>{NAN, 1, -INFINITY}), (std::vector<double>{-0.25, 0.5, -0.25}));
}

}  // namespace
}  // namespace stevie::search
