#pragma once
#include <string>
#include <vector>

#include "execution/simulation_result.h"

namespace stevie::evaluation {

/// A finished run and its name in the reports.
struct NamedRun {
  std::string name;
  execution::SimulationResult result;
};

/// Where the baselines stand in the list.
inline constexpr std::size_t cash_index = 0;
inline constexpr std::size_t buy_and_hold_index = 1;
inline constexpr std::size_t volatility_matched_index = 2;

}  // namespace stevie::evaluation
