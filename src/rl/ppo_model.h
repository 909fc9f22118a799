#pragma once
#include "nn/model_file.h"
#include "rl/ppo.h"

namespace stevie::rl {

/// The policy as it is now, with its optimiser's moments and its hyper-parameters, in Stable-Baselines3's
/// terms.
nn::ModelFile to_model_file(const Ppo& ppo);

/// A policy that was made in another way, with the hyper-parameters that PPO would go on with; its optimiser
/// has not stepped.
nn::ModelFile to_model_file(const nn::ActorCritic& network, const PpoConfig& config);

}  // namespace stevie::rl
