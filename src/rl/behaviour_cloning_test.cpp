#include "rl/behaviour_cloning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "nn/simd.h"
#include "rl/categorical.h"
#include "rl/ppo.h"
#include "rl/rl_testing.h"

namespace stevie::rl {
namespace {

/// An expert who sees which of the first three values is the largest; `mistaken` of its rows show a random
/// action. Action 2 is rare where `rare`.
Demonstrations demonstrations(std::uint64_t seed, std::size_t rows, double mistaken = 0, bool rare = false) {
  Demonstrations made;
  made.observation_size = 6;
  made.action_count = 3;
  RandomStream random(seed, 0);
  while (made.size() < rows) {
    std::vector<float> observation;
    for (int i = 0; i < 6; ++i) observation.push_back(2 * random.uniform_float() - 1);
    if (rare) observation[2] -= 0.8f;
    auto action = static_cast<std::int32_t>(std::max_element(observation.begin(), observation.begin() + 3) -
                                            observation.begin());
    if (random.uniform() < mistaken) action = static_cast<std::int32_t>(random.below(3));
    made.add(observation, action);
  }
  return made;
}

std::vector<std::uint32_t> range(std::uint32_t begin, std::uint32_t end) {
  std::vector<std::uint32_t> rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

nn::NetworkConfig small_network(bool shared_trunk = false) {
  return {6, 3, {{12}, {12}, nn::Activation::tanh, shared_trunk}};
}

CloningConfig quick() {
  CloningConfig config;
  config.learning_rate = 0.01;
  config.batch_size = 64;
  config.max_epochs = 30;
  config.patience = 4;
  config.folds = 4;
  config.purge = 20;
  config.embargo = 5;
  return config;
}

TEST(ImitationLoss, equals_its_formula_and_the_gradient_its_differences) {
  constexpr std::size_t actions = 3, batch = 21;
  const std::size_t stride = nn::simd::round_up(batch);
  RandomStream random(4, 0);
  AlignedVector<float> logits(actions * stride), gradients(actions * stride, 7.0f);
  for (float& logit : logits) logit = static_cast<float>(2 * random.normal());
  AlignedVector<std::int32_t> taken(stride);
  for (std::size_t i = 0; i < batch; ++i) taken[i] = static_cast<std::int32_t>(random.below(actions));
  const std::vector<float> weights{0.5f, 2.0f, 1.25f};
  const auto plain = [&] {
    double sum = 0;
    for (std::size_t b = 0; b < batch; ++b) {
      double total = 0;
      for (std::size_t a = 0; a < actions; ++a) total += std::exp(double{logits[a * stride + b]});
      const auto wanted = static_cast<std::size_t>(taken[b]);
      sum -= double{weights[wanted]} * (double{logits[wanted * stride + b]} - std::log(total));
    }
    return sum;
  };
  constexpr float scale = 0.25f;
  const double loss = imitation_loss({logits.data(), stride, actions, batch}, taken.data(), weights.data(),
                                     scale, gradients.data());
  EXPECT_NEAR(loss, plain(), 1e-4);
  for (std::size_t a = 0; a < actions; ++a) {
    for (std::size_t b = 0; b < stride; ++b) {
      if (b >= batch) {
        EXPECT_EQ(gradients[a * stride + b], 0.0f);
        continue;
      }
      constexpr float step = 1e-2f;
      float& logit = logits[a * stride + b];
      const float before = logit;
      logit = before + step;
      const double above = plain();
      logit = before - step;
      const double below = plain();
      logit = before;
      EXPECT_NEAR(gradients[a * stride + b], scale * (above - below) / (2 * step), 1e-4);
    }
  }
}

TEST(ClassWeights, make_rare_actions_count_more) {
  Demonstrations shown;
  shown.observation_size = 1;
  shown.action_count = 3;
  const float zero = 0;
  for (int i = 0; i < 8; ++i) shown.add({&zero, 1}, 0);
  for (int i = 0; i < 2; ++i) shown.add({&zero, 1}, 1);
  const auto rows = range(0, 10);
  EXPECT_EQ(class_weights(ClassWeights::none, {shown, rows}), (std::vector<float>{1, 1, 0}));
  EXPECT_EQ(class_weights(ClassWeights::balanced, {shown, rows}), (std::vector<float>{0.625f, 2.5f, 0}));
  const auto root = class_weights(ClassWeights::root, {shown, rows});
  EXPECT_FLOAT_EQ(root[0], std::sqrt(0.625f));
  EXPECT_FLOAT_EQ(root[1], std::sqrt(2.5f));
}

TEST(JensenShannon, is_zero_for_the_same_and_one_for_nothing_in_common) {
  const std::vector<double> a{0.5, 0.5, 0}, b{0, 0, 1}, c{0.25, 0.25, 0.5};
  EXPECT_EQ(jensen_shannon_bits(a, a), 0);
  EXPECT_NEAR(jensen_shannon_bits(a, b), 1, 1e-12);
  EXPECT_NEAR(jensen_shannon_bits(a, c), jensen_shannon_bits(c, a), 1e-15);
  // H(3/8, 3/8, 1/4) - (H(1/2, 1/2) + H(1/4, 1/4, 1/2)) / 2, in bits.
  EXPECT_NEAR(jensen_shannon_bits(a, c), 1.5612781244591328 - (1.0 + 1.5) / 2, 1e-12);
}

TEST(Imitation, tells_changes_from_repetitions) {
  Demonstrations shown;
  shown.observation_size = 6;
  shown.action_count = 3;
  const std::vector<float> observation(6, 1.0f);
  for (const std::int32_t action : {1, 1, 1, 2, 2, 0, 1}) shown.add(observation, action);
  nn::ActorCritic network({6, 3, {{}, {}, nn::Activation::tanh, false}});
  std::vector<nn::NamedTensor> tensors = network.to_tensors(network.parameters());
  for (nn::NamedTensor& tensor : tensors) {
    if (tensor.name == "action_net.bias") tensor.values = {0, 1, 0.5f};  // always action 1
  }
  network.from_tensors(tensors, network.parameters());
  const std::vector<float> weights(3, 1.0f);
  const auto rows = range(0, 7), middle = range(3, 7);
  const Imitation all = measure_imitation(network, {shown, rows}, weights);
  EXPECT_DOUBLE_EQ(all.accuracy, 4.0 / 7);
  EXPECT_DOUBLE_EQ(all.majority_accuracy, 4.0 / 7);
  EXPECT_DOUBLE_EQ(all.repeat_accuracy, 3.0 / 7);
  EXPECT_EQ(all.changes, 3u);
  EXPECT_DOUBLE_EQ(all.change_accuracy, 1.0 / 3);
  EXPECT_EQ(measure_imitation(network, {shown, middle}, weights).changes, 3u) << "the row before is known";
}

class Cloning : public ::testing::TestWithParam<bool> {};  // whether the trunk is shared

TEST_P(Cloning, learns_what_the_expert_sees) {
  const Demonstrations shown = demonstrations(1, 3000);
  nn::ActorCritic network(small_network(GetParam()));
  network.initialise_orthogonal(1);
  const std::vector<float> before(network.parameters().begin(), network.parameters().end());
  const auto train = range(0, 2400), held = range(2400, 3000);
  const CloningFit fit = clone_policy(network, {shown, train}, {shown, held}, quick());
  EXPECT_GT(fit.validation.accuracy, 0.9);
  EXPECT_LT(fit.validation.majority_accuracy, 0.5);
  EXPECT_LT(fit.validation.divergence, 0.01);
  EXPECT_EQ(std::accumulate(fit.validation.confusion.begin(), fit.validation.confusion.end(), 0u), 600u);
  EXPECT_TRUE(std::equal(before.begin() + static_cast<std::ptrdiff_t>(network.policy_end()), before.end(),
                         network.parameters().begin() + static_cast<std::ptrdiff_t>(network.policy_end())))
      << "the value was changed";
}

TEST_P(Cloning, keeps_the_weights_of_the_best_epoch) {
  const Demonstrations shown = demonstrations(2, 400, 0.4);
  nn::ActorCritic network(small_network(GetParam()));
  network.initialise_orthogonal(1);
  CloningConfig config = quick();
  config.learning_rate = 0.05;  // learns the noise by heart soon
  config.max_epochs = 60;
  const auto train = range(0, 300), held = range(300, 400);
  std::vector<AlignedVector<float>> weights;
  const CloningFit fit =
      clone_policy(network, {shown, train}, {shown, held}, config, [&](std::size_t, const CloningEpoch&) {
        weights.emplace_back(network.parameters().begin(), network.parameters().end());
      });
  ASSERT_TRUE(fit.stopped_early);
  EXPECT_EQ(fit.epochs.size(), fit.best_epoch + config.patience);
  for (const CloningEpoch& epoch : fit.epochs)
    EXPECT_GE(epoch.validation_loss, fit.epochs[fit.best_epoch - 1].validation_loss);
  EXPECT_EQ(fit.validation.loss, fit.epochs[fit.best_epoch - 1].validation_loss);
  EXPECT_TRUE(std::ranges::equal(weights[fit.best_epoch - 1], network.parameters()));
  EXPECT_EQ(measure_imitation(network, {shown, held}, fit.weights).loss, fit.validation.loss);
}

INSTANTIATE_TEST_SUITE_P(Trunk, Cloning, ::testing::Bool());

TEST(CloningWeights, let_a_rare_action_be_recognised_more_often) {
  const Demonstrations shown = demonstrations(3, 3000, 0.3, true);
  const auto train = range(0, 2400), held = range(2400, 3000);
  const auto recognised = [&](ClassWeights kind) {
    nn::ActorCritic network(small_network());
    network.initialise_orthogonal(1);
    CloningConfig config = quick();
    config.class_weights = kind;
    const CloningFit fit = clone_policy(network, {shown, train}, {shown, held}, config);
    const std::vector<std::size_t>& seen = fit.validation.confusion;
    const double recognised_share =
        static_cast<double>(seen[8]) / static_cast<double>(seen[6] + seen[7] + seen[8]);
    return std::pair{recognised_share, fit.validation.policy_shares[2]};
  };
  const auto plain = recognised(ClassWeights::none), balanced = recognised(ClassWeights::balanced);
  EXPECT_GT(balanced.first, plain.first);
  EXPECT_GT(balanced.second, plain.second);
}

TEST(CrossValidation, tests_every_row_once_and_gives_the_same_bytes_for_any_threads) {
  const Demonstrations shown = demonstrations(5, 1003, 0.2);
  CloningConfig config = quick();
  config.max_epochs = 5;
  const auto one = cross_validate_cloning(small_network(), shown, config);
  config.threads = 3;
  const auto three = cross_validate_cloning(small_network(), shown, config);
  ASSERT_EQ(one.size(), 4u);
  std::size_t tested = 0;
  for (std::size_t fold = 0; fold < one.size(); ++fold) {
    tested += one[fold].validation.rows;
    ASSERT_EQ(one[fold].epochs.size(), three[fold].epochs.size());
    for (std::size_t i = 0; i < one[fold].epochs.size(); ++i) {
      EXPECT_EQ(one[fold].epochs[i].train_loss, three[fold].epochs[i].train_loss);
      EXPECT_EQ(one[fold].epochs[i].validation_loss, three[fold].epochs[i].validation_loss);
    }
    EXPECT_EQ(one[fold].validation.confusion, three[fold].validation.confusion);
  }
  EXPECT_EQ(tested, 1003u);
  config.seed = 9;
  EXPECT_NE(cross_validate_cloning(small_network(), shown, config)[0].epochs[0].train_loss,
            one[0].epochs[0].train_loss);
  config.folds = 0;
  EXPECT_TRUE(cross_validate_cloning(small_network(), shown, config).empty());
}

template <class Work>
std::string fault_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_GT(error.message().size(), 20u);
    return error.code();
  }
  return "no error";
}

TEST(Cloning, refuses_what_cannot_be_learnt_from) {
  const Demonstrations shown = demonstrations(6, 50);
  const auto rows = range(0, 40), held = range(40, 50);
  nn::ActorCritic other({5, 3, {}});
  EXPECT_EQ(fault_of([&] { clone_policy(other, {shown, rows}, {shown, held}, quick()); }), "rl.env_differs");
  nn::ActorCritic network(small_network());
  EXPECT_EQ(fault_of([&] {
              clone_policy(network, {shown, rows}, {shown, {}}, quick());
            }),
            "cloning.bad_demonstrations");
  Demonstrations bad = shown;
  bad.actions[3] = 3;
  EXPECT_EQ(fault_of([&] { bad.validate(); }), "cloning.bad_demonstrations");
  bad = shown;
  bad.observations[8] = NAN;
  EXPECT_EQ(fault_of([&] { bad.validate(); }), "cloning.bad_demonstrations");
  bad = shown;
  bad.observations.pop_back();
  EXPECT_EQ(fault_of([&] { bad.validate(); }), "cloning.bad_demonstrations");
  EXPECT_EQ(fault_of([&] { Demonstrations{}.validate(); }), "cloning.bad_demonstrations");
  CloningConfig config = quick();
  config.purge = 40;
  EXPECT_EQ(fault_of([&] { cross_validate_cloning(small_network(), shown, config); }),
            "cloning.short_demonstrations");
}

TEST(CloningConfig, names_all_faults_together) {
  CloningConfig config;
  config.learning_rate = 0;
  config.batch_size = 1;
  config.folds = 1;
  try {
    validate(config);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "config.faults");
    for (const char* key : {"cloning.learning_rate", "cloning.batch_size", "cloning.folds"})
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << key;
  }
}

