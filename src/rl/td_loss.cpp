#include "rl/td_loss.h"

#include <algorithm>
#include <cmath>

namespace stevie::rl {

void greedy_actions(const QView& q_values, std::int32_t* actions) {
  for (std::size_t b = 0; b < q_values.batch; ++b) {
    std::size_t best = 0;
    for (std::size_t a = 1; a < q_values.action_count; ++a) {
      if (q_values.data[a * q_values.stride + b] > q_values.data[best * q_values.stride + b]) best = a;
    }
    actions[b] = static_cast<std::int32_t>(best);
  }
}

double td_loss(const QView& q_values, const TdBatch& batch, float* q_gradients, float* errors) {
  std::fill_n(q_gradients, q_values.action_count * q_values.stride, 0.0f);
  const float share = 1.0f / static_cast<float>(q_values.batch);
  double sum = 0;
  for (std::size_t b = 0; b < q_values.batch; ++b) {
    const std::size_t at = static_cast<std::size_t>(batch.actions[b]) * q_values.stride + b;
    const float difference = q_values.data[at] - batch.targets[b];
    const float size = std::abs(difference);
    const float weight = batch.weights == nullptr ? 1.0f : batch.weights[b];
    errors[b] = size;
    sum += static_cast<double>(weight * (size < 1.0f ? 0.5f * difference * difference : size - 0.5f));
    q_gradients[at] = share * weight * std::clamp(difference, -1.0f, 1.0f);
  }
  return sum / static_cast<double>(q_values.batch);
}

}  // namespace stevie::rl
