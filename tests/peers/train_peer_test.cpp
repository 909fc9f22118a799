/// `stevie train` and `stevie clone` from bars to a model, and what Stable-Baselines3, PyTorch and
/// TensorBoard make of their files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "core/file.h"
#include "core/random.h"
#include "features/observation.h"
#include "peers/peer.h"

namespace stevie {
namespace {

constexpr double tolerance = 1e-5;

std::string run_stevie(const std::vector<std::string>& arguments) {
  std::vector<const char*> words{"stevie", "--quiet"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  std::ostringstream out, err;
  const int code = cli::run_program(static_cast<int>(words.size()), words.data(), {}, out, err);
  EXPECT_EQ(code, 0) << err.str();
  return out.str();
}

/// Rows of numbers; `skip_header` drops the first line and the first column.
std::vector<std::vector<double>> parse_rows(std::string text, bool skip_header) {
  for (char& letter : text) {
    if (letter == ',') letter = ' ';
  }
  std::istringstream lines(text);
  std::string line;
  if (skip_header) std::getline(lines, line);
  std::vector<std::vector<double>> rows;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::vector<double> row;
    for (double value = 0; words >> value;) row.push_back(value);
    if (skip_header) row.erase(row.begin());
    rows.push_back(row);
  }
  return rows;
}

/// The same random observations as a CSV for us and as text for the script.
void write_observations(const std::filesystem::path& csv, const std::filesystem::path& text) {
  RandomStream random(21, 0);
  std::ostringstream with_commas, with_blanks;
  with_commas.precision(9);
  with_blanks.precision(9);
  constexpr int rows = 60;
  for (int row = 0; row < rows; ++row) {
    for (std::size_t at = 0; at < features::observation_size; ++at) {
      const auto value = static_cast<float>(random.normal());
      with_commas << (at > 0 ? "," : "") << value;
      with_blanks << value << ' ';
    }
    with_commas << '\n';
    with_blanks << '\n';
  }
  write_file(csv, with_commas.str());
  write_file(text, with_blanks.str());
}

class TrainPeer : public ::testing::Test {
 protected:
  void train() {
    run_stevie({"data", "synth", "--bars", "4000", "--out", path("SYNTHUSDT_1h.csv.gz")});
    run_stevie({"train", "ppo", "--data", path("SYNTHUSDT_1h.csv.gz"), "--out", path("run"), "--timesteps",
                "4096", "--eval-freq", "2048", "--n-envs", "4", "--n-steps", "256", "--learning-rate",
                "0.003", "--set", "env.episode_length=100"});
  }
  void train_dqn() {
    run_stevie({"data", "synth", "--bars", "4000", "--out", path("SYNTHUSDT_1h.csv.gz")});
    run_stevie({"train", "dqn", "--data", path("SYNTHUSDT_1h.csv.gz"), "--out", path("run"), "--timesteps",
                "6000", "--eval-freq", "3000", "--learning-rate", "0.003", "--buffer-size", "5000", "--set",
                "env.episode_length=100", "--set", "dqn.log_interval=1500"});
  }
  /// Tag of every scalar in the log of a training, as TensorBoard reads it.
  std::multiset<std::string> tags_of(const std::string& log) {
    std::istringstream printed(peers::run("tensorboard_events.py", "'" + log + "'"));
    std::multiset<std::string> tags;
    std::string tag, step, value, time;
    while (printed >> tag >> step >> value >> time) tags.insert(tag);
    return tags;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Our own probabilities and values of the observations against a script's.
  void expect_same_predictions(const std::string& model, const std::string& command,
                               const std::string& file) {
    SCOPED_TRACE(command + " " + file);
    const auto ours = parse_rows(
        run_stevie({"predict", "--model", model, "--input", path("observations.csv"), "--raw-observations"}),
        true);
    peers::run("sb3_model.py",
               command + " '" + file + "' '" + path("observations.txt") + "' '" + path("theirs.txt") + "'");
    const auto theirs = parse_rows(read_file(path("theirs.txt")), false);
    ASSERT_EQ(ours.size(), 60u);
    ASSERT_EQ(theirs.size(), ours.size());
    double spread = 0;
    for (std::size_t row = 0; row < ours.size(); ++row) {
      ASSERT_EQ(ours[row].size(), 4u);  // three probabilities and the value
      ASSERT_EQ(theirs[row].size(), ours[row].size());
      for (std::size_t i = 0; i < ours[row].size(); ++i) EXPECT_NEAR(ours[row][i], theirs[row][i], tolerance);
      spread = std::max(spread, std::abs(ours[row][0] - ours[0][0]));
    }
    EXPECT_GT(spread, 100 * tolerance);  // the policy does tell the rows apart
  }
  peers::TemporaryFolder folder_;
};

TEST_F(TrainPeer, sb3_loads_model_and_checkpoint_and_sees_the_same_probabilities) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  train();
  write_observations(path("observations.csv"), path("observations.txt"));
  for (const std::string& model : {path("run/models/ppo_stevie.zip"), path("run/checkpoints/ppo.zip")})
    expect_same_predictions(model, "predict", model);
}

TEST_F(TrainPeer, sb3_and_pytorch_load_a_clone_and_see_the_same_probabilities) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  run_stevie({"data", "synth", "--bars", "4000", "--out", path("SYNTHUSDT_1h.csv.gz")});
  run_stevie({"clone", "--data", path("SYNTHUSDT_1h.csv.gz"), "--out", path("run"), "--folds", "0",
              "--max-epochs", "3"});
  write_observations(path("observations.csv"), path("observations.txt"));
  const std::string model = path("run/models/behavior_cloning_model.zip");
  expect_same_predictions(model, "predict", model);
  expect_same_predictions(model, "weights", path("run/models/behavior_cloning_model.pth"));
}

TEST_F(TrainPeer, tensorboard_reads_sb3s_tags_from_the_log) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  train();
  const std::multiset<std::string> tags = tags_of(path("run/tensorboard_logs/PPO_1"));
  const std::set<std::string> expected{"eval/mean_ep_length",
                                       "eval/mean_reward",
                                       "rollout/ep_len_mean",
                                       "rollout/ep_rew_mean",
                                       "time/fps",
                                       "train/approx_kl",
                                       "train/clip_fraction",
                                       "train/clip_range",
                                       "train/entropy_loss",
                                       "train/explained_variance",
                                       "train/learning_rate",
                                       "train/loss",
                                       "train/n_updates",
                                       "train/policy_gradient_loss",
                                       "train/value_loss"};
  EXPECT_EQ(std::set<std::string>(tags.begin(), tags.end()), expected);
  EXPECT_EQ(tags.count("train/loss"), 4u);  // one of each update
}

