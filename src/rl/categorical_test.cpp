#include "rl/categorical.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "core/aligned.h"
#include "core/random.h"
#include "nn/simd.h"

namespace stevie::rl {
namespace {

constexpr std::size_t actions = 3;

/// Logits of a batch with everything the losses need, and space for what they write.
struct Batch {
  explicit Batch(std::size_t rows, std::uint64_t seed = 1) : size(rows), stride(nn::simd::round_up(rows)) {
    for (auto* column : {&uniforms, &advantages, &old_log_probabilities, &log_probabilities, &values,
                         &old_values, &returns, &value_gradients}) {
      column->resize(stride);
    }
    chosen.resize(stride);
    logits.resize(actions * stride);
    gradients.resize(actions * stride, 77.0f);
    RandomStream random(seed, 0);
    for (float& logit : logits) logit = static_cast<float>(2.0 * random.normal());
    for (std::size_t b = 0; b < stride; ++b) {
      uniforms[b] = random.uniform_float();
      chosen[b] = static_cast<std::int32_t>(random.below(actions));
      advantages[b] = static_cast<float>(random.normal());
      old_values[b] = static_cast<float>(random.normal());
      values[b] = old_values[b] + static_cast<float>(0.3 * random.normal());
      returns[b] = static_cast<float>(random.normal());
    }
  }
  LogitsView view() const { return {logits.data(), stride, actions, size}; }
  PolicyBatch policy() const { return {chosen.data(), advantages.data(), old_log_probabilities.data()}; }
  double logit(std::size_t action, std::size_t row) const { return logits[action * stride + row]; }

