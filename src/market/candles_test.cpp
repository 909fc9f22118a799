#include "market/candles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "market/synthetic.h"

namespace stevie::market {
namespace {

Bars bars_of(std::size_t count, TimeMs interval, std::uint64_t seed = 1) {
  SyntheticConfig config;
  config.bars = count;
  config.interval = interval;
  config.seed = seed;
  return make_synthetic_market(config).bars;
}

CandleChart chart_of(const Bars& bars, const CandleRequest& request) {
  CandleIndex index;
  index.extend(bars, bars.size());
  return make_candles(bars, bars.size(), index, request);
}

TEST(Candles, PutBarsTogetherByHand) {
  Bars bars;
  bars.interval = hour_ms;
  bars.push_back({0 * hour_ms, 10, 12, 9, 11, 1});
  bars.push_back({1 * hour_ms, 11, 15, 10, 14, 2});
  bars.push_back({3 * hour_ms, 14, 14, 7, 8, 4});  // the bar of 02:00 is missing
  const CandleChart chart = chart_of(bars, {.from = 0, .to = {}, .points = 2});
  EXPECT_EQ(chart.width, 2 * hour_ms);
  ASSERT_EQ(chart.candles.size(), 2U);
  const Candle& first = chart.candles[0];
  EXPECT_EQ(first.open_time, 0);
  EXPECT_EQ(first.open, 10);
  EXPECT_EQ(first.high, 15);
  EXPECT_EQ(first.low, 9);
  EXPECT_EQ(first.close, 14);
  EXPECT_EQ(first.volume, 3);
  EXPECT_EQ(first.bars, 2U);
  EXPECT_EQ(chart.candles[1].open_time, 2 * hour_ms);
  EXPECT_EQ(chart.candles[1].low, 7);
  EXPECT_EQ(chart.candles[1].bars, 1U);
  EXPECT_EQ(chart.first, 0);
  EXPECT_EQ(chart.last, 3 * hour_ms);
}

TEST(Candles, WithoutFromTheNewestBarsAreGivenAsTheyAre) {
  const Bars bars = bars_of(1000, hour_ms);
  const CandleChart newest = chart_of(bars, {.from = {}, .to = {}, .points = 10});
  EXPECT_EQ(newest.width, hour_ms);
  ASSERT_EQ(newest.candles.size(), 10U);
  EXPECT_EQ(newest.candles.back().open_time, bars.open_time.back());
  EXPECT_EQ(newest.candles.back().close, bars.close.back());
  const CandleChart before = chart_of(bars, {.from = {}, .to = bars.open_time[499], .points = 10});
  EXPECT_EQ(before.candles.back().open_time, bars.open_time[499]);
  EXPECT_EQ(before.candles.front().open_time, bars.open_time[490]);
}

TEST(Candles, WhereThereIsNoBarThereIsNoCandle) {
  const Bars bars = bars_of(10, hour_ms);
  EXPECT_TRUE(chart_of(bars, {.from = bars.open_time.back() + 1, .to = {}, .points = 5}).candles.empty());
  EXPECT_TRUE(chart_of(bars, {.from = {}, .to = bars.open_time.front() - 1, .points = 5}).candles.empty());
  EXPECT_TRUE(
      chart_of(bars, {.from = bars.open_time[5], .to = bars.open_time[3], .points = 5}).candles.empty());
  const CandleChart none = make_candles(bars, 0, {}, {});
  EXPECT_TRUE(none.candles.empty());
  EXPECT_FALSE(none.first);
}

TEST(Candles, OnlyTheFirstCountBarsExist) {
  const Bars bars = bars_of(1000, hour_ms);
  CandleIndex index;
  index.extend(bars, bars.size());
  const CandleChart chart =
      make_candles(bars, 700, index, {.from = bars.open_time[0], .to = {}, .points = 50});
  EXPECT_EQ(chart.last, bars.open_time[699]);
  EXPECT_EQ(chart.candles.back().close, bars.close[699]);
  std::size_t total = 0;
  for (const Candle& candle : chart.candles) total += candle.bars;
  EXPECT_EQ(total, 700U);
}

/// Every bar is in exactly one candle, and a slow plain reference agrees.
TEST(Candles, KeepExtremesVolumesAndEndsOfAnyStretch) {
  std::mt19937_64 random(7);
  Bars bars = bars_of(20'000, minute_ms, 9);
  Bars holes;
  holes.interval = bars.interval;
  for (std::size_t i = 0; i < bars.size(); ++i)
    if (random() % 10 != 0 && (i < 5000 || i > 9000)) holes.push_back(bars[i]);
  CandleIndex index;
  for (std::size_t count = 0; count <= holes.size(); count += 777) index.extend(holes, count);
  for (int run = 0; run < 300; ++run) {
    std::size_t begin = random() % holes.size(), end = random() % holes.size();
    if (begin > end) std::swap(begin, end);
    const CandleRequest request{
        .from = holes.open_time[begin], .to = holes.open_time[end], .points = 1 + random() % 400};
    const CandleChart chart = make_candles(holes, holes.size(), index, request);
    ASSERT_LE(chart.candles.size(), request.points);
    ASSERT_FALSE(chart.candles.empty());
    std::size_t at = begin;
    for (std::size_t c = 0; c < chart.candles.size(); ++c) {
      const Candle& candle = chart.candles[c];
      if (c > 0) {
        ASSERT_GE(candle.open_time, chart.candles[c - 1].open_time + chart.width);
      }
      double high = holes.high[at], low = holes.low[at], volume = 0;
      ASSERT_EQ(candle.open, holes.open[at]);
      ASSERT_GE(holes.open_time[at], candle.open_time);
      for (std::size_t i = 0; i < candle.bars; ++i, ++at) {
        high = std::max(high, holes.high[at]);
        low = std::min(low, holes.low[at]);
        volume += holes.volume[at];
        ASSERT_LT(holes.open_time[at], candle.open_time + chart.width);
      }
      ASSERT_EQ(candle.close, holes.close[at - 1]);
      ASSERT_EQ(candle.high, high);
      ASSERT_EQ(candle.low, low);
      ASSERT_NEAR(candle.volume, volume, 1e-9 * volume + 1e-12);
    }
    ASSERT_EQ(at, end + 1);
  }
}

TEST(Candles, PanningDoesNotMoveTheirBorders) {
  const Bars bars = bars_of(50'000, minute_ms);
  const auto opens = [&](std::size_t begin) {
    std::vector<TimeMs> times;
    for (const Candle& candle :
         chart_of(bars, {.from = bars.open_time[begin], .to = bars.open_time[begin + 20'000], .points = 300})
             .candles)
      times.push_back(candle.open_time);
    return times;
  };
  const std::vector<TimeMs> here = opens(10'000), there = opens(10'137);
  std::size_t shared = 0;
  for (const TimeMs time : there) shared += std::ranges::binary_search(here, time) ? 1 : 0;
  EXPECT_GE(shared + 3, here.size());
}

TEST(Candles, WidthsAreRound) {
  EXPECT_EQ(round_candle_width(hour_ms, 1), hour_ms);
  EXPECT_EQ(round_candle_width(hour_ms, 5 * hour_ms), 6 * hour_ms);
  EXPECT_EQ(round_candle_width(5 * minute_ms, 11 * minute_ms), 15 * minute_ms);
  EXPECT_EQ(round_candle_width(day_ms, 30 * day_ms), 56 * day_ms);
  EXPECT_EQ(round_candle_width(7 * minute_ms, 20 * minute_ms) % (7 * minute_ms), 0);
  EXPECT_GE(round_candle_width(day_ms, 5000 * day_ms), 5000 * day_ms);
}

TEST(Candles, WeeksBeginOnMonday) {
  const Bars bars = bars_of(800, day_ms);
  const CandleChart chart = chart_of(bars, {.from = bars.open_time.front(), .to = {}, .points = 150});
  EXPECT_EQ(chart.width, 7 * day_ms);
  for (const Candle& candle : chart.candles) EXPECT_EQ((candle.open_time / day_ms + 3) % 7, 0);
}

}  // namespace
}  // namespace stevie::market
