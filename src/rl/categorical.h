#pragma once
#include <cstddef>
#include <cstdint>

namespace stevie::rl {

/// Logits of a batch of categorical distributions, action by action: value (a, b) is data[a * stride + b].
/// `stride` is at least the batch rounded up to simd::lanes, and all arrays here are aligned and may be read
/// and written up to there.
struct LogitsView {
  const float* data;
  std::size_t stride;
  std::size_t action_count;
  std::size_t batch;
};

/// Draws one action per row by inverting the cumulative distribution at uniforms[b] in [0, 1).
/// log_probabilities[b] is that of the drawn action. A row's result depends on its own numbers only.
void sample_actions(const LogitsView& logits, const float* uniforms, std::int32_t* actions,
                    float* log_probabilities);

/// Probabilities of every action, laid out as the logits.
void action_probabilities(const LogitsView& logits, float* probabilities);

/// The most probable action of each row, the first of equals.
void best_actions(const LogitsView& logits, std::int32_t* actions);

/// What the clipped surrogate of PPO needs of one minibatch.
struct PolicyBatch {
  const std::int32_t* actions;
  const float* advantages;
  const float* old_log_probabilities;
};

/// Sums over the minibatch, not yet divided by its size.
struct PolicyLossSums {
  double surrogate = 0;  // -min(ratio A, clip(ratio) A)
  double entropy = 0;
  double approx_kl = 0;  // (ratio - 1) - log ratio: Schulman's low-variance estimate
  double clipped = 0;    // rows with |ratio - 1| > clip_range
};

/// PPO's policy loss (Schulman et al. 2017, eq. 7) with entropy bonus,
///   mean over rows of -min(r A, clip(r, 1 - c, 1 + c) A) - entropy_coefficient H,
/// and its gradient with respect to the logits, (action_count, stride), zero in the padding.
PolicyLossSums policy_loss(const LogitsView& logits, const PolicyBatch& batch, float clip_range,
                           float entropy_coefficient, float* logit_gradients);

/// Cross-entropy with the actions of an expert: the sum over rows of -weights[action] log p(action). Fills
/// the gradient of `scale` times it with respect to the logits, zero in the padding. weights: one per action.
double imitation_loss(const LogitsView& logits, const std::int32_t* actions, const float* weights,
                      float scale, float* logit_gradients);

/// coefficient * mean squared error of the values, which move at most clip_range away from old_values where
/// clip_range is > 0, and its gradient with respect to values, zero in the padding. Returns the sum of
/// squared errors.
double value_loss(const float* values, const float* returns, const float* old_values, std::size_t batch,
                  float coefficient, float clip_range, float* value_gradients);

}  // namespace stevie::rl
