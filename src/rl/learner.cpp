#include "rl/learner.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "rl/dqn.h"
#include "rl/dqn_model.h"
#include "rl/ppo.h"
#include "rl/ppo_model.h"

namespace stevie::rl {
namespace {

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

class PpoLearner final : public Learner {
 public:
  PpoLearner(env::VectorEnv& environment, const nn::PolicyKwargs& architecture, const PpoConfig& config)
      : ppo_(environment, {environment.observation_size(), environment.action_count(), architecture},
             config) {}

  void start_from(const nn::ActorCritic& policy) override { ppo_.start_from(policy); }
  void imitate(std::shared_ptr<const Demonstrations> demonstrations) override {
    ppo_.imitate(std::move(demonstrations));
    imitates_ = true;
  }
  std::string_view algorithm() const override { return "PPO"; }
  std::vector<Statistic> advance(std::uint64_t total_timesteps) override {
    const UpdateStats stats = ppo_.iterate(total_timesteps);
    std::vector<Statistic> told{{"train/loss", stats.loss},
                                {"train/learning_rate", stats.learning_rate},
                                {"train/policy_gradient_loss", stats.policy_gradient_loss},
                                {"train/value_loss", stats.value_loss},
                                {"train/entropy_loss", stats.entropy_loss},
                                {"train/approx_kl", stats.approx_kl},
                                {"train/clip_fraction", stats.clip_fraction},
                                {"train/clip_range", stats.clip_range},
                                {"train/explained_variance", stats.explained_variance},
                                {"train/n_updates", static_cast<double>(stats.n_updates)}};
    if (imitates_) {
      told.push_back({"train/imitation_loss", stats.imitation_loss});
      told.push_back({"train/imitation_weight", stats.imitation_weight});
    }
    return told;
  }
  std::uint64_t timesteps() const override { return ppo_.timesteps(); }
  const EpisodeLog& episodes() const override { return ppo_.episodes(); }
  bool sound() const override { return all_finite(ppo_.network().parameters()); }
  nn::ActorCritic policy() const override { return ppo_.network(); }
  nn::ModelFile model_file() const override { return to_model_file(ppo_); }
  std::string save_state() const override { return ppo_.save_state(); }
  void load_state(std::string_view state) override { ppo_.load_state(state); }

 private:
  Ppo ppo_;
  bool imitates_ = false;
};

class DqnLearner final : public Learner {
 public:
  DqnLearner(env::VectorEnv& environment, const DqnConfig& config)
      : dqn_(environment, config), replay_bytes_(rl::replay_bytes(environment, config)) {}

  void start_from(const nn::ActorCritic& policy) override { dqn_.start_from(policy); }
  void imitate(std::shared_ptr<const Demonstrations>) override {
    throw Error("rl.no_imitation",
                "DQN has no imitation term: leave the demonstrations out, or train with PPO");
  }
  std::string_view algorithm() const override { return "DQN"; }
  std::vector<Statistic> advance(std::uint64_t total_timesteps) override {
    const DqnStats stats = dqn_.iterate(total_timesteps);
    std::vector<Statistic> told{{"rollout/exploration_rate", stats.exploration_rate}};
    if (stats.loss) {
      told.push_back({"train/loss", *stats.loss});
      told.push_back({"train/learning_rate", stats.learning_rate});
      told.push_back({"train/n_updates", static_cast<double>(stats.n_updates)});
    }
    return told;
  }
  std::uint64_t timesteps() const override { return dqn_.timesteps(); }
  const EpisodeLog& episodes() const override { return dqn_.episodes(); }
  std::uint64_t replay_bytes() const override { return replay_bytes_; }
  bool sound() const override { return all_finite(dqn_.network().parameters()); }
  nn::ActorCritic policy() const override { return dqn_.network().as_policy(); }
  nn::ModelFile model_file() const override { return to_model_file(dqn_); }
  std::string save_state() const override { return dqn_.save_state(); }
  void load_state(std::string_view state) override { dqn_.load_state(state); }

 private:
  Dqn dqn_;
  std::uint64_t replay_bytes_;
};

}  // namespace

std::unique_ptr<Learner> make_dqn_learner(env::VectorEnv& environment, const DqnConfig& config) {
  return std::make_unique<DqnLearner>(environment, config);
}

std::unique_ptr<Learner> make_ppo_learner(env::VectorEnv& environment, const nn::PolicyKwargs& architecture,
                                          const PpoConfig& config) {
  return std::make_unique<PpoLearner>(environment, architecture, config);
}

}  // namespace stevie::rl