TEST_F(TrainPeer, sb3_loads_dqn_models_and_sees_the_same_action_values) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  train_dqn();
  write_observations(path("observations.csv"), path("observations.txt"));
  std::string commands;
  const std::vector<std::string> models{path("run/models/dqn_stevie.zip"), path("run/checkpoints/dqn.zip")};
  for (std::size_t i = 0; i < models.size(); ++i) {
    commands += (i > 0 ? " then predict '" : "predict '") + models[i] + "' '" + path("observations.txt") +
                "' '" + path("theirs" + std::to_string(i)) + "'";
  }
  peers::run("sb3_dqn.py", commands);
  for (std::size_t i = 0; i < models.size(); ++i) {
    SCOPED_TRACE(models[i]);
    const auto ours = parse_rows(run_stevie({"predict", "--model", models[i], "--input",
                                             path("observations.csv"), "--raw-observations"}),
                                 true);
    const auto theirs = parse_rows(read_file(path("theirs" + std::to_string(i))), false);
    ASSERT_EQ(ours.size(), 60u);
    ASSERT_EQ(theirs.size(), ours.size());
    double spread = 0;
    for (std::size_t row = 0; row < ours.size(); ++row) {
      ASSERT_EQ(ours[row].size(), 4u);    // three action values and the largest of them
      ASSERT_EQ(theirs[row].size(), 4u);  // and here the greedy action
      for (std::size_t a = 0; a < 3; ++a) EXPECT_NEAR(ours[row][a], theirs[row][a], tolerance);
      EXPECT_EQ(ours[row][3], *std::max_element(ours[row].begin(), ours[row].begin() + 3));
      EXPECT_NEAR(ours[row][static_cast<std::size_t>(theirs[row][3])], ours[row][3], tolerance);
      spread = std::max(spread, std::abs(ours[row][0] - ours[0][0]));
    }
    EXPECT_GT(spread, 100 * tolerance);  // the network does tell the rows apart
  }
  const std::multiset<std::string> tags = tags_of(path("run/tensorboard_logs/DQN_1"));
  EXPECT_EQ(std::set<std::string>(tags.begin(), tags.end()),
            (std::set<std::string>{"eval/mean_ep_length", "eval/mean_reward", "rollout/ep_len_mean",
                                   "rollout/ep_rew_mean", "rollout/exploration_rate", "time/fps",
                                   "train/learning_rate", "train/loss", "train/n_updates"}));
  EXPECT_EQ(tags.count("train/loss"), 4u);
}

}  // namespace
}  // namespace stevie
