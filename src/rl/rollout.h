#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"

namespace stevie::rl {

/// What the policy did in one rollout. Row (t, e) of an array is at t * envs + e.
struct RolloutBuffer {
  std::size_t steps = 0;
  std::size_t envs = 0;
  std::size_t observation_size = 0;
  AlignedVector<float>
      observations;  // (steps + 1, envs, observation_size); the last row opens the next rollout
  AlignedVector<std::int32_t> actions;     // (steps, envs)
  AlignedVector<float> log_probabilities;  // (steps, envs) of the actions, when they were drawn
  AlignedVector<float> values;             // (steps + 1, envs)
  AlignedVector<float> rewards;            // (steps, envs), with the bootstrap of truncated episodes added
  AlignedVector<std::uint8_t> terminated;  // (steps, envs)
  AlignedVector<std::uint8_t> truncated;   // (steps, envs)
  AlignedVector<float> advantages;         // (steps, envs)
  AlignedVector<float> returns;            // (steps, envs): advantage + value

  RolloutBuffer(std::size_t step_count, std::size_t env_count, std::size_t observation_width);

  std::size_t size() const { return steps * envs; }
  float* observation(std::size_t step, std::size_t env) {
    return observations.data() + (step * envs + env) * observation_size;
  }
  const float* observation(std::size_t row) const { return observations.data() + row * observation_size; }
};

/// GAE(lambda), Schulman et al. 2016, eq. 16: fills advantages and returns of a full buffer whose last row of
/// values stands for the observations after it. Nothing flows over the end of an episode; a truncated one has
/// its bootstrap in the reward already.
void compute_advantages(RolloutBuffer& buffer, float gamma, float lambda);

/// 1 - Var(returns - values) / Var(returns): 1 is a perfect value function, 0 as good as a constant; NaN
/// where the returns do not vary.
double explained_variance(const RolloutBuffer& buffer);

}  // namespace stevie::rl
