#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "env/known_optimum.h"

namespace stevie::env {

/// Several signal markets (known_optimum.h) as one: each episode is played in one of them, which the agent
/// sees. The best policy is the best one of each, so its reward is known, too.
///
/// They may differ in everything but their positions and the length of episodes. Observation: x over the
/// largest stationary deviation of all, the position over the largest, and the number of the market, from -1
/// for the first to 1 for the last.
class StagedSignalEnv final : public VectorEnv {
 public:
  /// Throws Error "env.bad_config".
  StagedSignalEnv(std::vector<SignalConfig> markets, std::size_t lanes);

  std::size_t lanes() const override { return lanes_.size(); }
  std::size_t observation_size() const override { return 3; }
  std::size_t action_count() const override { return markets_.front().positions.size(); }
  void reset(std::uint64_t seed, std::span<float> observations) override;
  void step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) override;
  std::string save_state() const override;
  void load_state(std::string_view state) override;

  /// Shares of the episodes that start in each market from now on; all 0: equal ones. Not part of
  /// save_state(). Throws Error "env.bad_config".
  void draw_markets_by(const std::vector<double>& shares);

  void observe(std::size_t market, double signal, double position, float* observation) const;

 private:
  struct Lane {
    double signal = 0;
    double position = 0;
    std::uint64_t step = 0;
    std::uint64_t market = 0;
    RandomStream random{0, 0};
  };
  void start_episode(Lane& lane, float* observation);

  std::vector<SignalConfig> markets_;
  std::vector<double> up_to_;  // (markets) shares added up to 1
  double largest_position_ = 1;
  double largest_deviation_ = 1;
  std::vector<Lane> lanes_;
};

}  // namespace stevie::env
