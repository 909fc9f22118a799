#pragma once
#include <cstddef>
#include <cstdint>

namespace stevie::rl {

/// Action values of a batch, action by action: value (a, b) is data[a * stride + b].
struct QView {
  const float* data;
  std::size_t stride;
  std::size_t action_count;
  std::size_t batch;
};

/// The action with the largest value of each row, the first of equals.
void greedy_actions(const QView& q_values, std::int32_t* actions);

/// What one update learns from.
struct TdBatch {
  const std::int32_t* actions;
  const float* targets;
  const float* weights;  // of each row in the mean; nullptr: 1
};

/// The mean over rows of weight * smooth L1 (Q(action) - target), that is d^2 / 2 for |d| < 1 and |d| - 1/2
/// beyond, and its gradient with respect to q_values, (action_count, stride), zero in the padding.
/// errors[b] is |d|. Returns the mean.
double td_loss(const QView& q_values, const TdBatch& batch, float* q_gradients, float* errors);

}  // namespace stevie::rl
