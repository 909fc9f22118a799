#include "app/live_statistics.h"

#include <gtest/gtest.h>

#include "app/live_history_json.h"
#include "app/live_history_text.h"
#include "app/live_life_testing.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

using Life = HandMadeLife;

/// Buys 2 at 105 in hour 1, sells them at 118 in hour 3; a fee of 1 each.
Life one_trade() {
  Life made;
  made.decided(0, {Life::entry(0, "breakout", "long", 0.8)});
  made.fills(1, {Life::fill(1, 2, 105, 1, "entry")});
  made.fills(3, {Life::fill(3, -2, 118, 1, "exit_signal")});
  return made;
}

TEST(LiveStatistics, EquityFollowsCashAndPosition) {
  const Life made = one_trade();
  const std::vector<SymbolCloses> closes{hourly({100, 110, 120, 90})};
  const EquityPath path = equity_path(made.life, closes);
  EXPECT_EQ(path.initial_equity, 1000);
  EXPECT_EQ(path.equity, (std::vector<double>{1000, 1009, 1029, 1024}));
  EXPECT_DOUBLE_EQ(path.exposure[1], 220.0 / 1009);
  EXPECT_EQ(path.exposure[3], 0);
  EXPECT_DOUBLE_EQ(path.held[3], 900);
  EXPECT_DOUBLE_EQ(path.fees, 2);
  EXPECT_DOUBLE_EQ(path.traded_notional, 2 * 105 + 2 * 118);
  const LivePerformance found = measure_life(path);
  EXPECT_EQ(found.live.trades, 1U);
  EXPECT_NEAR(*found.live.total_return.value, 0.024, 1e-12);
  EXPECT_NEAR(*found.buy_and_hold.total_return.value, -0.1, 1e-12);
  EXPECT_DOUBLE_EQ(*found.live.max_drawdown.value, 5.0 / 1029);
  EXPECT_EQ(error_of([] { measure_life({}); }).code(), "app.no_bars");
  EXPECT_NE(performance_text(found, 0).find("buy and hold"), std::string::npos);
}

TEST(LiveStatistics, SeveralSymbolsShareTheAccountAndAddUp) {
  Life made({"BTC/USDT", "ETH/USDT"});
  made.fills(1, {Life::fill(1, 1, 100, 0, "entry"), Life::fill(1, -2, 50, 0, "entry", "", "ETH/USDT")});
  SymbolCloses ether = hourly({50, 50, 40}, "ETH/USDT");
  ether.open_time[2] = 3 * hour_ms;  // no bar in hour 2
  const std::vector<SymbolCloses> closes{hourly({100, 100, 110, 120}), ether};
  const EquityPath both = equity_path(made.life, closes), one = equity_path(made.life, closes, "ETH/USDT");
  EXPECT_EQ(both.equity, (std::vector<double>{1000, 1000, 1010, 1040}));
  EXPECT_EQ(one.equity, (std::vector<double>{500, 500, 520}));
  EXPECT_EQ(one.initial_equity, 500);
  EXPECT_EQ(both.held.back(), 500 * 1.2 + 500 * 0.8);
}

TEST(LiveStatistics, TheTraceKeepsPeaksAndSaysTheFall) {
  const Life made = one_trade();
  const std::vector<SymbolCloses> closes{hourly({100, 110, 120, 90})};
  const EquityTrace all = trace_equity(made.life, closes, {});
  ASSERT_EQ(all.points.size(), 4U);
  EXPECT_EQ(all.points[0].time, hour_ms);
  EXPECT_EQ(all.points[2].drawdown, 0);
  EXPECT_DOUBLE_EQ(all.points[3].drawdown, 1 - 1024.0 / 1029);
  // The peak before the range still counts.
  const EquityTrace late = trace_equity(made.life, closes, {.from = 4 * hour_ms, .to = {}, .points = 10});
  ASSERT_EQ(late.points.size(), 1U);
  EXPECT_DOUBLE_EQ(late.points[0].drawdown, 1 - 1024.0 / 1029);
  EXPECT_EQ(trace_equity(made.life, closes, {.from = {}, .to = {}, .points = 2}).points.size(), 2U);
  // Without any bar the steps on record are the curve.
  EXPECT_EQ(trace_equity(made.life, {}, {}).points.size(), 3U);
}

