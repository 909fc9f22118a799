#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "core/thread_pool.h"
#include "env/vector_env.h"
#include "nn/adam.h"
#include "nn/network.h"
#include "rl/behaviour_cloning.h"
#include "rl/categorical.h"
#include "rl/episode_log.h"
#include "rl/ppo_config.h"
#include "rl/rollout.h"

namespace stevie::rl {

/// What one update did, under the names of Stable-Baselines3's `train/` tags.
struct UpdateStats {
  double loss = 0;                  // of the last minibatch
  double policy_gradient_loss = 0;  // mean over minibatches
  double value_loss = 0;            // mean squared error, mean over minibatches
  double entropy_loss = 0;          // minus the mean entropy
  double approx_kl = 0;             // mean over the last epoch
  double clip_fraction = 0;
  double clip_range = 0;
  double learning_rate = 0;
  double explained_variance = 0;  // NaN where the returns do not vary
  std::uint64_t n_updates = 0;    // epochs in all
  bool stopped_early = false;     // by target_kl
  bool policy_frozen = false;     // by warmup_steps: only the value was learnt
  double imitation_weight = 0;    // of the cross-entropy with demonstrations
  double imitation_loss = 0;      // mean cross-entropy over minibatches; 0 where its weight is
};

/// Proximal policy optimisation (Schulman et al. 2017) with Stable-Baselines3's details: rollouts of n_steps
/// in n_envs lanes, GAE, truncated episodes bootstrapped from their final observation, n_epochs of shuffled
/// minibatches, clipped surrogate, global gradient clipping, Adam.
///
/// The environment must outlive it. The same configuration, environment and seed give the same bytes for any
/// number of threads, and a training resumed from save_state() goes on as if it had never stopped.
class Ppo {
 public:
  /// Resets the environment with the configured seed. Throws Error "config.faults" or "nn.bad_architecture",
  /// and "rl.env_differs" where lanes or sizes of environment, network and configuration do not fit.
  Ppo(env::VectorEnv& environment, const nn::NetworkConfig& network, const PpoConfig& config);
  ~Ppo();

  /// Begins with the weights of a trained network instead of random ones. Before the first rollout, and
  /// before load_state() where a training is resumed. Throws Error "rl.network_differs" where its sizes or
  /// layers are others.
  void start_from(const nn::ActorCritic& trained);
  /// Demonstrations for the imitation term of the loss, which config().imitation_weight switches on. Throws
  /// Error "rl.env_differs" where their sizes are others.
  void imitate(std::shared_ptr<const Demonstrations> demonstrations);

  /// One rollout and one update. `total_timesteps` is where the schedules end.
  UpdateStats iterate(std::uint64_t total_timesteps);

  /// The halves of iterate(), for measurements and comparisons.
  void collect_rollout();
  UpdateStats update(std::uint64_t total_timesteps);
  /// Trains on rollout() with the given minibatch order, one permutation of its rows per epoch.
  UpdateStats update_in_order(double learning_rate, double clip_range,
                              std::span<const std::vector<std::uint32_t>> permutations);

  std::uint64_t timesteps() const { return timesteps_; }
  const EpisodeLog& episodes() const { return episodes_; }
  const PpoConfig& config() const { return config_; }
  nn::ActorCritic& network() { return network_; }
  const nn::ActorCritic& network() const { return network_; }
  nn::Adam& optimizer() { return optimizer_; }
  const nn::Adam& optimizer() const { return optimizer_; }
  RolloutBuffer& rollout() { return rollout_; }
  const RolloutBuffer& rollout() const { return rollout_; }

  /// Everything but the configuration. load_state throws Error "bytes.damaged" where the bytes are not whole
  /// or not from the same configuration; the object is then good for nothing but another load_state.
  std::string save_state() const;
  void load_state(std::string_view state);

 private:
  struct Minibatch;
  struct RolloutWorker;
  struct Imitator;
  struct MinibatchLoss {
    PolicyLossSums policy;
    double value = 0;                      // sum of squared errors
    double imitation = 0;                  // sum of cross-entropies
    std::array<double, 2> squared_norm{};  // of the gradients: policy, value
  };

  void collect_lanes(RolloutWorker& worker);
  /// Notes the value after every episode that `step` truncated.
  void value_cut_off_episodes(RolloutWorker& worker, std::size_t step);
  void gather(std::span<const std::uint32_t> rows);
  void normalise_advantages();
  /// Forward pass, loss and the loss's gradient at the outputs.
  PolicyLossSums policy_pass(float clip_range);
  double value_pass();
  MinibatchLoss forward_and_backward(float clip_range);
  /// Adds the gradient of the imitation term; the sum of its cross-entropies.
  double add_imitation();
  void apply_gradients(const MinibatchLoss& loss, double learning_rate);
  /// Of the update behind the rollout that ended at `timesteps`.
  bool policy_frozen(std::uint64_t timesteps) const;
  void prepare_update();
  void shuffle(std::vector<std::uint32_t>& rows);

  env::VectorEnv& env_;
  PpoConfig config_;
  nn::ActorCritic network_;
  nn::Adam optimizer_;
  AlignedVector<float> gradients_;  // laid out as the network's parameters
  RolloutBuffer rollout_;
  EpisodeLog episodes_;
  AlignedVector<float> final_observations_;  // (envs, observation_size)
  std::vector<std::unique_ptr<RolloutWorker>> workers_;
  std::unique_ptr<Minibatch> minibatch_;
  std::unique_ptr<Imitator> imitator_;  // empty without demonstrations
  bool frozen_ = false;                 // in this update
  ThreadPool pool_;
  RandomStream shuffle_random_;
  std::uint64_t timesteps_ = 0;
  std::uint64_t n_updates_ = 0;
};

}  // namespace stevie::rl
