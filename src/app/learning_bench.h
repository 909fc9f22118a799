#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/bench.h"
#include "env/known_optimum.h"
#include "rl/dqn_config.h"
#include "rl/ppo_config.h"

namespace stevie::app {

/// A market with a known best policy, and the hyper-parameters and steps a learner gets in it.
struct LearningTask {
  std::string name;
  env::SignalConfig market;
  rl::PpoConfig ppo;
  std::uint64_t timesteps = 0;
  std::optional<rl::DqnConfig> dqn;  // instead of PPO
};

/// The markets of docs/learning.md: linear costs, linear costs with risk, quadratic costs.
std::vector<LearningTask> learning_tasks();
/// The same markets for DQN, with names that begin with "dqn_".
std::vector<LearningTask> dqn_learning_tasks();

/// One training judged without sampling error, and by playing it.
struct LearningResult {
  double exact = 0;           // average reward per step of the most probable actions, on the grid
  double sampled = 0;         // the same by playing the environment
  double standard_error = 0;  // of `sampled`
};
LearningResult run_learning_task(const LearningTask& task, std::uint64_t seed);

struct LearningRequest {
  std::uint64_t seeds = 10;
  std::string only;
  std::function<void(const BenchRow&)> report;
};

/// For each task: interquartile mean over seeds as a share of the optimum, its lower 95 % bootstrap bound,
/// and by how many standard errors the best seed lies above the optimum. For the noise market: how many
/// policies show an out-of-sample Sharpe ratio significantly above 0. Seeds run on all cores.
std::vector<BenchRow> run_learning_benchmarks(const LearningRequest& request);

}  // namespace stevie::app
