#pragma once
#include <span>
#include <string>
#include <vector>

#include "execution/engine.h"
#include "execution/simulation_result.h"
#include "market/bars.h"

namespace stevie::evaluation {

/// A finished run and what it is called.
struct NamedRun {
  std::string key;   // in JSON: "strategy", "cash", "buy_and_hold", "volatility_matched", "equal_weight"
  std::string name;  // for people
  execution::SimulationResult result;
};

/// Where the baselines stand in the list that make_baselines returns.
inline constexpr std::size_t cash_index = 0;
inline constexpr std::size_t buy_and_hold_index = 1;
inline constexpr std::size_t volatility_matched_index = 2;

/// What needed no skill, on the same bars with the same costs:
///   cash                 nothing is bought
///   buy and hold         the whole account is put into the market once
///   volatility-matched   a share of the account is put into the market once, so large that the volatility of
///   the
///                        daily returns equals that of `strategy_run`; its name says the share. It stops at
///                        the leverage limit, and is cash where the strategy's volatility is 0 or absent
///                        (under 30 days).
/// Stops and other exits of `config` do not apply to them. Throws as run_backtest does.
std::vector<NamedRun> make_baselines(const execution::SimulationResult& strategy_run,
                                     const execution::BarTape& tape, market::BarRange range,
                                     const execution::EngineConfig& config);

/// The account split evenly over several runs that were each made with the whole of it, on the same bars.
/// Throws Error "evaluation.unaligned" where their bars or initial equities differ or there are none.
NamedRun equal_weight(std::span<const execution::SimulationResult> runs);

}  // namespace stevie::evaluation
