#include "app/live_bench.h"

#include <gtest/gtest.h>

#include "market/synthetic.h"

namespace stevie::app {
namespace {

market::Bars bars() {
  market::SyntheticConfig config;
  config.bars = 4'000;
  return market::make_synthetic_market(config).bars;
}

TEST(LiveBench, swaps_versions_while_it_trades_and_loses_no_bar) {
  const BenchRow row = measure_hot_swap(bars(), 0.01);
  EXPECT_EQ(row.name, "hot_swap");
  EXPECT_GT(row.value, 0);
  EXPECT_GT(row.fraction, 0);
  EXPECT_NE(row.yardstick.find("10000 versions"), std::string::npos);
}

TEST(LiveBench, measures_latency_with_and_without_training) {
  const std::vector<BenchRow> rows = measure_decision_latency(bars(), 0.2);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].name, "decision_latency");
  EXPECT_EQ(rows[1].name, "step_latency");
  EXPECT_EQ(rows[2].name, "decision_latency_training");
  EXPECT_EQ(rows[3].name, "step_latency_training");
  for (const BenchRow& row : rows) {
    EXPECT_EQ(row.unit, "us");
    EXPECT_GT(row.value, 0);
    EXPECT_NE(row.yardstick.find("wakes"), std::string::npos);
  }
}

}  // namespace
}  // namespace stevie::app
