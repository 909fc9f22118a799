#include "nn/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "nn/adam.h"
#include "nn/orthogonal.h"
#include "nn/reference.h"
#include "nn/simd.h"

namespace stevie::nn {
namespace {

std::vector<float> normals(std::size_t count, std::uint64_t stream) {
  RandomStream random(11, stream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// A network, a batch and the slopes of a loss at its outputs.
struct Case {
  std::string name;
  NetworkConfig config;
  std::size_t batch;
};

std::vector<Case> cases() {
  const auto make = [](std::string name, std::size_t inputs, std::size_t actions, std::vector<std::size_t> pi,
                       std::vector<std::size_t> vf, Activation activation, bool shared, std::size_t batch) {
    return Case{
        std::move(name), {inputs, actions, {std::move(pi), std::move(vf), activation, shared}}, batch};
  };
  return {make("default", 104, 3, {64, 64}, {64, 64}, Activation::tanh, false, 64),
          make("relu_uneven_widths", 7, 5, {33, 20, 9}, {17}, Activation::relu, false, 13),
          make("tanh_uneven_widths", 5, 21, {40}, {50, 3}, Activation::tanh, false, 1),
          make("shared_trunk", 12, 4, {24, 24}, {24, 24}, Activation::tanh, true, 30),
          make("shared_relu", 12, 2, {16}, {16}, Activation::relu, true, 30),
          make("linear", 10, 3, {}, {}, Activation::tanh, false, 20),
          make("linear_policy_deep_value", 10, 3, {}, {32, 32}, Activation::tanh, false, 20),
          make("wide", 104, 3, {256, 256}, {256, 256}, Activation::tanh, false, 64)};
}

/// Those without relu, of which a finite step may cross a kink; its slope is covered by comparing fast and
/// slow.
std::vector<Case> smooth_cases() {
  std::vector<Case> smooth = cases();
  std::erase_if(smooth,
                [](const Case& test) { return test.config.architecture.activation == Activation::relu; });
  return smooth;
}

class NetworkTest : public testing::TestWithParam<Case> {
 protected:
  /// Network with dense random weights, workspace filled with the batch's loss slopes.
  void SetUp() override {
    const Case& test = GetParam();
    network_ = std::make_unique<ActorCritic>(test.config);
    network_->initialise_orthogonal(3);
    // Larger head weights and random biases, so that no gradient is trivially small.
    std::vector<NamedTensor> tensors = network_->to_tensors(network_->parameters());
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      const std::vector<float> noise = normals(tensors[t].values.size(), 100 + t);
      for (std::size_t i = 0; i < noise.size(); ++i) tensors[t].values[i] += 0.05f * noise[i];
    }
    network_->from_tensors(tensors, network_->parameters());
    observations_ = normals(test.batch * test.config.observation_size, 1);
    workspace_ = network_->make_workspace(test.batch);
    logit_slopes_.resize(test.batch * test.config.action_count);
    value_slopes_.resize(test.batch);
    RandomStream random(5, 0);
    for (std::size_t b = 0; b < test.batch; ++b) {
      for (std::size_t a = 0; a < test.config.action_count; ++a) {
        const auto slope = static_cast<float>(random.normal());
        logit_slopes_[b * test.config.action_count + a] = slope;
        workspace_.logit_gradients[a * workspace_.batch_stride + b] = slope;
      }
      const auto slope = static_cast<float>(random.normal());
      value_slopes_[b] = slope;
      workspace_.value_gradients[b] = slope;
    }
  }
  ReferencePass reference() const {
    return reference_pass(GetParam().config, network_->to_tensors(network_->parameters()), observations_,
                          logit_slopes_, value_slopes_);
  }

  std::unique_ptr<ActorCritic> network_;
  std::vector<float> observations_;
  NetworkWorkspace workspace_;
  std::vector<double> logit_slopes_, value_slopes_;
};
class SmoothNetworkTest : public NetworkTest {};

/// Largest difference relative to the largest magnitude of the reference.
template <class Fast, class Slow>
double relative_difference(const Fast& fast, const Slow& slow) {
  EXPECT_EQ(fast.size(), slow.size());
  double difference = 0, scale = 1e-30;
  for (std::size_t i = 0; i < slow.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(fast[i]) - static_cast<double>(slow[i])));
    scale = std::max(scale, std::abs(static_cast<double>(slow[i])));
  }
  return difference / scale;
}

TEST_P(NetworkTest, FastAndSlowAgree) {
  const Case& test = GetParam();
  network_->forward(observations_.data(), test.config.observation_size, test.batch, workspace_);
  const ReferencePass slow = reference();
  std::vector<float> logits, values;
  for (std::size_t b = 0; b < test.batch; ++b) {
    for (std::size_t a = 0; a < test.config.action_count; ++a) {
      logits.push_back(workspace_.logits[a * workspace_.batch_stride + b]);
    }
    values.push_back(workspace_.values[b]);
  }
  EXPECT_LT(relative_difference(logits, slow.logits), 1e-5);
  EXPECT_LT(relative_difference(values, slow.values), 1e-5);

  AlignedVector<float> gradients(network_->parameters().size());
  network_->backward(observations_.data(), test.config.observation_size, test.batch, workspace_,
                     gradients.data());
  const std::vector<NamedTensor> fast = network_->to_tensors(gradients);
  for (std::size_t t = 0; t < fast.size(); ++t) {
    EXPECT_LT(relative_difference(fast[t].values, slow.gradients[t]), 1e-5) << fast[t].name;
  }
}

TEST_P(SmoothNetworkTest, SlowGradientsMatchFiniteDifferences) {
  const Case& test = GetParam();
  std::vector<NamedTensor> tensors = network_->to_tensors(network_->parameters());
  const ReferencePass slow = reference();
  const auto loss = [&] {
    const ReferencePass pass =
        reference_pass(test.config, tensors, observations_, logit_slopes_, value_slopes_);
    double total = 0;
    for (std::size_t i = 0; i < pass.logits.size(); ++i) total += logit_slopes_[i] * pass.logits[i];
    for (std::size_t i = 0; i < pass.values.size(); ++i) total += value_slopes_[i] * pass.values[i];
    return total;
  };
  RandomStream random(9, 9);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    double scale = 0;
    for (const double g : slow.gradients[t]) scale = std::max(scale, std::abs(g));
    for (int probe = 0; probe < 2; ++probe) {
      const std::size_t i = random.below(tensors[t].values.size());
      const float at = tensors[t].values[i];
      const float up = at + 0.01f, down = at - 0.01f;
      tensors[t].values[i] = up;
      const double loss_up = loss();
      tensors[t].values[i] = down;
      const double loss_down = loss();
      tensors[t].values[i] = at;
      const double slope = (loss_up - loss_down) / (static_cast<double>(up) - static_cast<double>(down));
      EXPECT_NEAR(slope, slow.gradients[t][i], 1e-3 * scale) << tensors[t].name << " [" << i << "]";
    }
  }
}

