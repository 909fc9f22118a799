#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "app/optimize_config.h"
#include "evaluation/parameter_sweep.h"

namespace stevie::app {

/// What a search looks for. Every goal is net of all costs and has a size of about 1 for a good strategy, so
/// that the penalties below weigh alike. docs/optimize.md explains the formulas.
enum class Goal : std::uint8_t {
  balanced,      // sharpe / 2 + growth - drawdown
  sharpe,        // annual Sharpe ratio of the daily returns; 0 where they do not vary
  drawdown,      // growth - 4 * drawdown
  total_return,  // growth: log of the growth of the equity, per year of 365 days
};
/// "balanced", "sharpe", "drawdown", "return". The reverse throws Error "app.unknown_goal".
std::string_view to_string(Goal goal);
Goal parse_goal(std::string_view name);
std::span<const Goal> all_goals();

/// What one parameter set did in one window, on one symbol or on a portfolio of several.
struct WindowOutcome {
  std::vector<std::int64_t> days;     // utc_day
  std::vector<double> daily_returns;  // (days) net
  double max_drawdown = 0;            // a single symbol's over all closes, a portfolio's over the days
  double turnover = 0;                // per year; of a portfolio the mean over its symbols
  std::size_t trades = 0, wins = 0;   // of all symbols together
  std::uint64_t refused_by_cost = 0;
};
/// Of one symbol.
WindowOutcome window_outcome(std::span<const std::int64_t> days, evaluation::SweepOutcome outcome);
/// Equal weights, set anew every day, on the days that all symbols have. A single symbol is returned as it
/// is.
WindowOutcome portfolio(std::vector<WindowOutcome> symbols);

/// The value of one window, never NaN or infinite: the Sharpe ratio is cut to -10 .. 10 and the growth to
/// -10 .. 10 (a ruin is -10). Fewer than two days give 0.
double goal_value(Goal goal, const WindowOutcome& outcome);

/// goal_value less the penalty for too few trades. symbols: how many the outcome is of.
double window_value(Goal goal, const WindowOutcome& outcome, std::size_t symbols, const RewardConfig& config);

/// What a candidate is worth: mean of its windows' values less stability * their standard deviation. Throws
/// Error "app.no_windows" for none.
double reward(std::span<const double> window_values, const RewardConfig& config);

}  // namespace stevie::app
