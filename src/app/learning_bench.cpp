#include "app/learning_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <thread>

#include "app/evaluate.h"
#include "app/greedy_policy.h"
#include "app/training_market.h"
#include "core/thread_pool.h"
#include "env/known_optimum.h"
#include "features/pipeline.h"
#include "market/synthetic.h"
#include "rl/categorical.h"
#include "rl/dqn.h"
#include "rl/ppo.h"
#include "stats/seeds.h"

namespace stevie::app {
namespace {

/// Plays a policy in long episodes of many lanes; the lanes' means give the standard error.
void sample_reward(const LearningTask& task, GreedyPolicy& policy, std::uint64_t seed,
                   LearningResult& result) {
  constexpr std::size_t lanes = 64;
  env::SignalConfig market = task.market;
  market.episode_length = 5'000;  // so that starting flat costs next to nothing
  env::SignalEnv environment(market, lanes);
  const std::size_t width = environment.observation_size();
  std::vector<float> observations(lanes * width), finals(lanes * width), rewards(lanes);
  std::vector<std::int32_t> actions(lanes);
  std::vector<std::uint8_t> terminated(lanes), truncated(lanes);
  std::vector<double> means(lanes, 0.0);
  environment.reset(seed, observations);
  for (std::size_t step = 0; step < market.episode_length; ++step) {
    for (std::size_t lane = 0; lane < lanes; ++lane)
      actions[lane] = policy.decide(&observations[lane * width]);
    environment.step_all({actions.data(), observations.data(), rewards.data(), terminated.data(),
                          truncated.data(), finals.data()});
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      means[lane] += rewards[lane] / static_cast<double>(market.episode_length);
    }
  }
  for (const double mean : means) result.sampled += mean / lanes;
  double squares = 0;
  for (const double mean : means) squares += (mean - result.sampled) * (mean - result.sampled);
  result.standard_error = std::sqrt(squares / static_cast<double>(lanes * (lanes - 1)));
}

/// Lower end of the 95 % percentile interval of the interquartile mean, resampling seeds.
double lower_bound(const std::vector<double>& values) {
  stats::BootstrapConfig config;
  config.replicates = 10'000;
  return stats::summarise_seeds({values, 1, values.size()}, config).interval.low;
}

/// Calls body(i) for i in [0, count) on all cores.
template <class Body>
void on_all_cores(std::size_t count, Body&& body) {
  ThreadPool pool(0);
  pool.parallel_for(count, body);
}

/// The policy that a training leaves.
nn::ActorCritic train(const LearningTask& task, env::SignalEnv& environment, std::uint64_t seed) {
  if (task.dqn) {
    rl::DqnConfig config = *task.dqn;
    config.seed = seed;
    rl::Dqn dqn(environment, config);
    while (dqn.timesteps() < task.timesteps) dqn.iterate(task.timesteps);
    return dqn.network().as_policy();
  }
  rl::PpoConfig config = task.ppo;
  config.seed = seed;
  rl::Ppo ppo(environment, {environment.observation_size(), environment.action_count(), {}}, config);
  while (ppo.timesteps() < task.timesteps) ppo.iterate(task.timesteps);
  return ppo.network();
}

void add_task_rows(const LearningTask& task, std::uint64_t seeds, const std::function<void(BenchRow)>& add) {
  const double optimum = env::solve_signal_market(task.market).average_reward;
  std::vector<LearningResult> results(seeds);
  on_all_cores(seeds, [&](std::size_t i) { results[i] = run_learning_task(task, i + 1); });
  std::vector<double> exact;
  double most_above = -1e300;
  for (const LearningResult& result : results) {
    exact.push_back(result.exact);
    most_above = std::max(most_above, (result.sampled - optimum) / result.standard_error);
  }
  const double middle = stats::interquartile_mean(exact);
  const std::string yardstick = fmt::format("the optimum {:.4f} by dynamic programming; {} seeds of {} steps",
                                            optimum, seeds, task.timesteps);
  add({task.name + "_iqm", middle, "reward/step", yardstick, middle / optimum});
  const double lower = lower_bound(exact);
  add({task.name + "_lower95", lower, "reward/step", yardstick, lower / optimum});
  const double worst = *std::ranges::min_element(exact);
  add({task.name + "_worst", worst, "reward/step", yardstick, worst / optimum});
  constexpr double allowed = 3.0;
  add({task.name + "_above", most_above, "std errors",
       "3 standard errors of the best seed's sampled reward above the optimum", most_above / allowed});
}

/// Out-of-sample Sharpe ratio of a policy trained on a martingale, and whether its 95 % interval lies above
/// 0.
struct NoiseResult {
  double sharpe = 0;
  bool significant = false;
};

NoiseResult train_on_noise(std::uint64_t seed) {
  market::SyntheticConfig synthetic;
  synthetic.model = market::SyntheticModel::martingale;
  synthetic.bars = 30'000;
  synthetic.seed = seed;
  const env::TradingEnvConfig environment_config;
  const TrainingMarket market = prepare_training_market(market::make_synthetic_market(synthetic).bars, {},
                                                        environment_config, "martingale");
  rl::PpoConfig config;
  config.seed = seed;
  constexpr std::uint64_t timesteps = 300'000;
  env::TradingEnv environment(market.market, market.split.train, environment_config, config.n_envs);
  rl::Ppo ppo(environment, {environment.observation_size(), environment.action_count(), {}}, config);
  while (ppo.timesteps() < timesteps) ppo.iterate(timesteps);

  ModelCard card;
  card.feature_set_version = features::feature_set_version();
  card.scaler = market.scaler;
  card.environment = environment_config;
  card.interval = market.bars.interval;
  card.synthetic = true;
  const evaluation::Evaluation test =
      evaluate_policy({.network = std::make_shared<nn::ActorCritic>(ppo.network()),
                       .card = card,
                       .bars = market.bars,
                       .market = *market.market,
                       .period = market.split.test,
                       .model = "policy trained on noise",
                       .data = "martingale",
                       .synthetic = true});
  const stats::Metric& sharpe = test.strategy.performance.sharpe;
  return {sharpe.value.value_or(0.0), sharpe.interval && sharpe.interval->low > 0.0};
}

void add_noise_rows(std::uint64_t seeds, const std::function<void(BenchRow)>& add) {
  std::vector<NoiseResult> results(seeds);
  on_all_cores(seeds, [&](std::size_t i) { results[i] = train_on_noise(i + 1); });
  std::vector<double> sharpes;
  double significant = 0;
  for (const NoiseResult& result : results) {
    sharpes.push_back(result.sharpe);
    significant += result.significant ? 1 : 0;
  }
  add({"noise_sharpe_iqm", stats::interquartile_mean(sharpes), "Sharpe",
       "a martingale with costs, where nothing can be earned", stats::interquartile_mean(sharpes)});
  add({"noise_significant", significant, "policies",
       fmt::format("{} policies with a Sharpe interval above 0", seeds),
       significant / static_cast<double>(seeds)});
}

}  // namespace

