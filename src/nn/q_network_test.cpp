#include "nn/q_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/random.h"
#include "core/testing.h"
#include "nn/adam.h"
#include "nn/model_file.h"
#include "nn/reference.h"
#include "nn/simd.h"

namespace stevie::nn {
namespace {

struct QCase {
  QNetworkConfig config;
  std::size_t batch;
};

class QNetworkTest : public ::testing::TestWithParam<QCase> {
 protected:
  void SetUp() override {
    network_.initialise_uniform(7);
    RandomStream random(3, 0);
    for (float& value : observations_) value = static_cast<float>(random.normal());
    for (std::size_t a = 0; a < config().action_count; ++a) {
      for (std::size_t b = 0; b < batch(); ++b)
        workspace_.q_gradients[a * workspace_.batch_stride + b] = static_cast<float>(random.normal());
    }
  }
  const QNetworkConfig& config() const { return GetParam().config; }
  std::size_t batch() const { return GetParam().batch; }
  double q(std::size_t row, std::size_t action) const {
    return workspace_.q_values[action * workspace_.batch_stride + row];
  }
  /// What the gradients are of: sum over rows and actions of slope * Q.
  double weighted_sum(const QNetwork& network, const std::vector<float>& slopes) const {
    QWorkspace workspace = network.make_workspace(batch());
    network.forward(observations_.data(), config().observation_size, batch(), workspace);
    double sum = 0;
    for (std::size_t a = 0; a < config().action_count; ++a) {
      for (std::size_t b = 0; b < batch(); ++b) {
        const std::size_t at = a * workspace.batch_stride + b;
        sum += double{slopes[at]} * double{workspace.q_values[at]};
      }
    }
    return sum;
  }

