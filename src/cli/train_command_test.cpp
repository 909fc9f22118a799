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

namespace fs = std::filesystem;

using Result = ProgramResult;

class TrainCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 3000;
    market::write_bars(data(), market::make_synthetic_market(config).bars);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string data() const { return path("SYNTHUSDT_1h.csv"); }

  /// `stevie train ppo` on the data into FOLDER/run, with these arguments, which may name another --data or
  /// --out.
  Result train(const std::vector<std::string>& arguments, std::vector<const char*> environment = {}) const {
    std::vector<std::string> all{
        "--quiet",   "train", "ppo",   "--timesteps",          "400", "--n-envs", "2",
        "--n-steps", "100",   "--set", "env.episode_length=40"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    for (const auto& [flag, value] : {std::pair("--data", data()), std::pair("--out", path("run"))}) {
      if (std::ranges::find(arguments, flag) == arguments.end()) all.insert(all.end(), {flag, value});
    }
    return run_stevie(all, std::move(environment));
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(TrainCommand, TrainsJudgesAndNamesItsFiles) {
  const Result result = train({});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const std::string& text :
       {std::string("Trained for 400 steps"), std::string("synthetic market"), std::string("Buy and hold"),
        path("run/models/ppo_stevie.zip"), path("run/report.html"), path("run/training_results.json")}) {
    EXPECT_NE(result.out.find(text), std::string::npos) << text << "\n" << result.out;
  }
  EXPECT_TRUE(fs::exists(path("run/tensorboard_logs/PPO_1")));
  const Result resumed = train({"--resume", "--timesteps", "800"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("Trained for 800 steps"), std::string::npos) << resumed.out;
}

TEST_F(TrainCommand, TensorBoardFilesGoWhereTheEnvironmentSays) {
  const std::string variable = "TENSORBOARD_LOG_DIR=" + path("logs");
  const Result result = train({}, {"TENSORBOARD_LOG_DIRECTORY=/nowhere", variable.c_str()});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(fs::exists(path("logs/PPO_1")));
  EXPECT_FALSE(fs::exists(path("run/tensorboard_logs")));
}

TEST_F(TrainCommand, BadInputEndsWithTwoAndOneSentenceAndLeavesNothing) {
  write_file(path("occupied"), "a file");
  write_file(path("empty.csv"), "timestamp,open,high,low,close,volume\n");
  write_file(path("words.csv"), "timestamp,open,high,low,close,volume\n1577836800000,10,12,9,x,5\n");
  for (const auto& [arguments, expected] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--timesteps", "0"}, "train.total_timesteps"},
           {{"--timesteps", "many"}, "train.total_timesteps"},
           {{"--n-envs", "0"}, "ppo.n_envs"},
           {{"--n-envs", "65536", "--n-steps", "100000"}, "largest rollout"},
           {{"--learning-rate", "-1"}, "ppo.learning_rate"},
           {{"--threads", "3"}, "ppo.threads"},
           {{"--gamma", "nan"}, "ppo.gamma"},
           {{"--set", "data.train_fraction=1"}, "train_fraction"},
           {{"--augment", "blur"}, "there is no technique 'blur'"},
           {{"--augment", "all", "--set", "env.episode_length=0"}, "augmentation needs episodes"},
           {{"--curriculum", "--eval-freq", "0"}, "a curriculum goes by evaluations"},
           {{"--curriculum", "--set", "curriculum.volatility_quantiles=[0.5, 0.5, 0.75]", "--set",
             "curriculum.liquidity_quantile=0"},
            "the stage moderate has no bar of the training part"},
           {{"--data", path("none.csv")}, "none.csv"},
           {{"--data", path("empty.csv")}, "empty.csv"},
           {{"--data", path("words.csv")}, "words.csv:2"},
           {{"--data", path("run")}, "run"},
           {{"--resume"}, "checkpoints/ppo.zip"},
           {{"--set", "data.from=2031-01-01"}, "SYNTHUSDT_1h.csv: nothing is left"},
           {{"--out", path("occupied")}, "occupied"},
           {{"--out", path("occupied/below")}, "occupied"},
           {{"--fly"}, "--fly"}}) {
    SCOPED_TRACE(arguments.front() + " " + arguments.back());
    const Result result = train(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err.rfind("stevie: ", 0), 0u) << result.err;
    EXPECT_NE(result.err.find(expected), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(fs::exists(path("run")));
  }
  EXPECT_EQ(read_file(path("occupied")), "a file");
}

TEST_F(TrainCommand, HelpHasAnExample) {
  const Result help = train({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("Example:"), std::string::npos);
}

}  // namespace
}  // namespace stevie::cli
