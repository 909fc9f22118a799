#include "strategy/rule_strategy.h"

#include <gtest/gtest.h>

#include "core/testing.h"
#include "execution/execution_testing.h"
#include "features/random_series.h"

namespace stevie::strategy {
namespace {

using execution::BarEngine;
using execution::ExitReason;
using execution::free_config;
using execution::RoundTrip;

/// Decides on each close and carries it out, as evaluation's back-test does.
execution::SimulationResult play(Strategy& strategy, const market::Bars& bars,
                                 const execution::EngineConfig& config) {
  BarEngine engine(config);
  const execution::BarTape tape = execution::make_bar_tape(bars, config.instrument);
  strategy.start();
  for (std::size_t i = 0; i < bars.size(); ++i) {
    engine.process_bar(tape.bars[i], tape.open_time[i]);
    if (i + 1 == bars.size()) break;
    const double units = engine.account().units;
    Situation situation;
    situation.bar = bars[i];
    situation.bar_index = i;
    situation.side = (units > 0) - (units < 0);
    const Decision decision = strategy.decide(situation);
    if (decision.kind == Decision::Kind::enter) engine.enter(decision.side, decision.stake, decision.bracket);
    if (decision.kind == Decision::Kind::exit) engine.exit();
  }
  engine.close_at_end_of_data();
  return engine.take_result();
}

/// A market at 100 whose first bar carries the signal; the bars to come are added by the test.
struct Story {
  Story() {
    bars.symbol = "TEST/USDT";
    bars.interval = hour_ms;
    add(100, 100, 100, 100);
  }
  void add(double open, double high, double low, double close) {
    bars.push_back({static_cast<TimeMs>(bars.size()) * hour_ms, open, high, low, close, 1});
    RuleRow row;
    row.close = close;
    row.volatility_percentile = 50;
    row.channel_high = 1000;
    row.channel_low = 1;
    row.mean = 100;
    row.atr_share = 0.02;
    row.ready = true;
    rows.push_back(row);
  }
  std::shared_ptr<RuleInputs> inputs() const {
    auto columns = std::make_shared<RuleInputs>(make_rule_inputs(bars));
    for (std::size_t i = 0; i < rows.size(); ++i) columns->set(i, rows[i]);
    return columns;
  }
  std::vector<RoundTrip> trades(const ParameterSet& set = default_parameters()) {
    add(bars.close.back(), bars.close.back(), bars.close.back(), bars.close.back());  // the end of the data
    RuleStrategy strategy(inputs(), resolve(set), execution::free_of_costs());
    const execution::SimulationResult result = play(strategy, bars, free_config());
    equity = result.equity.back();
    counts = strategy.counts();
    return result.trades;
  }

