#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::cli {
namespace {

class OptimizeCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 24 * 250;
    market::write_bars(path("SYNTHUSDT_1h.csv"), market::make_synthetic_market(config).bars);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  ProgramResult optimize(std::vector<std::string> arguments) const {
    std::vector<std::string> all{"--quiet",
                                 "--set",
                                 "ledger.url=sqlite:///" + path("stevie.db"),
                                 "--set",
                                 "gate.replicates=100",
                                 "--set",
                                 "optimize.pairs=3",
                                 "optimize"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_stevie(all);
  }
  TemporaryFolder folder_;
};

TEST_F(OptimizeCommand, SearchesJudgesAndTellsWhatBecameOfTheParameters) {
  const ProgramResult result = optimize({"quick_tune", "--data", path("SYNTHUSDT_1h.csv"), "--episodes", "2",
                                         "--out", path("run"), "--dry-run"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const std::string& part : {std::string("Quick tune (quick_tune)"), std::string("Unseen"),
                                  std::string("version 1 is in force"), path("run/results.json")}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  }
  const ProgramResult again =
      optimize({"quick_tune", "--data", path("SYNTHUSDT_1h.csv"), "--out", path("run"), "--resume"});
  EXPECT_EQ(again.code, 2);
  EXPECT_NE(again.err.find("finished"), std::string::npos) << again.err;
}

TEST_F(OptimizeCommand, ListsTheScenariosAndRecommendsOne) {
  const ProgramResult list = optimize({"--list"});
  EXPECT_EQ(list.code, 0);
  for (const char* id : {"quick_tune", "volatility_master", "risk_optimizer", "news_sentiment_pro",
                         "comprehensive_evolution"}) {
    EXPECT_NE(list.out.find(id), std::string::npos) << id;
  }
  const ProgramResult advice = optimize({"--recommend", "--data", path("SYNTHUSDT_1h.csv")});
  EXPECT_EQ(advice.code, 0) << advice.err;
  EXPECT_NE(advice.out.find("Recommended: stevie optimize "), std::string::npos) << advice.out;
}

TEST_F(OptimizeCommand, BadInputEndsWithTwoAndLeavesNothing) {
  write_file(path("empty.toml"), "goal = \"sharpe\"\n");
  const std::string bars = path("SYNTHUSDT_1h.csv");
  for (const auto& [arguments, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "say which scenario"},
           {{"quick_tun", "--data", bars}, "quick_tune"},
           {{"quick_tune"}, "--data"},
           {{"quick_tune", "--data", path("none.csv")}, "none.csv"},
           {{"quick_tune", "--data", bars, "--data", bars}, "given twice"},
           {{path("empty.toml"), "--data", bars}, "at least one parameter"},
           {{path("absent.toml"), "--data", bars}, "absent.toml"},
           {{"quick_tune", "--data", bars, "--per-symbol", "slNews"}, "slNews is not a target"},
           {{"quick_tune", "--data", bars, "--per-symbol", "volPctBreakot"}, "volPctBreakout"},
           {{"quick_tune", "--data", bars, "--minutes", "0"}, "--minutes"},
           {{"quick_tune", "--data", bars, "--minutes", "nan"}, "--minutes"},
           {{"quick_tune", "--data", bars, "--episodes", "-1"}, "--episodes"},
           {{"--list", "--recommend", "--data", bars}, "--list"},
           {{"quick_tune", "--data", bars, "--search", "genetic"}, "optimize.search"},
           {{"quick_tune", "--data", bars, "--resume", "--out", path("run")}, "no search to go on with"},
           {{"--recommend"}, "--data"}}) {
    SCOPED_TRACE(expected);
    const ProgramResult result = optimize(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err.rfind("stevie: ", 0), 0u) << result.err;
    EXPECT_NE(result.err.find(expected), std::string::npos) << result.err;
    EXPECT_FALSE(std::filesystem::exists(path("run")));
  }
}

TEST_F(OptimizeCommand, HelpHasAnExample) {
  const ProgramResult help = optimize({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("Example:"), std::string::npos);
}

}  // namespace
}  // namespace stevie::cli
