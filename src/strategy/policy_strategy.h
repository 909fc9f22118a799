#pragma once
#include <memory>
#include <string>
#include <vector>

#include "nn/network.h"
#include "strategy/strategy.h"

namespace stevie::strategy {

/// A trained actor-critic that always takes its most probable action (the first of equals): no randomness.
class PolicyStrategy final : public Strategy {
 public:
  /// exposures: the target exposure of each action. Throws Error "strategy.bad_policy" where their number is
  /// not the network's number of actions.
  PolicyStrategy(std::string name, std::shared_ptr<const nn::ActorCritic> network,
                 std::vector<double> exposures);

  std::string name() const override { return name_; }
  bool observes() const override { return true; }
  /// The target exposure of the action taken. Throws Error "strategy.observation_differs" where the
  /// observation has another size than the network's.
  Decision decide(const Situation& situation) override;

 private:
  std::string name_;
  std::shared_ptr<const nn::ActorCritic> network_;
  std::vector<double> exposures_;
  nn::NetworkWorkspace workspace_;
};

}  // namespace stevie::strategy
