#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/random.h"
#include "env/vector_env.h"

namespace stevie::env {

/// A market with a known best policy: a predictable signal and trading costs.
///
///   signal   x <- decay x + e, e ~ N(0, innovation_deviation^2)
///   reward   x p - holding_penalty p^2 - linear_cost |p - p_before| - quadratic_cost (p - p_before)^2
///
/// The position p is chosen after x is seen. With quadratic costs this is the linear-quadratic problem of
/// Garleanu and Pedersen 2013; with linear costs the best policy trades at thresholds or towards a band
/// (arXiv 2003.06497).
struct SignalConfig {
  double decay = 0.9;
  double innovation_deviation = std::sqrt(0.2);
  std::vector<double> positions{-2, -1, 0, 1, 2};  // position of each action
  double holding_penalty = 0.0;
  double linear_cost = 4.0;
  double quadratic_cost = 0.0;
  std::size_t episode_length = 200;  // steps, then truncated

  double signal_deviation() const { return innovation_deviation / std::sqrt(1.0 - decay * decay); }
  double reward(double signal, double position, double position_before) const {
    const double traded = position - position_before;
    return signal * position - holding_penalty * position * position - linear_cost * std::abs(traded) -
           quadratic_cost * traded * traded;
  }
  /// Throws Error "env.bad_config" that lists all faults.
  void validate() const;
};

/// The signal market as an environment. Observation: x over its stationary deviation, and the position over
/// the largest of `positions`. An episode starts flat with x from its stationary distribution.
class SignalEnv final : public VectorEnv {
 public:
  SignalEnv(const SignalConfig& config, std::size_t lanes);

  std::size_t lanes() const override { return lanes_.size(); }
  std::size_t observation_size() const override { return 2; }
  std::size_t action_count() const override { return config_.positions.size(); }
  void reset(std::uint64_t seed, std::span<float> observations) override;
  void step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) override;
  std::string save_state() const override;
  void load_state(std::string_view state) override;

  /// What the agent sees of a signal and a position.
  void observe(double signal, double position, float* observation) const;

 private:
  struct Lane {
    double signal = 0;
    double position = 0;
    std::uint64_t step = 0;
    RandomStream random{0, 0};
  };
  void start_episode(Lane& lane, float* observation);

  SignalConfig config_;
  double largest_position_ = 1;
  std::vector<Lane> lanes_;
};

/// The best policy of a signal market, by dynamic programming on a grid of signals.
struct SignalOptimum {
  double average_reward = 0;              // per step, undiscounted
  std::vector<double> signals;            // the grid
  std::vector<std::int32_t> best_action;  // (signals, positions before)
};

/// Relative value iteration for the average reward: signals on `grid_points` points within five deviations,
/// the transition by the normal density at the points. Converges to 1e-9 of the average reward; the grid is
/// worth about 1e-4.
SignalOptimum solve_signal_market(const SignalConfig& config, std::size_t grid_points = 201);

/// Average reward per step of any policy, on the same grid, without sampling error: `decide` gives the action
/// for a signal and the position before.
double signal_policy_reward(const SignalConfig& config,
                            const std::function<std::int32_t(double signal, double position)>& decide,
                            std::size_t grid_points = 201);

}  // namespace stevie::env
