#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/aligned.h"
#include "core/config.h"
#include "nn/network.h"

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

/// How much a row counts in the loss.
enum class ClassWeights : std::uint8_t {
  none,      // every row the same: the policy gives each action as often as the expert
  root,      // by the root of `balanced`
  balanced,  // rows / (actions seen * rows with this action): every action weighs the same in all
};

struct CloningConfig {
  /// Adam's step size. Default 1e-3.
  double learning_rate = 1e-3;
  /// Rows of a minibatch. Default 256.
  std::size_t batch_size = 256;
  /// Passes over the demonstrations at most. Default 60.
  std::size_t max_epochs = 60;
  /// Epochs without a lower validation loss after which the training stops. Default 6. The best epoch is the
  /// one that is kept.
  std::size_t patience = 6;
  /// Default none: weights make rare actions likelier than the expert takes them, and a policy that trades
  /// more often pays for it.
  ClassWeights class_weights = ClassWeights::none;
  /// Blocks of time for the cross-validation. Default 5; 0: no cross-validation.
  std::size_t folds = 5;
  /// Rows left out of training on both sides of a tested block, and further ones behind it. Defaults 168 and
  /// 24: a position that spans the border, or a moving window, must not tell what happened in the block.
  std::size_t purge = 168;
  std::size_t embargo = 24;
  /// Everything random follows from it. Default 1.
  std::uint64_t seed = 1;
  /// Threads on which blocks are trained side by side; does not change the result. 0: one a core. Default 1.
  std::size_t threads = 1;
};

/// Names the fields cloning.* with their ranges.
void describe(ConfigBinder& binder, CloningConfig& config);
/// Throws Error "config.faults" that lists every value out of range: for configurations that were not loaded.
void validate(const CloningConfig& config);

/// One weight for each action, by the actions of these rows; 0 for one that does not occur.
std::vector<float> class_weights(ClassWeights kind, const DemonstrationRows& rows);

/// How well a policy imitates on rows that it was not trained on.
struct Imitation {
  std::size_t rows = 0;
  double loss = 0;               // mean weighted cross-entropy, by the weights of the training
  double accuracy = 0;           // share of rows on which its most probable action is the expert's
  double majority_accuracy = 0;  // of always taking the expert's commonest action there
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

/// weights: one for each action, as the training used.
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
