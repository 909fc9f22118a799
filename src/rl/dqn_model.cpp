#include "rl/dqn_model.h"

#include <nlohmann/json.hpp>

namespace stevie::rl {

nn::ModelFile to_model_file(const Dqn& dqn) {
  const DqnConfig& config = dqn.config();
  const nn::Adam& adam = dqn.optimizer();
  const nn::QNetwork network = dqn.network().with_one_head();
  const nn::QNetwork target = dqn.target().with_one_head();

  nn::ModelFile model;
  model.algorithm = "DQN";
  model.observation_size = network.config().observation_size;
  model.action_count = network.config().action_count;
  model.policy_kwargs = {
      .policy_widths = config.net_arch, .value_widths = {}, .activation = config.activation};
  model.policy = network.to_tensors(network.parameters());
  model.target = target.to_tensors(target.parameters());
  model.optimizer = {.learning_rate = config.learning_rate,
                     .beta1 = adam.config().beta1,
                     .beta2 = adam.config().beta2,
                     .epsilon = adam.config().epsilon};
  if (adam.steps() > 0 && !config.dueling) {
    model.optimizer.step = adam.steps();
    model.optimizer.exp_avg = network.to_tensors(adam.mean());
    model.optimizer.exp_avg_sq = network.to_tensors(adam.square());
  }
  const nlohmann::json hyper_parameters = {
      {"n_envs", config.n_envs},
      {"learning_rate", config.learning_rate},
      {"buffer_size", config.buffer_size},
      {"learning_starts", config.learning_starts},
      {"batch_size", config.batch_size},
      {"tau", config.tau},
      {"gamma", config.gamma},
      {"train_freq", config.train_freq},
      {"gradient_steps", config.gradient_steps},
      {"n_steps", config.n_steps},
      {"target_update_interval", config.target_update_interval},
      {"exploration_fraction", config.exploration_fraction},
      {"exploration_initial_eps", config.exploration_initial_eps},
      {"exploration_final_eps", config.exploration_final_eps},
      {"exploration_rate", dqn.exploration_rate()},
      {"max_grad_norm", config.max_grad_norm},
      {"optimize_memory_usage", false},
      {"seed", config.seed},
      {"num_timesteps", dqn.timesteps()},
      {"_n_updates", dqn.updates()},
      {"_n_calls", dqn.timesteps() / config.n_envs},
  };
  model.hyper_parameters_json = hyper_parameters.dump();
  return model;
}

}  // namespace stevie::rl
