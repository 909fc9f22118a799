#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/learning_bench.h"

namespace stevie::app {

/// What a start from a clone saves where the best policy is known. The demonstrations come from the policy of
/// dynamic programming with some of its actions replaced by random ones.
struct CloningStudyConfig {
  std::size_t seeds = 10;
  std::uint64_t first_seed = 1;
  std::size_t threads = 0;                                 // 0: one a core; the result does not depend on it
  std::vector<std::size_t> demonstrations{4'096, 16'384};  // steps of the expert, counted in full
  double corrupted = 0.2;                                  // share of its actions drawn at random
  double goal = 0.9;                                       // share of the optimum that is to be reached
  /// Evaluations in a row, one behind every rollout, at which the goal has to hold before it counts as
  /// reached by the first of them: a policy that training destroys again has not reached it.
  std::size_t hold = 10;
  std::uint64_t warmup_rollouts = 2;  // during which the clone stays as it is
  std::string only;                   // tasks whose name contains this
  std::function<void(std::size_t done, std::size_t total)> progress;
};

/// One training.
struct StepsToGoal {
  std::uint64_t steps = 0;        // demonstrations included; all steps of the task where it was never reached
  std::uint64_t first_steps = 0;  // the same, where it need not hold
  bool reached = false;
  double first_share = 0;  // of the optimum, before the first update of PPO
  double accuracy = 0;     // of the clone on held-out demonstrations
};

/// Mean steps over those from scratch, with the 95 % percentile interval of 10,000 draws of the seeds of
/// both.
struct StepsRatio {
  double value = 1, low = 1, high = 1;
};

/// From scratch against from a clone on one task.
struct CloningCell {
  std::string task;
  double optimum = 0;              // average reward per step
  double expert_share = 0;         // of the optimum, by the corrupted expert itself
  std::size_t demonstrations = 0;  // 0: the row from scratch
  std::vector<StepsToGoal> runs;   // (seeds)
  double mean_steps = 0, mean_first_steps = 0;
  StepsRatio ratio, first_ratio;  // 1 in the row from scratch
};

/// For each task of learning_tasks() a row from scratch and one for each number of demonstrations. Throws
/// Interrupted after Ctrl-C.
std::vector<CloningCell> run_cloning_study(const CloningStudyConfig& config);

/// One arm of the comparison on real bars.
struct MarketArm {
  std::string name;
  std::vector<double> validation_growth, test_growth;  // (seeds) log of the account's growth, net of costs
  std::vector<double> trades;                          // (seeds) closed on the test part
};
struct CloningMarketRequest {
  std::filesystem::path data;
  Config config;
  std::uint64_t timesteps = 300'000;  // of every arm, the demonstrations included
  std::size_t seeds = 3;
  std::uint64_t first_seed = 1;
  std::size_t threads = 0;
  std::function<void(std::size_t done, std::size_t total)> progress;
};
/// PPO from scratch, from the clone of the expert (section [expert]), and from it with the imitation term, at
/// equal steps and judged by the last policy, beside the expert, the clone, and buy and hold. The policy is
/// not chosen by anything.
std::vector<MarketArm> run_cloning_market(const CloningMarketRequest& request);

std::string cloning_study_markdown(const CloningStudyConfig& config, const std::vector<CloningCell>& cells);
std::string cloning_market_markdown(const CloningMarketRequest& request, const std::vector<MarketArm>& arms);
std::string cloning_study_json(const CloningStudyConfig& config, const std::vector<CloningCell>& cells,
                               const std::vector<MarketArm>& arms);

}  // namespace stevie::app