std::vector<LearningTask> learning_tasks() {
  const auto positions = [](double bound, double step) {
    std::vector<double> grid;
    for (double p = -bound; p <= bound + step / 2; p += step) grid.push_back(p);
    return grid;
  };
  rl::PpoConfig ppo;
  ppo.learning_rate = 1e-3;
  ppo.learning_rate_schedule = rl::Schedule::linear;
  ppo.n_envs = 16;
  ppo.n_steps = 1024;
  ppo.batch_size = 512;
  ppo.gamma = 0.95;            // a signal is worth holding for some ten steps
  ppo.max_grad_norm = 1000.0;  // rewards are far larger than the default expects
  const auto task = [&ppo](std::string name, env::SignalConfig market, double gae_lambda, double ent_coef,
                           std::uint64_t timesteps) {
    LearningTask result{std::move(name), std::move(market), ppo, timesteps};
    result.ppo.gae_lambda = gae_lambda;
    result.ppo.ent_coef = ent_coef;
    return result;
  };
  return {
      task("linear_cost", {.positions = positions(2, 1), .linear_cost = 4}, 0.95, 0.01, 2'000'000),
      task("linear_cost_risk", {.positions = positions(2, 1), .holding_penalty = 0.3, .linear_cost = 4}, 0.97,
           0.01, 3'000'000),
      task("quadratic_cost",
           {.positions = positions(4, 0.5), .holding_penalty = 0.3, .linear_cost = 0, .quadratic_cost = 1},
           0.9, 0.0, 2'000'000)};
}

std::vector<LearningTask> dqn_learning_tasks() {
  rl::DqnConfig dqn;
  dqn.learning_rate = 1e-3;
  dqn.learning_rate_schedule = rl::Schedule::linear;
  dqn.n_envs = 8;
  dqn.train_freq = 1;
  dqn.gradient_steps = 2;  // an update every four steps, as with one lane
  dqn.batch_size = 128;
  dqn.buffer_size = 500'000;
  dqn.learning_starts = 5'000;
  dqn.target_update_interval = 1'000;
  dqn.exploration_fraction = 0.5;
  dqn.exploration_final_eps = 0.02;
  dqn.gamma = 0.95;
  dqn.double_q = true;
  dqn.max_grad_norm = 1000.0;  // as of PPO
  constexpr std::uint64_t timesteps = 300'000;
  dqn.log_interval = timesteps;
  std::vector<LearningTask> tasks = learning_tasks();
  for (LearningTask& task : tasks) {
    task.name.insert(0, "dqn_");
    task.dqn = dqn;
    task.timesteps = timesteps;
  }
  return tasks;
}

LearningResult run_learning_task(const LearningTask& task, std::uint64_t seed) {
  env::SignalEnv environment(task.market, task.dqn ? task.dqn->n_envs : task.ppo.n_envs);
  const nn::ActorCritic trained = train(task, environment, seed);
  GreedyPolicy policy(trained);
  LearningResult result;
  result.exact = env::signal_policy_reward(task.market, [&](double signal, double position) {
    std::vector<float> observation(environment.observation_size());
    environment.observe(signal, position, observation.data());
    return policy.decide(observation.data());
  });
  constexpr std::uint64_t unseen = 1'000'000;  // seeds of training lie far below
  sample_reward(task, policy, unseen + seed, result);
  return result;
}

std::vector<BenchRow> run_learning_benchmarks(const LearningRequest& request) {
  std::vector<BenchRow> rows;
  const auto add = [&](BenchRow row) {
    if (request.report) request.report(row);
    rows.push_back(std::move(row));
  };
  std::vector<LearningTask> tasks = learning_tasks();
  std::ranges::move(dqn_learning_tasks(), std::back_inserter(tasks));
  for (const LearningTask& task : tasks) {
    if (task.name.find(request.only) != std::string::npos) add_task_rows(task, request.seeds, add);
  }
  if (std::string("noise").find(request.only) != std::string::npos) add_noise_rows(request.seeds, add);
  return rows;
}

}  // namespace stevie::app
