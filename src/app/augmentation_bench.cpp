#include "app/augmentation_bench.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/bench_timing.h"
#include "app/training_market.h"
#include "core/random.h"
#include "rl/ppo.h"

namespace stevie::app {
namespace {

constexpr std::size_t lanes = 8;

market::AugmentationConfig all_techniques() {
  market::AugmentationConfig config;
  config.techniques = {"all"};
  return config;
}

/// Steps the environment with actions drawn beforehand.
class Player {
 public:
  explicit Player(env::TradingEnv& environment)
      : environment_(environment),
        observations_(lanes * environment.observation_size()),
        final_observations_(observations_.size()),
        rewards_(lanes),
        terminated_(lanes),
        truncated_(lanes),
        actions_(rounds_of_actions * lanes) {
    RandomStream random(2, 0);
    for (std::int32_t& action : actions_)
      action = static_cast<std::int32_t>(random.below(environment.action_count()));
    environment.reset(3, observations_);
  }

  /// As many steps as an episode has, in every lane; returns them.
  double play() {
    for (std::size_t round = 0; round < rounds_of_actions; ++round) {
      environment_.step_all({actions_.data() + round * lanes, observations_.data(), rewards_.data(),
                             terminated_.data(), truncated_.data(), final_observations_.data()});
    }
    return static_cast<double>(rounds_of_actions * lanes);
  }

 private:
  static constexpr std::size_t rounds_of_actions = 720;
  env::TradingEnv& environment_;
  std::vector<float> observations_, final_observations_, rewards_;
  std::vector<std::uint8_t> terminated_, truncated_;
  std::vector<std::int32_t> actions_;
};

/// One of the two sides of a comparison.
struct Side {
  Side(const TrainingMarket& market, bool augmented)
      : environment(market.market, market.split.train, {}, lanes,
                    augmented ? augmentation_source(market, all_techniques()) : std::nullopt) {}
  env::TradingEnv environment;
};

/// `work` makes the measured thing of an environment; its result is called again and again.
template <class Work>
BenchRow compare(const std::string& name, const std::string& what, const TrainingMarket& market,
                 double seconds, Work work) {
  Side plain(market, false), augmented(market, true);
  auto plain_work = work(plain.environment), augmented_work = work(augmented.environment);
  plain_work();
  augmented_work();
  std::vector<double> rates, ratios;
  for (int round = 0; round < rounds; ++round) {
    const double base = rate_of(seconds / rounds / 2, plain_work, processor_now);
    rates.push_back(rate_of(seconds / rounds / 2, augmented_work, processor_now));
    ratios.push_back(rates.back() / base);
  }
  return {name, median(rates), "steps/s", fmt::format("{} without augmentation", what), median(ratios)};
}

}  // namespace

std::vector<BenchRow> measure_augmentation(const market::Bars& bars, double seconds) {
  const TrainingMarket market = prepare_training_market(bars, {}, {}, "bars");
  std::vector<BenchRow> rows;
  rows.push_back(
      compare("env_steps_augmented", "the environment", market, seconds, [](env::TradingEnv& environment) {
        return [player = std::make_shared<Player>(environment)] { return player->play(); };
      }));
  rows.push_back(
      compare("ppo_augmented", "the same training", market, seconds, [](env::TradingEnv& environment) {
        auto ppo = std::make_shared<rl::Ppo>(
            environment, nn::NetworkConfig{environment.observation_size(), environment.action_count(), {}},
            rl::PpoConfig{.n_envs = lanes});
        return [ppo] {
          ppo->iterate(0);
          return static_cast<double>(ppo->config().rollout_size());
        };
      }));
  return rows;
}

}  // namespace stevie::app
