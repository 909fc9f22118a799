#include "evaluation/signal_replay.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "evaluation/backtest.h"
#include "strategy/simple.h"

namespace stevie::evaluation {
namespace {

using execution::ExitReason;
using execution::Side;

/// Hourly bars that open at the given prices, move 1 around them and close where they opened.
market::Bars bars_at(const std::vector<double>& prices) {
  market::Bars bars;
  bars.interval = hour_ms;
  for (const double price : prices) {
    const auto hour = static_cast<TimeMs>(bars.size()) + 300'000;
    bars.push_back({hour * hour_ms, price, price + 1, price - 1, price, 1000});
  }
  return bars;
}

/// A signals file whose rows have the open times of the first bars.
std::string csv(const market::Bars& bars, const std::string& columns, const std::vector<std::string>& rows) {
  std::string text = "timestamp," + columns + "\n";
  for (std::size_t i = 0; i < rows.size(); ++i)
    text += std::to_string(bars.open_time[i]) + "," + rows[i] + "\n";
  return text;
}

ReplayConfig free_config() {
  ReplayConfig config;
  config.engine.instrument = execution::free_of_costs();
  return config;
}

Replay replay(const market::Bars& bars, const std::string& columns, const std::vector<std::string>& rows,
              const ReplayConfig& config = free_config()) {
  const Signals signals = parse_signals(csv(bars, columns, rows), "signals.csv", bars);
  return replay_signals(execution::make_bar_tape(bars, config.engine.instrument), signals, config);
}

std::size_t bar_of(const market::Bars& bars, TimeMs time) {
  return static_cast<std::size_t>((time - bars.open_time[0]) / hour_ms);
}

struct Expected {
  std::size_t entry, exit;
  Side side;
  ExitReason reason;
};

void expect_trades(const market::Bars& bars, const Replay& replay, const std::vector<Expected>& expected) {
  ASSERT_EQ(replay.result.trades.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const execution::RoundTrip& trade = replay.result.trades[i];
    EXPECT_EQ(bar_of(bars, trade.entry_time), expected[i].entry) << i;
    EXPECT_EQ(bar_of(bars, trade.exit_time), expected[i].exit) << i;
    EXPECT_EQ(trade.side, expected[i].side) << i;
    EXPECT_EQ(trade.exit_reason, expected[i].reason) << i;
  }
}

TEST(Replay, SignalsActAtTheNextOpen) {
  const auto bars = bars_at({100, 110, 120, 130, 140, 150});
  const Replay run = replay(bars, "enter_long,exit_long", {"1,0", "0,0", "0,1"});
  expect_trades(bars, run, {{1, 3, Side::long_side, ExitReason::exit_signal}});
  EXPECT_EQ(run.result.trades[0].entry_price, 110);
  EXPECT_EQ(run.result.trades[0].exit_price, 130);
  EXPECT_EQ(run.result.interval, hour_ms);
  EXPECT_EQ(run.result.equity.size(), bars.size());
}

TEST(Replay, AReversalNeedsTheExitWhereTheFileHasOne) {
  const auto bars = bars_at({100, 100, 100, 100, 100, 100});
  const std::string columns = "enter_long,exit_long,enter_short,exit_short";
  expect_trades(
      bars, replay(bars, columns, {"1,0,0,0", "0,0,1,0", "0,1,1,0", "0,0,0,1"}),
      {{1, 3, Side::long_side, ExitReason::exit_signal}, {3, 4, Side::short_side, ExitReason::exit_signal}});
  expect_trades(
      bars, replay(bars, "enter_long,enter_short", {"1,0", "0,0", "0,1"}),
      {{1, 3, Side::long_side, ExitReason::exit_signal}, {3, 5, Side::short_side, ExitReason::end_of_data}});
}

TEST(Replay, SignalsThatContradictEachOtherAreIgnored) {
  const auto bars = bars_at({100, 100, 100, 100, 100});
  const std::string columns = "enter_long,exit_long,enter_short,exit_short";
  EXPECT_TRUE(replay(bars, columns, {"1,0,1,0", "1,1,0,0", "0,0,1,1"}).result.trades.empty());
  expect_trades(bars, replay(bars, columns, {"1,0,0,0", "1,1,0,0"}),
                {{1, 4, Side::long_side, ExitReason::end_of_data}});
}

TEST(Replay, NoEntryOnTheLastBarAndTheEndAtItsOpen) {
  const auto bars = bars_at({100, 110, 120, 130});
  EXPECT_TRUE(replay(bars, "enter_long", {"0", "0", "1"}).result.trades.empty());
  const Replay run = replay(bars, "enter_long", {"0", "1"});
  expect_trades(bars, run, {{2, 3, Side::long_side, ExitReason::end_of_data}});
  EXPECT_EQ(run.result.trades[0].exit_price, 130);
}

TEST(Replay, AStopFreesTheWayForTheNextEntry) {
  const auto bars = bars_at({100, 100, 90, 90, 90, 90});
  ReplayConfig config = free_config();
  config.engine.exits.stop_loss = 0.05;
  expect_trades(
      bars, replay(bars, "enter_long", {"1", "1", "0", "1"}, config),
      {{1, 2, Side::long_side, ExitReason::stop_loss}, {4, 5, Side::long_side, ExitReason::end_of_data}});
}

TEST(Replay, TargetsAreHeldUntilTheNextOne) {
  const auto bars = bars_at({100, 100, 200, 200, 200});
  const Replay run = replay(bars, "target", {"0.5", "", "-0.5"});
  expect_trades(
      bars, run,
      {{1, 3, Side::long_side, ExitReason::exit_signal}, {3, 4, Side::short_side, ExitReason::end_of_data}});
  EXPECT_EQ(run.result.trades[0].quantity, 50);
  EXPECT_EQ(run.result.trades[1].quantity, 37.5);
}

TEST(Replay, OrderSizesAddUp) {
  const auto bars = bars_at({100, 100, 110, 120, 130});
  const Replay run = replay(bars, "order_size", {"10", "10", "-30"});
  expect_trades(
      bars, run,
      {{1, 3, Side::long_side, ExitReason::exit_signal}, {3, 4, Side::short_side, ExitReason::end_of_data}});
  EXPECT_EQ(run.result.trades[0].quantity, 20);
  EXPECT_EQ(run.result.trades[0].entry_price, 105);
  EXPECT_EQ(run.result.trades[0].profit_abs, 300);
  EXPECT_EQ(run.result.trades[1].profit_abs, -100);
}

TEST(Replay, StakesAreSharesOrUnits) {
  const auto bars = bars_at({100, 100, 100, 100});
  ReplayConfig config = free_config();
  config.stake = parse_stake("0.25");
  EXPECT_EQ(replay(bars, "enter_long", {"1"}, config).result.trades.at(0).quantity, 25);
  config.stake = parse_stake("30");
  EXPECT_EQ(replay(bars, "enter_short", {"1"}, config).result.trades.at(0).quantity, 30);
  config.stake = parse_stake("0.5units");
  EXPECT_EQ(replay(bars, "enter_short", {"1"}, config).result.trades.at(0).quantity, 0.5);
  config.engine.instrument.leverage_limit = 2;
  config.stake = parse_stake("1.5x");
  EXPECT_EQ(replay(bars, "enter_long", {"1"}, config).result.trades.at(0).quantity, 150);
  for (const char* text : {"", "0", "-1", "all", "1.5.2", "units"})
    EXPECT_THROW(parse_stake(text), Error) << text;
}

/// A second bar that reaches 110 before 90, which only its halves tell, and exits 5 % away on both sides.
struct TwoSidedBar {
  TwoSidedBar() : bars(bars_at({100, 100, 100, 100})) {
    bars.high[1] = 110;
    bars.low[1] = 90;
    market::Bars fine;
    fine.interval = hour_ms / 2;
    fine.push_back({bars.open_time[1], 100, 110, 100, 109, 1});
    fine.push_back({bars.open_time[1] + hour_ms / 2, 109, 109, 90, 100, 1});
    config.engine.exits.stop_loss = config.engine.exits.take_profit = 0.05;
    tape = execution::make_bar_tape(bars, config.engine.instrument);
    detail = execution::make_bar_tape(fine, config.engine.instrument);
  }