// --- PPO from a clone ---

using testing::ToyEnv;

testing::ToyConfig toy() {
  testing::ToyConfig config;
  config.observation_size = 6;
  return config;
}

PpoConfig from_clone() {
  PpoConfig config;
  config.n_envs = 4;
  config.n_steps = 16;
  config.batch_size = 16;
  config.n_epochs = 2;
  config.learning_rate = 1e-2;
  return config;
}

/// What the toy environment pays for: the action that the observation shows.
std::shared_ptr<Demonstrations> toy_demonstrations() {
  auto shown = std::make_shared<Demonstrations>();
  shown->observation_size = 6;
  shown->action_count = 3;
  for (std::int32_t i = 0; i < 300; ++i) {
    std::vector<float> observation(6, 0.0f);
    observation[static_cast<std::size_t>(i % 3)] = 1;
    shown->add(observation, i % 3);
  }
  return shown;
}

class PpoFromClone : public ::testing::TestWithParam<bool> {};

TEST_P(PpoFromClone, keeps_the_policy_during_the_warm_up_and_learns_the_value) {
  ToyEnv environment(toy(), 4);
  nn::ActorCritic trained(small_network(GetParam()));
  trained.initialise_orthogonal(77);
  PpoConfig config = from_clone();
  config.warmup_steps = 100;  // the rollouts of 64 that begin before it: two
  Ppo ppo(environment, small_network(GetParam()), config);
  ppo.start_from(trained);
  const auto same_policy = [&] {
    const auto end = static_cast<std::ptrdiff_t>(trained.policy_end());
    return std::equal(trained.parameters().begin(), trained.parameters().begin() + end,
                      ppo.network().parameters().begin());
  };
  for (int update = 1; update <= 2; ++update) {
    const UpdateStats stats = ppo.iterate(1000);
    EXPECT_TRUE(stats.policy_frozen);
    EXPECT_TRUE(same_policy());
    EXPECT_FALSE(std::ranges::equal(trained.parameters(), ppo.network().parameters()));
  }
  EXPECT_FALSE(ppo.iterate(1000).policy_frozen);
  EXPECT_FALSE(same_policy());
  EXPECT_EQ(ppo.optimizer().steps(), 2u * 4u) << "Adam begins anew with the policy";
}

