#include "app/goal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/testing.h"

namespace stevie::app {
namespace {

WindowOutcome outcome_of(std::vector<double> returns, std::int64_t first_day = 100) {
  WindowOutcome outcome;
  for (std::size_t i = 0; i < returns.size(); ++i)
    outcome.days.push_back(first_day + static_cast<std::int64_t>(i));
  outcome.daily_returns = std::move(returns);
  return outcome;
}

TEST(Goal, TheNamesReadBack) {
  for (const Goal goal : all_goals()) EXPECT_EQ(parse_goal(to_string(goal)), goal);
  const Error error = error_of([] { parse_goal("profit"); });
  EXPECT_EQ(error.code(), "app.unknown_goal");
  EXPECT_NE(error.message().find("balanced, sharpe, drawdown, return"), std::string::npos);
}

TEST(Goal, TheFormulas) {
  WindowOutcome outcome = outcome_of({0.01, -0.02, 0.03, 0.0});
  outcome.max_drawdown = 0.02;
  const double mean = 0.005, deviation = std::sqrt((0.005 * 0.005 + 0.025 * 0.025 * 2 + 0.005 * 0.005) / 3);
  const double sharpe = mean / deviation * std::sqrt(365.0);
  const double growth = std::log(1.01 * 0.98 * 1.03) * 365 / 4;
  EXPECT_NEAR(goal_value(Goal::sharpe, outcome), sharpe, 1e-12);
  EXPECT_NEAR(goal_value(Goal::total_return, outcome), growth, 1e-12);
  EXPECT_NEAR(goal_value(Goal::drawdown, outcome), growth - 4 * 0.02, 1e-12);
  EXPECT_NEAR(goal_value(Goal::balanced, outcome), sharpe / 2 + growth - 0.02, 1e-12);
}

TEST(Goal, IsFiniteWhateverHappened) {
  for (const Goal goal : all_goals()) {
    EXPECT_EQ(goal_value(goal, outcome_of({})), 0);
    EXPECT_EQ(goal_value(goal, outcome_of({0.1})), 0);
    EXPECT_EQ(goal_value(goal, outcome_of({0, 0, 0})), 0);
    EXPECT_TRUE(std::isfinite(goal_value(goal, outcome_of({0.1, -1, 0}))));
    EXPECT_TRUE(std::isfinite(goal_value(goal, outcome_of({0.5, 0.5, 0.5}))));
  }
  EXPECT_EQ(goal_value(Goal::total_return, outcome_of({0.1, -1, 0})), -10);
}

TEST(Goal, TooFewTradesCost) {
  WindowOutcome outcome = outcome_of(std::vector<double>(365, 0.0));
  const RewardConfig config;  // 12 a year and symbol
  EXPECT_DOUBLE_EQ(window_value(Goal::sharpe, outcome, 1, config), -10);
  outcome.trades = 6;
  EXPECT_DOUBLE_EQ(window_value(Goal::sharpe, outcome, 1, config), -5);
  EXPECT_DOUBLE_EQ(window_value(Goal::sharpe, outcome, 2, config), -7.5);
  outcome.trades = 12;
  EXPECT_DOUBLE_EQ(window_value(Goal::sharpe, outcome, 1, config), 0);
  outcome.trades = 0;
  EXPECT_DOUBLE_EQ(window_value(Goal::sharpe, outcome, 1, {.least_trades_per_year = 0}), 0);
}

TEST(Goal, TheRewardIsTheMeanLessItsUnsteadiness) {
  EXPECT_DOUBLE_EQ(reward(std::vector<double>{1, 3}, {.stability = 0}), 2);
  EXPECT_DOUBLE_EQ(reward(std::vector<double>{1, 3}, {.stability = 0.5}), 2 - 0.5 * std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(reward(std::vector<double>{1.5}, {.stability = 0.5}), 1.5);
  EXPECT_EQ(error_of([] { reward({}, {}); }).code(), "app.no_windows");
}

TEST(Portfolio, IsTheMeanOnTheDaysThatAllHave) {
  WindowOutcome first = outcome_of({0.1, 0.2, -0.4, 0.1}, 10);
  first.trades = 3;
  first.turnover = 10;
  WindowOutcome second = outcome_of({0.4, 0.0, -0.2}, 11);
  second.days = {11, 12, 14};
  second.trades = 1;
  second.turnover = 30;
  const WindowOutcome both = portfolio({first, second});
  EXPECT_EQ(both.days, (std::vector<std::int64_t>{11, 12}));
  ASSERT_EQ(both.daily_returns.size(), 2u);
  EXPECT_DOUBLE_EQ(both.daily_returns[0], 0.3);
  EXPECT_DOUBLE_EQ(both.daily_returns[1], -0.2);
  EXPECT_NEAR(both.max_drawdown, 0.2, 1e-12);
  EXPECT_EQ(both.trades, 4u);
  EXPECT_DOUBLE_EQ(both.turnover, 20);
}

TEST(Portfolio, OfOneSymbolIsThatSymbol) {
  WindowOutcome only = outcome_of({0.1, -0.2});
  only.max_drawdown = 0.33;  // over all closes, deeper than that of the days
  EXPECT_EQ(portfolio({only}).max_drawdown, 0.33);
  EXPECT_TRUE(portfolio({}).days.empty());
}

}  // namespace
}  // namespace stevie::app
