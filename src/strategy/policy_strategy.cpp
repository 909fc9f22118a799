#include "strategy/policy_strategy.h"

#include <cstdint>
#include <utility>

#include "core/error.h"
#include "rl/categorical.h"

namespace stevie::strategy {

PolicyStrategy::PolicyStrategy(std::string name, std::shared_ptr<const nn::ActorCritic> network,
                               std::vector<double> exposures)
    : name_(std::move(name)),
      network_(std::move(network)),
      exposures_(std::move(exposures)),
      workspace_(network_->make_workspace(1)) {
  const std::size_t actions = network_->config().action_count;
  if (exposures_.size() != actions)
    throw Error("strategy.bad_policy", "the policy chooses among " + std::to_string(actions) +
                                           " actions but " + std::to_string(exposures_.size()) +
                                           " exposures are given");
}

Decision PolicyStrategy::decide(const Situation& situation) {
  const nn::NetworkConfig& config = network_->config();
  if (situation.observation.size() != config.observation_size)
    throw Error("strategy.observation_differs",
                "the policy observes " + std::to_string(config.observation_size) + " values but " +
                    std::to_string(situation.observation.size()) + " are given");
  network_->forward_policy(situation.observation.data(), situation.observation.size(), 1, workspace_);
  std::int32_t action = 0;
  rl::best_actions({workspace_.logits.data(), workspace_.batch_stride, config.action_count, 1}, &action);
  return Decision::target(exposures_[static_cast<std::size_t>(action)]);
}

}  // namespace stevie::strategy
