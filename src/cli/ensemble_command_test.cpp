#include <gtest/gtest.h>

#include <filesystem>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::cli {
namespace {

class EnsembleCommand : public testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 3000;
    market::write_bars(data(), market::make_synthetic_market(config).bars);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string data() const { return path("SYNTHUSDT_1h.csv"); }
  ProgramResult ensemble(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"--quiet", "ensemble"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_stevie(all);
  }
  ProgramResult make(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"make", "--data", data(), "--out", path("ensemble.zip")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return ensemble(all);
  }

  const TemporaryFolder folder_;
};

TEST_F(EnsembleCommand, MakesShowsAndJudges) {
  const ProgramResult made = make({"-m", "cash", "-m", "expert", "-m", "constant:-1"});
  ASSERT_EQ(made.code, 0) << made.err;
  for (const char* text : {"expert", "constant -1", "calibration error", "cash was right no more often than"})
    EXPECT_NE(made.out.find(text), std::string::npos) << text << "\n" << made.out;
  const ProgramResult shown = ensemble({"show", "--model", path("ensemble.zip")});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(made.out.find(shown.out), 0U);
  const ProgramResult judged = ensemble({"evaluate", "--model", path("ensemble.zip"), "--data", data(),
                                         "--replicates", "100", "--out", path("run")});
  ASSERT_EQ(judged.code, 0) << judged.err;
  for (const char* text : {"SYNTHETIC MARKET", "pivotal", "regret", "ensemble_decisions.json"})
    EXPECT_NE(judged.out.find(text), std::string::npos) << text << "\n" << judged.out;
  for (const char* file : {"report.html", "ensemble_results.json", "ensemble_decisions.json"})
    EXPECT_TRUE(std::filesystem::exists(path("run") + "/" + file)) << file;
}

TEST_F(EnsembleCommand, RefusesBadFlagsMembersAndFiles) {
  for (const auto& [arguments, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "--member"},
           {{"-m", "cash", "--floor", "2"}, "ensemble.floor"},
           {{"-m", "cash", "-m", "expert", "--floor", "0.6"}, "one part in 2"},
           {{"-m", "cash", "--method", "guess"}, "ensemble.method"},
           {{"-m", "cash", "-m", "cash"}, "the same as cash"},
           {{"-m", "constant:7"}, "exposure of 7"},
           {{"-m", "oracle"}, "oracle"}}) {
    const ProgramResult result = make(arguments);
    EXPECT_EQ(result.code, 2) << expected;
    EXPECT_NE(result.err.find(expected), std::string::npos) << expected << "\n" << result.err;
    EXPECT_FALSE(std::filesystem::exists(path("ensemble.zip"))) << expected;
  }
  write_file(path("damaged.zip"), "PK");
  EXPECT_EQ(ensemble({"show", "--model", path("damaged.zip")}).code, 2);
  EXPECT_EQ(ensemble({"evaluate", "--model", path("none.zip"), "--data", data()}).code, 2);
}

}  // namespace
}  // namespace stevie::cli
