#include <gtest/gtest.h>

#include <filesystem>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::cli {
namespace {

class CloneCommand : public testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 2500;
    market::write_bars(path("SYNTHUSDT_1h.csv"), market::make_synthetic_market(config).bars);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  ProgramResult clone(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all{"clone", "--data", path("SYNTHUSDT_1h.csv"), "--out", path("run")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_stevie(all);
  }

  const TemporaryFolder folder_;
};

TEST_F(CloneCommand, TellsHowWellItImitatesAndWhereTheFilesAre) {
  const ProgramResult result = clone({"--max-epochs", "2", "--folds", "2", "--set", "cloning.purge=10"});
  ASSERT_EQ(result.code, 0) << result.err;
  for (const char* text : {"SYNTHETIC MARKET", "Cloned rsi-ma on ", "commonest", "divergence (bits)",
                           "by actions", "behavior_cloning_model.zip", "bc_training_results.json"})
    EXPECT_NE(result.out.find(text), std::string::npos) << text << "\n" << result.out;
  EXPECT_TRUE(std::filesystem::exists(path("run/models/behavior_cloning_model.pth")));
}

TEST_F(CloneCommand, RefusesBadFlagsAndFiles) {
  write_file(path("actions.csv"), "time,action\n2001-01-01T00:00:00Z,1\n2019-12-31T23:30:00Z,sideways\n");
  for (const auto& [arguments, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--folds", "1"}, "cloning.folds"},
           {{"--class-weights", "heavy"}, "class_weights"},
           {{"--expert", path("actions.csv")}, "actions.csv:2"},
           {{"--expert", path("nothing.zip")}, "nothing.zip"}}) {
    const ProgramResult result = clone(arguments);
    EXPECT_EQ(result.code, 2) << expected << result.err;
    EXPECT_NE(result.err.find(expected), std::string::npos) << expected << "\n" << result.err;
  }
}

}  // namespace
}  // namespace stevie::cli
