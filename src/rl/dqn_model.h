#pragma once
#include "nn/model_file.h"
#include "rl/dqn.h"

namespace stevie::rl {

/// The action values as they are now, with their target network, the optimiser's moments and the
/// hyper-parameters, in Stable-Baselines3's terms. A dueling network becomes one with a single head, which
/// gives the same values; its optimiser starts anew.
nn::ModelFile to_model_file(const Dqn& dqn);

}  // namespace stevie::rl
