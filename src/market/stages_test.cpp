#include "market/stages.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "market/market_testing.h"

namespace stevie::market {
namespace {

/// Stretches of bars whose returns have the given sizes, alternating in sign, all with one volume.
Bars stretches(const std::vector<double>& sizes, std::size_t each) {
  Bars bars;
  bars.interval = hour_ms;
  double price = 100;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    for (std::size_t i = 0; i < each; ++i) {
      const double close = price * std::exp(i % 2 == 0 ? sizes[k] : -sizes[k]);
      bars.push_back({test_start + static_cast<TimeMs>(bars.size()) * hour_ms, price, std::max(price, close),
                      std::min(price, close), close, 1000 / close});
      price = close;
    }
  }
  return bars;
}

TEST(Stages, StretchesOfRisingVolatilityGetRisingStages) {
  const Bars bars = stretches({0.001, 0.002, 0.004, 0.008}, 100);
  StageConfig config;
  config.window_bars = 10;
  // Among the few windows that reach from one stretch into the next: a cut at the volatility of a stretch
  // itself would tell its windows apart by rounding.
  config.volatility_quantiles = {0.24, 0.49, 0.74};
  config.liquidity_quantile = 0;
  const StageCuts cuts = fit_stages(bars, {0, bars.size()}, config);
  for (std::size_t i = 0; i < cuts.volatility.size(); ++i) {
    EXPECT_GT(cuts.volatility[i], 0.001 * std::pow(2.0, i) * (1 + 1e-9));
    EXPECT_LT(cuts.volatility[i], 0.002 * std::pow(2.0, i) * (1 - 1e-9));
  }
  const std::vector<std::uint8_t> labels = label_stages(bars, {0, bars.size()}, cuts, config);
  ASSERT_EQ(labels.size(), bars.size());
  for (std::size_t stage = 0; stage < stage_count; ++stage) EXPECT_EQ(labels[100 * stage + 50], stage);
  // From one stretch to the next the bars behind grow wilder one by one.
  EXPECT_TRUE(std::ranges::is_sorted(labels));
  EXPECT_EQ(labels.back(), 3);
}

TEST(Stages, AQuarterOfTheTrainingBarsEach) {
  const Bars bars = random_bars(1, 20'000);
  StageConfig config;
  config.liquidity_quantile = 0;
  const StageCuts cuts = fit_stages(bars, {0, bars.size()}, config);
  std::array<double, stage_count> counts{};
  for (const std::uint8_t label : label_stages(bars, {0, bars.size()}, cuts, config)) ++counts[label];
  for (const double count : counts) EXPECT_NEAR(count / 20'000, 0.25, 0.01);
}

TEST(Stages, ThinTradingCountsOneHigher) {
  Bars bars = stretches({0.001, 0.002, 0.004, 0.008}, 100);
  for (std::size_t i = 40; i < 80; ++i) bars.volume[i] /= 100;
  for (std::size_t i = 340; i < 380; ++i) bars.volume[i] /= 100;
  StageConfig config;
  config.window_bars = 10;
  config.liquidity_quantile = 0.2;  // between the 60 windows of thin trading alone and the mixed ones
  const StageCuts cuts = fit_stages(bars, {0, bars.size()}, config);
  const std::vector<std::uint8_t> labels = label_stages(bars, {0, bars.size()}, cuts, config);
  EXPECT_EQ(labels[10], 0);
  EXPECT_EQ(labels[55], 1);
  EXPECT_EQ(labels[355], 3);  // there is no stage behind the last
  bars.has_volume = false;
  EXPECT_EQ(fit_stages(bars, {0, bars.size()}, config).liquidity, 0);
}

TEST(Stages, OnlyTheTrainingBarsMakeTheCuts) {
  Bars bars = stretches({0.001, 0.002, 0.004, 0.008}, 100);
  const StageConfig config{.window_bars = 10};
  const StageCuts before = fit_stages(bars, {0, 300}, config);
  for (std::size_t i = 300; i < 400; ++i) {
    bars.close[i] *= 2;
    bars.volume[i] = 0;
  }
  EXPECT_EQ(fit_stages(bars, {0, 300}, config).volatility, before.volatility);
  EXPECT_EQ(fit_stages(bars, {0, 300}, config).liquidity, before.liquidity);
}

TEST(Stages, GapsAreNoMovesAndShortRangesHaveLabels) {
  Bars bars = stretches({0.001, 0.001}, 50);
  for (std::size_t i = 50; i < 100; ++i) {
    bars.open_time[i] += 100 * hour_ms;
    for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close}) (*column)[i] *= 3;
  }
  const StageConfig config{.window_bars = 10, .liquidity_quantile = 0};
  const StageCuts cuts = fit_stages(bars, {0, bars.size()}, config);
  EXPECT_NEAR(cuts.volatility.back(), 0.001, 1e-4);
  EXPECT_EQ(label_stages(bars, {5, 5}, cuts, config).size(), 0u);
  EXPECT_EQ(label_stages(bars, {5, 6}, cuts, config).size(), 1u);
  EXPECT_EQ(label_stages(bars, {5, 7}, cuts, config).size(), 2u);
}

TEST(Stages, FaultsAreToldTogether) {
  StageConfig config;
  EXPECT_TRUE(config.faults().empty());
  config.window_bars = 0;
  config.volatility_quantiles = {0.5, 0.25, 0.75};
  config.liquidity_quantile = 1;
  EXPECT_EQ(config.faults().size(), 3u);
  config.volatility_quantiles = {0.5, 0.75};
  EXPECT_EQ(config.faults().size(), 3u);
}

}  // namespace
}  // namespace stevie::market