TEST_P(NetworkTest, ARowDoesNotDependOnItsBatch) {
  const Case& test = GetParam();
  const std::size_t inputs = test.config.observation_size;
  network_->forward(observations_.data(), inputs, test.batch, workspace_);
  NetworkWorkspace single = network_->make_workspace(1);
  for (std::size_t b = 0; b < test.batch; ++b) {
    network_->forward(observations_.data() + b * inputs, inputs, 1, single);
    EXPECT_EQ(single.values[0], workspace_.values[b]);
    for (std::size_t a = 0; a < test.config.action_count; ++a) {
      EXPECT_EQ(single.logits[a * single.batch_stride], workspace_.logits[a * workspace_.batch_stride + b]);
    }
  }
}

TEST_P(NetworkTest, TensorsGoOutAndIn) {
  const std::vector<NamedTensor> tensors = network_->to_tensors(network_->parameters());
  ActorCritic copy(GetParam().config);
  copy.from_tensors(tensors, copy.parameters());
  EXPECT_TRUE(std::equal(copy.parameters().begin(), copy.parameters().end(), network_->parameters().begin()));
  std::vector<NamedTensor> wrong = tensors;
  wrong[0].name = "other";
  EXPECT_THROW(copy.from_tensors(wrong, copy.parameters()), Error);
}

