#include "rl/rollout.h"

#include <limits>

namespace stevie::rl {

RolloutBuffer::RolloutBuffer(std::size_t step_count, std::size_t env_count, std::size_t observation_width)
    : steps(step_count), envs(env_count), observation_size(observation_width) {
  observations.resize((steps + 1) * envs * observation_size);
  values.resize((steps + 1) * envs);
  actions.resize(size());
  for (auto* array : {&log_probabilities, &rewards, &advantages, &returns}) array->resize(size());
  for (auto* array : {&terminated, &truncated}) array->resize(size());
}

void compute_advantages(RolloutBuffer& buffer, float gamma, float lambda) {
  const std::size_t envs = buffer.envs;
  for (std::size_t t = buffer.steps; t-- > 0;) {
    for (std::size_t e = 0; e < envs; ++e) {
      const std::size_t row = t * envs + e;
      const float goes_on = buffer.terminated[row] | buffer.truncated[row] ? 0.0f : 1.0f;
      const float later = t + 1 < buffer.steps ? buffer.advantages[row + envs] : 0.0f;
      const float delta =
          buffer.rewards[row] + gamma * buffer.values[row + envs] * goes_on - buffer.values[row];
      buffer.advantages[row] = delta + gamma * lambda * goes_on * later;
      buffer.returns[row] = buffer.advantages[row] + buffer.values[row];
    }
  }
}

double explained_variance(const RolloutBuffer& buffer) {
  double return_sum = 0, return_squares = 0, error_sum = 0, error_squares = 0;
  for (std::size_t row = 0; row < buffer.size(); ++row) {
    const double value = buffer.returns[row];
    const double error = value - buffer.values[row];
    return_sum += value;
    return_squares += value * value;
    error_sum += error;
    error_squares += error * error;
  }
  const auto count = static_cast<double>(buffer.size());
  const double return_variance = return_squares / count - return_sum / count * (return_sum / count);
  const double error_variance = error_squares / count - error_sum / count * (error_sum / count);
  if (return_variance <= 0.0) return std::numeric_limits<double>::quiet_NaN();
  return 1.0 - error_variance / return_variance;
}

}  // namespace stevie::rl
