#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "nn/network.h"

namespace stevie::nn {

/// Outputs and gradients of an ActorCritic computed the plain way, in double precision with one loop per
/// formula. Slow; it exists to be read and to check the fast kernels against.
struct ReferencePass {
  std::vector<double> logits;                  // (batch, action_count)
  std::vector<double> values;                  // (batch)
  std::vector<std::vector<double>> gradients;  // per tensor, in the order of ActorCritic::to_tensors
};

/// observations: (batch, observation_size); logit_gradients: (batch, action_count); value_gradients: (batch).
ReferencePass reference_pass(const NetworkConfig& config, std::span<const NamedTensor> tensors,
                             std::span<const float> observations, std::span<const double> logit_gradients,
                             std::span<const double> value_gradients);

}  // namespace stevie::nn
