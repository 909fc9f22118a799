#include "stats/thin_out.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"

namespace stevie::stats {
namespace {

std::vector<double> random_walk(std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<double> walk;
  double value = 100;
  for (std::size_t i = 0; i < count; ++i) {
    value += random.uniform() - 0.5;
    walk.push_back(value);
  }
  return walk;
}

TEST(ThinOut, KeepsEveryPlaceWhereThereIsRoom) {
  const std::vector<double> values{3, 1, 2};
  EXPECT_EQ(thin_out(values, 3), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(thin_out(values, 500), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(thin_out({}, 5).empty());
}

TEST(ThinOut, AMillionPointsKeepEndsAndExtremesOfEveryStretch) {
  constexpr std::size_t count = 1'000'000;
  std::vector<double> walk = random_walk(count, 3);
  walk[123'457] = 1e6;
  walk[777'777] = -1e6;
  for (const std::size_t most : {4, 5, 100, 999, 5000}) {
    const std::vector<std::size_t> places = thin_out(walk, most);
    ASSERT_LE(places.size(), most);
    EXPECT_GE(places.size() + 3, most);
    EXPECT_TRUE(std::ranges::adjacent_find(places, std::greater_equal<>()) == places.end());
    EXPECT_EQ(places.front(), 0U);
    EXPECT_EQ(places.back(), count - 1);
    EXPECT_TRUE(std::ranges::binary_search(places, std::size_t{123'457}));
    EXPECT_TRUE(std::ranges::binary_search(places, std::size_t{777'777}));
  }
}

TEST(ThinOut, DrawdownOfWhatIsKeptIsThatOfAllExtremes) {
  // The deepest fall from a peak lies between kept points: at most one stretch's range is missing, and with
  // peak and trough in different stretches nothing is.
  const std::vector<double> walk = random_walk(100'000, 5);
  const std::vector<std::size_t> places = thin_out(walk, 1000);
  const auto fall = [](const auto& values) {
    double peak = values.front(), deepest = 0;
    for (const double value : values) {
      peak = std::max(peak, value);
      deepest = std::max(deepest, peak - value);
    }
    return deepest;
  };
  std::vector<double> kept;
  for (const std::size_t place : places) kept.push_back(walk[place]);
  EXPECT_DOUBLE_EQ(fall(kept), fall(walk));
}

TEST(ThinOut, WithoutRoomForExtremesTheEndsMatterMost) {
  const std::vector<double> values{1, 2, 9, 0, 2};
  EXPECT_TRUE(thin_out(values, 0).empty());
  EXPECT_EQ(thin_out(values, 1), (std::vector<std::size_t>{4}));
  EXPECT_EQ(thin_out(values, 2), (std::vector<std::size_t>{0, 4}));
  EXPECT_EQ(thin_out(values, 3), (std::vector<std::size_t>{0, 2, 4}));
}

TEST(ThinOut, NaNIsNoExtreme) {
  std::vector<double> values(100, std::numeric_limits<double>::quiet_NaN());
  values[50] = 1;
  values[51] = -1;
  const std::vector<std::size_t> places = thin_out(values, 4);
  EXPECT_TRUE(std::ranges::binary_search(places, std::size_t{50}));
  EXPECT_TRUE(std::ranges::binary_search(places, std::size_t{51}));
}

}  // namespace
}  // namespace stevie::stats