  market::Bars bars;
  std::vector<RuleRow> rows;
  double equity = 0;
  RuleCounts counts;
};

// Breakout at an ATR of 2 %: stop 4 % and profit 8 % away, risk 1 % of 10,000: 25 units at 100.
TEST(RuleStrategy, LosesItsRiskAtTheStopOfALongBreakout) {
  Story story;
  story.rows[0].breakout = 1;
  story.rows[0].volatility_percentile = 90;
  story.add(100, 101, 95, 95);
  const auto trades = story.trades();
  ASSERT_EQ(trades.size(), 1u);
  EXPECT_EQ(trades[0].side, Side::long_side);
  EXPECT_DOUBLE_EQ(trades[0].quantity, 25);
  EXPECT_DOUBLE_EQ(trades[0].exit_price, 96);
  EXPECT_EQ(trades[0].exit_reason, ExitReason::stop_loss);
  EXPECT_DOUBLE_EQ(story.equity, 9900);
}

TEST(RuleStrategy, GainsTwiceItsRiskAtTheProfitOfAShortBreakout) {
  Story story;
  story.rows[0].breakout = -1;
  story.rows[0].volatility_percentile = 70;
  story.add(100, 100, 91, 91);
  const auto trades = story.trades();
  ASSERT_EQ(trades.size(), 1u);
  EXPECT_EQ(trades[0].side, Side::short_side);
  EXPECT_DOUBLE_EQ(trades[0].exit_price, 92);
  EXPECT_EQ(trades[0].exit_reason, ExitReason::take_profit);
  EXPECT_DOUBLE_EQ(story.equity, 10'200);
}

TEST(RuleStrategy, LeavesAReversionAtTheOpenAfterTheCloseAtTheMean) {
  for (const int side : {1, -1}) {
    Story story;
    story.rows[0].stretched = static_cast<std::int8_t>(-side);
    story.rows[0].z_score = -3 * side;
    story.rows[0].volatility_percentile = 10;
    story.add(100, 100, 100, 100);  // entered here; at this close the mean is still away
    story.rows[1].mean = 100 + side;
    story.add(100, 102, 98, 100 + side);
    story.rows[2].mean = 100 + side;
    story.add(100 + 2 * side, 102, 98, 100);
    const auto trades = story.trades();
    ASSERT_EQ(trades.size(), 1u) << side;
    EXPECT_EQ(trades[0].side, side > 0 ? Side::long_side : Side::short_side);
    EXPECT_DOUBLE_EQ(trades[0].exit_price, 100 + 2 * side);
    EXPECT_EQ(trades[0].exit_reason, ExitReason::exit_signal);
    EXPECT_DOUBLE_EQ(story.equity, 10'050);
    EXPECT_EQ(story.counts.mean_exits, 1u);
    EXPECT_EQ(story.counts.entered[2], 1u);
  }
}

TEST(RuleStrategy, KeepsTheExitAtTheMeanWhenToldWhatOpenedThePosition) {
  Story story;
  story.add(100, 100, 100, 100);
  RuleStrategy strategy(story.inputs(), resolve(default_parameters()), execution::free_of_costs());
  Situation situation;  // long, the close at the mean
  situation.bar = story.bars[1];
  situation.bar_index = 1;
  situation.side = 1;
  const HeldRule reversion{true, Side::long_side, Rule::mean_reversion};

  strategy.start();
  EXPECT_EQ(strategy.decide(situation).kind, Decision::Kind::hold);
  strategy.start();
  strategy.restore(reversion);
  EXPECT_EQ(strategy.opened_by(), Rule::mean_reversion);
  EXPECT_EQ(strategy.decide(situation).kind, Decision::Kind::exit);
  EXPECT_EQ(strategy.last().reason, RuleReason::mean_reached);
  strategy.start();  // forgets it
  EXPECT_EQ(strategy.decide(situation).kind, Decision::Kind::hold);

  strategy.restore({true, Side::long_side, Rule::breakout});
  EXPECT_EQ(strategy.decide(situation).kind, Decision::Kind::hold);
  strategy.restore({true, Side::short_side, Rule::mean_reversion});
  EXPECT_EQ(error_of([&] { strategy.decide(situation); }).code(), "strategy.wrong_position");
  strategy.restore(reversion);
  situation.side = 0;  // the position was closed meanwhile
  EXPECT_EQ(strategy.decide(situation).kind, Decision::Kind::hold);
  EXPECT_EQ(strategy.opened_by(), Rule::none);
}

TEST(RuleStrategy, RisksLessOnNews) {
  Story story;
  story.rows[0].social_fresh = true;
  story.rows[0].social_score = -0.9;
  story.add(100, 104, 100, 104);  // stop 3 % away
  const auto trades = story.trades();
  ASSERT_EQ(trades.size(), 1u);
  EXPECT_EQ(trades[0].side, Side::short_side);
  EXPECT_DOUBLE_EQ(trades[0].exit_price, 103);
  EXPECT_DOUBLE_EQ(story.equity, 9950);
}

TEST(RuleStrategy, HoldsOnePositionAndNeverLeavesABreakoutAtTheMean) {
  Story story;
  story.rows[0].breakout = 1;
  story.rows[0].volatility_percentile = 90;
  for (int k = 0; k < 3; ++k) {
    story.add(100, 100, 100, 100);  // the close is at the mean, and there is another breakout
    story.rows.back().breakout = -1;
    story.rows.back().volatility_percentile = 90;
  }
  const auto trades = story.trades();
  ASSERT_EQ(trades.size(), 1u);
  EXPECT_EQ(trades[0].exit_reason, ExitReason::end_of_data);
  EXPECT_EQ(story.counts.holding, 3u);
}

TEST(RuleStrategy, LeavesTheStopOfAnOpenPositionWhereItIs) {
  Story story;
  story.rows[0].breakout = 1;
  story.rows[0].volatility_percentile = 90;
  story.add(100, 100, 100, 100);
  story.add(100, 100, 95, 97);
  ResolvedParameters parameters = resolve(default_parameters());
  RuleStrategy strategy(
      story.inputs(), [&]() -> const ResolvedParameters& { return parameters; }, execution::free_of_costs());
  strategy.observe_with([&](const RuleExplanation& explanation) {
    ParameterSet wide = default_parameters();
    wide[Parameter::sl_breakout] = 6;
    if (explanation.held.held) parameters = resolve(wide);
  });
  const auto trades = play(strategy, story.bars, free_config()).trades;
  ASSERT_EQ(trades.size(), 1u);
  EXPECT_DOUBLE_EQ(trades[0].exit_price, 96);
}

TEST(RuleStrategy, ReadsTheParametersOfTheRegimeOnEachBar) {
  Story story;
  story.rows[0].breakout = 1;
  story.rows[0].volatility_percentile = 60;
  story.rows[0].regime = Regime::bear;
  story.add(100, 100, 100, 100);
  ParameterLayers layers;
  layers.by_regime[Regime::bear] = {{Parameter::vol_pct_breakout, 55}};
  RuleStrategy strategy(story.inputs(), resolve(layers, "TEST/USDT"), execution::free_of_costs());
  play(strategy, story.bars, free_config());
  EXPECT_EQ(strategy.counts().entered[1], 1u);
  story.rows[0].regime = Regime::bull;
  RuleStrategy bull(story.inputs(), resolve(layers, "TEST/USDT"), execution::free_of_costs());
  play(bull, story.bars, free_config());
  EXPECT_EQ(bull.counts().entered[1], 0u);
}

TEST(RuleStrategy, TakesNoTradeAtTheDefaultCostsAndCountsWhatItRefused) {
  const market::Bars bars = features::random_series({.name = "ordinary"}, 2500, 21);
  auto inputs = std::make_shared<const RuleInputs>(make_rule_inputs(bars));
  const execution::EngineConfig config;
  RuleStrategy strategy(inputs, resolve(default_parameters()), config.instrument);
  EXPECT_TRUE(play(strategy, bars, config).trades.empty());
  EXPECT_GT(strategy.counts().all_refused_by_cost(), 20u);
  EXPECT_EQ(strategy.counts().refused_cost_bps,
            24 * static_cast<double>(strategy.counts().all_refused_by_cost()));
  EXPECT_EQ(strategy.counts().decisions, bars.size() - 1);
}

TEST(RuleStrategy, DoesTheSameOverColumnsAndBarByBarAndAgainAfterStart) {
  const market::Bars bars = features::random_series({.name = "gaps", .gap_share = 0.01}, 4000, 22);
  RandomStream random(4, 0);
  std::vector<double> score(bars.size());
  std::vector<std::uint8_t> fresh(bars.size());
  std::vector<Regime> regime(bars.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    score[i] = 2 * random.uniform() - 1;
    fresh[i] = random.uniform() < 0.02;
    regime[i] = static_cast<Regime>(random.below(4));
  }
  ParameterLayers layers;
  layers.by_regime[Regime::bull] = {{Parameter::vol_pct_breakout, 55}};
  const ResolvedParameters parameters = resolve(layers, "TEST/USDT");
  const execution::EngineConfig config = free_config();
  auto inputs = std::make_shared<const RuleInputs>(make_rule_inputs(bars, {}, {score, fresh, regime}));
  RuleStrategy columns(inputs, parameters, config.instrument);
  std::size_t next = 0;
  RuleStrategy stream(
      "TEST/USDT", bars.interval, {}, [&]() -> const ResolvedParameters& { return parameters; },
      config.instrument,
      [&](const market::Bar&) {
        const std::size_t i = next++ % (bars.size() - 1);
        return RuleSide{score[i], fresh[i] != 0, regime[i]};
      });
  const auto expected = play(columns, bars, config);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(play(stream, bars, config).equity, expected.equity);
    EXPECT_EQ(stream.counts(), columns.counts());
  }
  EXPECT_EQ(play(columns, bars, config).equity, expected.equity);
  for (const std::size_t rule : {1, 2, 3}) EXPECT_GT(columns.counts().entered[rule], 3u) << rule;
  EXPECT_GT(columns.counts().mean_exits, 0u);
}

TEST(RuleStrategy, RefusesInputsOfOtherBars) {
  const market::Bars bars = features::random_series({.name = "ordinary"}, 50, 2);
  auto inputs = std::make_shared<const RuleInputs>(make_rule_inputs(bars));
  RuleStrategy strategy(inputs, resolve(default_parameters()), {});
  Situation situation;
  situation.bar = bars[3];
  situation.bar_index = 4;
  EXPECT_EQ(error_of([&] { strategy.decide(situation); }).code(), "strategy.unaligned");
  situation.bar_index = 50;
  EXPECT_EQ(error_of([&] { strategy.decide(situation); }).code(), "strategy.unaligned");
}

}  // namespace
}  // namespace stevie::strategy
