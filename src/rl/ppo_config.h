#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/config.h"
#include "rl/schedule.h"

namespace stevie::rl {

/// Hyper-parameters of PPO. Names, defaults and meaning are Stable-Baselines3's.
struct PpoConfig {
  /// Adam's step size. Default 3e-4. Larger learns faster until updates destroy the policy.
  double learning_rate = 3e-4;
  Schedule learning_rate_schedule = Schedule::constant;
  /// Environment lanes stepped side by side. Default 8 (Stable-Baselines3 leaves this to the environment).
  std::size_t n_envs = 8;
  /// Steps of each lane between two updates. Default 2048. n_envs * n_steps is the rollout, 16,777,216 rows
  /// at most.
  std::size_t n_steps = 2048;
  /// Rows of a minibatch. Default 64. If it does not divide the rollout, the last minibatch of an epoch is
  /// smaller.
  std::size_t batch_size = 64;
  /// Passes over each rollout. Default 10.
  std::size_t n_epochs = 10;
  /// Discount per step. Default 0.99: a horizon of about 100 bars.
  double gamma = 0.99;
  /// GAE's lambda: 1 uses whole returns (no bias, much variance), 0 one step. Default 0.95.
  double gae_lambda = 0.95;
  /// The ratio of new to old probability counts within 1 +- this. Default 0.2.
  double clip_range = 0.2;
  Schedule clip_range_schedule = Schedule::constant;
  /// The value moves at most this far from the old one in an update. Default none: no limit. Depends on the
  /// scale of rewards.
  std::optional<double> clip_range_vf;
  /// Advantages of each minibatch get mean 0 and standard deviation 1. Default true.
  bool normalize_advantage = true;
  /// Weight of the entropy bonus. Default 0. More keeps the policy random for longer.
  double ent_coef = 0.0;
  /// Weight of the value loss. Default 0.5.
  double vf_coef = 0.5;
  /// The gradient's norm is cut to this. Default 0.5.
  double max_grad_norm = 0.5;
  /// An update stops early once the estimated divergence from the old policy exceeds 1.5 times this. Default
  /// none.
  std::optional<double> target_kl;
  /// Steps for which the policy stays as it is and only the value is learnt, for a training that starts from
  /// a policy: a value that knows nothing would drive it away at once. Whole rollouts. Default 0.
  std::uint64_t warmup_steps = 0;
  /// Weight of the cross-entropy with demonstrations, where there are some. Default 0: they are not used.
  /// Falls linearly to 0 at imitation_decay_steps; 0: it stays.
  double imitation_weight = 0.0;
  std::uint64_t imitation_decay_steps = 0;
  /// Everything random follows from it. Default 1.
  std::uint64_t seed = 1;
  /// Threads that one training uses: 1 or 2 (rollout lanes are split; policy and value networks are updated
  /// side by side). Does not change the result. Default 1.
  std::size_t threads = 1;

  std::size_t rollout_size() const { return n_envs * n_steps; }
};

/// Names the fields ppo.* with their ranges, for files, environment, flags and documentation.
void describe(ConfigBinder& binder, PpoConfig& config);

/// Throws Error "config.faults" that lists every value out of range: for configurations that were not loaded.
void validate(const PpoConfig& config);

}  // namespace stevie::rl
