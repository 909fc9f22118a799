#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "validation/evidence.h"

namespace stevie::app {

/// How the daily returns of simulated arms move. All have variance 1 before scaling and no memory in their
/// mean but ar1 and regimes.
enum class ReturnProcess : std::uint8_t {
  iid_t5,    // independent, Student t with 5 degrees of freedom
  ar1,       // normal with autocorrelation 0.2
  garch_t5,  // t5 times a GARCH(1, 1) volatility (0.05, 0.10, 0.85) that all arms share
  regimes,   // normal; calm and wild periods of 50 and 20 days on average, shared volatility and drift
  jumps,     // normal with jumps of 4 deviations, those of the market and those of each arm
};
inline constexpr ReturnProcess return_processes[] = {ReturnProcess::iid_t5, ReturnProcess::ar1,
                                                     ReturnProcess::garch_t5, ReturnProcess::regimes,
                                                     ReturnProcess::jumps};
std::string_view to_string(ReturnProcess process);  // "iid t5"

/// What is true of a simulated search.
struct ArmsConfig {
  std::size_t days = 365;       // at most those drawn
  std::size_t candidates = 50;  // at most those drawn
  double correlation = 0.9;     // of the daily returns of any two arms, in (0, 1)
  /// True annual Sharpe ratio of the running arm and of every candidate but the first, and what the first
  /// candidate has more.
  double sharpe = 0.197;
  double improvement = 0;
  bool idle = false;  // the running arm holds nothing: all its returns are 0
};

/// Simulated searches. Every arm's return is sqrt(correlation) of a market's plus sqrt(1 - correlation) of
/// its own, at a volatility of 15 % a year. One drawing serves several lengths, correlations and
/// improvements, which are then not independent of each other.
class SimulatedArms {
 public:
  /// Fixed by (seed, run).
  SimulatedArms(ReturnProcess process, std::size_t days, std::size_t candidates, std::uint64_t seed,
                std::uint64_t run);

  /// The evidence that a search would hand to the gate which proposes the candidate with the highest Sharpe
  /// ratio on these very days, the worst a search can do. Everything is in order but for what chance does:
  /// causality checked, same path, 180 trades a year, a turnover of 40 a year give or take 2 %, costs of
  /// 10 bps of it.
  validation::Evidence evidence(const ArmsConfig& config) const;

 private:
  std::vector<double> returns_of(std::size_t arm, const ArmsConfig& config, double sharpe) const;

  std::size_t days_;
  std::vector<double> noise_;      // (1 market + 1 running + candidates, days), variance 1
  std::vector<double> turnovers_;  // (1 running + candidates)
};

}  // namespace stevie::app
