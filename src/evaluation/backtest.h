#pragma once
#include "env/trading_env.h"
#include "evaluation/replay.h"
#include "execution/engine.h"
#include "market/bars.h"
#include "strategy/strategy.h"

namespace stevie::evaluation {

/// Throws Error "evaluation.bad_range" where a range holds fewer than two bars or leaves the tape.
void check_range(const execution::BarTape& tape, market::BarRange range);

/// Runs a strategy that does not observe over the bars `range` of a tape, one decision at the close of each
/// bar but the last.
///
/// The first row of the result is bar range.begin, flat with the initial equity; its close brings the first
/// decision, which fills on the next bar. A position is carried over gaps in the data at the price found
/// behind them. At the end it is closed at the open of the last bar, with costs. Situation::bar_index counts
/// from the tape's first bar.
///
/// Throws Error "evaluation.bad_range" (fewer than two bars, or outside the data), "evaluation.bad_decision"
/// (a number that is not finite, with the bar's time), "evaluation.no_observation" for a strategy that
/// observes, and what BarEngine throws.
execution::SimulationResult run_backtest(strategy::Strategy& strategy, const execution::BarTape& tape,
                                         market::BarRange range, const execution::EngineConfig& config);

/// The same with the engine's notices and with finer bars for IntrabarPolicy::detail, which may cover a part
/// of the bars; bars that they do not cover are taken as `worst`, and all are where there are none.
Replay replay_strategy(strategy::Strategy& strategy, const execution::BarTape& tape, market::BarRange range,
                       const execution::EngineConfig& config, const execution::BarTape* detail = nullptr);

/// The same for any strategy. The observation handed to one that observes is what env::TradingEnv makes; the
/// drawdown in it counts from the peak since range.begin. Throws Error "evaluation.bad_range" also for a
/// range that begins before the features' warm-up is over.
execution::SimulationResult run_backtest(strategy::Strategy& strategy, const env::MarketData& data,
                                         market::BarRange range, const execution::EngineConfig& config);

}  // namespace stevie::evaluation
