#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>

#include "app/cloning_study.h"
#include "app/evaluate.h"
#include "app/training_market.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/thread_pool.h"
#include "evaluation/backtest.h"
#include "rl/behaviour_cloning.h"
#include "rl/ppo.h"
#include "strategy/demonstration.h"
#include "strategy/expert.h"
#include "strategy/policy_strategy.h"
#include "strategy/simple.h"

namespace stevie::app {
namespace {

/// Everything that the arms share.
class MarketStudy {
 public:
  explicit MarketStudy(const CloningMarketRequest& request)
      : request_(request),
        market_(load_training_market(request.data, request.config.data.split(), request.config.env)) {
    strategy::RsiMaExpert expert(request.config.expert, market_.bars.interval);
    training_ = std::make_shared<rl::Demonstrations>(
        strategy::record_demonstrations(expert, market_.market, market_.split.train, request.config.env)
            .rows);
    validation_ =
        strategy::record_demonstrations(expert, market_.market, market_.split.validation, request.config.env)
            .rows;
  }

  std::uint64_t demonstrations() const { return training_->size(); }

  nn::ActorCritic clone(std::uint64_t seed) const {
    nn::ActorCritic network(shape());
    network.initialise_orthogonal(seed);
    rl::CloningConfig config = request_.config.cloning;
    config.seed = seed;
    std::vector<std::uint32_t> train(training_->size()), held(validation_.size());
    std::iota(train.begin(), train.end(), 0u);
    std::iota(held.begin(), held.end(), 0u);
    rl::clone_policy(network, {*training_, train}, {validation_, held}, config);
    return network;
  }

  /// The last policy of a training of `timesteps`, from `start` where there is one.
  nn::ActorCritic train(std::uint64_t seed, std::uint64_t timesteps, const nn::ActorCritic* start,
                        double imitation) const {
    rl::PpoConfig config = request_.config.ppo;
    config.seed = seed;
    config.threads = 1;
    if (start != nullptr) {
      if (config.warmup_steps == 0) config.warmup_steps = 2 * config.rollout_size();
      config.imitation_weight = imitation;
      config.imitation_decay_steps = timesteps / 2;
    }
    env::TradingEnv environment(market_.market, market_.split.train, request_.config.env, config.n_envs);
    rl::Ppo ppo(environment, shape(), config);
    if (start != nullptr) ppo.start_from(*start);
    if (start != nullptr && imitation > 0) ppo.imitate(training_);
    while (ppo.timesteps() < timesteps) {
      if (interrupted()) throw Interrupted("stopped before the comparison on real bars was finished");
      ppo.iterate(timesteps);
    }
    return ppo.network();
  }

  void judge(strategy::Strategy& strategy, std::size_t seed, MarketArm& arm) const {
    const auto play = [&](market::BarRange range) {
      range.begin = std::max(range.begin, market_.market->features.warm_up);
      return evaluation::run_backtest(strategy, *market_.market, range, judging_engine(request_.config.env));
    };
    const auto growth = [](const execution::SimulationResult& run) {
      constexpr double least_share = 1e-4;
      return std::log(std::max(run.equity.back() / run.initial_equity, least_share));
    };
    arm.validation_growth[seed] = growth(play(market_.split.validation));
    const execution::SimulationResult test = play(market_.split.test);
    arm.test_growth[seed] = growth(test);
    arm.trades[seed] = static_cast<double>(test.trades.size());
  }
  void judge(const nn::ActorCritic& network, std::size_t seed, MarketArm& arm) const {
    strategy::PolicyStrategy policy(arm.name, std::make_shared<const nn::ActorCritic>(network),
                                    request_.config.env.exposures);
    judge(policy, seed, arm);
  }
  strategy::RsiMaExpert expert() const { return {request_.config.expert, market_.bars.interval}; }

 private:
  nn::NetworkConfig shape() const {
    return {training_->observation_size, training_->action_count, request_.config.network};
  }

  const CloningMarketRequest& request_;
  TrainingMarket market_;
  std::shared_ptr<const rl::Demonstrations> training_;
  rl::Demonstrations validation_;
};

MarketArm make_arm(std::string name, std::size_t seeds) {
  return {std::move(name), std::vector<double>(seeds), std::vector<double>(seeds),
          std::vector<double>(seeds)};
}

}  // namespace

std::vector<MarketArm> run_cloning_market(const CloningMarketRequest& request) {
  const MarketStudy study(request);
  if (request.timesteps <= study.demonstrations())
    throw Error("cloning.few_steps",
                "the demonstrations count as steps and there are " + std::to_string(study.demonstrations()) +
                    " of them: compare over more steps",
                "flag --timesteps");
  const std::uint64_t left = request.timesteps - study.demonstrations();
  std::vector<MarketArm> arms;
  for (const char* name : {"scratch", "clone", "clone, imitation term", "the clone alone"})
    arms.push_back(make_arm(name, request.seeds));
  constexpr double imitation = 0.5;
  std::size_t done = 0;
  std::mutex mutex;
  const auto finished = [&] {
    const std::scoped_lock lock(mutex);
    if (request.progress) request.progress(++done, 3 * request.seeds);
  };
  ThreadPool pool(request.threads);
  pool.parallel_for(3 * request.seeds, [&](std::size_t i) {
    const std::size_t arm = i / request.seeds, s = i % request.seeds;
    const std::uint64_t seed = request.first_seed + s;
    if (arm == 0) {
      study.judge(study.train(seed, request.timesteps, nullptr, 0), s, arms[0]);
    } else {
      const nn::ActorCritic clone = study.clone(seed);
      if (arm == 1) study.judge(clone, s, arms[3]);
      study.judge(study.train(seed, left, &clone, arm == 2 ? imitation : 0), s, arms[arm]);
    }
    finished();
  });
  arms.push_back(make_arm("the expert", 1));
  strategy::RsiMaExpert expert = study.expert();
  study.judge(expert, 0, arms.back());
  arms.push_back(make_arm("buy and hold", 1));
  strategy::ConstantExposure hold("buy and hold", 1.0);
  study.judge(hold, 0, arms.back());
  return arms;
}

}  // namespace stevie::app
