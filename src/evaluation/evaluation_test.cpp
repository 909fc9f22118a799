#include "evaluation/evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "evaluation/backtest.h"
#include "evaluation/test_market.h"
#include "strategy/simple.h"

namespace stevie::evaluation {
namespace {

using test::make_market;
using test::random_bars;
using test::Scripted;

double volatility_of(const execution::SimulationResult& run) {
  std::vector<double> profits;
  return *stats::measure(equity_curve(run, profits)).volatility.value;
}

TEST(Backtest, WithoutCostsAFullPositionFollowsThePriceFromTheOpenOfTheSecondBar) {
  const market::Bars bars = random_bars(1, 300);
  const env::MarketData market = make_market(bars);
  execution::EngineConfig config;
  config.instrument = execution::free_of_costs();
  strategy::ConstantExposure hold("hold", 1);
  const execution::SimulationResult run = run_backtest(hold, market, {10, 300}, config);
  ASSERT_EQ(run.equity.size(), 290u);
  EXPECT_EQ(run.equity.front(), config.initial_equity);
  EXPECT_EQ(run.open_time.front(), bars.open_time[10]);
  for (std::size_t i = 1; i + 1 < run.equity.size(); ++i)
    EXPECT_NEAR(run.equity[i] / config.initial_equity, bars.close[10 + i] / bars.open[11], 1e-12);
  ASSERT_EQ(run.trades.size(), 1u);
  EXPECT_EQ(run.trades[0].exit_reason, execution::ExitReason::end_of_data);
}

// The environment that a policy learns in and the backtest that judges it are the same market.
TEST(Backtest, GivesTheEquityAndTheObservationsOfTheTrainingEnvironment) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const market::Bars bars = random_bars(seed, 600);
    const auto market = std::make_shared<const env::MarketData>(make_market(bars));
    env::TradingEnvConfig config;
    config.episode_length = 0;
    config.random_start = false;
    env::TradingEnv environment(market, {0, bars.size()}, config, 1);
    std::vector<float> observation(environment.observation_size()), final_observation(observation.size());
    environment.reset(seed, observation);

    RandomStream random(seed, 99);
    std::vector<double> targets, equity{config.initial_equity};
    std::vector<std::vector<float>> seen;
    std::int32_t action = 1;
    float reward = 0;
    std::uint8_t terminated = 0, truncated = 0;
    while (!terminated && !truncated) {
      seen.push_back(observation);
      if (random.below(6) == 0) action = static_cast<std::int32_t>(random.below(3));
      targets.push_back(config.exposures[static_cast<std::size_t>(action)]);
      environment.step_all(
          {&action, observation.data(), &reward, &terminated, &truncated, final_observation.data()});
      if (!terminated && !truncated) equity.push_back(environment.equity(0));
    }
    ASSERT_EQ(targets.size(), bars.size() - 1);

    execution::EngineConfig engine;
    engine.instrument = config.instrument;
    engine.initial_equity = config.initial_equity;
    Scripted scripted(targets);
    const execution::SimulationResult run = run_backtest(scripted, *market, {0, bars.size()}, engine);
    ASSERT_EQ(scripted.seen.size(), seen.size());
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(scripted.seen[i], seen[i]) << "bar " << i;
    // the last bar differs: there the backtest closes the position
    ASSERT_EQ(equity.size(), run.equity.size() - 1);
    for (std::size_t i = 0; i < equity.size(); ++i) ASSERT_EQ(run.equity[i], equity[i]) << "bar " << i;
  }
}

TEST(Backtest, RefusesPeriodsAndDecisionsThatMakeNoSense) {
  env::MarketData market = make_market(random_bars(2, 100));
  market.features.warm_up = 20;
  strategy::ConstantExposure hold("hold", 1);
  EXPECT_THROW(run_backtest(hold, market, {19, 100}, {}), Error);
  EXPECT_THROW(run_backtest(hold, market, {20, 101}, {}), Error);
  EXPECT_THROW(run_backtest(hold, market, {50, 51}, {}), Error);
  EXPECT_THROW(run_backtest(hold, market, {60, 50}, {}), Error);
  strategy::ConstantExposure broken("broken", std::nan(""));
  EXPECT_THROW(run_backtest(broken, market, {20, 100}, {}), Error);
}

