#include "app/goal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "stats/metrics.h"

namespace stevie::app {
namespace {

constexpr std::array<std::pair<Goal, std::string_view>, 4> names{{{Goal::balanced, "balanced"},
                                                                  {Goal::sharpe, "sharpe"},
                                                                  {Goal::drawdown, "drawdown"},
                                                                  {Goal::total_return, "return"}}};
constexpr std::array<Goal, 4> goals{Goal::balanced, Goal::sharpe, Goal::drawdown, Goal::total_return};
constexpr double largest_value = 10;
constexpr double drawdown_weight = 4;

double annual_growth(const WindowOutcome& outcome) {
  double log_growth = 0;
  for (const double value : outcome.daily_returns) {
    if (value <= -1) return -largest_value;
    log_growth += std::log1p(value);
  }
  const double growth = log_growth * stats::days_per_year / static_cast<double>(outcome.daily_returns.size());
  return std::clamp(growth, -largest_value, largest_value);
}

double annual_sharpe(const WindowOutcome& outcome) {
  const stats::Metric sharpe = stats::sharpe_ratio(outcome.daily_returns, stats::days_per_year);
  return std::clamp(sharpe.value.value_or(0.0), -largest_value, largest_value);
}

double drawdown_of_days(std::span<const double> returns) {
  double equity = 1, peak = 1, worst = 0;
  for (const double value : returns) {
    equity *= 1 + value;
    peak = std::max(peak, equity);
    worst = std::max(worst, 1 - equity / peak);
  }
  return worst;
}

}  // namespace

std::string_view to_string(Goal goal) {
  return std::ranges::find(names, goal, &std::pair<Goal, std::string_view>::first)->second;
}

Goal parse_goal(std::string_view name) {
  std::string known;
  for (const auto& [goal, text] : names) {
    if (text == name) return goal;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw Error("app.unknown_goal", "there is no goal \"" + std::string(name) + "\"; the goals are " + known);
}

std::span<const Goal> all_goals() {
  return goals;
}

WindowOutcome window_outcome(std::span<const std::int64_t> days, evaluation::SweepOutcome outcome) {
  WindowOutcome result;
  result.days.assign(days.begin(), days.end());
  result.daily_returns = std::move(outcome.daily_returns);
  result.max_drawdown = outcome.max_drawdown;
  result.turnover = outcome.turnover;
  result.trades = outcome.trades;
  result.wins = outcome.wins;
  result.refused_by_cost = outcome.refused_by_cost;
  return result;
}

WindowOutcome portfolio(std::vector<WindowOutcome> symbols) {
  if (symbols.size() == 1) return std::move(symbols.front());
  WindowOutcome result;
  if (symbols.empty()) return result;
  std::vector<std::size_t> at(symbols.size(), 0);
  for (std::size_t k = 0; k < symbols.front().days.size(); ++k) {
    const std::int64_t day = symbols.front().days[k];
    double sum = 0;
    bool common = true;
    for (std::size_t s = 0; s < symbols.size(); ++s) {
      const auto& days = symbols[s].days;
      while (at[s] < days.size() && days[at[s]] < day) ++at[s];
      common = common && at[s] < days.size() && days[at[s]] == day;
      if (common) sum += symbols[s].daily_returns[at[s]];
    }
    if (!common) continue;
    result.days.push_back(day);
    result.daily_returns.push_back(sum / static_cast<double>(symbols.size()));
  }
  for (const WindowOutcome& symbol : symbols) {
    result.turnover += symbol.turnover / static_cast<double>(symbols.size());
    result.trades += symbol.trades;
    result.wins += symbol.wins;
    result.refused_by_cost += symbol.refused_by_cost;
  }
  result.max_drawdown = drawdown_of_days(result.daily_returns);
  return result;
}

double goal_value(Goal goal, const WindowOutcome& outcome) {
  if (outcome.daily_returns.size() < 2) return 0;
  const double drawdown = std::clamp(outcome.max_drawdown, 0.0, 1.0);
  switch (goal) {
    case Goal::sharpe:
      return annual_sharpe(outcome);
    case Goal::drawdown:
      return annual_growth(outcome) - drawdown_weight * drawdown;
    case Goal::total_return:
      return annual_growth(outcome);
    case Goal::balanced:
      break;
  }
  return annual_sharpe(outcome) / 2 + annual_growth(outcome) - drawdown;
}

double window_value(Goal goal, const WindowOutcome& outcome, std::size_t symbols,
                    const RewardConfig& config) {
  const double years = static_cast<double>(outcome.daily_returns.size()) / stats::days_per_year;
  const double wanted = config.least_trades_per_year * years * static_cast<double>(symbols);
  const double lacking = wanted > 0 ? std::max(0.0, 1 - static_cast<double>(outcome.trades) / wanted) : 0.0;
  return goal_value(goal, outcome) - config.idle_penalty * lacking;
}

double reward(std::span<const double> window_values, const RewardConfig& config) {
  if (window_values.empty()) throw Error("app.no_windows", "a reward needs at least one window");
  const auto count = static_cast<double>(window_values.size());
  double mean = 0, squares = 0;
  for (const double value : window_values) mean += value / count;
  for (const double value : window_values) squares += (value - mean) * (value - mean);
  const double deviation = window_values.size() > 1 ? std::sqrt(squares / (count - 1)) : 0.0;
  return mean - config.stability * deviation;
}

}  // namespace stevie::app
