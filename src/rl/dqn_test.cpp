#include "rl/dqn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/testing.h"
#include "env/known_optimum.h"
#include "nn/q_network.h"
#include "rl/learner.h"
#include "rl/rl_testing.h"
#include "rl/td_loss.h"

namespace stevie::rl {
namespace {

using testing::ToyConfig;
using testing::ToyEnv;

/// Three lanes and a small buffer that goes round many times.
DqnConfig odd_config() {
  DqnConfig config;
  config.n_envs = 3;
  config.buffer_size = 200;
  config.learning_starts = 20;
  config.batch_size = 13;
  config.train_freq = 2;
  config.target_update_interval = 30;
  config.learning_rate = 1e-3;
  config.net_arch = {9, 6};
  config.log_interval = 100;
  config.seed = 3;
  return config;
}

DqnConfig with_all_options() {
  DqnConfig config = odd_config();
  config.double_q = true;
  config.dueling = true;
  config.prioritized_replay = true;
  config.n_steps = 3;
  config.tau = 0.5;
  config.gradient_steps = -1;
  config.learning_rate_schedule = Schedule::linear;
  config.activation = nn::Activation::tanh;
  return config;
}

ToyConfig odd_episodes() {
  ToyConfig config;
  config.episode_length = 3;
  config.length_spread = 5;
  config.terminate_every = 2;
  return config;
}

/// An environment and the training on it.
struct Trainer {
  Trainer(const ToyConfig& toy, const DqnConfig& config)
      : environment(toy, config.n_envs), dqn(environment, config) {}
  void iterate(std::size_t count, std::uint64_t total_timesteps = 2'000) {
    for (std::size_t i = 0; i < count; ++i) stats = dqn.iterate(total_timesteps);
  }
  ToyEnv environment;
  Dqn dqn;
  DqnStats stats;
};

class DqnBytes : public ::testing::TestWithParam<bool> {  // with all options
 protected:
  static DqnConfig config() { return GetParam() ? with_all_options() : odd_config(); }
};
INSTANTIATE_TEST_SUITE_P(Options, DqnBytes, ::testing::Bool());

TEST_P(DqnBytes, do_not_depend_on_the_number_of_threads) {
  for (const std::size_t lanes : {1u, 2u, 5u}) {
    DqnConfig one_thread = config();
    one_thread.n_envs = lanes;
    Trainer one(odd_episodes(), one_thread);
    DqnConfig two_threads = one_thread;
    two_threads.threads = 2;
    Trainer two(odd_episodes(), two_threads);
    for (int i = 0; i < 4; ++i) {
      one.iterate(1);
      two.iterate(1);
      ASSERT_EQ(one.dqn.save_state(), two.dqn.save_state()) << lanes << " lanes, iteration " << i;
      EXPECT_EQ(one.stats.loss, two.stats.loss);
    }
    EXPECT_GT(one.stats.n_updates, 10u);
  }
}

TEST_P(DqnBytes, are_the_same_in_one_go_and_resumed) {
  for (const std::size_t before : {0u, 1u, 5u}) {
    constexpr std::size_t in_all = 8;
    Trainer whole(odd_episodes(), config());
    whole.iterate(in_all);
    Trainer first(odd_episodes(), config());
    first.iterate(before);
    Trainer second(odd_episodes(), config());
    second.iterate(2);  // whatever it did before must leave no trace
    second.dqn.load_state(first.dqn.save_state());
    EXPECT_EQ(second.dqn.save_state(), first.dqn.save_state());
    second.iterate(in_all - before);
    EXPECT_EQ(second.dqn.save_state(), whole.dqn.save_state()) << "after " << before;
    EXPECT_EQ(second.stats.loss, whole.stats.loss);
    EXPECT_EQ(second.stats.exploration_rate, whole.stats.exploration_rate);
  }
}

TEST_P(DqnBytes, of_a_damaged_state_or_another_configuration_are_refused) {
  Trainer trainer(odd_episodes(), config());
  trainer.iterate(2);
  const std::string state = trainer.dqn.save_state();
  Trainer target(odd_episodes(), config());
  const auto code_of = [](Dqn& dqn, std::string_view bytes) {
    return error_of([&] { dqn.load_state(bytes); }).code();
  };
  for (std::size_t length = 0; length < state.size(); length += 97)
    ASSERT_EQ(code_of(target.dqn, std::string_view(state).substr(0, length)), "bytes.damaged") << length;
  EXPECT_EQ(code_of(target.dqn, state + "x"), "bytes.damaged");
  EXPECT_EQ(code_of(target.dqn, std::string(state.size(), '\xff')), "bytes.damaged");
  target.dqn.load_state(state);
  EXPECT_EQ(target.dqn.save_state(), state);
  DqnConfig other = config();
  other.n_envs = 4;
  Trainer more_lanes(odd_episodes(), other);
  EXPECT_EQ(code_of(more_lanes.dqn, state), "bytes.damaged");
}

TEST(Dqn, steps_updates_and_targets_come_when_they_are_due) {
  DqnConfig config = odd_config();
  Trainer trainer(odd_episodes(), config);
  const auto equal = [&] {
    return std::ranges::equal(trainer.dqn.network().parameters(), trainer.dqn.target().parameters());
  };
  // Updates come after every 2 steps of 3 lanes once more than 20 steps are done: 24, 30, ...
  trainer.iterate(1);
  EXPECT_EQ(trainer.dqn.timesteps(), 102u);  // the first multiple of 6 from 100 on
  EXPECT_EQ(trainer.stats.n_updates, (102u - 24) / 6 + 1);
  EXPECT_FALSE(equal());
  for (std::uint64_t i = 0; i < 6; ++i) trainer.dqn.step(2'000);
  EXPECT_EQ(trainer.dqn.timesteps(), 120u);
  EXPECT_TRUE(equal());  // a multiple of 30
  EXPECT_EQ(trainer.dqn.replay().steps(), 120u);
  trainer.iterate(40);
  EXPECT_EQ(trainer.dqn.timesteps(), 2'004u);  // as many as were wanted, up to whole rounds
}

TEST(Dqn, exploration_falls_as_stable_baselines3_lets_it) {
  DqnConfig config;
  EXPECT_DOUBLE_EQ(config.exploration_rate(0, 1000), 1.0);
  EXPECT_DOUBLE_EQ(config.exploration_rate(50, 1000), 1.0 - 0.5 * 0.95);
  EXPECT_DOUBLE_EQ(config.exploration_rate(100, 1000), 0.05);
  EXPECT_DOUBLE_EQ(config.exploration_rate(5000, 1000), 0.05);
  config.exploration_fraction = 0;
  EXPECT_DOUBLE_EQ(config.exploration_rate(0, 1000), 0.05);
}

TEST(Dqn, refuses_what_does_not_fit_together) {
  ToyEnv environment({}, 2);
  DqnConfig config = odd_config();
  EXPECT_EQ(error_of([&] { Dqn(environment, config); }).code(), "rl.env_differs");
  config.n_envs = 2;
  EXPECT_NO_THROW(Dqn(environment, config));
  config.gamma = 2;
  config.gradient_steps = 0;
  const Error faults = error_of([&] { Dqn(environment, config); });
  EXPECT_EQ(faults.code(), "config.faults");
  for (const char* key : {"dqn.gamma", "dqn.gradient_steps"})
    EXPECT_NE(std::string(faults.what()).find(key), std::string::npos) << faults.what();
}

TEST(Dqn, refuses_a_replay_buffer_larger_than_the_memory) {
  ToyEnv environment({}, 1);
  DqnConfig config;
  config.buffer_size = 100'000'000'000;
  const Error error = error_of([&] { Dqn(environment, config, 1'000'000'000); });
  EXPECT_EQ(error.code(), "rl.replay_too_large");
  EXPECT_EQ(error.place(), "dqn.buffer_size");
  config.buffer_size = 1000;
  const std::uint64_t bytes = replay_bytes(environment, config);
  EXPECT_EQ(bytes, 1001u * (12 + 5 * 4));
  EXPECT_EQ(error_of([&] { Dqn(environment, config, bytes - 1); }).code(), "rl.replay_too_large");
  EXPECT_NO_THROW(Dqn(environment, config, bytes));
  config.prioritized_replay = true;
  EXPECT_EQ(replay_bytes(environment, config), bytes + 2 * 1024 * 8);
}

/// Loss and gradients by the formula, one row after the other.
TEST(TdLoss, is_the_mean_of_weighted_smooth_errors) {
  constexpr std::size_t rows = 21, actions = 4, stride = 32;
  RandomStream random(2, 0);
  std::vector<float> q(actions * stride), slopes(actions * stride, 7.0f), targets(rows), weights(rows),
      errors(rows);
  std::vector<std::int32_t> chosen(rows);
  for (float& value : q) value = static_cast<float>(2.0 * random.normal());
  for (std::size_t b = 0; b < rows; ++b) {
    chosen[b] = static_cast<std::int32_t>(random.below(actions));
    targets[b] = static_cast<float>(random.normal());
    weights[b] = random.uniform_float();
  }
  for (const bool weighted : {false, true}) {
    const double loss = td_loss({q.data(), stride, actions, rows},
                                {chosen.data(), targets.data(), weighted ? weights.data() : nullptr},
                                slopes.data(), errors.data());
    const auto loss_with = [&](std::size_t moved, double by) {
      double sum = 0;
      for (std::size_t b = 0; b < rows; ++b) {
        const std::size_t at = static_cast<std::size_t>(chosen[b]) * stride + b;
        const double d = double{q[at]} + (at == moved ? by : 0.0) - targets[b];
        sum += (weighted ? double{weights[b]} : 1.0) * (std::abs(d) < 1 ? 0.5 * d * d : std::abs(d) - 0.5);
        EXPECT_NEAR(errors[b], std::abs(double{q[at]} - targets[b]), 1e-6);
      }
      return sum / rows;
    };
    EXPECT_NEAR(loss, loss_with(0, 0.0), 1e-6);
    for (std::size_t a = 0; a < actions; ++a) {
      for (std::size_t b = 0; b < stride; ++b) {
        constexpr double step = 1e-5;
        const std::size_t at = a * stride + b;
        const double slope = b < rows ? (loss_with(at, step) - loss_with(at, -step)) / (2 * step) : 0.0;
        EXPECT_NEAR(slopes[at], slope, 1e-5);
      }
    }
  }
}

/// The value that DQN finds for an environment that pays 1 each step and always looks the same.
double learnt_value(std::uint64_t episode_length, std::uint64_t terminate_every, DqnConfig config) {
  ToyConfig toy;
  toy.contexts = false;
  toy.episode_length = episode_length;
  toy.terminate_every = terminate_every;
  config.n_envs = 2;
  config.buffer_size = 500;
  config.learning_rate = 0.01;
  config.learning_rate_schedule = Schedule::linear;
  config.learning_starts = 10;
  config.target_update_interval = 20;
  config.gamma = 0.9;
  config.net_arch = {16};
  constexpr std::uint64_t steps = 12'000;
  config.log_interval = steps;
  Trainer trainer(toy, config);
  trainer.iterate(1, steps);
  nn::QWorkspace workspace = trainer.dqn.network().make_workspace(1);
  const std::vector<float> ones(toy.observation_size, 1.0f);
  trainer.dqn.network().forward(ones.data(), ones.size(), 1, workspace);
  double best = -1e9;
  for (std::size_t a = 0; a < toy.action_count; ++a)
    best = std::max(best, double{workspace.q_values[a * workspace.batch_stride]});
  return best;
}

TEST(Dqn, a_truncated_episode_is_worth_what_would_have_come) {
  for (const std::size_t n_steps : {1u, 3u}) {
    DqnConfig config;
    config.n_steps = n_steps;
    EXPECT_NEAR(learnt_value(2, 0, config), 10.0, 0.3) << n_steps;
  }
}

TEST(Dqn, a_terminated_episode_is_worth_what_it_paid) {
  EXPECT_NEAR(learnt_value(1, 1, {}), 1.0, 0.02);
  DqnConfig config;
  config.dueling = true;
  config.double_q = true;
  config.prioritized_replay = true;
  EXPECT_NEAR(learnt_value(1, 1, config), 1.0, 0.02);
}

class DqnLearns : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Options, DqnLearns,
                         ::testing::Values("plain", "double", "dueling", "prioritized", "n_step"),
                         [](const auto& option) { return option.param; });

TEST_P(DqnLearns, a_contextual_bandit) {
  DqnConfig config;
  config.double_q = GetParam() == "double";
  config.dueling = GetParam() == "dueling";
  config.prioritized_replay = GetParam() == "prioritized";
  config.n_steps = GetParam() == "n_step" ? 3 : 1;
  config.learning_rate = 2e-3;
  config.target_update_interval = 200;
  config.exploration_final_eps = 0.0;
  config.exploration_fraction = 0.5;
  config.log_interval = 1'000;
  for (const std::uint64_t seed : {1u, 2u}) {
    config.seed = seed;
    Trainer trainer({}, config);
    trainer.iterate(1, 6'000);
    EXPECT_LT(*trainer.dqn.episodes().mean_reward(), 0.75);  // mostly guesses, right one time in three
    trainer.iterate(5, 6'000);
    EXPECT_GT(*trainer.dqn.episodes().mean_reward(), 0.95) << "seed " << seed;
  }
}

/// The market of known optimum that Stable-Baselines3's DQN reaches too (tests/peers).
TEST(Dqn, comes_near_the_optimum_of_a_market_with_a_known_one) {
  env::SignalConfig market;
  market.positions = {-1, 0, 1};
  market.linear_cost = 0.2;
  DqnConfig config;
  config.learning_rate = 1e-3;
  config.gamma = 0.9;
  config.learning_starts = 500;
  config.target_update_interval = 500;
  config.exploration_fraction = 0.3;
  config.net_arch = {32, 32};
  constexpr std::uint64_t steps = 12'000;
  config.log_interval = steps;
  env::SignalEnv environment(market, config.n_envs);
  Dqn dqn(environment, config);
  dqn.iterate(steps);
  nn::QWorkspace workspace = dqn.network().make_workspace(1);
  const double reached = env::signal_policy_reward(market, [&](double signal, double position) {
    std::vector<float> observation(2);
    std::int32_t action = 0;
    environment.observe(signal, position, observation.data());
    dqn.network().forward(observation.data(), 2, 1, workspace);
    greedy_actions({workspace.q_values.data(), workspace.batch_stride, market.positions.size(), 1}, &action);
    return action;
  });
  const double optimum = env::solve_signal_market(market).average_reward;
  EXPECT_GT(reached, 0.98 * optimum);
  EXPECT_LT(reached, 1.0001 * optimum);
}

TEST(Dqn, its_learner_and_its_policy_take_the_same_actions) {
  DqnConfig config = with_all_options();
  ToyEnv environment(odd_episodes(), config.n_envs);
  const auto learner = make_dqn_learner(environment, config);
  const std::vector<Statistic> told = learner->advance(2'000);
  EXPECT_EQ(told.front().tag, "rollout/exploration_rate");
  EXPECT_GT(learner->replay_bytes(), 0u);
  EXPECT_TRUE(learner->sound());
  Dqn dqn(environment, config);
  dqn.load_state(learner->save_state());
  const nn::ActorCritic policy = learner->policy();
  nn::NetworkWorkspace logits = policy.make_workspace(1);
  nn::QWorkspace q = dqn.network().make_workspace(1);
  RandomStream random(4, 0);
  for (int i = 0; i < 50; ++i) {
    std::vector<float> observation(environment.observation_size());
    for (float& value : observation) value = static_cast<float>(random.normal());
    policy.forward_policy(observation.data(), observation.size(), 1, logits);
    dqn.network().forward(observation.data(), observation.size(), 1, q);
    for (std::size_t a = 0; a < environment.action_count(); ++a)
      EXPECT_NEAR(logits.logits[a * logits.batch_stride], q.q_values[a * q.batch_stride], 1e-5);
  }
}

}  // namespace
}  // namespace stevie::rl
