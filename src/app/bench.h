#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "rl/dqn_config.h"

namespace stevie::app {

/// One measurement. `fraction` is what the value is of its yardstick, which was measured in the same run.
struct BenchRow {
  std::string name;
  double value = 0;
  std::string unit;
  std::string yardstick;  // in words, with its figure
  double fraction = 0;
};

struct BenchRequest {
  /// Bars of the `load` row and of the trading environment. Empty: a synthetic market of the same size.
  std::filesystem::path load_bars;
  std::filesystem::path market_bars;
  std::string only;                             // run the rows whose name contains this; empty: all
  double seconds = 3.0;                         // about, for each row
  std::function<void(const BenchRow&)> report;  // called as each row is done
};

/// Runs the measurements on one core (two_members on two). Machines are shared and clocks move, so the peak
/// is measured again before every round of a row, and a row is the median of its rounds.
std::vector<BenchRow> run_benchmarks(const BenchRequest& request);

/// [{"name", "value", "unit", "yardstick", "fraction"}, ...]
std::string bench_json(const std::vector<BenchRow>& rows);

/// Floating-point operations of one environment step of PPO training: one forward pass in the rollout, and in
/// each epoch forward, weight gradients and the input gradients of all layers but the first.
double ppo_flops_per_step(std::size_t observation_size, std::size_t action_count,
                          const std::vector<std::size_t>& widths, std::size_t n_epochs);

/// The same of DQN with gradient_steps above 0, one step of prediction, and neither double nor dueling: one
/// forward pass in the step, and in each update a forward pass of both networks, weight gradients, and input
/// gradients of all layers but the first.
double dqn_flops_per_step(std::size_t observation_size, std::size_t action_count,
                          const rl::DqnConfig& config);

}  // namespace stevie::app
