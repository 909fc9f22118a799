#include "rl/dqn_config.h"

#include <fmt/format.h>

#include <tuple>

#include "rl/config_check.h"

namespace stevie::rl {

double DqnConfig::exploration_rate(std::uint64_t done, std::uint64_t total) const {
  const double progress = progress_of(done, total);
  if (progress >= exploration_fraction) return exploration_final_eps;
  return exploration_initial_eps +
         progress * (exploration_final_eps - exploration_initial_eps) / exploration_fraction;
}

namespace {

void describe_learning(ConfigBinder& binder, DqnConfig& config) {
  constexpr double most_steps = 1e15;
  binder.field("dqn.learning_rate", config.learning_rate,
               {.minimum = 0, .maximum = 1, .above_minimum = true, .help = "step size of Adam"});
  binder.choice<Schedule>("dqn.learning_rate_schedule", config.learning_rate_schedule,
                          {{"constant", Schedule::constant}, {"linear", Schedule::linear}},
                          {.help = "constant, or linear down to 0 at the last step"});
  binder.field("dqn.n_envs", config.n_envs,
               {.minimum = 1, .maximum = 65536, .help = "environment lanes side by side"});
  binder.field("dqn.buffer_size", config.buffer_size,
               {.minimum = 2,
                .maximum = 1e12,
                .unit = "steps",
                .help = "steps that the replay buffer holds; its memory is told before training"});
  binder.field("dqn.learning_starts", config.learning_starts,
               {.minimum = 0,
                .maximum = most_steps,
                .unit = "steps",
                .help = "steps with random actions before the first update"});
  binder.field("dqn.batch_size", config.batch_size,
               {.minimum = 1, .maximum = 1 << 20, .unit = "rows", .help = "steps drawn for one update"});
  binder.field("dqn.tau", config.tau,
               {.minimum = 0,
                .maximum = 1,
                .above_minimum = true,
                .help = "how far the target network moves when it does; 1: it becomes equal"});
  binder.field("dqn.gamma", config.gamma, {.minimum = 0, .maximum = 1, .help = "discount per step"});
  binder.field(
      "dqn.train_freq", config.train_freq,
      {.minimum = 1, .maximum = 1 << 24, .unit = "steps", .help = "steps of each lane between updates"});
  binder.field(
      "dqn.gradient_steps", config.gradient_steps,
      {.minimum = -1, .maximum = 1 << 20, .help = "updates each time; -1: as many as there were steps"});
  binder.rule("dqn.gradient_steps", [&config] {
    return config.gradient_steps == 0 ? "0 updates learn nothing: at least 1, or -1" : "";
  });
  binder.field("dqn.target_update_interval", config.target_update_interval,
               {.minimum = 1,
                .maximum = most_steps,
                .unit = "steps",
                .help = "steps between two moves of the target network"});
}

void describe_options(ConfigBinder& binder, DqnConfig& config) {
  const std::vector<std::tuple<const char*, double*, const char*>> shares{
      {"dqn.exploration_fraction", &config.exploration_fraction,
       "share of the training over which exploration falls"},
      {"dqn.exploration_initial_eps", &config.exploration_initial_eps,
       "probability of a random action at the start"},
      {"dqn.exploration_final_eps", &config.exploration_final_eps,
       "probability of a random action once exploration has fallen"},
      {"dqn.priority_alpha", &config.priority_alpha,
       "exponent of the error by which steps are drawn; 0: uniformly"},
      {"dqn.priority_beta", &config.priority_beta,
       "share of the bias of prioritized replay that weights take out at the start; 1 at the end"}};
  for (const auto& [key, value, help] : shares)
    binder.field(key, *value, {.minimum = 0, .maximum = 1, .help = help});
  binder.field("dqn.priority_epsilon", config.priority_epsilon,
               {.minimum = 0, .above_minimum = true, .help = "added to every error"});
  binder.field("dqn.max_grad_norm", config.max_grad_norm,
               {.minimum = 0, .above_minimum = true, .help = "largest norm of a gradient"});
  binder.field("dqn.n_steps", config.n_steps,
               {.minimum = 1,
                .maximum = 10'000,
                .unit = "steps",
                .help = "steps whose rewards are summed before the target network is asked"});
  binder.field("dqn.double_q", config.double_q,
               {.help = "the network that learns chooses the action, the target network values it"});
  binder.field("dqn.dueling", config.dueling, {.help = "heads of their own for value and advantages"});
  binder.field("dqn.prioritized_replay", config.prioritized_replay,
               {.help = "steps are drawn by the size of their last error"});
  binder.field("dqn.net_arch", config.net_arch, {.minimum = 1, .maximum = 65536, .help = "hidden layers"});
  binder.choice<nn::Activation>("dqn.activation", config.activation,
                                {{"tanh", nn::Activation::tanh}, {"relu", nn::Activation::relu}},
                                {.help = "after every hidden layer"});
  binder.field(
      "dqn.log_interval", config.log_interval,
      {.minimum = 1, .maximum = 1 << 30, .unit = "steps", .help = "steps between two rows of statistics"});
  binder.field("dqn.seed", config.seed, {.help = "everything random follows from it"});
  binder.field("dqn.threads", config.threads,
               {.minimum = 1, .maximum = 2, .help = "threads of one training; does not change the result"});
}

}  // namespace

void describe(ConfigBinder& binder, DqnConfig& config) {
  describe_learning(binder, config);
  describe_options(binder, config);
}

void validate(const DqnConfig& config) {
  require_valid(config);
}

}  // namespace stevie::rl