  QNetwork network_{config()};
  QWorkspace workspace_ = network_.make_workspace(batch());
  std::vector<float> observations_ = std::vector<float>(batch() * config().observation_size);
};

std::vector<QCase> cases() {
  return {{{104, 3, {64, 64}, Activation::relu, false}, 32},
          {{5, 7, {9, 20}, Activation::tanh, false}, 13},
          {{6, 2, {}, Activation::relu, false}, 3},
          {{7, 4, {17, 8}, Activation::tanh, true}, 21},
          {{104, 3, {64, 64}, Activation::relu, true}, 1}};
}
INSTANTIATE_TEST_SUITE_P(Shapes, QNetworkTest, ::testing::ValuesIn(cases()));

/// Those that a finite step does not take over a kink.
class SmoothQNetworkTest : public QNetworkTest {};
INSTANTIATE_TEST_SUITE_P(Shapes, SmoothQNetworkTest, ::testing::ValuesIn([] {
                           std::vector<QCase> smooth = cases();
                           std::erase_if(smooth, [](const QCase& test) {
                             return test.config.activation == Activation::relu && !test.config.widths.empty();
                           });
                           return smooth;
                         }()));

/// Those that Stable-Baselines3 and the plain network have as well.
class OneHeadQNetworkTest : public QNetworkTest {};
INSTANTIATE_TEST_SUITE_P(Shapes, OneHeadQNetworkTest, ::testing::ValuesIn([] {
                           std::vector<QCase> plain = cases();
                           std::erase_if(plain, [](const QCase& test) { return test.config.dueling; });
                           return plain;
                         }()));

/// The plain network is an actor-critic whose logits are the action values; a dueling one is the sum of both
/// outputs of one with a shared trunk.
TEST_P(QNetworkTest, agrees_with_the_plain_network) {
  network_.forward(observations_.data(), config().observation_size, batch(), workspace_);
  const QNetwork plain = network_.with_one_head();
  const ActorCritic policy = plain.as_policy();
  const std::vector<double> logit_slopes(batch() * config().action_count), value_slopes(batch());
  const ReferencePass pass = reference_pass(policy.config(), policy.to_tensors(policy.parameters()),
                                            observations_, logit_slopes, value_slopes);
  for (std::size_t b = 0; b < batch(); ++b) {
    for (std::size_t a = 0; a < config().action_count; ++a)
      EXPECT_NEAR(q(b, a), pass.logits[b * config().action_count + a], 2e-5);
  }
}

TEST_P(SmoothQNetworkTest, gradients_are_the_slopes) {
  const std::vector<float> slopes(workspace_.q_gradients.begin(), workspace_.q_gradients.end());
  AlignedVector<float> gradients(network_.parameters().size());
  network_.forward(observations_.data(), config().observation_size, batch(), workspace_);
  network_.backward(observations_.data(), config().observation_size, batch(), workspace_, gradients.data());
  RandomStream random(1, 0);
  QNetwork moved = network_;
  // Along random directions, because single numbers are too small for a float's forward pass.
  for (int direction = 0; direction < 8; ++direction) {
    double expected = 0;
    std::vector<float> step(gradients.size());
    for (std::size_t i = 0; i < step.size(); ++i) {
      // Padding stays zero: its parameters are 0 and so are its gradients.
      step[i] = network_.parameters()[i] == 0.0f ? 0.0f : static_cast<float>(random.normal());
      expected += double{step[i]} * double{gradients[i]};
    }
    constexpr float size = 1e-3f;
    double difference = 0;
    for (const float sign : {1.0f, -1.0f}) {
      for (std::size_t i = 0; i < step.size(); ++i)
        moved.parameters()[i] = network_.parameters()[i] + sign * size * step[i];
      difference += double{sign} * weighted_sum(moved, slopes);
    }
    EXPECT_NEAR(difference / (2 * double{size}), expected, 0.01 * std::abs(expected) + 0.02);
  }
}

TEST_P(OneHeadQNetworkTest, gradients_are_those_of_the_plain_network) {
  const ActorCritic policy = network_.as_policy();
  std::vector<double> logit_slopes(batch() * config().action_count), value_slopes(batch());
  for (std::size_t b = 0; b < batch(); ++b) {
    for (std::size_t a = 0; a < config().action_count; ++a)
      logit_slopes[b * config().action_count + a] = workspace_.q_gradients[a * workspace_.batch_stride + b];
  }
  AlignedVector<float> gradients(network_.parameters().size());
  network_.forward(observations_.data(), config().observation_size, batch(), workspace_);
  network_.backward(observations_.data(), config().observation_size, batch(), workspace_, gradients.data());
  const ReferencePass pass = reference_pass(policy.config(), policy.to_tensors(policy.parameters()),
                                            observations_, logit_slopes, value_slopes);
  const std::vector<NamedTensor> ours = network_.to_tensors(gradients);
  // The policy's tensors come in the same order; those of its value stand at the end.
  for (std::size_t t = 0; t < ours.size(); ++t) {
    const std::vector<double>& expected = pass.gradients[t];
    ASSERT_EQ(ours[t].values.size(), expected.size()) << ours[t].name;
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(ours[t].values[i], expected[i], 1e-4 * (1.0 + std::abs(expected[i])));
  }
}

TEST_P(OneHeadQNetworkTest, tensors_go_out_and_come_back) {
  const std::vector<NamedTensor> tensors = network_.to_tensors(network_.parameters());
  EXPECT_EQ(tensors.front().name, "q_net.q_net.0.weight");
  QNetwork other(config());
  other.from_tensors(tensors, other.parameters());
  EXPECT_TRUE(std::ranges::equal(other.parameters(), network_.parameters()));
  std::vector<NamedTensor> renamed = tensors;
  renamed.back().name = "action_net.bias";
  EXPECT_EQ(error_of([&] { other.from_tensors(renamed, other.parameters()); }).code(), "nn.tensor_differs");
}

TEST_P(QNetworkTest, starts_from_a_policy_and_takes_its_actions) {
  const ActorCritic policy = network_.as_policy();
  QNetwork started(config());
  started.initialise_uniform(9);
  started.start_from(policy);
  QWorkspace ours = started.make_workspace(batch());
  started.forward(observations_.data(), config().observation_size, batch(), ours);
  network_.forward(observations_.data(), config().observation_size, batch(), workspace_);
  for (std::size_t b = 0; b < batch(); ++b) {
    for (std::size_t a = 1; a < config().action_count; ++a) {
      const double difference = double{ours.q_values[a * ours.batch_stride + b]} - double{ours.q_values[b]};
      EXPECT_NEAR(difference, q(b, a) - q(b, 0), 2e-5);
    }
  }
  NetworkConfig other = policy.config();
  other.observation_size += 1;
  EXPECT_EQ(error_of([&] { started.start_from(ActorCritic(other)); }).code(), "nn.tensor_differs");
}

TEST(QNetwork, starts_within_the_bounds_of_torch) {
  QNetwork network({104, 3, {64, 64}, Activation::relu, false});
  network.initialise_uniform(1);
  const std::vector<NamedTensor> tensors = network.to_tensors(network.parameters());
  const std::vector<double> inputs{104, 104, 64, 64, 64, 64};
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const double bound = 1.0 / std::sqrt(inputs[t]);
    double largest = 0, squares = 0;
    for (const float value : tensors[t].values) {
      largest = std::max(largest, std::abs(double{value}));
      squares += double{value} * double{value};
    }
    EXPECT_LE(largest, bound * 1.0001) << tensors[t].name;
    if (tensors[t].values.size() > 1000) {
      EXPECT_GT(largest, 0.99 * bound);
      EXPECT_NEAR(squares / static_cast<double>(tensors[t].values.size()), bound * bound / 3,
                  0.02 * bound * bound);
    }
  }
}

TEST(QNetwork, of_an_impossible_shape_is_refused) {
  EXPECT_EQ(error_of([] { QNetwork({0, 1, {0}, Activation::relu, false}); }).code(), "nn.bad_architecture");
}

/// Numbers below the smallest normal one cost the processor a hundred cycles each.
TEST(Adam, moments_of_weights_without_gradients_become_zero_and_never_denormal) {
  constexpr std::size_t count = 64;
  Adam adam(count, {});
  AlignedVector<float> weights(count), gradients(count);
  for (std::size_t i = 0; i < count; ++i) gradients[i] = 1e-3f * static_cast<float>(i);
  adam.begin_step(1e-3);
  adam.update_range(weights.data(), gradients.data(), 1.0f, 0, count);
  std::ranges::fill(gradients, 0.0f);
  for (int step = 0; step < 80'000; ++step) {
    adam.begin_step(1e-3);
    adam.update_range(weights.data(), gradients.data(), 1.0f, 0, count);
    for (const std::span<const float> moments : {adam.mean(), adam.square()}) {
      for (const float moment : moments) ASSERT_TRUE(moment == 0.0f || std::isnormal(moment)) << step;
    }
  }
  for (const float moment : adam.mean()) EXPECT_EQ(moment, 0.0f);
  for (const float moment : adam.square()) EXPECT_EQ(moment, 0.0f);
}

/// A model file of a DQN is read as it was written.
TEST(ModelFile, holds_a_dqn_with_its_target_network) {
  QNetwork network({7, 3, {5, 4}, Activation::relu, false}), target(network.config());
  network.initialise_uniform(1);
  target.initialise_uniform(2);
  ModelFile model;
  model.algorithm = "DQN";
  model.observation_size = 7;
  model.action_count = 3;
  model.policy_kwargs = {.policy_widths = {5, 4}, .value_widths = {}, .activation = Activation::relu};
  model.policy = network.to_tensors(network.parameters());
  model.target = target.to_tensors(target.parameters());
  model.optimizer.epsilon = 1e-8;
  model.hyper_parameters_json = R"({"buffer_size": 1000, "exploration_fraction": 0.2})";
  const std::string bytes = model_file_bytes(model);
  EXPECT_EQ(model_file_bytes(model), bytes);
  const ModelFile read = parse_model_file(bytes, "dqn.zip");
  EXPECT_EQ(read.algorithm, "DQN");
  EXPECT_EQ(read.observation_size, 7u);
  EXPECT_EQ(read.action_count, 3u);
  EXPECT_EQ(read.policy_kwargs, model.policy_kwargs);
  EXPECT_EQ(read.policy, model.policy);
  EXPECT_EQ(read.target, model.target);
  EXPECT_EQ(read.optimizer.epsilon, 1e-8);
  ModelFile without_target = model;
  without_target.target.clear();
  EXPECT_EQ(parse_model_file(model_file_bytes(without_target), "dqn.zip").target, model.policy);
  ModelFile shared = model;
  shared.policy_kwargs.shared_trunk = true;
  EXPECT_EQ(error_of([&] { model_file_bytes(shared); }).code(), "model.inconsistent");
  ModelFile other = model;
  other.algorithm = "A2C";
  EXPECT_EQ(error_of([&] { model_file_bytes(other); }).code(), "model.inconsistent");
}

}  // namespace
}  // namespace stevie::nn