TEST(LiveStatistics, PeriodsAddUpToTheWhole) {
  Life made;
  constexpr TimeMs hours = 24 * 62;  // January and February 1970, and three days of March
  std::vector<double> prices;
  for (TimeMs hour = 0; hour < hours; ++hour) {
    prices.push_back(100 + static_cast<double>((hour * 7919) % 23));
    if (hour % 10 == 1) made.fills(hour, {Life::fill(hour, 1, prices.back(), 0.5, "entry")});
    if (hour % 10 == 6) made.fills(hour, {Life::fill(hour, -1, prices.back(), 0.5, "exit_signal")});
  }
  const std::vector<SymbolCloses> closes{hourly(prices)};
  const EquityPath path = equity_path(made.life, closes);
  for (const PeriodLength length : {PeriodLength::day, PeriodLength::month}) {
    const std::vector<PeriodRow> rows = measure_periods(made.life, path, length);
    ASSERT_EQ(rows.size(), length == PeriodLength::day ? 62U : 3U);
    double pnl = 0, fees = 0, growth = 1;
    std::size_t trades = 0, bars = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) {
        EXPECT_EQ(rows[i].start_equity, rows[i - 1].end_equity);
      }
      pnl += rows[i].pnl();
      fees += rows[i].fees;
      growth *= 1 + rows[i].held_return;
      trades += rows[i].trades;
      bars += rows[i].bars;
      EXPECT_GE(rows[i].max_drawdown, 0);
      EXPECT_LE(rows[i].won, rows[i].trades);
    }
    EXPECT_NEAR(pnl, path.equity.back() - 1000, 1e-9);
    EXPECT_NEAR(fees, path.fees, 1e-9);
    EXPECT_NEAR(growth, path.held.back() / 1000, 1e-12);
    EXPECT_EQ(trades, path.trade_profit.size());
    EXPECT_EQ(bars, path.equity.size());
  }
  const std::vector<PeriodRow> months = measure_periods(made.life, path, PeriodLength::month);
  EXPECT_EQ(months[0].end, 31 * day_ms);
  EXPECT_EQ(months[1].end, 59 * day_ms);
  EXPECT_EQ(period_name(months[1], PeriodLength::month), "1970-02");
  EXPECT_EQ(months[2].bars, 72U);
  EXPECT_NE(periods_text(months, PeriodLength::month).find("1970-03"), std::string::npos);
}

/// Two trades of breakout (+10 at a stop, -4), one of news (+1).
Life three_trades() {
  Life made;
  made.decided(0, {Life::entry(0, "breakout", "long", 0.9, "bull")});
  made.fills(1, {Life::fill(1, 1, 100, 0, "entry")});
  made.fills(3, {Life::fill(3, -1, 110, 0, "trailing_stop", "BTC/USDT@0")});
  made.decided(4, {Life::entry(4, "breakout", "long", 0.2, "bear")});
  made.fills(5, {Life::fill(5, 1, 100, 0, "entry")});
  made.fills(6, {Life::fill(6, -1, 96, 0, "stop_loss", "BTC/USDT@14400000")});
  made.decided(7, {Life::entry(7, "news", "short", std::nullopt, "bear")});
  made.fills(8, {Life::fill(8, -1, 100, 0, "entry")});
  made.fills(9, {Life::fill(9, 1, 99, 0, "take_profit")});
  made.fills(10, {Life::fill(10, 1, 99, 0, "entry")});  // still open
  return made;
}

