#include <gtest/gtest.h>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::cli {
namespace {

class BacktestCommand : public testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 1500;
    market::write_bars(path("SYNTHUSDT_1h.csv"), market::make_synthetic_market(config).bars);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  ProgramResult backtest(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"backtest", "--data", path("SYNTHUSDT_1h.csv")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_stevie(all);
  }

  const TemporaryFolder folder_;
};

TEST_F(BacktestCommand, PlaysTheRulesAndExplainsThem) {
  const ProgramResult result =
      backtest({"--strategy", "rules", "--set-param", "costCapBps=24", "--set-param", "volPctBreakout=60",
                "--explain", path("why.jsonl"), "--trades", path("trades.csv")});
  ASSERT_EQ(result.code, 0) << result.err;
  for (const char* text :
       {"Rules on SYNTH/USDT 1h", "SYNTHETIC MARKET", "Decisions: ", "Final equity", "Buy and hold"}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text << "\n" << result.out;
  }
  EXPECT_EQ(read_file(path("why.jsonl")).substr(0, 9), "{\"time\":\"");
  EXPECT_EQ(read_file(path("trades.csv")).substr(0, 10), "entry_time");
}

TEST_F(BacktestCommand, PlaysTheExpertAndExplainsIt) {
  const ProgramResult result =
      backtest({"--strategy", "rsi-ma", "--set", "expert.stop_atr=2", "--explain", path("why.jsonl"),
                "--trades", path("trades.csv"), "--report", path("expert.html")});
  ASSERT_EQ(result.code, 0) << result.err;
  for (const char* text : {"RSI and moving averages on SYNTH/USDT 1h", "SYNTHETIC MARKET",
                           "Entries asked for: ", "Final equity", "Buy and hold"}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text << "\n" << result.out;
  }
  EXPECT_EQ(read_file(path("why.jsonl")).substr(0, 9), "{\"time\":\"");
  EXPECT_NE(read_file(path("trades.csv")).find("stop_loss"), std::string::npos);
  EXPECT_NE(read_file(path("expert.html")).find("expert.stop_atr"), std::string::npos);
}

TEST_F(BacktestCommand, SaysWhenTheCostCapLeftNoTrade) {
  const ProgramResult result = backtest({"--strategy", "rules"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("No trade was taken because of the cost cap"), std::string::npos) << result.out;
}

TEST_F(BacktestCommand, TakesDecisionsFromOnePlaceAndWithThemOnlyWhatTheyCanUse) {
  for (const auto& [arguments, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "--strategy rules, or --signals FILE"},
           {{"--strategy", "rules", "--signals", "signals.csv"}, "--signals"},
           {{"--strategy", "magic"}, "magic"},
           {{"--strategy", "rsi-ma", "--set-param", "costCapBps=9"}, "--set-param"},
           {{"--strategy", "rsi-ma", "--set", "expert.fast_bars=40"}, "fast_bars must be below slow_bars"},
           {{"--strategy", "rules", "--stop-loss", "5"}, "--stop-loss"},
           {{"--strategy", "rules", "--stake", "0.5"}, "--stake"},
           {{"--strategy", "rules", "--from", "yesterday"}, "--from"},
           {{"--strategy", "rules", "--set-param", "costCapBps=900"}, "costCapBps is 900"},
           {{"--signals", "signals.csv", "--set-param", "costCapBps=9"}, "--strategy"}}) {
    const ProgramResult result = backtest(arguments);
    EXPECT_EQ(result.code, 2) << expected << result.err;
    EXPECT_NE(result.err.find(expected), std::string::npos) << expected << "\n" << result.err;
  }
}

}  // namespace
}  // namespace stevie::cli
