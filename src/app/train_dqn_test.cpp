#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/bootstrap.h"
#include "app/evaluate.h"
#include "app/predict.h"
#include "app/train.h"
#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "nn/model_file.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder with bars of a made-up market, and trainings of a moment.
class TrainDqn : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 2500;
    config.seed = 1;
    data_ = folder_ / "bars.csv";
    market::write_bars(data_, market::make_synthetic_market(config).bars);
  }
  Config config() const {
    Config made;
    made.train = {.total_timesteps = 1200, .eval_freq = 500, .checkpoint_freq = 400};
    made.env.episode_length = 40;
    made.dqn.learning_starts = 50;
    made.dqn.learning_rate = 0.01;
    made.dqn.buffer_size = 700;
    made.dqn.log_interval = 200;
    made.dqn.target_update_interval = 100;
    made.dqn.net_arch = {16, 16};
    made.ppo.n_envs = 3;
    made.ppo.n_steps = 50;
    made.ppo.batch_size = 50;
    made.ppo.n_epochs = 2;
    made.bootstrap.seeds = 2;
    return made;
  }
  TrainRequest request(const std::string& out) const {
    TrainRequest made;
    made.algorithm = Algorithm::dqn;
    made.data = data_;
    made.out = folder_ / out;
    made.config = config();
    return made;
  }
  BootstrapRequest bootstrap(const std::string& out) const {
    BootstrapRequest made;
    made.data = data_;
    made.out = folder_ / out;
    made.config = config();
    return made;
  }
  /// A clock that is Ctrl-C when it is read for the n-th time.
  static std::function<double()> interrupting_clock(int reading) {
    return [reading, readings = std::make_shared<int>(0)] {  // one count for all copies
      if (++*readings == reading) std::raise(SIGINT);
      return 1.7e9 + *readings;
    };
  }
  std::string bytes(const std::string& file) const { return read_file(folder_ / file); }
  json results(const std::string& out) const { return json::parse(bytes(out + "/training_results.json")); }
  json without_folder(const std::string& out) const {
    json parsed = results(out);
    if (parsed.at("test").is_object()) parsed.at("test").erase("model");
    return parsed;
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  fs::path data_;
};

TEST_F(TrainDqn, leaves_its_files_and_tells_its_course) {
  std::ostringstream told;
  TrainRequest wanted = request("run");
  wanted.progress.out = &told;
  const TrainReport report = train_policy(wanted);
  EXPECT_EQ(report.timesteps, 1200u);
  EXPECT_EQ(report.model, folder_ / "run/models/dqn_stevie.zip");
  for (const char* file : {"checkpoints/dqn.zip", "report.html", "evaluation.json", "trades.csv"})
    EXPECT_TRUE(fs::exists(folder_ / "run" / file)) << file;
  EXPECT_TRUE(fs::is_directory(folder_ / "run/tensorboard_logs/DQN_1"));
  EXPECT_EQ(report.test.description.title.substr(0, 10), "DQN policy");

  // Market rows by index: four account values and twelve bytes a step.
  EXPECT_EQ(report.replay_bytes, 701u * 28);
  EXPECT_EQ(told.str().substr(0, told.str().find('\n')), "replay buffer: 0.0 MB for 700 steps");
  const json parsed = results("run");
  EXPECT_EQ(parsed.at("algorithm"), "DQN");
  EXPECT_DOUBLE_EQ(parsed.at("replay_buffer_mb").get<double>(), 701 * 28 / 1e6);
  ASSERT_EQ(parsed.at("updates").size(), 6u);
  for (const json& row : parsed.at("updates")) {
    for (const char* name : {"ep_rew_mean", "ep_len_mean", "loss", "learning_rate", "exploration_rate"})
      EXPECT_TRUE(row.at(name).is_number()) << name;
    EXPECT_EQ(row.at("n_updates"), (row.at("timesteps").get<int>() - 48) / 4);
  }
  std::vector<int> evaluated;
  for (const json& row : parsed.at("evaluations")) evaluated.push_back(row.at("timesteps"));
  EXPECT_EQ(evaluated, (std::vector<int>{600, 1000, 1200}));

  const nn::ModelFile model = nn::read_model_file(report.model);
  EXPECT_EQ(model.algorithm, "DQN");
  EXPECT_EQ(json::parse(model.hyper_parameters_json).at("num_timesteps"), report.best_timesteps);
}

