#pragma once
#include <filesystem>
#include <string>

#include "app/config.h"
#include "app/training_market.h"
#include "rl/learner.h"

namespace stevie::app {

/// What a training begins with beside random weights and its own reward.
struct TrainStart {
  /// A model file whose policy it starts from: a clone, or the policy of an earlier training. Empty: random
  /// weights.
  std::filesystem::path from;
  /// A file of actions (strategy/demonstration.h) to imitate with ppo.imitation_weight. Empty: none.
  std::filesystem::path demonstrations;
};

/// Gives the learner what `start` names; before its first step. Returns what has to be equal for a checkpoint
/// to go on, as lines of text; empty where nothing is named.
///
/// Throws Error "train.start_differs", which names everything that the model has otherwise than this
/// training: observation, exposures, hidden layers; "train.no_demonstrations" where demonstrations and
/// ppo.imitation_weight do not go together or the file has no action in the training part; and what reading
/// the files throws.
std::string begin_training(rl::Learner& learner, const TrainStart& start, const TrainingMarket& market,
                           const Config& config);

}  // namespace stevie::app
