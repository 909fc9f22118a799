#include <gtest/gtest.h>

#include <filesystem>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"

namespace stevie::cli {
namespace {

TEST(StudyCommand, GateStudyLeavesTablesJsonAndAPicture) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "study").string();
  const ProgramResult result =
      run_stevie({"--quiet", "--set", "gate.replicates=100", "study", "gate", "--runs", "1", "--power-runs",
                  "1", "--threads", "1", "--out", out});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("| regime switching | 1095 | 0.99 |"), std::string::npos) << result.out;
  EXPECT_EQ(read_file(std::filesystem::path(out) / "gate_study.md"), result.out);
  EXPECT_EQ(read_file(std::filesystem::path(out) / "gate_study.json").front(), '{');
  EXPECT_EQ(read_file(std::filesystem::path(out) / "gate_power.svg").substr(0, 4), "<svg");
}

TEST(StudyCommand, MartingaleStudyLeavesATableAndJson) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "study").string();
  const ProgramResult result = run_stevie({"--quiet", "--set", "gate.replicates=100", "study", "martingale",
                                           "--runs", "1", "--years", "1", "--market", "plain", "--costs",
                                           "default", "--scenario", "volatility_master", "--out", out});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("| 1 | plain | default | volatility_master | 1 | 0 = 0.0 % (0.0 - 97.5) |"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(read_file(std::filesystem::path(out) / "martingale_study.md"), result.out);
  EXPECT_EQ(read_file(std::filesystem::path(out) / "martingale_study.json").front(), '{');
  EXPECT_EQ(run_stevie({"study", "martingale", "--costs", "no"}).code, 2);
  EXPECT_NE(run_stevie({"--quiet", "study", "martingale", "--scenario", "no"}).code, 0);
}

TEST(StudyCommand, FaultsOfTheFlagsAreTold) {
  EXPECT_EQ(run_stevie({"bench", "--regimes", "--learning"}).code, 2);
  EXPECT_EQ(run_stevie({"study"}).code, 2);
  EXPECT_EQ(run_stevie({"study", "gate", "--runs", "0"}).code, 2);
  EXPECT_EQ(run_stevie({"study", "cloning", "--seeds", "1"}).code, 2);
  EXPECT_EQ(run_stevie({"study", "ensemble", "--retrainings", "2"}).code, 2);  // no bars
  EXPECT_EQ(run_stevie({"study", "ensemble", "--data", "none.csv", "--retrainings", "1"}).code, 2);
}

}  // namespace
}  // namespace stevie::cli
