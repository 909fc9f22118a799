#include "evaluation/parameter_sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <numeric>

#include "core/random.h"
#include "core/testing.h"
#include "evaluation/backtest.h"
#include "evaluation/bar_scan.h"
#include "evaluation/evaluation.h"
#include "market/readers.h"
#include "strategy/rule_strategy.h"

namespace stevie::evaluation {
namespace {

using execution::EngineConfig;
using strategy::Parameter;
using strategy::ParameterSet;
using strategy::ResolvedParameters;
using strategy::RuleInputs;

double between(RandomStream& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

/// Hourly bars that jump between close and open now and then, with hours missing.
market::Bars jumpy_bars(RandomStream& random, std::size_t count) {
  market::Bars bars;
  bars.symbol = "TEST/USD";
  bars.interval = hour_ms;
  TimeMs time = parse_time("2024-01-01");
  double price = 100;
  for (std::size_t i = 0; i < count; ++i) {
    const double jump = random.below(25) == 0 ? 0.06 : 0.0005;
    const double open = price * std::exp(jump * random.normal());
    price = open * std::exp(0.01 * random.normal());
    const double high = std::max(open, price) * (1 + 0.006 * random.uniform());
    const double low = std::min(open, price) * (1 - 0.006 * random.uniform());
    bars.push_back({time, open, high, low, price, 100 * random.uniform()});
    time += random.below(30) == 0 ? static_cast<TimeMs>(1 + random.below(40)) * hour_ms : hour_ms;
  }
  return bars;
}

/// Inputs that trade often: whatever they say, the sweep must do what the strategy does.
RuleInputs random_inputs(RandomStream& random, const market::Bars& bars) {
  RuleInputs inputs;
  inputs.symbol = bars.symbol;
  inputs.interval = bars.interval;
  inputs.open_time = bars.open_time;
  inputs.close = bars.close;
  auto regime = strategy::Regime::bull;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const auto sign_of_one_in = [&](std::uint64_t n) {
      return static_cast<std::int8_t>(random.below(n) != 0 ? 0 : random.below(2) == 0 ? 1 : -1);
    };
    if (random.below(50) == 0) regime = static_cast<strategy::Regime>(random.below(4));
    inputs.volatility.push_back(0.01);
    inputs.volatility_percentile.push_back(100 * random.uniform());
    inputs.breakout.push_back(sign_of_one_in(6));
    inputs.stretched.push_back(sign_of_one_in(6));
    inputs.channel_high.push_back(bars.close[i] * 0.999);
    inputs.channel_low.push_back(bars.close[i] * 1.001);
    inputs.mean.push_back(bars.close[i] * (1 + 0.01 * random.normal()));
    inputs.z_score.push_back(3.0 * inputs.stretched.back());
    inputs.atr_share.push_back(between(random, 0.002, 0.02));
    inputs.range.push_back((bars.high[i] - bars.low[i]) / bars.close[i]);
    inputs.social_score.push_back(between(random, -1, 1));
    inputs.social_fresh.push_back(random.below(10) == 0);
    inputs.ready.push_back(i >= 30 && random.below(100) != 0);
    inputs.regime.push_back(regime);
  }
  return inputs;
}

/// Anything between the bounds of the schema.
ParameterSet random_set(RandomStream& random) {
  ParameterSet set;
  for (std::size_t i = 0; i < set.values.size(); ++i) {
    const strategy::ParameterInfo& info = strategy::parameter_schema()[i];
    set.values[i] = between(random, info.minimum, info.maximum);
  }
  return set;
}

/// The same set in every regime, or one of its own for each; most caps let trades through.
ResolvedParameters random_parameters(RandomStream& random) {
  ResolvedParameters parameters = strategy::resolve(random_set(random));
  if (random.below(2) == 0)
    for (ParameterSet& set : parameters.by_regime) set = random_set(random);
  return parameters;
}

EngineConfig random_config(RandomStream& random) {
  EngineConfig config;
  execution::Instrument& instrument = config.instrument;
  instrument.taker_fee_bps = between(random, 0, 4);
  instrument.leverage_limit = random.below(2) == 0 ? 1 : between(random, 1, 30);
  instrument.slippage_volatility_share = random.below(2) == 0 ? 0.0 : between(random, 0, 0.02);
  instrument.impact = random.below(4) == 0 ? 0.1 : 0.0;
  instrument.participation_cap = random.below(6) == 0 ? 0.05 : 0.0;
  instrument.tick_size = random.below(3) == 0 ? 0.01 : 0.0;
  instrument.lot_size = random.below(3) == 0 ? 0.01 : 0.0;
  instrument.min_notional = random.below(3) == 0 ? 500 : 0;
  instrument.perpetual = random.below(3) == 0;
  if (random.below(8) == 0) config.exits.trailing_stop = 0.03;
  if (random.below(8) == 0) config.exits.minimal_roi = {{0, 0.05}, {300, 0.01}};
  if (random.below(4) == 0) config.exits.stop_loss = 0.01;  // a bracket takes its place
  config.exits.intrabar = static_cast<execution::IntrabarPolicy>(random.below(4));
  return config;
}

/// The plain reference: every bar through the strategy and the engine.
SweepOutcome one_at_a_time(const execution::BarTape& tape, const std::shared_ptr<const RuleInputs>& inputs,
                           const ResolvedParameters& parameters, const EngineConfig& config,
                           market::BarRange range) {
  strategy::RuleStrategy rules(inputs, parameters, config.instrument);
  const execution::SimulationResult run = run_backtest(rules, tape, range, config);
  SweepOutcome outcome = summarise(run);
  outcome.refused_by_cost = rules.counts().all_refused_by_cost();
  return outcome;
}

void expect_same(const SweepOutcome& fast, const SweepOutcome& plain) {
  EXPECT_EQ(fast.daily_returns, plain.daily_returns);
  EXPECT_EQ(fast.total_return, plain.total_return);
  EXPECT_EQ(fast.max_drawdown, plain.max_drawdown);
  EXPECT_EQ(fast.equity, plain.equity);
  EXPECT_EQ(fast.turnover, plain.turnover);
  EXPECT_EQ(fast.traded_notional, plain.traded_notional);
  EXPECT_EQ(fast.fees, plain.fees);
  EXPECT_EQ(fast.slippage, plain.slippage);
  EXPECT_EQ(fast.funding, plain.funding);
  EXPECT_EQ(fast.trades, plain.trades);
  EXPECT_EQ(fast.wins, plain.wins);
  EXPECT_EQ(fast.refused_by_cost, plain.refused_by_cost);
}

TEST(ParameterSweep, GivesWhatTheStrategyGivesBarByBarOnRandomMarkets) {
  std::size_t trades = 0, refused = 0, ruined = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    RandomStream random(31, run);
    const EngineConfig config = random_config(random);
    const market::Bars bars = jumpy_bars(random, 300 + random.below(600));
    const execution::BarTape tape = execution::make_bar_tape(bars, config.instrument);
    const auto inputs = std::make_shared<const RuleInputs>(random_inputs(random, bars));
    const market::BarRange range{random.below(40), bars.size() - random.below(40)};
    const ParameterSweep sweep(tape, *inputs, config, range);
    for (int i = 0; i < 3; ++i) {
      ResolvedParameters parameters = random_parameters(random);
      if (run % 8 == 0)  // beyond all bounds, until nothing is left
        for (ParameterSet& set : parameters.by_regime)
          set[Parameter::base_risk_pct] = set[Parameter::news_max_risk_pct] = 60;
      const SweepOutcome fast = sweep.evaluate(parameters);
      expect_same(fast, one_at_a_time(tape, inputs, parameters, config, range));
      ASSERT_FALSE(HasFailure()) << "run " << run << ", set " << i;
      trades += fast.trades;
      refused += fast.refused_by_cost;
      ruined += fast.equity <= 0.01 * config.initial_equity;
    }
  }
  // the comparison is about something
  EXPECT_GT(trades, 20'000u);
  EXPECT_GT(refused, 10'000u);
  EXPECT_GT(ruined, 5u);
}

TEST(ParameterSweep, GivesWhatTheStrategyGivesOnBitcoin) {
  const char* shared = std::getenv("STEVIE_SHARED");
  const std::filesystem::path file =
      std::filesystem::path(shared == nullptr ? "" : shared) / "data/BTCUSDT_1h_201708_202412.csv.gz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
  const market::Bars bars = market::read_bars(file);
  const auto inputs = std::make_shared<const RuleInputs>(strategy::make_rule_inputs(bars));
  for (const double share : {0.0, 0.02}) {
    EngineConfig config;
    config.instrument.taker_fee_bps = 1;
    config.instrument.half_spread_bps = config.instrument.slippage_bps = 0.5;
    config.instrument.slippage_volatility_share = share;
    const execution::BarTape tape = execution::make_bar_tape(bars, config.instrument);
    const market::BarRange range{1000, bars.size()};
    const ParameterSweep sweep(tape, *inputs, config, range);
    std::uint32_t trades = 0;
    for (std::uint64_t i = 0; i < 12; ++i) {
      RandomStream random(32, i);
      const ResolvedParameters parameters = random_parameters(random);
      const SweepOutcome fast = sweep.evaluate(parameters);
      expect_same(fast, one_at_a_time(tape, inputs, parameters, config, range));
      trades += fast.trades;
    }
    EXPECT_GT(trades, 500u);
  }
}

TEST(ParameterSweep, SummarisesARunAsItsMetricsDo) {
  RandomStream random(38, 0);
  const EngineConfig config;
  const market::Bars bars = jumpy_bars(random, 2000);
  const execution::BarTape tape = execution::make_bar_tape(bars, config.instrument);
  ResolvedParameters parameters = random_parameters(random);
  for (ParameterSet& set : parameters.by_regime) set[Parameter::cost_cap_bps] = 50;
  strategy::RuleStrategy rules(std::make_shared<const RuleInputs>(random_inputs(random, bars)), parameters,
                               config.instrument);
  const execution::SimulationResult run = run_backtest(rules, tape, {0, bars.size()}, config);
  const SweepOutcome outcome = summarise(run);
  std::vector<double> profits;
  const stats::Performance performance = stats::measure(equity_curve(run, profits));
  EXPECT_EQ(outcome.daily_returns.size(), performance.days);
  EXPECT_EQ(outcome.trades, performance.trades);
  EXPECT_EQ(outcome.total_return, *performance.total_return.value);
  EXPECT_EQ(outcome.max_drawdown, *performance.max_drawdown.value);
  EXPECT_NEAR(outcome.turnover / *performance.turnover.value, 1, 0.02);
  EXPECT_DOUBLE_EQ(static_cast<double>(outcome.wins) / outcome.trades, *performance.win_rate.value);
}

TEST(ParameterSweep, TakesNoTradeAtTheDefaultCostsAndSaysHowManyWereRefused) {
  RandomStream random(33, 0);
  const market::Bars bars = jumpy_bars(random, 1000);
  const RuleInputs inputs = random_inputs(random, bars);
  const execution::BarTape tape = execution::make_bar_tape(bars, {});
  const SweepOutcome outcome = ParameterSweep(tape, inputs, {}, {0, bars.size()})
                                   .evaluate(strategy::resolve(strategy::default_parameters()));
  EXPECT_EQ(outcome.trades, 0u);
  EXPECT_GT(outcome.refused_by_cost, 100u);
  EXPECT_EQ(outcome.equity, 10'000);
  EXPECT_EQ(outcome.max_drawdown, 0);
}

TEST(ParameterSweep, TheThreadsDoNotChangeTheOutcomes) {
  RandomStream random(34, 0);
  EngineConfig config;
  config.instrument = execution::free_of_costs();
  const market::Bars bars = jumpy_bars(random, 2000);
  const RuleInputs inputs = random_inputs(random, bars);
  const execution::BarTape tape = execution::make_bar_tape(bars, config.instrument);
  const ParameterSweep sweep(tape, inputs, config, {0, bars.size()});
  std::vector<ResolvedParameters> sets;
  for (int i = 0; i < 40; ++i) sets.push_back(random_parameters(random));
  ThreadPool pool(2);
  EXPECT_EQ(sweep.evaluate(sets, &pool), sweep.evaluate(sets));
  EXPECT_EQ(sweep.bar_count(), bars.size());
  EXPECT_EQ(sweep.days().size(), sweep.evaluate(sets[0]).daily_returns.size());
  EXPECT_EQ(sweep.days().front(), utc_day(bars.open_time.front()));
}

TEST(ParameterSweep, RefusesOtherBarsAndPeriodsThatMakeNoSense) {
  RandomStream random(35, 0);
  const market::Bars bars = jumpy_bars(random, 100);
  const RuleInputs inputs = random_inputs(random, bars);
  const execution::BarTape tape = execution::make_bar_tape(bars, {});
  const auto code = [&](const execution::BarTape& with, market::BarRange range) {
    return error_of([&] { ParameterSweep(with, inputs, {}, range); }).code();
  };
  EXPECT_EQ(code(tape, {0, 101}), "evaluation.bad_range");
  EXPECT_EQ(code(tape, {50, 51}), "evaluation.bad_range");
  EXPECT_EQ(code(execution::make_bar_tape(bars.slice(0, 99), {}), {0, 99}), "evaluation.unaligned");
}

TEST(BarScan, FindsTheFirstBarThatTouchesALevel) {
  RandomStream random(36, 0);
  for (int run = 0; run < 500; ++run) {
    std::array<double, 50 + scan_block> low, high;
    for (std::size_t i = 0; i < low.size(); ++i) {
      low[i] = 100 - random.uniform();
      high[i] = 100 + random.uniform();
    }
    const double lower = random.below(4) == 0 ? std::nan("") : 99 + 0.05 * random.uniform();
    const double upper = random.below(4) == 0 ? std::nan("") : 101 - 0.05 * random.uniform();
    const std::size_t begin = random.below(20), end = begin + random.below(31);
    std::size_t plain = begin;
    while (plain < end && !(low[plain] <= lower || high[plain] >= upper)) ++plain;
    EXPECT_EQ(first_touch(low.data(), high.data(), begin, end, lower, upper), plain);
  }
}

TEST(BarScan, FollowsTheDrawdownAsTheMetricDoes) {
  for (std::uint64_t run = 0; run < 200; ++run) {
    RandomStream random(37, run);
    std::vector<double> close, equity;
    double price = 100;
    for (int i = 0; i < 300; ++i) close.push_back(price *= std::exp(0.02 * random.normal()));
    const std::size_t bars = close.size();
    close.resize(bars + scan_block, 1e9);  // padding, which must count for nothing
    Drawdown drawdown(10'000);
    for (std::size_t at = 0; at < bars;) {
      const std::size_t count = std::min<std::size_t>(bars - at, random.below(40));
      const double cash = between(random, 5'000, 15'000), units = between(random, -40, 40);
      drawdown.add(cash, units, close.data() + at, count);
      for (std::size_t i = at; i < at + count; ++i) equity.push_back(cash + units * close[i]);
      at += count;
    }
    const std::vector<double> losses = stats::drawdown_series(10'000, equity);
    EXPECT_EQ(drawdown.largest(), *std::max_element(losses.begin(), losses.end()));
  }
}

}  // namespace
}  // namespace stevie::evaluation
