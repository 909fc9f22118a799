#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/aligned.h"
#include "nn/network.h"
#include "rl/cloning_config.h"

namespace stevie::rl {

/// What an expert did, in the order of time. Row i of each array belongs together.
struct Demonstrations {
  std::size_t observation_size = 0;
  std::size_t action_count = 0;
  AlignedVector<float> observations;  // (rows, observation_size)
  std::vector<std::int32_t> actions;  // (rows) 0 .. action_count - 1

  std::size_t size() const { return actions.size(); }
  const float* observation(std::size_t row) const { return observations.data() + row * observation_size; }
  void add(std::span<const float> observation, std::int32_t action);
  /// Throws Error "cloning.bad_demonstrations": no row, an action out of range, arrays that do not fit, an
  /// observation that is not finite.
  void validate() const;
};

/// Some of them.
struct DemonstrationRows {
  const Demonstrations& all;
  std::span<const std::uint32_t> rows;

  std::size_t size() const { return rows.size(); }
};

/// One weight for each action, by the actions of these rows; 0 for one that does not occur.
std::vector<float> class_weights(ClassWeights kind, const DemonstrationRows& rows);

/// How well a policy imitates on rows that it was not trained on.
struct Imitation {
  std::size_t rows = 0;
  double loss = 0;               // mean weighted cross-entropy, by the weights of the training
  double accuracy = 0;           // share of rows on which its most probable action is the expert's
  double majority_accuracy = 0;  // of always taking the expert's commonest action there
  /// Of always repeating the expert's action of the row before: an expert that seldom trades makes that look
  /// good. And the accuracy on the rows on which the action changes, of which there are `changes`.
  double repeat_accuracy = 0;
  double change_accuracy = 0;
  std::size_t changes = 0;
  double balanced_accuracy = 0;  // mean over the actions that occur of the share recognised
  /// Jensen-Shannon divergence of the distribution of actions, in bits: 0 is the same, 1 is none in common.
  double divergence = 0;
  std::vector<double> expert_shares;   // (actions) of the expert
  std::vector<double> policy_shares;   // (actions) of its most probable actions
  std::vector<double> probabilities;   // (actions) mean of what it gives each
  std::vector<std::size_t> confusion;  // (actions of the expert, actions of the policy)
};

/// Jensen-Shannon divergence of two distributions over the same things, in bits (Lin 1991).
double jensen_shannon_bits(std::span<const double> first, std::span<const double> second);

/// weights: one for each action, as the training used. The row before is the one with the number before, if
/// it is among the demonstrations.
Imitation measure_imitation(const nn::ActorCritic& network, const DemonstrationRows& rows,
                            std::span<const float> weights);

struct CloningEpoch {
  double train_loss = 0;       // mean over the epoch, while the weights moved
  double validation_loss = 0;  // after it
  double validation_accuracy = 0;
};

/// One training from first weights to the best epoch.
struct CloningFit {
  std::vector<CloningEpoch> epochs;
  std::size_t best_epoch = 0;  // from 1
  bool stopped_early = false;
  std::vector<float> weights;  // of the actions
  Imitation validation;        // of the best epoch
  std::uint64_t updates = 0;   // minibatches
};

/// Called behind every epoch of a training; what it throws ends it.
using CloningObserver = std::function<void(std::size_t epoch, const CloningEpoch& result)>;

/// Trains the policy of `network` by cross-entropy on `train`, stopped by the loss on `validation`, and
/// leaves the weights of the best epoch in it (the earliest of equals). The value's part stays as it is, but
/// for a shared trunk. Throws Error "cloning.bad_demonstrations" and "rl.env_differs" where sizes differ.
CloningFit clone_policy(nn::ActorCritic& network, const DemonstrationRows& train,
                        const DemonstrationRows& validation, const CloningConfig& config,
                        const CloningObserver& observer = {});

/// One training for each block of time, tested on that block, without the rows around it. The blocks run on
/// config.threads threads: the observer is called from any of them, with the block.
std::vector<CloningFit> cross_validate_cloning(
    const nn::NetworkConfig& network, const Demonstrations& demonstrations, const CloningConfig& config,
    const std::function<void(std::size_t fold, std::size_t epoch, const CloningEpoch&)>& observer = {});

}  // namespace stevie::rl