TEST_P(PpoFromClone, the_imitation_term_teaches_what_was_shown_and_decays) {
  testing::ToyConfig unpaid = toy();
  unpaid.contexts = false;  // every action pays the same: the reward teaches nothing
  ToyEnv environment(unpaid, 4);
  PpoConfig config = from_clone();
  config.imitation_weight = 2;
  config.imitation_decay_steps = 640;
  Ppo ppo(environment, small_network(GetParam()), config);
  const auto shown = toy_demonstrations();
  ppo.imitate(shown);
  double before = 10;
  for (int update = 0; update < 10; ++update) {
    const UpdateStats stats = ppo.iterate(1000);
    EXPECT_NEAR(stats.imitation_weight, 2.0 * (1 - update / 10.0), 1e-12);
    if (update == 0) before = stats.imitation_loss;
  }
  const std::vector<float> weights(3, 1.0f);
  std::vector<std::uint32_t> rows(shown->size());
  std::iota(rows.begin(), rows.end(), 0u);
  const Imitation score = measure_imitation(ppo.network(), {*shown, rows}, weights);
  EXPECT_EQ(score.accuracy, 1.0);
  EXPECT_LT(score.loss, before / 2);
  const UpdateStats after = ppo.iterate(1000);
  EXPECT_EQ(after.imitation_weight, 0);
  EXPECT_EQ(after.imitation_loss, 0);
}

