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

/// The commands that train DQN, alone or beside PPO, on a small market.
class DqnCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 2500;
    market::write_bars(data(), market::make_synthetic_market(config).bars);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string data() const { return path("SYNTHUSDT_1h.csv"); }

  /// With these arguments, which may name another --data or --out.
  Result run(std::vector<std::string> command, const std::vector<std::string>& arguments) const {
    command.insert(command.begin(), "--quiet");
    command.insert(command.end(), {"--timesteps", "300", "--set", "env.episode_length=40", "--set",
                                   "ppo.n_envs=2", "--set", "ppo.n_steps=100"});
    command.insert(command.end(), arguments.begin(), arguments.end());
    for (const auto& [flag, value] : {std::pair("--data", data()), std::pair("--out", path("run"))}) {
      if (std::ranges::find(arguments, flag) == arguments.end()) command.insert(command.end(), {flag, value});
    }
    return run_stevie(command, {});
  }
  void expect_faults(const std::vector<std::string>& command,
                     const std::vector<std::pair<std::vector<std::string>, std::string>>& cases) const {
    for (const auto& [arguments, expected] : cases) {
      SCOPED_TRACE(arguments.front() + " " + arguments.back());
      const Result result = run(command, arguments);
      EXPECT_EQ(result.code, 2);
      EXPECT_EQ(result.out, "");
      EXPECT_NE(result.err.find(expected), std::string::npos) << result.err;
      EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
      EXPECT_FALSE(fs::exists(path("run")));
    }
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(DqnCommands, TrainNamesItsFilesAndItsPolicyIsEvaluated) {
  const Result result = run({"train", "dqn"}, {"--double-q", "true", "--n-steps", "3"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const std::string& text : {std::string("Trained for 300 steps"), std::string("synthetic market"),
                                  path("run/models/dqn_stevie.zip")})
    EXPECT_NE(result.out.find(text), std::string::npos) << text << "\n" << result.out;
  EXPECT_TRUE(fs::exists(path("run/tensorboard_logs/DQN_1")));
  const Result resumed = run({"train", "dqn"}, {"--double-q", "true", "--n-steps", "3", "--resume"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  const Result evaluated =
      run_stevie({"evaluate", "--model", path("run/models/dqn_stevie.zip"), "--data", data()}, {});
  EXPECT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_NE(evaluated.out.find("DQN policy"), std::string::npos) << evaluated.out;
}

TEST_F(DqnCommands, BootstrapTrainsAllSeedsAndTellsWhatCameOut) {
  const Result result = run({"bootstrap"}, {"--seeds", "1"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const std::string& text :
       {std::string("Of 2 trainings"), std::string("PPO, seed 1 *"), std::string("DQN, seed 1 *"),
        std::string("Buy and hold"), std::string("Win rate"), path("run/bootstrap_report.html"),
        path("run/training_results.json")})
    EXPECT_NE(result.out.find(text), std::string::npos) << text << "\n" << result.out;
  EXPECT_TRUE(fs::exists(path("run/dqn_seed1/checkpoints/dqn.zip")));
  EXPECT_EQ(run({"bootstrap"}, {"--seeds", "1", "--resume"}).out, result.out);
}

TEST_F(DqnCommands, BadInputEndsWithTwoAndOneSentenceAndLeavesNothing) {
  write_file(path("occupied"), "a file");
  expect_faults({"train", "dqn"}, {{{"--buffer-size", "1"}, "dqn.buffer_size"},
                                   {{"--buffer-size", "999999999999"}, "lower dqn.buffer_size"},
                                   {{"--gamma", "2"}, "dqn.gamma"},
                                   {{"--set", "dqn.gradient_steps=0"}, "dqn.gradient_steps"},
                                   {{"--double-q", "perhaps"}, "dqn.double_q"},
                                   {{"--resume"}, "checkpoints/dqn.zip"},
                                   {{"--data", path("none.csv")}, "none.csv"}});
  expect_faults({"bootstrap"}, {{{"--algorithms", "ppo,a2c"}, "\"a2c\" is no algorithm"},
                                {{"--seeds", "0"}, "bootstrap.seeds"},
                                {{"--set", "dqn.buffer_size=999999999999"}, "lower dqn.buffer_size"},
                                {{"--set", "data.train_fraction=1"}, "train_fraction"},
                                {{"--data", path("none.csv")}, "none.csv"},
                                {{"--out", path("occupied")}, "occupied"}});
}

TEST_F(DqnCommands, HelpHasAnExample) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"train", "dqn"}, std::vector<std::string>{"bootstrap"}})
    EXPECT_NE(run(command, {"--help"}).out.find("Example:"), std::string::npos);
}

}  // namespace
}  // namespace stevie::cli
