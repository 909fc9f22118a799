#pragma once
#include <cstdint>
#include <vector>

#include "nn/network.h"
#include "rl/categorical.h"

namespace stevie::app {

/// The most probable action of a trained network, one observation at a time. The network must outlive it.
class GreedyPolicy {
 public:
  explicit GreedyPolicy(const nn::ActorCritic& network)
      : network_(network), workspace_(network.make_workspace(1)), actions_(workspace_.batch_stride) {}

  std::int32_t decide(const float* observation) {
    network_.forward_policy(observation, network_.config().observation_size, 1, workspace_);
    rl::best_actions({workspace_.logits.data(), workspace_.batch_stride, network_.config().action_count, 1},
                     actions_.data());
    return actions_[0];
  }

 private:
  const nn::ActorCritic& network_;
  nn::NetworkWorkspace workspace_;
  std::vector<std::int32_t> actions_;
};

}  // namespace stevie::app