TEST_P(PpoFromClone, gives_the_same_bytes_for_two_threads_and_resumed) {
  const auto run = [&](std::size_t threads, bool resumed) {
    ToyEnv environment(toy(), 4);
    PpoConfig config = from_clone();
    config.threads = threads;
    config.warmup_steps = 64;
    config.imitation_weight = 0.5;
    config.imitation_decay_steps = 10'000;
    nn::ActorCritic trained(small_network(GetParam()));
    trained.initialise_orthogonal(5);
    const auto make = [&](ToyEnv& place) {
      auto ppo = std::make_unique<Ppo>(place, small_network(GetParam()), config);
      ppo->start_from(trained);
      ppo->imitate(toy_demonstrations());
      return ppo;
    };
    auto ppo = make(environment);
    for (int i = 0; i < 2; ++i) ppo->iterate(1000);
    ToyEnv second(toy(), 4);
    if (resumed) {
      auto other = make(second);
      other->load_state(ppo->save_state());
      ppo = std::move(other);
    }
    for (int i = 0; i < 3; ++i) ppo->iterate(1000);
    return ppo->save_state();
  };
  const std::string whole = run(1, false);
  EXPECT_EQ(run(2, false), whole);
  EXPECT_EQ(run(1, true), whole);
}

INSTANTIATE_TEST_SUITE_P(Trunk, PpoFromClone, ::testing::Bool());

TEST(PpoFromClone, refuses_what_does_not_fit) {
  ToyEnv environment(toy(), 4);
  Ppo ppo(environment, small_network(), from_clone());
  const nn::ActorCritic wider({6, 3, {{13}, {12}, nn::Activation::tanh, false}});
  EXPECT_EQ(fault_of([&] { ppo.start_from(wider); }), "rl.network_differs");
  auto shown = toy_demonstrations();
  shown->action_count = 4;
  EXPECT_EQ(fault_of([&] { ppo.imitate(shown); }), "rl.env_differs");
  EXPECT_EQ(fault_of([&] { ppo.imitate(std::make_shared<Demonstrations>()); }), "cloning.bad_demonstrations");
}

}  // namespace
}  // namespace stevie::rl
