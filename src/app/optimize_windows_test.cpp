#include "app/optimize_windows.h"

#include <gtest/gtest.h>

#include "app/optimize_testing.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

class OptimizeWindows : public ::testing::Test {
 protected:
  RuleMarket market(std::size_t days, const std::string& symbol = "BTC/USDT", std::uint64_t seed = 1) {
    const auto file = folder_.path() / (symbol.substr(0, 3) + std::to_string(days) + "USDT_1h.csv");
    market::write_bars(file, rewarding_market(days, seed, symbol));
    return load_rule_market(file, {.files = {}, .discover = false}, {});
  }
  TemporaryFolder folder_;
};

TEST_F(OptimizeWindows, TheGatesPartLiesBehindAllThatIsSearched) {
  const std::vector<RuleMarket> markets{market(700)};
  const Windows windows = make_windows(markets, {});
  // 48 and 70 hours of look-back, a day of volatility and two weeks of holding, on whole days.
  EXPECT_EQ(windows.embargo, 18 * day_ms);
  EXPECT_EQ(windows.search.size(), 6u);
  EXPECT_GE(windows.search.front().from, markets[0].bars.open_time[markets[0].first_ready()]);
  for (std::size_t i = 0; i < windows.search.size(); ++i) {
    const TimeRange& window = windows.search[i];
    EXPECT_EQ(window.from % day_ms, 0);
    EXPECT_EQ(window.length(), windows.search[0].length());
    EXPECT_GE(window.length(), 30 * day_ms);
    const TimeMs next = i + 1 < windows.search.size() ? windows.search[i + 1].from : windows.gate.from;
    EXPECT_GE(next - window.to, windows.embargo);
  }
  EXPECT_EQ(windows.gate.to, testing_start + 700 * day_ms);
  EXPECT_NEAR(static_cast<double>(windows.gate.length()) / day_ms, 0.3 * 669, 1.0);
}

TEST_F(OptimizeWindows, ShortHistoriesGetFewerWindows) {
  const std::vector<RuleMarket> markets{market(200)};
  const Windows windows = make_windows(markets, {});
  EXPECT_EQ(windows.search.size(), 2u);
  EXPECT_GE(windows.search[0].length(), 30 * day_ms);
}

TEST_F(OptimizeWindows, TooShortHistoriesAreRefusedWithWhatIsNeeded) {
  const std::vector<RuleMarket> markets{market(100)};
  const Error error = error_of([&] { make_windows(markets, {}); });
  EXPECT_EQ(error.code(), "app.short_history");
  EXPECT_NE(error.message().find("at least"), std::string::npos);
  EXPECT_NE(error.place().find("BTC100"), std::string::npos);
  EXPECT_EQ(error_of([&] { market(20); }).code(), "app.short_history");
}

TEST_F(OptimizeWindows, SeveralSymbolsShareTheirCommonTime) {
  const std::vector<RuleMarket> markets{market(700), market(500, "ETH/USDT", 2)};
  const Windows windows = make_windows(markets, {});
  EXPECT_EQ(windows.gate.to, testing_start + 500 * day_ms);
  EXPECT_EQ(windows.search, make_windows(std::span(&markets[1], 1), {}).search);
}

TEST_F(OptimizeWindows, SteppedInputsEqualTheBatch) {
  const RuleMarket whole = market(120);
  strategy::RuleInputs stepped = step_rule_inputs(whole);
  EXPECT_EQ(difference_of(*whole.inputs, stepped), "");
  stepped.z_score.back() += 1e-9;
  EXPECT_NE(difference_of(*whole.inputs, stepped).find("2020-04-29T23:00:00Z"), std::string::npos);
}

}  // namespace
}  // namespace stevie::app