TEST(Baselines, CashKeepsItsValueAndTheMatchedOneHasTheStrategysVolatility) {
  const market::Bars bars = random_bars(3, 24 * 120);
  const env::MarketData market = make_market(bars);
  strategy::ConstantExposure careful("careful", 0.4);
  const market::BarRange range{0, bars.size()};
  const execution::SimulationResult run = run_backtest(careful, market, range, {});
  const std::vector<NamedRun> baselines = make_baselines(run, market.tape, range, {});
  for (const double equity : baselines[cash_index].result.equity) ASSERT_EQ(equity, 10'000.0);
  EXPECT_NEAR(volatility_of(baselines[volatility_matched_index].result) / volatility_of(run), 1, 1e-3);
  EXPECT_GT(volatility_of(baselines[buy_and_hold_index].result), volatility_of(run));
}

TEST(Baselines, TheMatchedOneStopsAtTheLeverageLimitAndIsCashForAnIdleStrategy) {
  const market::Bars bars = random_bars(4, 24 * 60);
  const env::MarketData market = make_market(bars);
  const market::BarRange range{0, bars.size()};
  strategy::ConstantExposure idle("idle", 0);
  const std::vector<NamedRun> for_idle =
      make_baselines(run_backtest(idle, market, range, {}), market.tape, range, {});
  EXPECT_EQ(for_idle[volatility_matched_index].result.traded_notional, 0);

  execution::EngineConfig leveraged;
  leveraged.instrument.leverage_limit = 2;
  strategy::ConstantExposure bold("bold", 2);
  const std::vector<NamedRun> for_bold =
      make_baselines(run_backtest(bold, market, range, leveraged), market.tape, range, {});
  EXPECT_EQ(for_bold[volatility_matched_index].result.equity, for_bold[buy_and_hold_index].result.equity);
}

TEST(EqualWeight, IsTheMeanOfItsParts) {
  const market::Bars first = random_bars(5, 200), second = random_bars(6, 200);
  strategy::ConstantExposure hold("hold", 1);
  std::vector<execution::SimulationResult> runs;
  for (const market::Bars& bars : {first, second})
    runs.push_back(run_backtest(hold, make_market(bars), {0, 200}, {}));
  const NamedRun mean = equal_weight(runs);
  for (std::size_t i = 0; i < 200; ++i)
    EXPECT_NEAR(mean.result.equity[i], (runs[0].equity[i] + runs[1].equity[i]) / 2, 1e-9);
  EXPECT_EQ(mean.result.trades.size(), 2u);
  runs[1].open_time[0] += 1;
  EXPECT_THROW(equal_weight(runs), Error);
  EXPECT_THROW(equal_weight({}), Error);
}

TEST(Evaluate, MonthsMultiplyToTheTotalReturn) {
  const Evaluation evaluation = test::small_evaluation();
  double strategy = 1, market = 1;
  for (const MonthRow& row : evaluation.months) {
    strategy *= 1 + *row.strategy.value;
    market *= 1 + *row.buy_and_hold.value;
    EXPECT_NEAR(*row.difference.value, *row.strategy.value - *row.buy_and_hold.value, 1e-15);
  }
  EXPECT_NEAR(strategy - 1, *evaluation.strategy.performance.total_return.value, 1e-9);
  EXPECT_NEAR(market - 1, *evaluation.baselines[buy_and_hold_index].performance.total_return.value, 1e-9);
}

TEST(Evaluate, RefusesRunsOverOtherBars) {
  const market::Bars bars = random_bars(7, 200);
  const env::MarketData market = make_market(bars);
  strategy::ConstantExposure hold("hold", 1);
  const execution::SimulationResult run = run_backtest(hold, market, {0, 200}, {});
  std::vector<NamedRun> baselines = make_baselines(run, market.tape, {0, 200}, {});
  EXPECT_THROW(evaluate({"strategy", "s", run}, baselines, bars.slice(0, 199), {}, {}), Error);
  EXPECT_THROW(evaluate({"strategy", "s", run}, {}, bars, {}, {}), Error);
}

TEST(Verdict, SaysWhatTheIntervalSays) {
  Evaluation evaluation = test::small_evaluation();
  stats::Metric& difference = evaluation.comparison.sharpe.difference;
  difference.value = 0.5;
  difference.interval = {-0.5, 1.5};
  EXPECT_NE(verdict(evaluation).find("cannot be told apart"), std::string::npos);
  difference.interval = {0.1, 1.5};
  EXPECT_NE(verdict(evaluation).find("better than buy and hold by more than chance"), std::string::npos);
  difference.interval = {-1.5, -0.1};
  EXPECT_NE(verdict(evaluation).find("worse than buy and hold by more than chance"), std::string::npos);
  difference = stats::Metric::absent("fewer than 30 days");
  EXPECT_NE(verdict(evaluation).find("fewer than 30 days"), std::string::npos);
  EXPECT_EQ(verdict(evaluation).find("synthetic"), std::string::npos);
  evaluation.description.synthetic = true;
  EXPECT_NE(verdict(evaluation).find("synthetic market"), std::string::npos);
}

}  // namespace
}  // namespace stevie::evaluation
