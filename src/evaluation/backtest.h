#pragma once
#include "env/trading_env.h"
#include "execution/engine.h"
#include "market/bars.h"
#include "strategy/strategy.h"

namespace stevie::evaluation {

/// Runs a strategy over the bars `range` of `data`, one decision at the close of each bar but the last.
///
/// The first row of the result is bar range.begin, flat with the initial equity; its close brings the first
/// decision, which fills on the next bar. A position is carried over gaps in the data at the price found
/// behind them. At the end it is closed at the open of the last bar, with costs. The observation handed to
/// the strategy is the one env::TradingEnv makes, the drawdown in it counts from the peak since range.begin.
///
/// Throws Error "evaluation.bad_range" (fewer than two bars, outside the data, or before the features'
/// warm-up), "evaluation.bad_decision" (a target that is not finite, with the bar's time), and what BarEngine
/// throws.
execution::SimulationResult run_backtest(strategy::Strategy& strategy, const env::MarketData& data,
                                         market::BarRange range, const execution::EngineConfig& config);

}  // namespace stevie::evaluation
