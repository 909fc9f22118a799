#include "app/backtest.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/file.h"
#include "market/readers.h"

namespace stevie::app {
namespace {

class SignalBacktest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("stevie-backtest-test-" + std::to_string(::getpid()));
    market::Bars bars;
    bars.interval = hour_ms;
    for (std::size_t i = 0; i < 60 * 24; ++i) {
      const double price = 100 + static_cast<double>(i % 48);
      bars.push_back(
          {1'700'006'400'000 + static_cast<TimeMs>(i) * hour_ms, price, price + 1, price - 1, price, 10});
    }
    market::write_bars(folder_ / "bars.csv", bars);
    std::string signals = "timestamp,enter_long,exit_long\n";
    for (std::size_t i = 0; i + 20 < bars.size(); i += 48) {
      signals +=
          std::to_string(bars.open_time[i]) + ",1,0\n" + std::to_string(bars.open_time[i + 10]) + ",0,1\n";
    }
    write_file(folder_ / "signals.csv", signals);
    request_.bars = folder_ / "bars.csv";
    request_.signals = folder_ / "signals.csv";
    request_.trades_out = folder_ / "out" / "trades.csv";
    request_.bootstrap.replicates = 100;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  BacktestRequest request_;
};

TEST_F(SignalBacktest, MeasuresTheRunBesideTheBaselinesAndWritesTheTrades) {
  request_.config.engine.instrument = execution::free_of_costs();
  const evaluation::Evaluation evaluation = run_signal_backtest(request_);
  const execution::SimulationResult& run = evaluation.strategy.run.result;
  // Every second day 101 is bought and 111 sold, with the whole account.
  ASSERT_EQ(run.trades.size(), 30u);
  EXPECT_NEAR(run.equity.back(), 10'000 * std::pow(111.0 / 101.0, 30), 1e-6);
  EXPECT_EQ(evaluation.strategy.performance.win_rate.value, 1.0);
  ASSERT_EQ(evaluation.baselines.size(), 3u);
  EXPECT_EQ(evaluation.baselines[evaluation::cash_index].run.result.equity.back(), 10'000);
  EXPECT_NE(evaluation::verdict(evaluation).find("the signal strategy earned"), std::string::npos);
  const std::string trades = read_file(request_.trades_out);
  EXPECT_EQ(std::count(trades.begin(), trades.end(), '\n'), 31);
}

TEST_F(SignalBacktest, WritesNothingWhereTheInputIsWrong) {
  const auto code = [this] {
    try {
      run_signal_backtest(request_);
    } catch (const Error& error) {
      return error.code();
    }
    return std::string("none");
  };
  request_.detail_bars = request_.bars;
  EXPECT_EQ(code(), "signals.no_detail");
  request_.detail_bars.clear();
  request_.config.engine.exits.stop_loss = -1;
  EXPECT_EQ(code(), "execution.bad_config");
  request_.config.engine.exits.stop_loss.reset();
  request_.config.stake = {execution::Stake::Kind::risk, 0.01};
  EXPECT_EQ(code(), "signals.bad_stake");
  request_.config.stake = {};
  request_.config.engine.initial_equity = 1e308;
  EXPECT_EQ(code(), "execution.bad_config");
  request_.config.engine.initial_equity = 10'000;
  write_file(request_.signals, "timestamp,enter_long\n1700006400000,maybe\n");
  EXPECT_EQ(code(), "signals.bad_value");
  request_.signals = folder_ / "none.csv";
  EXPECT_EQ(code(), "file.missing");
  EXPECT_FALSE(std::filesystem::exists(request_.trades_out.parent_path()));
}

}  // namespace
}  // namespace stevie::app
