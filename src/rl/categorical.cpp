#include "rl/categorical.h"

#include <algorithm>

#include "nn/simd.h"

namespace stevie::rl {
namespace {

namespace simd = nn::simd;
using simd::lanes;
using simd::Vec;
using simd::VecInt;

/// Lanes whose row is in the batch: 1, the padding behind: 0.
Vec valid_lanes(std::size_t first, std::size_t batch) {
  Vec valid;
  for (std::size_t i = 0; i < lanes; ++i) valid[i] = first + i < batch ? 1.0f : 0.0f;
  return valid;
}

/// The log of the sum of exp(logit) of each row, by way of the largest so that nothing overflows.
Vec log_sum_exp(const LogitsView& logits, std::size_t first) {
  Vec largest = simd::load(logits.data + first);
  for (std::size_t a = 1; a < logits.action_count; ++a) {
    largest = simd::max(largest, simd::load(logits.data + a * logits.stride + first));
  }
  Vec total{};
  for (std::size_t a = 0; a < logits.action_count; ++a) {
    total += simd::exp(simd::load(logits.data + a * logits.stride + first) - largest);
  }
  return largest + simd::log(total);
}

}  // namespace

void sample_actions(const LogitsView& logits, const float* uniforms, std::int32_t* actions,
                    float* log_probabilities) {
  const auto last_action = static_cast<std::int32_t>(logits.action_count) - 1;
  for (std::size_t first = 0; first < logits.batch; first += lanes) {
    const Vec log_total = log_sum_exp(logits, first);
    const Vec uniform = simd::load(uniforms + first);
    Vec cumulative{};
    VecInt action{};
    for (std::int32_t a = 0; a < last_action; ++a) {
      const float* row = logits.data + static_cast<std::size_t>(a) * logits.stride + first;
      cumulative += simd::exp(simd::load(row) - log_total);
      action -= uniform >= cumulative;  // a comparison that holds is -1
    }
    Vec log_probability{};
    for (std::int32_t a = 0; a <= last_action; ++a) {
      const float* row = logits.data + static_cast<std::size_t>(a) * logits.stride + first;
      log_probability = action == a ? simd::load(row) - log_total : log_probability;
    }
    *reinterpret_cast<VecInt*>(actions + first) = action;
    simd::store(log_probabilities + first, log_probability);
  }
}

void action_probabilities(const LogitsView& logits, float* probabilities) {
  for (std::size_t first = 0; first < logits.batch; first += lanes) {
    const Vec log_total = log_sum_exp(logits, first);
    for (std::size_t a = 0; a < logits.action_count; ++a) {
      const std::size_t at = a * logits.stride + first;
      simd::store(probabilities + at, simd::exp(simd::load(logits.data + at) - log_total));
    }
  }
}

void best_actions(const LogitsView& logits, std::int32_t* actions) {
  for (std::size_t b = 0; b < logits.batch; ++b) {
    std::size_t best = 0;
    for (std::size_t a = 1; a < logits.action_count; ++a) {
      if (logits.data[a * logits.stride + b] > logits.data[best * logits.stride + b]) best = a;
    }
    actions[b] = static_cast<std::int32_t>(best);
  }
}

PolicyLossSums policy_loss(const LogitsView& logits, const PolicyBatch& batch, float clip_range,
                           float entropy_coefficient, float* logit_gradients) {
  const float per_row = 1.0f / static_cast<float>(logits.batch);
  Vec surrogate_sum{}, entropy_sum{}, kl_sum{}, clipped_sum{};
  for (std::size_t first = 0; first < logits.batch; first += lanes) {
    const Vec valid = valid_lanes(first, logits.batch);
    const VecInt action = simd::load(batch.actions + first);
    const Vec advantage = simd::load(batch.advantages + first);
    const Vec log_total = log_sum_exp(logits, first);

    Vec taken{}, entropy{};
    for (std::size_t a = 0; a < logits.action_count; ++a) {
      const Vec log_probability = simd::load(logits.data + a * logits.stride + first) - log_total;
      entropy -= simd::exp(log_probability) * log_probability;
      taken = action == static_cast<std::int32_t>(a) ? log_probability : taken;
    }
    const Vec log_ratio = taken - simd::load(batch.old_log_probabilities + first);
    const Vec ratio = simd::exp(log_ratio);
    const Vec plain = advantage * ratio;
    const Vec clipped =
        advantage * simd::clamp(ratio, simd::splat(1.0f - clip_range), simd::splat(1.0f + clip_range));
    surrogate_sum -= valid * simd::min(plain, clipped);
    entropy_sum += valid * entropy;
    kl_sum += valid * ((ratio - 1.0f) - log_ratio);
    clipped_sum += simd::abs(ratio - 1.0f) > clip_range ? valid : Vec{};

    // Where the clipped term is the smaller one it does not move with the ratio.
    const Vec surrogate_slope = plain <= clipped ? -plain * per_row : Vec{};
    const Vec entropy_slope = simd::splat(entropy_coefficient * per_row);
    for (std::size_t a = 0; a < logits.action_count; ++a) {
      const std::size_t at = a * logits.stride + first;
      const Vec log_probability = simd::load(logits.data + at) - log_total;
      const Vec probability = simd::exp(log_probability);
      const Vec chosen = action == static_cast<std::int32_t>(a) ? simd::splat(1.0f) : Vec{};
      simd::store(logit_gradients + at, valid * (surrogate_slope * (chosen - probability) +
                                                 entropy_slope * probability * (log_probability + entropy)));
    }
  }
  return {simd::sum(surrogate_sum), simd::sum(entropy_sum), simd::sum(kl_sum), simd::sum(clipped_sum)};
}

double imitation_loss(const LogitsView& logits, const std::int32_t* actions, const float* weights,
                      float scale, float* logit_gradients) {
  double total = 0;
  for (std::size_t first = 0; first < logits.batch; first += lanes) {
    const Vec log_total = log_sum_exp(logits, first);
    const VecInt action = simd::load(actions + first);
    Vec weight{};
    for (std::size_t i = 0; i < lanes && first + i < logits.batch; ++i)
      weight[i] = weights[actions[first + i]];
    Vec taken{};
    for (std::size_t a = 0; a < logits.action_count; ++a) {
      const std::size_t at = a * logits.stride + first;
      const Vec log_probability = simd::load(logits.data + at) - log_total;
      const Vec chosen = action == static_cast<std::int32_t>(a) ? simd::splat(1.0f) : Vec{};
      taken += chosen * log_probability;
      simd::store(logit_gradients + at, scale * weight * (simd::exp(log_probability) - chosen));
    }
    total -= static_cast<double>(simd::sum(weight * taken));
  }
  return total;
}

double value_loss(const float* values, const float* returns, const float* old_values, std::size_t batch,
                  float coefficient, float clip_range, float* value_gradients) {
  const float slope = 2.0f * coefficient / static_cast<float>(batch);
  Vec sum{};
  for (std::size_t first = 0; first < batch; first += lanes) {
    const Vec valid = valid_lanes(first, batch);
    Vec value = simd::load(values + first);
    Vec moves = valid;
    if (clip_range > 0.0f) {
      const Vec old_value = simd::load(old_values + first);
      const Vec step = value - old_value;
      value = old_value + simd::clamp(step, simd::splat(-clip_range), simd::splat(clip_range));
      moves = simd::abs(step) <= clip_range ? valid : Vec{};
    }
    const Vec error = value - simd::load(returns + first);
    sum += valid * error * error;
    simd::store(value_gradients + first, moves * slope * error);
  }
  return simd::sum(sum);
}

}  // namespace stevie::rl
