#include "app/live_performance.h"

#include <gtest/gtest.h>

#include "core/testing.h"

namespace stevie::app {
namespace {

broker::Fill fill(TimeMs hour, double units, double price, double fee) {
  return {.symbol = "BTC/USDT", .time = hour * hour_ms, .units = units, .price = price, .fee = fee};
}

/// Hours with these closes.
LiveTrades trades_on(const std::vector<double>& closes) {
  LiveTrades trades;
  trades.interval = hour_ms;
  trades.initial_equity = 1000;
  for (std::size_t i = 0; i < closes.size(); ++i)
    trades.closes.push_back({.open_time = static_cast<TimeMs>(i) * hour_ms, .close = closes[i]});
  return trades;
}

TEST(LivePerformance, FollowsCashAndPositionThroughTheFills) {
  LiveTrades trades = trades_on({100, 110, 120, 90});
  trades.fills = {fill(1, 2, 105, 1), fill(3, -2, 118, 1)};
  const LivePerformance found = measure_live(trades);
  EXPECT_EQ(found.from, 0);
  EXPECT_EQ(found.to, 4 * hour_ms);
  EXPECT_DOUBLE_EQ(found.final_equity, 1000 + 2 * (118 - 105) - 2);
  EXPECT_EQ(found.live.trades, 1U);
  EXPECT_NEAR(*found.live.total_return.value, 0.024, 1e-15);  // a ratio near 1, less 1
  EXPECT_DOUBLE_EQ(*found.buy_and_hold.total_return.value, -0.1);
  EXPECT_DOUBLE_EQ(found.fees, 2);
  EXPECT_DOUBLE_EQ(found.traded_notional, 2 * 105 + 2 * 118);
  // 1000, 1009, 1029, 1024: the fall from the peak.
  EXPECT_DOUBLE_EQ(*found.live.max_drawdown.value, 5.0 / 1029);
}

TEST(LivePerformance, APositionFromBeforeCountsFromTheFirstCloseOn) {
  LiveTrades trades = trades_on({100, 110});
  trades.fills = {fill(-5, 3, 50, 7)};
  trades.units_now = 3;
  const LivePerformance found = measure_live(trades);
  EXPECT_DOUBLE_EQ(found.final_equity, 1000 + 3 * 10);
  EXPECT_EQ(found.live.trades, 0U);
  EXPECT_DOUBLE_EQ(found.fees, 0);
}

TEST(LivePerformance, WithoutABarThereIsNothingToMeasure) {
  EXPECT_EQ(error_of([] { measure_live({}); }).code(), "app.no_bars");
}

}  // namespace
}  // namespace stevie::app