  market::Bars bars;
  ReplayConfig config = free_config();
  execution::BarTape tape, detail;
};

TEST(Replay, FinerBarsDecideWhichLevelCameFirst) {
  TwoSidedBar play;
  const Signals signals = parse_signals(csv(play.bars, "enter_long", {"1"}), "signals.csv", play.bars);
  EXPECT_EQ(replay_signals(play.tape, signals, play.config, &play.detail).result.trades.at(0).exit_reason,
            ExitReason::stop_loss);
  play.config.engine.exits.intrabar = execution::IntrabarPolicy::detail;
  EXPECT_EQ(replay_signals(play.tape, signals, play.config, &play.detail).result.trades.at(0).exit_reason,
            ExitReason::take_profit);
  EXPECT_THROW(replay_signals(play.tape, signals, play.config), Error);
}

TEST(Replay, FinerBarsServeStrategiesAsWell) {
  TwoSidedBar play;
  execution::EngineConfig config = play.config.engine;
  config.exits.intrabar = execution::IntrabarPolicy::detail;
  strategy::ConstantExposure hold("hold", 1);
  EXPECT_EQ(replay_strategy(hold, play.tape, {0, 4}, config, &play.detail).result.trades.at(0).exit_reason,
            ExitReason::take_profit);
  EXPECT_EQ(replay_strategy(hold, play.tape, {0, 4}, config).result.trades.at(0).exit_reason,
            ExitReason::stop_loss);
  strategy::ConstantExposure bold("bold", 3);
  EXPECT_FALSE(replay_strategy(bold, play.tape, {0, 4}, config).notices.empty());
}

TEST(SignalsFile, ReadsSparseRowsInAnyColumnOrder) {
  const auto bars = bars_at({100, 100, 100, 100});
  const std::string stamp = format_time(bars.open_time[2]);
  const Signals signals =
      parse_signals("exit_long,note,timestamp,enter_long\r\n,x," + stamp + ",1.0\r\n", "s", bars);
  EXPECT_EQ(signals.enter_long, (std::vector<std::uint8_t>{0, 0, 1, 0}));
  EXPECT_EQ(signals.exit_long, (std::vector<std::uint8_t>{0, 0, 0, 0}));
  EXPECT_TRUE(signals.enter_short.empty());
}

TEST(SignalsFile, RefusesWhatIsWrongAndNamesTheLine) {
  const auto bars = bars_at({100, 100, 100, 100});
  const std::string a = std::to_string(bars.open_time[0]), b = std::to_string(bars.open_time[1]);
  struct Case {
    std::string text, code, place;
  };
  const std::vector<Case> cases{
      {"", "signals.no_column", "s.csv"},
      {"time,target\n" + a + ",1\n", "signals.no_column", "s.csv:1"},
      {"timestamp,price\n" + a + ",1\n", "signals.no_column", "s.csv:1"},
      {"timestamp,target,enter_long\n" + a + ",1,1\n", "signals.two_kinds", "s.csv:1"},
      {"timestamp,target,target\n" + a + ",1,1\n", "signals.two_kinds", "s.csv:1"},
      {"timestamp,target\n", "signals.no_rows", "s.csv"},
      {"timestamp,target\n" + a + "\n", "signals.few_columns", "s.csv:2"},
      {"timestamp,target\nyesterday,1\n", "signals.bad_time", "s.csv:2"},
      {"timestamp,target\n" + b + ",1\n" + a + ",1\n", "signals.unsorted", "s.csv:3"},
      {"timestamp,target\n" + a + ",1\n" + a + ",1\n", "signals.unsorted", "s.csv:3"},
      {"timestamp,target\n" + std::to_string(bars.open_time[0] + 1) + ",1\n", "signals.unknown_bar",
       "s.csv:2"},
      {"timestamp,target\n" + std::to_string(bars.open_time[3] + hour_ms) + ",1\n", "signals.unknown_bar",
       "s.csv:2"},
      {"timestamp,target\n" + a + ",1.5\n", "signals.bad_value", "s.csv:2"},
      {"timestamp,target\n" + a + ",nan\n", "signals.bad_value", "s.csv:2"},
      {"timestamp,enter_long\n" + a + ",2\n", "signals.bad_value", "s.csv:2"},
      {"timestamp,enter_long\n" + a + ",yes\n", "signals.bad_value", "s.csv:2"},
      {"timestamp,order_size\n" + a + ",many\n", "signals.bad_value", "s.csv:2"},
  };
  for (const Case& wrong : cases) {
    try {
      parse_signals(wrong.text, "s.csv", bars);
      ADD_FAILURE() << "accepted: " << wrong.text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), wrong.code) << wrong.text;
      EXPECT_EQ(error.place(), wrong.place) << wrong.text;
    }
  }
}

TEST(TradesFile, HasOneRowPerRoundTrip) {
  const auto bars = bars_at({100, 110, 120, 130});
  ReplayConfig config = free_config();
  config.stake = {execution::Stake::Kind::units, 4};
  const Replay run = replay(bars, "enter_long,exit_long", {"1,0", "0,1"}, config);
  EXPECT_EQ(
      format_trades(run.result.trades),
      "entry_time,exit_time,side,entry_price,exit_price,quantity,fee,profit_abs,profit_ratio,exit_reason\n"
      "2004-03-23T01:00:00Z,2004-03-23T02:00:00Z,long,110,120,4,0,40,0.09090909090909091,exit_signal\n");
}

}  // namespace
}  // namespace stevie::evaluation
