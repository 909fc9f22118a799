#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/memory.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "env/vector_env.h"
#include "nn/adam.h"
#include "nn/q_network.h"
#include "rl/dqn_config.h"
#include "rl/episode_log.h"
#include "rl/replay_buffer.h"
#include "rl/sum_tree.h"

namespace stevie::rl {

/// What DQN tells of its last steps.
struct DqnStats {
  std::optional<double> loss;  // mean over the updates; absent where there was none
  double learning_rate = 0;    // of the last update
  double exploration_rate = 0;
  std::uint64_t n_updates = 0;  // in all
};

/// Memory of the replay buffer of this configuration for this environment, the tree of prioritised replay
/// included.
std::uint64_t replay_bytes(const env::VectorEnv& environment, const DqnConfig& config);

/// What Dqn's constructor checks before it allocates anything; throws as that does, apart from the network.
void check_dqn(const env::VectorEnv& environment, const DqnConfig& config, std::uint64_t memory_bytes);

/// Deep Q-learning (Mnih et al. 2015) with Stable-Baselines3's details: epsilon-greedy steps into a replay
/// buffer, an update every train_freq steps once learning_starts steps are done, smooth L1 loss of one or
/// several steps' reward and the target network's best value, gradient clipping, Adam. A truncated episode
/// goes on from its final observation, a terminated one is worth what it paid.
///
/// The environment must outlive it. The same configuration, environment and seed give the same bytes for any
/// number of threads, and a training resumed from save_state() goes on as if it had never stopped.
class Dqn {
 public:
  /// Resets the environment with the configured seed. Throws Error "config.faults" or "nn.bad_architecture",
  /// "rl.env_differs" where the environment has another number of lanes, and "rl.replay_too_large" where the
  /// replay buffer does not fit into `memory_bytes`; nothing is allocated then.
  Dqn(env::VectorEnv& environment, const DqnConfig& config,
      std::uint64_t memory_bytes = machine_memory_bytes());
  ~Dqn();

  /// About log_interval steps with their updates. `total_timesteps` is where exploration, schedules and the
  /// weights of prioritised replay end.
  DqnStats iterate(std::uint64_t total_timesteps);

  /// The parts of iterate(), for measurements and comparisons: one step of every lane, and one update from
  /// the buffer, with steps drawn or given.
  void step(std::uint64_t total_timesteps);
  double update(std::uint64_t total_timesteps);
  double update_from(std::span<const std::size_t> records, double learning_rate);

  std::uint64_t timesteps() const { return timesteps_; }
  const EpisodeLog& episodes() const { return episodes_; }
  const DqnConfig& config() const { return config_; }
  double exploration_rate() const { return exploration_rate_; }
  std::uint64_t updates() const { return optimizer_.steps(); }
  nn::QNetwork& network() { return network_; }
  const nn::QNetwork& network() const { return network_; }
  nn::QNetwork& target() { return target_; }
  const nn::QNetwork& target() const { return target_; }
  const nn::Adam& optimizer() const { return optimizer_; }
  const ReplayBuffer& replay() const { return replay_; }

  /// Starts from a policy whose logits become the action values, in both networks; before the first step.
  /// Throws as QNetwork::start_from does.
  void start_from(const nn::ActorCritic& policy);

  /// Everything but the configuration. load_state throws Error "bytes.damaged" where the bytes are not whole
  /// or not from the same configuration; the object is then good for nothing but another load_state.
  std::string save_state() const;
  void load_state(std::string_view state);

 private:
  struct Actor;
  struct Minibatch;

  void act(Actor& actor, std::uint64_t total_timesteps);
  void remember();
  void move_target();
  void draw(double beta);
  /// Observations, rewards and actions of the drawn records.
  void gather();
  void forward();
  void set_targets();
  double learn(double learning_rate, bool weighted);
  void set_priority(std::size_t record, double priority);
  /// What a record's own leaf becomes once it is overwritten or waits for its action.
  void forget_priorities(std::size_t lane, std::size_t from);

  env::VectorEnv& env_;
  DqnConfig config_;
  nn::QNetwork network_;
  nn::QNetwork target_;
  nn::Adam optimizer_;
  AlignedVector<float> gradients_;  // laid out as the network's parameters
  ReplayBuffer replay_;
  std::optional<SumTree> priorities_;  // a leaf for each record
  double largest_priority_ = 1.0;      // of an error, before the exponent
  EpisodeLog episodes_;
  AlignedVector<float> observations_, final_observations_;  // (envs, observation_size)
  std::vector<std::int32_t> actions_;                       // (envs), and so are the three below
  std::vector<float> rewards_;
  std::vector<std::uint8_t> terminated_, truncated_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::unique_ptr<Minibatch> minibatch_;
  ThreadPool pool_;
  RandomStream draw_random_;
  std::uint64_t timesteps_ = 0;
  double exploration_rate_ = 0;
};

}  // namespace stevie::rl
