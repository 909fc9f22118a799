/// What must hold for the whole pipeline, whatever the market does.
#include "features/features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>

#include "core/error.h"
#include "features/random_series.h"

namespace stevie::features {
namespace {

constexpr std::size_t series_bars = 1500;

std::set<std::string> volume_columns() {
  return {"volume_1_24",   "volume_6_24",        "volume_24_168",       "volume_168_720",
          "volume_z_168",  "signed_volume_24",   "signed_volume_168",   "chaikin_24",
          "chaikin_72",    "vwap_distance_24",   "vwap_tilt_168",       "volume_return_72",
          "money_flow_14", "illiquidity_24_168", "volume_volatility_72"};
}

std::string error_code(const market::Bars& bars) {
  try {
    compute_features(bars);
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

class EverySeries : public testing::TestWithParam<SeriesKind> {};

TEST_P(EverySeries, GivesFiniteValuesOnly) {
  const FeatureMatrix matrix = compute_features(random_series(GetParam(), 3 * series_bars, 1));
  const auto names = feature_names();
  ASSERT_EQ(matrix.values.size(), 3 * series_bars * market_value_count);
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    ASSERT_TRUE(std::isfinite(matrix.values[i]))
        << names[i % market_value_count] << " at bar " << i / market_value_count;
  }
}

TEST_P(EverySeries, StreamsTheSameBitsAsTheBatch) {
  const market::Bars bars = random_series(GetParam(), series_bars, 2);
  const FeatureMatrix matrix = compute_features(bars);
  const auto names = feature_names();
  FeatureStream stream;
  std::array<float, market_value_count> row;
  for (std::size_t t = 0; t < bars.size(); ++t) {
    stream.update(bars[t], row);
    for (std::size_t k = 0; k < row.size(); ++k) {
      ASSERT_EQ(std::memcmp(&row[k], &matrix.row(t)[k], sizeof(float)), 0)
          << names[k] << " at bar " << t << ": " << row[k] << " and " << matrix.row(t)[k];
    }
  }
  EXPECT_EQ(stream.bars_seen(), bars.size());
}

TEST_P(EverySeries, IsUntouchedByLaterBars) {
  const market::Bars bars = random_series(GetParam(), series_bars, 3);
  constexpr std::array<std::size_t, 4> cuts = {0, 255, 256, 1234};
  EXPECT_TRUE(columns_that_see_the_future(compute_features, bars, cuts).empty());
}

INSTANTIATE_TEST_SUITE_P(Features, EverySeries, testing::ValuesIn(series_kinds()),
                         [](const auto& series) { return series.param.name; });

TEST(Features, HaveAsManyUniqueNamesAsColumns) {
  const auto names = feature_names();
  EXPECT_EQ(names.size(), market_value_count);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), market_value_count);
}

TEST(Features, AreZeroWithoutVolumeInTheVolumeColumns) {
  const FeatureMatrix matrix = compute_features(random_series({.name = "none", .volume = 0}, series_bars, 4));
  const auto names = feature_names();
  std::size_t found = 0;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (volume_columns().count(names[k]) == 0) continue;
    ++found;
    for (std::size_t t = 0; t < matrix.rows; ++t)
      ASSERT_EQ(matrix.row(t)[k], 0.0f) << names[k] << " at bar " << t;
  }
  EXPECT_EQ(found, volume_columns().size());
}

TEST(Features, AreFreeOfThePriceLevelAndTheVolumeUnit) {
  const market::Bars bars = random_series({.name = "ordinary"}, series_bars, 5);
  market::Bars scaled = bars;
  for (auto* column : {&scaled.open, &scaled.high, &scaled.low, &scaled.close}) {
    for (double& price : *column) price *= 1000;
  }
  for (double& volume : scaled.volume) volume /= 1e6;
  const FeatureMatrix expected = compute_features(bars);
  const FeatureMatrix actual = compute_features(scaled);
  const auto names = feature_names();
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const float tolerance = 1e-5f * std::max(1.0f, std::abs(expected.values[i]));
    ASSERT_NEAR(actual.values[i], expected.values[i], tolerance)
        << names[i % market_value_count] << " at bar " << i / market_value_count;
  }
}

TEST(Features, WarmUpIsBoundedByTheSeries) {
  const market::Bars bars = random_series({.name = "ordinary"}, 1000, 6);
  EXPECT_EQ(compute_features(bars).warm_up, feature_warm_up());
  EXPECT_EQ(compute_features(bars.slice(0, 10)).warm_up, 10u);
  const FeatureMatrix nothing = compute_features(bars.slice(0, 0));
  EXPECT_EQ(nothing.rows, 0u);
  EXPECT_TRUE(nothing.values.empty());
}

TEST(Features, VersionIsOneAndTheSame) {
  EXPECT_EQ(feature_set_version(), feature_set_version());
  EXPECT_NE(feature_set_version().find('-'), std::string::npos);
}

TEST(Features, RefuseUnusableBars) {
  const market::Bars good = random_series({.name = "ordinary"}, 300, 7);
  ASSERT_EQ(error_code(good), "none");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<market::Bars> bad(9, good);
  bad[0].close[280] = nan;
  bad[1].open[280] = 0;
  bad[2].low[280] = -1;
  bad[3].high[280] = infinity;
  bad[4].volume[280] = -1;
  bad[5].volume[280] = nan;
  bad[6].high[280] = bad[6].low[280] / 2;
  bad[7].open_time[280] = bad[7].open_time[279];
  bad[8].open[280] = nan;
  for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_EQ(error_code(bad[i]), "features.unusable_bar") << i;
}

TEST(Features, ErrorNamesTheTimeOfTheBar) {
  market::Bars bars = random_series({.name = "ordinary"}, 300, 8);
  bars.volume[299] = -1;
  try {
    compute_features(bars);
    FAIL() << "a negative volume was taken";
  } catch (const Error& error) {
    EXPECT_NE(error.place().find(format_time(bars.open_time[299])), std::string::npos);
  }
}

TEST(FeatureStream, GoesOnAfterARefusedBarAsIfItHadNotCome) {
  const market::Bars bars = random_series({.name = "ordinary"}, 400, 9);
  const FeatureMatrix matrix = compute_features(bars);
  FeatureStream stream;
  std::array<float, market_value_count> row;
  for (std::size_t t = 0; t < bars.size(); ++t) {
    market::Bar broken = bars[t];
    broken.close = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(stream.update(broken, row), Error);
    if (t > 0) {
      EXPECT_THROW(stream.update(bars[t - 1], row), Error);
    }
    stream.update(bars[t], row);
    ASSERT_TRUE(std::equal(row.begin(), row.end(), matrix.row(t).begin())) << "bar " << t;
  }
}

}  // namespace
}  // namespace stevie::features
