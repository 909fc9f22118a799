#include "app/train_start.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/clone.h"
#include "app/model_card.h"
#include "core/error.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

/// A clone in a folder, and the market that it was made on.
class TrainStartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig synthetic;
    synthetic.bars = 2500;
    market::write_bars(data_, market::make_synthetic_market(synthetic).bars);
    config_.cloning.max_epochs = 2;
    config_.cloning.folds = 0;
    config_.network.policy_widths = config_.network.value_widths = {12};
    config_.ppo.n_envs = 2;
    config_.ppo.n_steps = 32;
    config_.ppo.batch_size = 32;
    clone_ = clone_expert({.data = data_, .out = folder_ / "clone", .config = config_}).model;
    market_ = load_training_market(data_, config_.data.split(), config_.env);
  }
  /// A learner of this configuration on the training part.
  std::unique_ptr<rl::Learner> ppo(const Config& config) {
    environment_ =
        std::make_unique<env::TradingEnv>(market_.market, market_.split.train, config.env, config.ppo.n_envs);
    return rl::make_ppo_learner(*environment_, config.network, config.ppo);
  }
  std::unique_ptr<rl::Learner> dqn(rl::DqnConfig config) {
    config.n_envs = 1;
    config.buffer_size = 1000;
    environment_ =
        std::make_unique<env::TradingEnv>(market_.market, market_.split.train, config_.env, config.n_envs);
    return rl::make_dqn_learner(*environment_, config);
  }
  std::string fault_of(rl::Learner& learner, const TrainStart& start, const Config& config,
                       std::string* text = nullptr) {
    try {
      (void)begin_training(learner, start, market_, config);
    } catch (const Error& error) {
      if (text != nullptr) *text = error.what();
      return error.code();
    }
    return "no error";
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  const fs::path data_ = folder_ / "SYNTHUSDT_1h.csv";
  Config config_;
  fs::path clone_;
  TrainingMarket market_;
  std::unique_ptr<env::TradingEnv> environment_;
};

TEST_F(TrainStartTest, gives_the_learner_the_weights_of_the_model) {
  const nn::ActorCritic cloned = network_of(nn::read_model_file(clone_));
  const auto learner = ppo(config_);
  EXPECT_EQ(begin_training(*learner, {}, market_, config_), "");
  EXPECT_FALSE(std::ranges::equal(learner->policy().parameters(), cloned.parameters()));
  const std::string same = begin_training(*learner, {.from = clone_}, market_, config_);
  EXPECT_TRUE(std::ranges::equal(learner->policy().parameters(), cloned.parameters()));
  EXPECT_EQ(same.substr(0, 8), "start = ");
  EXPECT_EQ(begin_training(*ppo(config_), {.from = clone_}, market_, config_), same);
}

TEST_F(TrainStartTest, imitates_what_the_cloning_left_as_demonstrations) {
  Config config = config_;
  config.ppo.imitation_weight = 0.5;
  const fs::path actions = folder_ / "clone" / "demonstrations.csv";
  const auto learner = ppo(config);
  const std::string same =
      begin_training(*learner, {.from = clone_, .demonstrations = actions}, market_, config);
  EXPECT_NE(same.find("demonstrations = "), std::string::npos);
  const std::vector<rl::Statistic> told = learner->advance(1000);
  const auto loss =
      std::ranges::find_if(told, [](const rl::Statistic& s) { return s.tag == "train/imitation_loss"; });
  ASSERT_NE(loss, told.end());
  EXPECT_GT(loss->value, 0);
}

TEST_F(TrainStartTest, names_everything_in_which_a_model_differs) {
  Config config = config_;
  config.env.exposures = {0, 0.5, 1};
  config.network.policy_widths = {12, 12};
  config.network.activation = nn::Activation::relu;
  std::string text;
  EXPECT_EQ(fault_of(*ppo(config), {.from = clone_}, config, &text), "train.start_differs");
  for (const char* part : {"behavior_cloning_model.zip", "[-1, 0, 1], here env.exposures is [0, 0.5, 1]",
                           "policy [12], value [12], tanh, here policy [12, 12], value [12], relu"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(fault_of(*ppo(config_), {.from = folder_ / "none.zip"}, config_), "file.missing");
}

TEST_F(TrainStartTest, wants_demonstrations_and_their_weight_together) {
  Config config = config_;
  config.ppo.imitation_weight = 0.5;
  EXPECT_EQ(fault_of(*ppo(config), {}, config), "train.no_demonstrations");
  const fs::path actions = folder_ / "clone" / "demonstrations.csv";
  EXPECT_EQ(fault_of(*ppo(config_), {.demonstrations = actions}, config_), "train.no_demonstrations");
  write_file(folder_ / "late.csv",
             "time,action\n" + format_time(market_.bars.open_time[market_.split.test.begin]) + ",1\n");
  EXPECT_EQ(fault_of(*ppo(config), {.demonstrations = folder_ / "late.csv"}, config),
            "train.no_demonstrations");
}

TEST_F(TrainStartTest, starts_dqn_from_the_same_model_where_its_layers_fit) {
  rl::DqnConfig config;
  std::string text;
  EXPECT_EQ(fault_of(*dqn(config), {.from = clone_}, config_, &text), "train.start_differs");
  EXPECT_NE(text.find("hidden layers"), std::string::npos) << text;
  config.net_arch = {12};
  config.activation = nn::Activation::tanh;
  const auto learner = dqn(config);
  EXPECT_NE(begin_training(*learner, {.from = clone_}, market_, config_), "");
  const nn::ActorCritic cloned = network_of(nn::read_model_file(clone_)), started = learner->policy();
  EXPECT_TRUE(std::equal(cloned.parameters().begin(),
                         cloned.parameters().begin() + static_cast<std::ptrdiff_t>(cloned.policy_end()),
                         started.parameters().begin()));
  EXPECT_EQ(fault_of(*dqn(config), {.demonstrations = folder_ / "clone" / "demonstrations.csv"}, config_),
            "train.no_demonstrations");
}

}  // namespace
}  // namespace stevie::app