TEST_F(TrainDqn, its_model_is_evaluated_and_predicts_here) {
  const TrainReport report = train_policy(request("run"));
  const evaluation::Evaluation again =
      evaluate_model({.model = report.model, .data = data_, .synthetic = true});
  EXPECT_EQ(again.strategy.run.result.equity, report.test.strategy.run.result.equity);
  EXPECT_EQ(again.strategy.run.name, "DQN policy");
  const Predictions predictions = predict({.model = report.model, .input = data_});
  ASSERT_EQ(predictions.actions, (std::vector<std::string>{"q_exposure_-1", "q_exposure_0", "q_exposure_1"}));
  for (const Predictions::Row& row : predictions.rows)
    EXPECT_EQ(row.value, *std::ranges::max_element(row.probability));
}

TEST_F(TrainDqn, goes_on_bit_for_bit) {
  for (const bool options : {false, true}) {
    const std::string whole_name = options ? "whole2" : "whole", parts_name = options ? "parts2" : "parts";
    const auto made = [&](const std::string& name) {
      TrainRequest wanted = request(name);
      wanted.config.dqn.prioritized_replay = wanted.config.dqn.double_q = wanted.config.dqn.dueling = options;
      return wanted;
    };
    train_policy(made(whole_name));
    TrainRequest begun = made(parts_name);
    begun.wall_clock = interrupting_clock(8);
    {
      const InterruptGuard guard;
      EXPECT_THROW(train_policy(begun), Interrupted);
    }
    begun.resume = true;
    begun.wall_clock = {};
    begun.config.dqn.threads = 2;
    train_policy(begun);
    for (const char* file : {"models/dqn_stevie.zip", "checkpoints/dqn.zip", "trades.csv"})
      EXPECT_EQ(bytes(whole_name + "/" + file) == bytes(parts_name + "/" + file), true) << file;
    json whole = without_folder(whole_name), parts = without_folder(parts_name);
    EXPECT_EQ(parts.at("configuration").at("dqn.threads"), "2");
    parts["configuration"]["dqn.threads"] = "1";
    EXPECT_EQ(whole, parts);
  }
}

TEST_F(TrainDqn, refuses_a_buffer_larger_than_the_memory_before_it_makes_anything) {
  TrainRequest wanted = request("run");
  wanted.config.dqn.buffer_size = 1'000'000'000'000;
  const Error error = error_of([&] { train_policy(wanted); });
  EXPECT_EQ(error.code(), "rl.replay_too_large");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  // One that does fit into the memory, but not into a checkpoint.
  wanted.config.dqn.buffer_size = 40'000'000;
  const Error other = error_of([&] { train_policy(wanted); });
  EXPECT_EQ(other.code(), "train.replay_too_large");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  // The size that it names does fit.
  const std::string message = other.message(), before = "at most ";
  wanted.config.dqn.buffer_size = std::stoull(message.substr(message.rfind(before) + before.size()));
  const TrainingMarket market =
      load_training_market(wanted.data, wanted.config.data.split(), wanted.config.env);
  const env::TradingEnv environment(market.market, market.split.train, wanted.config.env,
                                    wanted.config.dqn.n_envs);
  EXPECT_NO_THROW(require_trainable(environment, Algorithm::dqn, wanted.config));
  BootstrapRequest several = bootstrap("several");
  several.config.dqn.buffer_size = 1'000'000'000'000;
  EXPECT_EQ(error_of([&] { run_bootstrap(several); }).code(), "rl.replay_too_large");
  EXPECT_FALSE(fs::exists(folder_ / "several"));
}

TEST_F(TrainDqn, a_checkpoint_of_ppo_is_not_its_own) {
  TrainRequest other = request("run");
  other.algorithm = Algorithm::ppo;
  train_policy(other);
  fs::copy_file(folder_ / "run/checkpoints/ppo.zip", folder_ / "run/checkpoints/dqn.zip");
  TrainRequest wanted = request("run");
  wanted.resume = true;
  EXPECT_EQ(error_of([&] { train_policy(wanted); }).code(), "train.checkpoint_differs");
}

