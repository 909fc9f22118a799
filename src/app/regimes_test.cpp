#include "app/regimes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/regime_bench.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "strategy/regime_judge.h"

namespace stevie::app {
namespace {

TEST(LabelRegimes, WritesOneRowABarAndTellsTheShares) {
  const TemporaryFolder folder;
  const market::Bars bars = market::make_synthetic_market(strategy::labelled_market(hour_ms, 0.3, 1)).bars;
  market::write_bars(folder.path() / "SYNTHUSDT_1h.csv", bars);
  const std::string text = label_regimes(folder.path() / "SYNTHUSDT_1h.csv", folder.path() / "labels.csv");
  EXPECT_NE(text.find("made-up market"), std::string::npos);
  EXPECT_NE(text.find("2020"), std::string::npos);
  const std::string rows = read_file(folder.path() / "labels.csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(rows.begin(), rows.end(), '\n')), bars.size() + 1);
  EXPECT_TRUE(rows.starts_with("timestamp,regime,known\n1577836800000,sideways,0\n")) << rows.substr(0, 80);
}

TEST(RegimeBench, PutsTheDetectorBetweenTheConstantAndTheOracle) {
  std::size_t reported = 0;
  const std::vector<RegimeScore> scores =
      run_regime_benchmarks({.seeds = 3, .years = 4, .report = [&](const RegimeScore&) { ++reported; }});
  ASSERT_EQ(scores.size(), 16U);
  EXPECT_EQ(reported, scores.size());
  for (std::size_t i = 0; i < scores.size(); i += 4) {
    EXPECT_EQ(scores[i].labels, "detector");
    EXPECT_LE(scores[i].low, scores[i].balanced_accuracy);
    EXPECT_GT(scores[i].balanced_accuracy, scores[i + 3].balanced_accuracy) << scores[i].market;
    EXPECT_DOUBLE_EQ(scores[i + 3].balanced_accuracy, 0.25);
    EXPECT_GT(scores[i + 1].balanced_accuracy, scores[i + 3].balanced_accuracy);
    EXPECT_DOUBLE_EQ(scores[i + 3].changes_per_year, 0.0);
  }
  EXPECT_EQ(regime_bench_rows(scores).size(), 4U);
  EXPECT_EQ(regime_score_header().size(), regime_score_line(scores[0]).size());
}

}  // namespace
}  // namespace stevie::app