INSTANTIATE_TEST_SUITE_P(Shapes, NetworkTest, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(Shapes, SmoothNetworkTest, testing::ValuesIn(smooth_cases()),
                         [](const auto& test) { return test.param.name; });

TEST(Network, RefusesImpossibleShapesWithEveryFault) {
  try {
    ActorCritic network({0, 1, {{0}, {64}, Activation::tanh, true}});
    FAIL() << "an impossible network was built";
  } catch (const Error& error) {
    const std::string text = error.what();
    for (const char* part : {"observation is empty", "two actions", "0 units", "shared trunk"}) {
      EXPECT_NE(text.find(part), std::string::npos) << part;
    }
  }
}

TEST(Orthogonal, ShorterSideIsOrthonormalTimesGain) {
  for (const auto& [rows, columns] : {std::pair{5ul, 9ul}, std::pair{9ul, 5ul}, std::pair{6ul, 6ul}}) {
    const std::vector<float> w = orthogonal_matrix(rows, columns, 2.0f, 1, 0);
    const std::size_t shorter = std::min(rows, columns), longer = std::max(rows, columns);
    for (std::size_t a = 0; a < shorter; ++a) {
      for (std::size_t b = 0; b < shorter; ++b) {
        double dot = 0;
        for (std::size_t i = 0; i < longer; ++i) {
          dot += rows < columns ? w[a * columns + i] * w[b * columns + i]
                                : w[i * columns + a] * w[i * columns + b];
        }
        EXPECT_NEAR(dot, a == b ? 4.0 : 0.0, 1e-5);
      }
    }
  }
}

TEST(Simd, FunctionsAgreeWithTheLibrary) {
  for (int i = -9000; i <= 9000; ++i) {
    const float x = static_cast<float>(i) * 0.01f;
    const double tanh_expected = std::tanh(static_cast<double>(x));
    EXPECT_NEAR(simd::tanh(simd::splat(x))[0], tanh_expected, 4e-7 * std::abs(tanh_expected)) << x;
    if (std::abs(x) < 87) {
      const double expected = std::exp(static_cast<double>(x));
      EXPECT_NEAR(simd::exp(simd::splat(x))[0], expected, 2e-7 * expected) << x;
    }
    const float y = std::exp(x * 0.9f);
    const double log_expected = std::log(static_cast<double>(y));
    EXPECT_NEAR(simd::log(simd::splat(y))[0], log_expected, 3e-7 * std::max(1.0, std::abs(log_expected)))
        << y;
    const double root_expected = std::sqrt(std::max(1e-30, static_cast<double>(y)));
    EXPECT_NEAR(simd::square_root(simd::splat(y))[0], root_expected, 3e-7 * root_expected) << y;
    EXPECT_NEAR(simd::reciprocal(simd::splat(y))[0], 1.0 / y, 3e-7 / y);
  }
}

TEST(Adam, FollowsTheFormulaAndLeavesPaddingAlone) {
  constexpr std::size_t size = 2 * simd::lanes;
  AlignedVector<float> parameters(size), gradients(size);
  std::vector<double> expected(size), mean(size), square(size);
  Adam adam(size, {});
  for (std::size_t i = 0; i < size / 2; ++i) expected[i] = parameters[i] = static_cast<float>(i) * 0.1f;
  for (int step = 1; step <= 50; ++step) {
    const std::vector<float> noise = normals(size / 2, static_cast<std::uint64_t>(step));
    std::copy(noise.begin(), noise.end(), gradients.begin());
    adam.begin_step(1e-3);
    adam.update_range(parameters.data(), gradients.data(), 0.5f, 0, size);
    for (std::size_t i = 0; i < size / 2; ++i) {
      const double g = 0.5 * noise[i];
      mean[i] = 0.9 * mean[i] + 0.1 * g;
      square[i] = 0.999 * square[i] + 0.001 * g * g;
      expected[i] -= 1e-3 * (mean[i] / (1 - std::pow(0.9, step))) /
                     (std::sqrt(square[i] / (1 - std::pow(0.999, step))) + 1e-5);
    }
  }
  for (std::size_t i = 0; i < size / 2; ++i) EXPECT_NEAR(parameters[i], expected[i], 2e-6);
  for (std::size_t i = size / 2; i < size; ++i) EXPECT_EQ(parameters[i], 0.0f);
}

}  // namespace
}  // namespace stevie::nn
