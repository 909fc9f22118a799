#include "rl/ppo_model.h"

#include <nlohmann/json.hpp>

namespace stevie::rl {
namespace {

nlohmann::json or_null(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json hyper_parameters(const PpoConfig& config, std::uint64_t timesteps) {
  return {{"n_envs", config.n_envs},
          {"n_steps", config.n_steps},
          {"batch_size", config.batch_size},
          {"n_epochs", config.n_epochs},
          {"gamma", config.gamma},
          {"gae_lambda", config.gae_lambda},
          {"clip_range", config.clip_range},
          {"clip_range_vf", or_null(config.clip_range_vf)},
          {"normalize_advantage", config.normalize_advantage},
          {"ent_coef", config.ent_coef},
          {"vf_coef", config.vf_coef},
          {"max_grad_norm", config.max_grad_norm},
          {"target_kl", or_null(config.target_kl)},
          {"learning_rate", config.learning_rate},
          {"seed", config.seed},
          {"num_timesteps", timesteps}};
}

nn::ModelFile model_of(const nn::ActorCritic& network, const PpoConfig& config, std::uint64_t timesteps) {
  nn::ModelFile model;
  model.algorithm = "PPO";
  model.observation_size = network.config().observation_size;
  model.action_count = network.config().action_count;
  model.policy_kwargs = network.config().architecture;
  model.policy = network.to_tensors(network.parameters());
  model.optimizer.learning_rate = config.learning_rate;
  model.hyper_parameters_json = hyper_parameters(config, timesteps).dump();
  return model;
}

}  // namespace

nn::ModelFile to_model_file(const nn::ActorCritic& network, const PpoConfig& config) {
  nn::ModelFile model = model_of(network, config, 0);
  model.optimizer.epsilon = nn::AdamConfig{}.epsilon;
  return model;
}

nn::ModelFile to_model_file(const Ppo& ppo) {
  const nn::ActorCritic& network = ppo.network();
  const nn::Adam& adam = ppo.optimizer();
  nn::ModelFile model = model_of(network, ppo.config(), ppo.timesteps());
  model.optimizer = {.learning_rate = ppo.config().learning_rate,
                     .beta1 = adam.config().beta1,
                     .beta2 = adam.config().beta2,
                     .epsilon = adam.config().epsilon,
                     .step = adam.steps()};
  if (adam.steps() > 0) {
    model.optimizer.exp_avg = network.to_tensors(adam.mean());
    model.optimizer.exp_avg_sq = network.to_tensors(adam.square());
  }
  return model;
}

}  // namespace stevie::rl
