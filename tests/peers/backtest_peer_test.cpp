#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "evaluation/signal_replay.h"
#include "market/readers.h"
#include "peers/peer.h"
#include "stats/metrics.h"

namespace stevie::peers {
namespace {

// What backtesting.py publishes for its SMA 10/30 crossover on GOOG (its own test suite and documentation).
constexpr std::size_t published_trades = 66;
constexpr double published_final_equity = 51422.99;
constexpr double published_max_drawdown = 0.4798012705;
constexpr double published_sqn = 1.07661874;

class BacktestingOracle : public testing::Test {
 protected:
  void SetUp() override {
    if (python().empty()) GTEST_SKIP() << no_python;
    run("backtesting_oracle.py", "'" + folder_.path().string() + "'");
    bars_ = market::read_bars(folder_ / "bars.csv");
    expected_ = nlohmann::json::parse(read_file(folder_ / "expected.json"));
  }

  /// Without costs, in whole units, the whole equity on each entry.
  execution::SimulationResult replay(const std::string& signals_file) {
    evaluation::ReplayConfig config;
    config.engine.instrument = execution::free_of_costs();
    config.engine.instrument.lot_size = 1;
    const execution::BarTape tape = execution::make_bar_tape(bars_, config.engine.instrument);
    const auto signals = evaluation::read_signals(folder_ / signals_file, bars_);
    return evaluation::replay_signals(tape, signals, config).result;
  }

  void expect_published(const execution::SimulationResult& result) {
    std::vector<double> profits;
    for (const auto& trade : result.trades) profits.push_back(trade.profit_abs);
    const stats::Performance performance = stats::measure({.initial_equity = result.initial_equity,
                                                           .interval = result.interval,
                                                           .open_time = result.open_time,
                                                           .equity = result.equity,
                                                           .exposure = result.exposure,
                                                           .trade_profit = profits,
                                                           .traded_notional = result.traded_notional});
    EXPECT_EQ(result.trades.size(), published_trades);
    EXPECT_NEAR(result.equity.back(), published_final_equity, 0.005);
    EXPECT_NEAR(performance.max_drawdown.value.value(), published_max_drawdown, 1e-10);
    EXPECT_NEAR(performance.sqn.value.value(), published_sqn, 1e-8);
  }

  void expect_same_run(const execution::SimulationResult& result) {
    ASSERT_EQ(result.trades.size(), expected_["entries"].size());
    for (std::size_t i = 0; i < result.trades.size(); ++i) {
      const auto& trade = result.trades[i];
      const double sign = trade.side == execution::Side::long_side ? 1 : -1;
      EXPECT_EQ(sign * trade.quantity, expected_["entries"][i].get<double>()) << i;
      EXPECT_EQ(trade.entry_price, expected_["entry_prices"][i].get<double>()) << i;
      EXPECT_EQ(trade.exit_price, expected_["exit_prices"][i].get<double>()) << i;
    }
    ASSERT_EQ(result.equity.size(), expected_["equity"].size());
    for (std::size_t i = 0; i < result.equity.size(); ++i) {
      EXPECT_NEAR(result.equity[i], expected_["equity"][i].get<double>(), 1e-6) << i;
    }
  }

  TemporaryFolder folder_;
  market::Bars bars_;
  nlohmann::json expected_;
};

TEST_F(BacktestingOracle, CrossoverSignalsGiveThePublishedOutcome) {
  const auto result = replay("signals.csv");
  expect_published(result);
  expect_same_run(result);
}

TEST_F(BacktestingOracle, TheSameOrdersInUnitsGiveThePublishedOutcome) {
  const auto result = replay("orders.csv");
  expect_published(result);
  expect_same_run(result);
}

}  // namespace
}  // namespace stevie::peers