TEST_F(TrainDqn, bootstrap_chooses_on_validation_and_reports_all_seeds) {
  BootstrapRequest wanted = bootstrap("first");
  wanted.synthetic = true;
  const BootstrapReport report = run_bootstrap(wanted);
  ASSERT_EQ(report.algorithms.size(), 2u);
  const json parsed = results("first");
  EXPECT_EQ(parsed.at("kind"), "bootstrap");
  EXPECT_EQ(parsed.at("synthetic"), true);
  double best = -1e300;
  std::string best_model;
  for (const json& algorithm : parsed.at("algorithms")) {
    double best_seed = -1e300;
    std::uint64_t seed = 0;
    ASSERT_EQ(algorithm.at("runs").size(), 2u);
    for (const json& run : algorithm.at("runs")) {
      const fs::path folder = folder_ / "first" / run.at("folder").get<std::string>();
      EXPECT_TRUE(fs::exists(folder / "training_results.json"));
      EXPECT_FALSE(fs::exists(folder / "report.html"));  // nobody looked at the test part there
      const json trained = json::parse(read_file(folder / "training_results.json"));
      EXPECT_TRUE(trained.at("test").is_null());
      EXPECT_NEAR(run.at("validation").at("total_return").get<double>(),
                  trained.at("validation").at("total_return").get<double>(), 1e-9);
      for (const char* part : {"validation", "test"}) {
        for (const char* name : {"reward", "profit", "total_return", "max_drawdown"})
          EXPECT_TRUE(run.at(part).at(name).is_number()) << name;
        for (const char* name : {"sharpe", "win_rate"}) EXPECT_TRUE(run.at(part).contains(name)) << name;
      }
      const double reward = run.at("validation").at("reward");
      if (reward > best_seed) best_seed = reward, seed = run.at("seed");
    }
    EXPECT_EQ(algorithm.at("chosen_seed"), seed);
    if (best_seed > best) best = best_seed, best_model = algorithm.at("model");
    const json& spread = algorithm.at("stability").at("test").at("total_return");
    EXPECT_EQ(spread.at("seeds"), 2);
    EXPECT_LE(spread.at("smallest").get<double>(), spread.at("interquartile_mean").get<double>());
    EXPECT_GE(spread.at("largest").get<double>(), spread.at("interquartile_mean").get<double>());
    const std::string chosen_folder = algorithm.at("algorithm") == "DQN" ? "dqn" : "ppo";
    EXPECT_EQ(bytes("first/models/" + chosen_folder + "_stevie.zip") ==
                  bytes("first/" + chosen_folder + "_seed" + std::to_string(seed) + "/models/" +
                        chosen_folder + "_stevie.zip"),
              true);
  }
  EXPECT_EQ(parsed.at("model"), best_model);
  std::vector<std::string> baselines;
  for (const json& row : parsed.at("baselines")) baselines.push_back(row.at("key"));
  EXPECT_EQ(baselines, (std::vector<std::string>{"cash", "buy_and_hold", "volatility_matched"}));
  const json& own = parsed.at("test").at("results").at(0);
  EXPECT_EQ(own.at("key"), "strategy");
  EXPECT_NEAR(own.at("metrics").at("total_return").at("value").get<double>(),
              report.best_run().test.performance.total_return.value.value(), 1e-12);
  const std::string page = bytes("first/bootstrap_report.html");
  EXPECT_NE(page.find("PPO, seed 2"), std::string::npos);
  EXPECT_NE(page.find("DQN, all seeds"), std::string::npos);
  EXPECT_NE(page.find("The market is synthetic."), std::string::npos);
}

TEST_F(TrainDqn, bootstrap_goes_on_where_it_was_stopped) {
  run_bootstrap(bootstrap("whole"));
  BootstrapRequest begun = bootstrap("parts");
  begun.wall_clock = interrupting_clock(70);  // in one of the later of four trainings
  {
    const InterruptGuard guard;
    EXPECT_THROW(run_bootstrap(begun), Interrupted);
  }
  EXPECT_TRUE(fs::exists(folder_ / "parts/ppo_seed1/training_results.json"));
  EXPECT_FALSE(fs::exists(folder_ / "parts/training_results.json"));
  begun.resume = true;
  begun.wall_clock = {};
  run_bootstrap(begun);
  EXPECT_EQ(without_folder("whole"), without_folder("parts"));
  // Again, with nothing left to do.
  run_bootstrap(begun);
  EXPECT_EQ(without_folder("whole"), without_folder("parts"));
  begun.config.dqn.gamma = 0.5;
  EXPECT_EQ(error_of([&] { run_bootstrap(begun); }).code(), "train.checkpoint_differs");
}

}  // namespace
}  // namespace stevie::app
