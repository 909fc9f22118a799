#include "rl/ppo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "env/conformance.h"
#include "rl/rl_testing.h"

namespace stevie::rl {
namespace {

using testing::ToyConfig;
using testing::ToyEnv;

/// Five lanes and 65 rows: nothing divides anything, and the last minibatch has a single row.
PpoConfig odd_config() {
  PpoConfig config;
  config.n_envs = 5;
  config.n_steps = 13;
  config.batch_size = 16;
  config.n_epochs = 3;
  config.learning_rate = 1e-3;
  config.ent_coef = 0.01;
  config.seed = 3;
  return config;
}

ToyConfig odd_episodes() {
  ToyConfig config;
  config.episode_length = 3;
  config.length_spread = 5;
  config.terminate_every = 2;
  return config;
}

nn::NetworkConfig small_network(const ToyEnv& environment, bool shared_trunk = false) {
  nn::PolicyKwargs architecture{{9, 6}, {9, 6}, nn::Activation::tanh, shared_trunk};
  if (!shared_trunk) architecture.value_widths = {7};
  return {environment.observation_size(), environment.action_count(), architecture};
}

/// An environment and the training on it.
struct Trainer {
  Trainer(const ToyConfig& toy, const PpoConfig& config, bool shared_trunk = false)
      : environment(toy, config.n_envs), ppo(environment, small_network(environment, shared_trunk), config) {}
  void iterate(std::size_t count, std::uint64_t total_timesteps = 1'000'000) {
    for (std::size_t i = 0; i < count; ++i) stats = ppo.iterate(total_timesteps);
  }
  ToyEnv environment;
  Ppo ppo;
  UpdateStats stats;
};

TEST(ToyEnv, keeps_every_promise_of_an_environment) {
  ToyConfig no_contexts = odd_episodes();
  no_contexts.contexts = false;
  for (const ToyConfig& config : {odd_episodes(), no_contexts}) {
    EXPECT_EQ(env::conformance_violations(
                  [&](std::size_t lanes) { return std::make_unique<ToyEnv>(config, lanes); }),
              std::vector<std::string>{});
  }
}

class PpoBytes : public ::testing::TestWithParam<bool> {};  // whether the trunk is shared

TEST_P(PpoBytes, do_not_depend_on_the_number_of_threads) {
  for (const std::size_t lanes : {1u, 2u, 5u, 17u}) {
    PpoConfig config = odd_config();
    config.n_envs = lanes;
    Trainer one(odd_episodes(), config, GetParam());
    config.threads = 2;
    Trainer two(odd_episodes(), config, GetParam());
    EXPECT_EQ(one.ppo.save_state(), two.ppo.save_state());
    for (int i = 0; i < 4; ++i) {
      one.iterate(1);
      two.iterate(1);
      ASSERT_EQ(one.ppo.save_state(), two.ppo.save_state()) << lanes << " lanes, iteration " << i;
      EXPECT_EQ(one.stats.loss, two.stats.loss);
    }
    EXPECT_TRUE(std::equal(one.ppo.rollout().advantages.begin(), one.ppo.rollout().advantages.end(),
                           two.ppo.rollout().advantages.begin()));
  }
}

TEST_P(PpoBytes, are_the_same_in_one_go_and_resumed) {
  for (const std::size_t before : {0u, 1u, 3u}) {
    constexpr std::size_t in_all = 6;
    Trainer whole(odd_episodes(), odd_config(), GetParam());
    whole.iterate(in_all);
    Trainer first(odd_episodes(), odd_config(), GetParam());
    first.iterate(before);
    Trainer second(odd_episodes(), odd_config(), GetParam());
    second.iterate(2);  // whatever it did before must leave no trace
    second.ppo.load_state(first.ppo.save_state());
    EXPECT_EQ(second.ppo.save_state(), first.ppo.save_state());
    second.iterate(in_all - before);
    EXPECT_EQ(second.ppo.save_state(), whole.ppo.save_state()) << "after " << before;
    EXPECT_EQ(second.stats.loss, whole.stats.loss);
    EXPECT_EQ(second.ppo.timesteps(), in_all * odd_config().rollout_size());
    EXPECT_EQ(second.stats.n_updates, in_all * odd_config().n_epochs);
  }
}

INSTANTIATE_TEST_SUITE_P(Trunk, PpoBytes, ::testing::Bool());

TEST(Ppo, another_seed_gives_another_training) {
  Trainer one(odd_episodes(), odd_config());
  PpoConfig config = odd_config();
  config.seed = 4;
  Trainer other(odd_episodes(), config);
  EXPECT_NE(one.ppo.save_state(), other.ppo.save_state());
}

TEST(Ppo, refuses_damaged_states_and_those_of_another_configuration) {
  Trainer trainer(odd_episodes(), odd_config());
  trainer.iterate(1);
  const std::string state = trainer.ppo.save_state();
  const auto code_of = [](Ppo& ppo, std::string_view bytes) -> std::string {
    try {
      ppo.load_state(bytes);
    } catch (const Error& error) {
      return error.code();
    }
    return "loaded";
  };
  Trainer target(odd_episodes(), odd_config());
  for (std::size_t length = 0; length < state.size(); length += 61) {
    ASSERT_EQ(code_of(target.ppo, std::string_view(state).substr(0, length)), "bytes.damaged") << length;
  }
  EXPECT_EQ(code_of(target.ppo, state + "x"), "bytes.damaged");
  EXPECT_EQ(code_of(target.ppo, std::string(state.size(), '\xff')), "bytes.damaged");
  EXPECT_EQ(code_of(target.ppo, state), "loaded");
  EXPECT_EQ(target.ppo.save_state(), state);

  PpoConfig other_lanes = odd_config();
  other_lanes.n_envs = 4;
  Trainer fewer(odd_episodes(), other_lanes);
  EXPECT_EQ(code_of(fewer.ppo, state), "bytes.damaged");
  Trainer shared(odd_episodes(), odd_config(), true);
  EXPECT_EQ(code_of(shared.ppo, state), "bytes.damaged");
}

TEST(Ppo, refuses_what_does_not_fit_together) {
  ToyEnv environment({}, 5);
  const auto code_of = [&](const nn::NetworkConfig& network, const PpoConfig& config) -> std::string {
    try {
      Ppo ppo(environment, network, config);
    } catch (const Error& error) {
      return error.code();
    }
    return "made";
  };
  const nn::NetworkConfig network = small_network(environment);
  EXPECT_EQ(code_of(network, odd_config()), "made");
  PpoConfig config = odd_config();
  config.n_envs = 6;
  EXPECT_EQ(code_of(network, config), "rl.env_differs");
  nn::NetworkConfig wide = network;
  ++wide.observation_size;
  EXPECT_EQ(code_of(wide, odd_config()), "rl.env_differs");
  nn::NetworkConfig more = network;
  ++more.action_count;
  EXPECT_EQ(code_of(more, odd_config()), "rl.env_differs");
}

TEST(PpoConfig, names_all_faults_together) {
  PpoConfig config;
  config.learning_rate = -1;
  config.gamma = 1.5;
  config.n_envs = 65536;
  config.n_steps = 65536;
  try {
    validate(config);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "config.faults");
    const std::string text = error.what();
    for (const char* key : {"ppo.learning_rate", "ppo.gamma", "ppo.n_steps"})
      EXPECT_NE(text.find(key), std::string::npos) << text;
  }
  EXPECT_NO_THROW(validate(PpoConfig{}));
}

/// The rollout's arrays must be what the network and the environment say, step by step.
TEST(Ppo, the_rollout_holds_what_happened) {
  Trainer trainer(odd_episodes(), odd_config());
  trainer.iterate(2);
  nn::NetworkWorkspace workspace = trainer.ppo.network().make_workspace(1);
  trainer.ppo.collect_rollout();
  RolloutBuffer& rollout = trainer.ppo.rollout();
  const std::size_t actions = trainer.environment.action_count();
  std::size_t ends = 0, paid = 0;
  for (std::size_t row = 0; row < rollout.size(); ++row) {
    const float* observation = rollout.observation(row);
    trainer.ppo.network().forward(observation, rollout.observation_size, 1, workspace);
    double total = 0;
    for (std::size_t a = 0; a < actions; ++a)
      total += std::exp(double{workspace.logits[a * workspace.batch_stride]});
    const auto action = static_cast<std::size_t>(rollout.actions[row]);
    EXPECT_EQ(rollout.values[row], workspace.values[0]);
    EXPECT_NEAR(rollout.log_probabilities[row],
                double{workspace.logits[action * workspace.batch_stride]} - std::log(total), 2e-6);
    ends += rollout.terminated[row] + rollout.truncated[row];
    if (rollout.truncated[row] == 0) {
      EXPECT_EQ(rollout.rewards[row], observation[action]);  // the context is shown one-hot
      paid += rollout.rewards[row] == 1.0f;
    }
  }
  EXPECT_GT(ends, 0u);
  EXPECT_GT(paid, 0u);
}

/// The value that PPO finds for an environment that pays 1 each step and always looks the same.
double learnt_value(std::uint64_t episode_length, std::uint64_t terminate_every, double gamma) {
  ToyConfig toy;
  toy.contexts = false;
  toy.episode_length = episode_length;
  toy.terminate_every = terminate_every;
  PpoConfig config;
  config.n_envs = 3;
  config.n_steps = 30;
  config.batch_size = 30;
  config.n_epochs = 10;
  config.learning_rate = 0.02;
  config.learning_rate_schedule = Schedule::linear;
  config.gamma = gamma;
  config.gae_lambda = 1.0;  // whole returns, so that the fixed point is the mean of the true values
  Trainer trainer(toy, config);
  constexpr std::size_t iterations = 150;
  trainer.iterate(iterations, iterations * config.rollout_size());
  trainer.ppo.collect_rollout();
  const RolloutBuffer& rollout = trainer.ppo.rollout();
  return std::accumulate(rollout.values.begin(), rollout.values.end(), 0.0) /
         static_cast<double>(rollout.values.size());
}

TEST(Ppo, a_truncated_episode_is_worth_what_would_have_come) {
  constexpr double gamma = 0.9;
  const double forever = 1.0 / (1.0 - gamma);
  for (const std::uint64_t length : {1u, 3u})
    EXPECT_NEAR(learnt_value(length, 0, gamma), forever, 0.02 * forever);
}

TEST(Ppo, a_terminated_episode_is_worth_what_it_paid) {
  constexpr double gamma = 0.9;
  EXPECT_NEAR(learnt_value(1, 1, gamma), 1.0, 0.02);
  // Three steps that look alike: the mean of 1, 1 + gamma and 1 + gamma + gamma^2.
  const double three = (3.0 + 2.0 * gamma + gamma * gamma) / 3.0;
  EXPECT_NEAR(learnt_value(3, 1, gamma), three, 0.02 * three);
}

TEST(Ppo, episode_rewards_are_those_of_the_environment_without_the_bootstrap) {
  ToyConfig toy;
  toy.contexts = false;
  toy.episode_length = 4;
  toy.terminate_every = 0;
  Trainer trainer(toy, odd_config());
  EXPECT_FALSE(trainer.ppo.episodes().mean_reward().has_value());
  trainer.iterate(3);
  EXPECT_EQ(trainer.ppo.episodes().mean_reward(), 4.0);
  EXPECT_EQ(trainer.ppo.episodes().mean_length(), 4.0);
  EXPECT_EQ(trainer.ppo.episodes().finished(), 5u * (3 * 13 / 4));
}

TEST(Ppo, target_kl_stops_an_update_before_the_step_that_exceeds_it) {
  PpoConfig config = odd_config();
  config.learning_rate = 0.05;
  Trainer free(odd_episodes(), config);
  free.iterate(1);
  EXPECT_FALSE(free.stats.stopped_early);
  EXPECT_EQ(free.stats.n_updates, config.n_epochs);
  ASSERT_GT(free.stats.approx_kl, 1e-3);

  config.target_kl = 1e-3;
  Trainer bounded(odd_episodes(), config);
  bounded.iterate(1);
  EXPECT_TRUE(bounded.stats.stopped_early);
  EXPECT_LT(bounded.ppo.optimizer().steps(), free.ppo.optimizer().steps());
  const std::uint64_t minibatches = (config.rollout_size() + config.batch_size - 1) / config.batch_size;
  EXPECT_EQ(bounded.stats.n_updates,
            bounded.ppo.optimizer().steps() / minibatches + 1);  // the epoch it stopped in
  EXPECT_GT(bounded.stats.approx_kl, 0.0);
  EXPECT_GT(bounded.ppo.optimizer().steps(), 0u);  // the first minibatch is the old policy: divergence 0

  config.target_kl = 1e3;
  Trainer loose(odd_episodes(), config);
  loose.iterate(1);
  EXPECT_FALSE(loose.stats.stopped_early);
  EXPECT_EQ(loose.ppo.save_state(), free.ppo.save_state());
}

TEST(Ppo, schedules_fall_to_zero_at_the_last_step) {
  PpoConfig config = odd_config();
  config.learning_rate_schedule = Schedule::linear;
  config.clip_range_schedule = Schedule::linear;
  Trainer trainer(odd_episodes(), config);
  constexpr std::size_t iterations = 4;
  const std::uint64_t total = iterations * config.rollout_size();
  for (std::size_t i = 1; i <= iterations; ++i) {
    const std::vector<float> before(trainer.ppo.network().parameters().begin(),
                                    trainer.ppo.network().parameters().end());
    trainer.iterate(1, total);
    const double left = 1.0 - static_cast<double>(i) / iterations;
    EXPECT_DOUBLE_EQ(trainer.stats.learning_rate, left * config.learning_rate);
    EXPECT_DOUBLE_EQ(trainer.stats.clip_range, left * config.clip_range);
    const bool unchanged = std::ranges::equal(before, trainer.ppo.network().parameters());
    EXPECT_EQ(unchanged, i == iterations);
  }
  Trainer constant(odd_episodes(), odd_config());
  constant.iterate(iterations, total);
  EXPECT_EQ(constant.stats.learning_rate, config.learning_rate);
  EXPECT_EQ(constant.stats.clip_range, config.clip_range);
}

class PpoLearns : public ::testing::TestWithParam<bool> {};  // whether the trunk is shared

TEST_P(PpoLearns, a_contextual_bandit) {
  PpoConfig config;
  config.n_envs = 4;
  config.n_steps = 64;
  config.batch_size = 64;
  config.learning_rate = 0.01;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    config.seed = seed;
    Trainer trainer({}, config, GetParam());
    trainer.iterate(1);
    EXPECT_LT(*trainer.ppo.episodes().mean_reward(), 0.6);  // a guess among three is right one time in three
    trainer.iterate(29);
    EXPECT_GT(*trainer.ppo.episodes().mean_reward(), 0.95) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Trunk, PpoLearns, ::testing::Bool());

}  // namespace
}  // namespace stevie::rl
