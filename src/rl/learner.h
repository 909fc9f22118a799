#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "env/vector_env.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "rl/behaviour_cloning.h"
#include "rl/dqn_config.h"
#include "rl/episode_log.h"
#include "rl/ppo_config.h"

namespace stevie::rl {

/// One number that an algorithm tells of itself, by the tag that Stable-Baselines3 gives it in TensorBoard:
/// "train/loss".
struct Statistic {
  std::string tag;
  double value = 0;
};

/// An algorithm at work, as far as a training has to know it: it is advanced, asked for its policy, saved and
/// loaded.
class Learner {
 public:
  virtual ~Learner() = default;

  /// Begins with the policy of a trained network instead of a random one; before the first step, and before
  /// load_state() of a training that began so. Throws Error "rl.network_differs" or "nn.tensor_differs" where
  /// its sizes or layers are others.
  virtual void start_from(const nn::ActorCritic& policy) = 0;
  /// Demonstrations to imitate beside the reward, as the configuration says. Throws Error "rl.no_imitation"
  /// where the algorithm cannot, "rl.env_differs" where their sizes are others.
  virtual void imitate(std::shared_ptr<const Demonstrations> demonstrations) = 0;

  /// "PPO": the name of its TensorBoard folder and in reports.
  virtual std::string_view algorithm() const = 0;
  /// Learns from further steps, as many as it likes to take at once. `total_timesteps` is where the training
  /// ends and schedules with it.
  virtual std::vector<Statistic> advance(std::uint64_t total_timesteps) = 0;

  /// Environment steps so far, all lanes together.
  virtual std::uint64_t timesteps() const = 0;
  virtual const EpisodeLog& episodes() const = 0;
  /// Memory of the replay buffer; 0 without one.
  virtual std::uint64_t replay_bytes() const { return 0; }
  /// Whether every weight is still a number.
  virtual bool sound() const = 0;

  /// The policy as it is now: its action is the one with the largest logit.
  virtual nn::ActorCritic policy() const = 0;
  /// The same with optimiser and hyper-parameters, in Stable-Baselines3's terms.
  virtual nn::ModelFile model_file() const = 0;

  /// Everything but the configuration; after load_state it goes on bit for bit. load_state throws Error
  /// "bytes.damaged" where the bytes are not whole or of another configuration.
  virtual std::string save_state() const = 0;
  virtual void load_state(std::string_view state) = 0;
};

/// PPO on this environment, which must outlive it. Throws as Ppo's constructor does.
std::unique_ptr<Learner> make_ppo_learner(env::VectorEnv& environment, const nn::PolicyKwargs& architecture,
                                          const PpoConfig& config);

/// DQN on this environment, which must outlive it. Throws as Dqn's constructor does.
std::unique_ptr<Learner> make_dqn_learner(env::VectorEnv& environment, const DqnConfig& config);

}  // namespace stevie::rl
