#pragma once
#include "nn/model_file.h"
#include "rl/ppo.h"

namespace stevie::rl {

/// The policy as it is now, with its optimiser's moments and its hyper-parameters, in Stable-Baselines3's
/// terms.
nn::ModelFile to_model_file(const Ppo& ppo);

}  // namespace stevie::rl