TEST(LiveStatistics, GroupsByHand) {
  const Life made = three_trades();
  const TradeGroups rules = measure_groups(made.life, GroupBy::rule);
  ASSERT_EQ(rules.groups.size(), 2U);
  const TradeGroup& breakout = rules.groups[0];
  EXPECT_EQ(breakout.key, "breakout");
  EXPECT_EQ(breakout.trades, 2U);
  EXPECT_EQ(breakout.won, 1U);
  EXPECT_DOUBLE_EQ(breakout.expectancy(), 3);
  EXPECT_DOUBLE_EQ(*breakout.profit_factor(), 2.5);
  EXPECT_DOUBLE_EQ(breakout.mean_duration, 1.5 * hour_ms);
  EXPECT_DOUBLE_EQ(breakout.mean_return, 0.03);
  EXPECT_FALSE(breakout.expectancy_interval);  // too few
  EXPECT_FALSE(rules.groups[1].profit_factor());
  EXPECT_EQ(rules.all->trades, 3U);
  EXPECT_DOUBLE_EQ(rules.all->pnl, 7);
  EXPECT_EQ(measure_groups(made.life, GroupBy::exit).groups.size(), 3U);
  EXPECT_EQ(measure_groups(made.life, GroupBy::regime).groups[0].key, "bear");
  EXPECT_EQ(measure_groups(made.life, GroupBy::version).groups[0].key, "3");
  EXPECT_EQ(measure_groups(made.life, GroupBy::side).groups[0].key, "long");
  EXPECT_EQ(measure_groups(made.life, GroupBy::symbol).groups[0].key, "BTC/USDT");
  EXPECT_FALSE(measure_groups(made.life, GroupBy::symbol, "ETH/USDT").all);
  EXPECT_NE(groups_text(rules, GroupBy::rule).find("few"), std::string::npos);
}

TEST(LiveStatistics, ConfidenceMeetsOutcomes) {
  const Life made = three_trades();
  const ConfidenceCheck check = check_confidence(made.life, 2);
  EXPECT_EQ(check.calibration.count, 2U);
  EXPECT_EQ(check.without_confidence, 1U);
  EXPECT_EQ(check.calibration.bins[0].successes, 0U);
  EXPECT_EQ(check.calibration.bins[1].successes, 1U);
  EXPECT_FALSE(check.calibration.brier);  // too few
  EXPECT_NE(to_json(check).find("\"too_few\":true"), std::string::npos);
  EXPECT_EQ(check_confidence(made.life, 2, "", "news").calibration.count, 0U);
  EXPECT_NE(confidence_text(check).find("too few"), std::string::npos);
}

TEST(LiveStatistics, WhatFollowedDecisions) {
  Life made;
  made.decided(0, {Life::entry(0, "breakout", "long", 0.5)});
  made.decided(1, {Life::entry(1, "news", "short", 0.5)});
  made.decided(2, {Life::entry(2, "news", "long", 0.5, "bull", live::Denial::exposure)});
  made.decided(4, {Life::entry(4, "news", "long", 0.5)});  // its horizon has not passed
  const std::vector<SymbolCloses> closes{hourly({100, 100, 110, 90, 121})};
  const DecisionQuality found = judge_decisions(made.life, closes, 2);
  ASSERT_EQ(found.follow_ups.size(), 4U);
  EXPECT_EQ(found.follow_ups[0].what, "taken");
  EXPECT_EQ(found.follow_ups[0].count, 2U);
  EXPECT_EQ(found.follow_ups[0].pending, 1U);
  EXPECT_EQ(found.follow_ups[0].right, 2U);
  EXPECT_NEAR(found.follow_ups[0].mean_return, (0.1 + 0.1) / 2, 1e-12);
  EXPECT_EQ(found.follow_ups[1].rule, "breakout");
  EXPECT_EQ(found.follow_ups[3].what, "exposure");
  EXPECT_NEAR(found.follow_ups[3].mean_return, 0.1, 1e-12);
  EXPECT_EQ(found.market_bars, 3U);
  EXPECT_NEAR(*found.market_return, (0.1 - 0.1 + 0.1) / 3, 1e-12);
  EXPECT_EQ(found.actions.at("enter"), 4U);
  EXPECT_FALSE(judge_decisions(made.life, closes, 100).market_return);
  EXPECT_NE(decisions_text(found).find("exposure"), std::string::npos);
}

TEST(LiveStatistics, NothingTradedIsNoFault) {
  const LiveLife life;
  EXPECT_TRUE(equity_path(life, {}).equity.empty());
  EXPECT_TRUE(trace_equity(life, {}, {}).points.empty());
  EXPECT_TRUE(measure_periods(life, {}, PeriodLength::day).empty());
  EXPECT_FALSE(measure_groups(life, GroupBy::rule).all);
  EXPECT_EQ(check_confidence(life, 10).calibration.count, 0U);
  EXPECT_EQ(judge_decisions(life, {}, 5).follow_ups[0].count, 0U);
  EXPECT_EQ(trades_text({}), "no trades\n");
}

}  // namespace
}  // namespace stevie::app
