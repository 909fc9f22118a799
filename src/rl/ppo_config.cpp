#include "rl/ppo_config.h"

#include "rl/config_check.h"

namespace stevie::rl {
namespace {

// 7 GB of observations with 104 values. A larger one is a slip of the pen.
constexpr std::size_t largest_rollout = 1 << 24;

}  // namespace

void describe(ConfigBinder& binder, PpoConfig& config) {
  const std::vector<std::pair<std::string, Schedule>> schedules{{"constant", Schedule::constant},
                                                                {"linear", Schedule::linear}};
  binder.field("ppo.learning_rate", config.learning_rate,
               {.minimum = 0, .maximum = 1, .above_minimum = true, .help = "step size of Adam"});
  binder.choice("ppo.learning_rate_schedule", config.learning_rate_schedule, schedules,
                {.help = "constant, or linear down to 0 at the last step"});
  binder.field("ppo.n_envs", config.n_envs,
               {.minimum = 1, .maximum = 65536, .help = "environment lanes side by side"});
  binder.field(
      "ppo.n_steps", config.n_steps,
      {.minimum = 1, .maximum = 1 << 24, .unit = "steps", .help = "steps of each lane between two updates"});
  binder.field("ppo.batch_size", config.batch_size,
               {.minimum = 2, .maximum = 1 << 24, .unit = "rows", .help = "rows of a minibatch"});
  binder.field("ppo.n_epochs", config.n_epochs,
               {.minimum = 1, .maximum = 1000, .help = "passes over each rollout"});
  binder.field("ppo.gamma", config.gamma, {.minimum = 0, .maximum = 1, .help = "discount per step"});
  binder.field("ppo.gae_lambda", config.gae_lambda,
               {.minimum = 0, .maximum = 1, .help = "1: whole returns, 0: one step"});
  binder.field("ppo.clip_range", config.clip_range,
               {.minimum = 0,
                .maximum = 10,
                .above_minimum = true,
                .help = "how far a probability ratio counts from 1"});
  binder.choice("ppo.clip_range_schedule", config.clip_range_schedule, schedules,
                {.help = "constant, or linear down to 0 at the last step"});
  binder.field("ppo.clip_range_vf", config.clip_range_vf,
               {.minimum = 0,
                .above_minimum = true,
                .help = "how far a value may move in one update; none: no limit"});
  binder.field("ppo.normalize_advantage", config.normalize_advantage,
               {.help = "mean 0 and standard deviation 1 in every minibatch"});
  binder.field("ppo.ent_coef", config.ent_coef,
               {.minimum = 0, .maximum = 100, .help = "weight of the entropy bonus"});
  binder.field("ppo.vf_coef", config.vf_coef,
               {.minimum = 0, .maximum = 100, .help = "weight of the value loss"});
  binder.field("ppo.max_grad_norm", config.max_grad_norm,
               {.minimum = 0, .above_minimum = true, .help = "largest norm of a gradient"});
  binder.field("ppo.target_kl", config.target_kl,
               {.minimum = 0,
                .above_minimum = true,
                .help = "an update stops at 1.5 times this divergence; none: never"});
  constexpr double most_steps = 1e15;
  binder.field("ppo.warmup_steps", config.warmup_steps,
               {.minimum = 0,
                .maximum = most_steps,
                .unit = "steps",
                .help = "the policy stays as it started, only the value is learnt"});
  binder.field("ppo.imitation_weight", config.imitation_weight,
               {.minimum = 0,
                .maximum = 1000,
                .help = "weight of the cross-entropy with demonstrations, if there are any"});
  binder.field("ppo.imitation_decay_steps", config.imitation_decay_steps,
               {.minimum = 0,
                .maximum = most_steps,
                .unit = "steps",
                .help = "where that weight has fallen to 0; 0: it stays"});
  binder.field("ppo.seed", config.seed, {.help = "everything random follows from it"});
  binder.field("ppo.threads", config.threads,
               {.minimum = 1, .maximum = 2, .help = "threads of one training; does not change the result"});
  binder.rule("ppo.n_steps", [&config] {
    return config.rollout_size() > largest_rollout
               ? "n_envs * n_steps is more than the 16,777,216 rows of the largest rollout"
               : "";
  });
}

void validate(const PpoConfig& config) {
  require_valid(config);
}

}  // namespace stevie::rl
