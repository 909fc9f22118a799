#include "rl/rollout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"

namespace stevie::rl {
namespace {

constexpr double gamma_per_step = 0.97;
constexpr double lambda = 0.9;

RolloutBuffer random_rollout(std::size_t steps, std::size_t envs, std::uint64_t seed) {
  RolloutBuffer buffer(steps, envs, 1);
  RandomStream random(seed, 0);
  for (float& value : buffer.values) value = static_cast<float>(random.normal());
  for (std::size_t row = 0; row < buffer.size(); ++row) {
    buffer.rewards[row] = static_cast<float>(random.normal());
    const std::uint64_t end = random.below(8);
    buffer.terminated[row] = end == 0;
    buffer.truncated[row] = end == 1;
  }
  return buffer;
}

/// sum over l of (gamma lambda)^l delta_{t+l}, up to the end of the episode: eq. 16 as it stands.
double plain_advantage(const RolloutBuffer& buffer, std::size_t t, std::size_t e) {
  double sum = 0, weight = 1;
  for (; t < buffer.steps; ++t) {
    const std::size_t row = t * buffer.envs + e;
    const bool ends = buffer.terminated[row] != 0 || buffer.truncated[row] != 0;
    const double next = ends ? 0.0 : gamma_per_step * double{buffer.values[row + buffer.envs]};
    sum += weight * (double{buffer.rewards[row]} + next - double{buffer.values[row]});
    if (ends) break;
    weight *= gamma_per_step * lambda;
  }
  return sum;
}

TEST(ComputeAdvantages, is_the_sum_of_discounted_errors_to_the_end_of_the_episode) {
  for (const std::size_t steps : {1u, 2u, 50u}) {
    for (const std::size_t envs : {1u, 3u, 8u}) {
      RolloutBuffer buffer = random_rollout(steps, envs, steps * 100 + envs);
      compute_advantages(buffer, static_cast<float>(gamma_per_step), static_cast<float>(lambda));
      for (std::size_t t = 0; t < steps; ++t) {
        for (std::size_t e = 0; e < envs; ++e) {
          const std::size_t row = t * envs + e;
          const double expected = plain_advantage(buffer, t, e);
          EXPECT_NEAR(buffer.advantages[row], expected, 1e-5);
          EXPECT_NEAR(buffer.returns[row], expected + double{buffer.values[row]}, 1e-5);
        }
      }
    }
  }
}

TEST(ComputeAdvantages, what_lies_behind_an_end_changes_nothing_before_it) {
  for (const bool terminated : {true, false}) {
    RolloutBuffer buffer = random_rollout(20, 2, 5);
    constexpr std::size_t end_row = 10 * 2;  // step 10 of lane 0
    buffer.terminated[end_row] = terminated;
    buffer.truncated[end_row] = !terminated;
    RolloutBuffer other = buffer;
    for (std::size_t row = end_row + 2; row < other.size(); row += 2) other.rewards[row] += 100;
    for (std::size_t row = end_row + 2; row < other.values.size(); row += 2) other.values[row] -= 50;
    compute_advantages(buffer, 0.99f, 0.95f);
    compute_advantages(other, 0.99f, 0.95f);
    for (std::size_t row = 0; row <= end_row; row += 2)
      EXPECT_EQ(buffer.advantages[row], other.advantages[row]);
    for (std::size_t row = 1; row < buffer.size(); row += 2)
      EXPECT_EQ(buffer.advantages[row], other.advantages[row]);
    EXPECT_NE(buffer.advantages[end_row + 2], other.advantages[end_row + 2]);
  }
}

TEST(ExplainedVariance, is_one_for_perfect_values_zero_for_a_constant_and_absent_without_variance) {
  RolloutBuffer buffer = random_rollout(40, 3, 9);
  RandomStream random(3, 0);
  for (float& value : buffer.returns) value = static_cast<float>(random.normal());
  std::copy(buffer.returns.begin(), buffer.returns.end(), buffer.values.begin());
  EXPECT_NEAR(explained_variance(buffer), 1.0, 1e-9);
  std::fill(buffer.values.begin(), buffer.values.end(), 4.0f);
  EXPECT_NEAR(explained_variance(buffer), 0.0, 1e-9);
  std::fill(buffer.returns.begin(), buffer.returns.end(), 2.0f);
  EXPECT_TRUE(std::isnan(explained_variance(buffer)));
}

}  // namespace
}  // namespace stevie::rl