  std::size_t size, stride;
  AlignedVector<float> uniforms, advantages, old_log_probabilities, log_probabilities, values, old_values,
      returns, value_gradients, logits, gradients;
  AlignedVector<std::int32_t> chosen;
};

/// log softmax of one row, in double.
std::vector<double> log_softmax(const std::vector<double>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - largest);
  std::vector<double> result;
  for (const double logit : logits) result.push_back(logit - largest - std::log(sum));
  return result;
}

std::vector<double> row_of(const Batch& batch, std::size_t row) {
  std::vector<double> logits;
  for (std::size_t a = 0; a < actions; ++a) logits.push_back(batch.logit(a, row));
  return logits;
}

TEST(SampleActions, log_probabilities_are_those_of_the_softmax) {
  Batch batch(1000);
  batch.logits[5] = 80.0f;  // far beyond what exp() of a float holds
  batch.logits[6] = -90.0f;
  sample_actions(batch.view(), batch.uniforms.data(), batch.chosen.data(), batch.log_probabilities.data());
  AlignedVector<float> probabilities(actions * batch.stride);
  action_probabilities(batch.view(), probabilities.data());
  for (std::size_t b = 0; b < batch.size; ++b) {
    const std::vector<double> expected = log_softmax(row_of(batch, b));
    ASSERT_GE(batch.chosen[b], 0);
    ASSERT_LT(batch.chosen[b], static_cast<std::int32_t>(actions));
    const double log_probability = expected[static_cast<std::size_t>(batch.chosen[b])];
    EXPECT_NEAR(batch.log_probabilities[b], log_probability, 2e-6 * std::max(1.0, std::abs(log_probability)));
    for (std::size_t a = 0; a < actions; ++a)
      EXPECT_NEAR(probabilities[a * batch.stride + b], std::exp(expected[a]), 1e-6);
  }
}

TEST(SampleActions, frequencies_are_the_probabilities) {
  constexpr std::size_t rows = 200'000;
  Batch batch(rows);
  const std::vector<double> probabilities{0.7, 0.05, 0.25};
  for (std::size_t a = 0; a < actions; ++a) {
    std::fill_n(batch.logits.data() + a * batch.stride, batch.stride,
                static_cast<float>(std::log(probabilities[a])));
  }
  sample_actions(batch.view(), batch.uniforms.data(), batch.chosen.data(), batch.log_probabilities.data());
  for (std::size_t a = 0; a < actions; ++a) {
    const auto count = static_cast<double>(
        std::count(batch.chosen.begin(), batch.chosen.begin() + rows, static_cast<std::int32_t>(a)));
    const double deviation = std::sqrt(probabilities[a] * (1 - probabilities[a]) * rows);
    EXPECT_NEAR(count, probabilities[a] * rows, 5 * deviation);
  }
}

TEST(SampleActions, the_borders_of_the_uniform_number_give_the_first_and_the_last_action) {
  Batch batch(2);
  batch.uniforms[0] = 0.0f;
  batch.uniforms[1] = std::nextafter(1.0f, 0.0f);
  for (float& logit : batch.logits) logit = 0.0f;
  sample_actions(batch.view(), batch.uniforms.data(), batch.chosen.data(), batch.log_probabilities.data());
  EXPECT_EQ(batch.chosen[0], 0);
  EXPECT_EQ(batch.chosen[1], static_cast<std::int32_t>(actions) - 1);
}

TEST(SampleActions, a_row_does_not_depend_on_its_batch) {
  Batch batch(37);
  sample_actions(batch.view(), batch.uniforms.data(), batch.chosen.data(), batch.log_probabilities.data());
  for (std::size_t b = 0; b < batch.size; ++b) {
    Batch alone(1, 99);
    for (std::size_t a = 0; a < actions; ++a)
      alone.logits[a * alone.stride] = batch.logits[a * batch.stride + b];
    alone.uniforms[0] = batch.uniforms[b];
    sample_actions(alone.view(), alone.uniforms.data(), alone.chosen.data(), alone.log_probabilities.data());
    EXPECT_EQ(alone.chosen[0], batch.chosen[b]);
    EXPECT_EQ(alone.log_probabilities[0], batch.log_probabilities[b]);
  }
}

TEST(BestActions, takes_the_first_of_the_largest) {
  Batch batch(3);
  const std::vector<std::vector<float>> rows{{1, 2, 2}, {0, 0, 0}, {-3, -2, -1}};
  for (std::size_t b = 0; b < rows.size(); ++b) {
    for (std::size_t a = 0; a < actions; ++a) batch.logits[a * batch.stride + b] = rows[b][a];
  }
  best_actions(batch.view(), batch.chosen.data());
  EXPECT_EQ(batch.chosen[0], 1);
  EXPECT_EQ(batch.chosen[1], 0);
  EXPECT_EQ(batch.chosen[2], 2);
}

/// PPO's policy loss as its formula stands, in double.
struct PlainLoss {
  double loss = 0, surrogate = 0, entropy = 0, approx_kl = 0, clipped = 0;
};

PlainLoss plain_policy_loss(const Batch& batch, const std::vector<std::vector<double>>& logits,
                            double clip_range, double entropy_coefficient) {
  PlainLoss plain;
  for (std::size_t b = 0; b < batch.size; ++b) {
    const std::vector<double> log_probability = log_softmax(logits[b]);
    const double log_ratio =
        log_probability[static_cast<std::size_t>(batch.chosen[b])] - double{batch.old_log_probabilities[b]};
    const double ratio = std::exp(log_ratio);
    const double advantage = batch.advantages[b];
    plain.surrogate -=
        std::min(ratio * advantage, std::clamp(ratio, 1 - clip_range, 1 + clip_range) * advantage);
    for (const double l : log_probability) plain.entropy -= std::exp(l) * l;
    plain.approx_kl += (ratio - 1) - log_ratio;
    plain.clipped += std::abs(ratio - 1) > clip_range ? 1 : 0;
  }
  plain.loss = (plain.surrogate - entropy_coefficient * plain.entropy) / static_cast<double>(batch.size);
  return plain;
}

/// Old log-probabilities with ratios on both sides of both limits, none close enough to one for a difference.
void spread_ratios(Batch& batch) {
  const std::vector<double> ratios{0.4, 0.79, 0.81, 1.0, 1.19, 1.21, 2.5};
  for (std::size_t b = 0; b < batch.size; ++b) {
    const double log_probability = log_softmax(row_of(batch, b))[static_cast<std::size_t>(batch.chosen[b])];
    batch.old_log_probabilities[b] =
        static_cast<float>(log_probability - std::log(ratios[b % ratios.size()]));
  }
}

class PolicyLoss : public ::testing::TestWithParam<double> {};  // the entropy coefficient

TEST_P(PolicyLoss, equals_its_formula_and_the_gradient_its_differences) {
  const double entropy_coefficient = GetParam();
  constexpr double clip_range = 0.2;
  for (const std::size_t rows : {1u, 7u, 37u, 64u}) {
    Batch batch(rows, rows);
    spread_ratios(batch);
    const PolicyLossSums sums = policy_loss(batch.view(), batch.policy(), static_cast<float>(clip_range),
                                            static_cast<float>(entropy_coefficient), batch.gradients.data());
    std::vector<std::vector<double>> logits;
    for (std::size_t b = 0; b < rows; ++b) logits.push_back(row_of(batch, b));
    const PlainLoss plain = plain_policy_loss(batch, logits, clip_range, entropy_coefficient);
    const double tolerance = 1e-5 * static_cast<double>(rows);
    EXPECT_NEAR(sums.surrogate, plain.surrogate, tolerance);
    EXPECT_NEAR(sums.entropy, plain.entropy, tolerance);
    EXPECT_NEAR(sums.approx_kl, plain.approx_kl, tolerance);
    EXPECT_EQ(sums.clipped, plain.clipped);
    for (std::size_t b = 0; b < rows; ++b) {
      for (std::size_t a = 0; a < actions; ++a) {
        constexpr double step = 1e-5;
        const auto loss_at = [&](double logit) {
          std::vector<std::vector<double>> moved = logits;
          moved[b][a] = logit;
          return plain_policy_loss(batch, moved, clip_range, entropy_coefficient).loss;
        };
        const double slope = (loss_at(logits[b][a] + step) - loss_at(logits[b][a] - step)) / (2 * step);
        EXPECT_NEAR(batch.gradients[a * batch.stride + b], slope, 2e-6) << rows << " rows, row " << b;
      }
    }
    for (std::size_t a = 0; a < actions; ++a) {
      for (std::size_t b = rows; b < batch.stride; ++b)
        EXPECT_EQ(batch.gradients[a * batch.stride + b], 0.0f);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EntropyBonus, PolicyLoss, ::testing::Values(0.0, 0.01, 0.5));

class ValueLoss : public ::testing::TestWithParam<double> {};  // the clip range, 0: none

TEST_P(ValueLoss, equals_its_formula_and_the_gradient_its_differences) {
  const double clip_range = GetParam();
  constexpr double coefficient = 0.5;
  for (const std::size_t rows : {1u, 7u, 37u, 64u}) {
    Batch batch(rows, rows);
    std::fill(batch.value_gradients.begin(), batch.value_gradients.end(), 77.0f);
    const auto squared_error = [&](std::size_t b, double value) {
      const double old_value = batch.old_values[b];
      if (clip_range > 0) value = old_value + std::clamp(value - old_value, -clip_range, clip_range);
      return (value - batch.returns[b]) * (value - batch.returns[b]);
    };
    const double sum = value_loss(batch.values.data(), batch.returns.data(), batch.old_values.data(), rows,
                                  static_cast<float>(coefficient), static_cast<float>(clip_range),
                                  batch.value_gradients.data());
    double expected = 0;
    for (std::size_t b = 0; b < rows; ++b) {
      expected += squared_error(b, batch.values[b]);
      constexpr double step = 1e-5;
      const double slope =
          (squared_error(b, batch.values[b] + step) - squared_error(b, batch.values[b] - step)) / (2 * step);
      EXPECT_NEAR(batch.value_gradients[b], coefficient * slope / static_cast<double>(rows), 2e-6);
    }
    EXPECT_NEAR(sum, expected, 1e-5 * static_cast<double>(rows));
    for (std::size_t b = rows; b < batch.stride; ++b) EXPECT_EQ(batch.value_gradients[b], 0.0f);
  }
}

INSTANTIATE_TEST_SUITE_P(ClipRange, ValueLoss, ::testing::Values(0.0, 0.1, 0.3));

}  // namespace
}  // namespace stevie::rl
