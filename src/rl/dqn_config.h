#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/config.h"
#include "nn/architecture.h"
#include "rl/schedule.h"

namespace stevie::rl {

/// Hyper-parameters of DQN. Names, defaults and meaning are Stable-Baselines3's where it has them; double_q,
/// dueling and prioritized_replay are not there.
struct DqnConfig {
  /// Adam's step size. Default 1e-4.
  double learning_rate = 1e-4;
  Schedule learning_rate_schedule = Schedule::constant;
  /// Environment lanes stepped side by side. Default 1. Updates are due per step of all lanes, so that more
  /// lanes learn less from each step: raise gradient_steps with them.
  std::size_t n_envs = 1;
  /// Steps that the replay buffer holds. Default 1,000,000. A truncated episode takes one more.
  std::size_t buffer_size = 1'000'000;
  /// Steps with random actions before the first update. Default 100.
  std::uint64_t learning_starts = 100;
  /// Steps drawn for one update. Default 32.
  std::size_t batch_size = 32;
  /// How far the target network moves towards the other when it does. Default 1: it becomes equal.
  double tau = 1.0;
  /// Discount per step. Default 0.99.
  double gamma = 0.99;
  /// Steps of each lane between updates. Default 4.
  std::size_t train_freq = 4;
  /// Updates each time. Default 1; -1: as many as there were steps of all lanes.
  std::int64_t gradient_steps = 1;
  /// Steps of all lanes between two moves of the target network. Default 10,000.
  std::uint64_t target_update_interval = 10'000;
  /// Share of the training over which exploration falls. Default 0.1.
  double exploration_fraction = 0.1;
  /// Probability of a random action at the start, and from the end of exploration_fraction on. Default 1 and
  /// 0.05.
  double exploration_initial_eps = 1.0;
  double exploration_final_eps = 0.05;
  /// The gradient's norm is cut to this. Default 10.
  double max_grad_norm = 10.0;
  /// Steps whose rewards are summed before the target network is asked. Default 1. More carry rewards back
  /// faster, and with them the noise of exploring.
  std::size_t n_steps = 1;
  /// van Hasselt et al. 2016: the action is chosen by the network that learns, valued by the target network;
  /// values are less exaggerated. Default false.
  bool double_q = false;
  /// Wang et al. 2016: value and advantages have heads of their own. Default false.
  bool dueling = false;
  /// Schaul et al. 2016, proportional: steps are drawn by the size of their last error. Default false.
  bool prioritized_replay = false;
  /// Exponent of the error. Default 0.6; 0 draws uniformly.
  double priority_alpha = 0.6;
  /// How much of the bias of drawing so is taken out by weights at the start; it rises to 1 at the end of the
  /// training. Default 0.4.
  double priority_beta = 0.4;
  /// Added to every error, so that none is never drawn again. Default 1e-6.
  double priority_epsilon = 1e-6;
  /// Hidden layers. Default 64, 64.
  std::vector<std::size_t> net_arch = {64, 64};
  /// After every hidden layer. Default relu.
  nn::Activation activation = nn::Activation::relu;
  /// Steps of all lanes between two rows of statistics. Default 4096.
  std::uint64_t log_interval = 4096;
  /// Everything random follows from it. Default 1.
  std::uint64_t seed = 1;
  /// Threads that one training uses: 1 or 2 (lanes are split; the two networks run side by side). Does not
  /// change the result. Default 1.
  std::size_t threads = 1;

  /// Probability of a random action after `done` of `total` steps: Stable-Baselines3's LinearSchedule.
  double exploration_rate(std::uint64_t done, std::uint64_t total) const;
};

/// Names the fields dqn.* with their ranges, for files, environment, flags and documentation.
void describe(ConfigBinder& binder, DqnConfig& config);

/// Throws Error "config.faults" that lists every value out of range: for configurations that were not loaded.
void validate(const DqnConfig& config);

}  // namespace stevie::rl
