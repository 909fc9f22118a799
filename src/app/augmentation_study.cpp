#include "app/augmentation_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "app/evaluate.h"
#include "app/training_market.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "evaluation/backtest.h"
#include "rl/ppo.h"
#include "stats/metrics.h"
#include "strategy/policy_strategy.h"

namespace stevie::app {
namespace {

constexpr double least_share = 1e-4;  // of the account: a loss of everything has a logarithm too

struct Played {
  double growth = 0;
  double trades = 0;
  std::optional<double> sharpe;
};

Played play(const nn::ActorCritic& network, const TrainingMarket& market, market::BarRange range,
            const Config& config) {
  strategy::PolicyStrategy policy("policy", std::make_shared<nn::ActorCritic>(network), config.env.exposures);
  range.begin = std::max(range.begin, market.market->features.warm_up);
  const execution::SimulationResult result =
      evaluation::run_backtest(policy, *market.market, range, judging_engine(config.env));
  const std::vector<stats::DayReturn> days = stats::daily_returns({.initial_equity = result.initial_equity,
                                                                   .interval = result.interval,
                                                                   .open_time = result.open_time,
                                                                   .equity = result.equity,
                                                                   .exposure = result.exposure});
  return {.growth = std::log(std::max(result.equity.back() / result.initial_equity, least_share)),
          .trades = static_cast<double>(result.trades.size()),
          .sharpe = stats::sharpe_ratio(stats::simple_returns(days), stats::days_per_year).value};
}

AugmentationRun train(const AugmentationStudyConfig& study, const TrainingMarket& market,
                      const AugmentationArm& arm, std::uint64_t seed) {
  Config config = study.config;
  config.ppo.seed = seed;
  config.augmentation.techniques = arm.techniques;
  env::TradingEnv environment(market.market, market.split.train, config.env, config.ppo.n_envs,
                              augmentation_source(market, config.augmentation));
  rl::Ppo ppo(environment, {environment.observation_size(), environment.action_count(), config.network},
              config.ppo);
  const std::uint64_t total = config.train.total_timesteps;
  std::optional<nn::ActorCritic> kept;
  AugmentationRun run{.seed = seed};
  while (ppo.timesteps() < total) {
    if (interrupted()) throw Interrupted("the study was stopped; what is finished has been written");
    const std::uint64_t before = ppo.timesteps();
    ppo.iterate(total);
    const std::uint64_t distance = std::max<std::uint64_t>(config.train.eval_freq, 1);
    if (before / distance == ppo.timesteps() / distance && ppo.timesteps() < total) continue;
    const double growth = play(ppo.network(), market, market.split.validation, config).growth;
    if (kept && growth <= run.validation) continue;
    run.validation = growth;
    kept.emplace(ppo.network());
  }
  const Played test = play(*kept, market, market.split.test, config);
  run.test = test.growth;
  run.test_sharpe = test.sharpe;
  run.trades = test.trades;
  run.last_test = play(ppo.network(), market, market.split.test, config).growth;
  const auto reward = ppo.episodes().mean_reward(), length = ppo.episodes().mean_length();
  if (reward && length) run.training = *reward / *length;
  return run;
}

}  // namespace

std::vector<AugmentationArm> augmentation_arms() {
  std::vector<AugmentationArm> arms{{"none", {}}};
  for (const market::Technique technique : market::all_techniques) {
    const std::string name(market::to_string(technique));
    if (technique == market::Technique::bootstrap) arms.push_back({"all", {"all"}});
    arms.push_back({technique == market::Technique::permutation ? "null" : name, {name}});
  }
  return arms;
}

std::vector<AugmentationArmResult> run_augmentation_study(const AugmentationStudyConfig& config) {
  std::vector<AugmentationArmResult> results;
  const std::vector<AugmentationArm> all = augmentation_arms();
  std::string known;
  for (const AugmentationArm& arm : all) known += (known.empty() ? "" : ", ") + arm.name;
  for (const std::string& name : config.arms) {
    if (std::ranges::find(all, name, &AugmentationArm::name) == all.end())
      throw Error("study.unknown_arm", "there is no arm '" + name + "': choose of " + known, "arms");
  }
  for (const AugmentationArm& arm : all) {
    if (config.arms.empty() || std::ranges::find(config.arms, arm.name) != config.arms.end())
      results.push_back({arm, {}});
  }
  const TrainingMarket market =
      load_training_market(config.data, config.config.data.split(), config.config.env);
  for (std::uint64_t seed = 1; seed <= config.seeds; ++seed) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (config.progress) config.progress(fmt::format("seed {}", seed), i, results.size());
      results[i].runs.push_back(train(config, market, results[i].arm, seed));
    }
    if (config.progress) config.progress(fmt::format("seed {}", seed), results.size(), results.size());
    if (config.finished) config.finished(results);
  }
  return results;
}

}  // namespace stevie::app
