#include "app/bench.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/learning_bench.h"
#include "app/sweep_bench.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

// 2 x (104 x 64 + 64 x 64) and the heads forward; twice that and the input gradients above the first layers,
// ten times.
TEST(Bench, CountsTheOperationsOfAStep) {
  EXPECT_NEAR(ppo_flops_per_step(104, 3, {64, 64}, 10) * 1e-6, 1.083, 0.0005);
  EXPECT_NEAR(dqn_flops_per_step(104, 3, {}) * 1e-6, 0.616, 0.0005);
  // One layer of one unit: forward 2 x 2 x (1 + 1), backward twice that and 2 x 2 through the heads.
  EXPECT_EQ(ppo_flops_per_step(1, 1, {1}, 1), 8.0 + 16.0 + 4.0);
}

TEST(Bench, RowsHaveAValueAndAYardstick) {
  std::vector<std::string> seen;
  const std::vector<BenchRow> rows =
      run_benchmarks({.only = "gemm", .seconds = 0.05, .report = [&seen](const BenchRow& row) {
                        seen.push_back(row.name);
                      }});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(seen.size(), rows.size());
  const auto json = nlohmann::json::parse(bench_json(rows));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_GT(rows[i].value, 0.0);
    EXPECT_GT(rows[i].fraction, 0.0);
    EXPECT_EQ(json[i].at("name"), seen[i]);
    for (const char* key : {"value", "unit", "yardstick", "fraction"})
      EXPECT_TRUE(json[i].contains(key)) << key;
  }
}

TEST(Bench, TheSweepTradesAndEqualsTheEngineBarByBar) {
  market::SyntheticConfig config;
  config.bars = 2000;
  const market::Bars bars = market::make_synthetic_market(config).bars;
  const std::vector<BenchRow> rows = measure_parameter_sweep(bars, 0.01);  // throws where they differ
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "param_sweep");
  for (const BenchRow& row : rows) {
    EXPECT_GT(row.value, 0);
    EXPECT_NE(row.yardstick.find("trades a set"), std::string::npos);
    EXPECT_EQ(row.yardstick.find(" 0 trades a set"), std::string::npos);
  }
}

// The whole acceptance - ten seeds and 95 % of the optimum - is `stevie bench --learning`; this is its short
// form.
TEST(Learning, APolicyComesNearTheOptimumAndNeverPassesIt) {
  for (LearningTask task : learning_tasks()) {
    if (task.name != "linear_cost") continue;
    task.timesteps = 500'000;
    const double optimum = env::solve_signal_market(task.market).average_reward;
    const LearningResult result = run_learning_task(task, 1);
    EXPECT_GT(result.exact, 0.85 * optimum);
    EXPECT_LT(result.exact, optimum + 1e-3);  // the grid's own error
    EXPECT_NEAR(result.sampled, result.exact, 4 * result.standard_error);
    EXPECT_LT(result.sampled, optimum + 3 * result.standard_error);
  }
}

// Nothing can be earned on a martingale; a significant Sharpe ratio out of sample would mean that the future
// leaks.
TEST(Learning, APolicyTrainedOnNoiseEarnsNothing) {
  const std::vector<BenchRow> rows = run_learning_benchmarks({.seeds = 1, .only = "noise"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].name, "noise_significant");
  EXPECT_EQ(rows[1].value, 0.0);
}

}  // namespace
}  // namespace stevie::app
