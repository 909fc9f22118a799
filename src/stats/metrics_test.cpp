#include "stats/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace stevie::stats {
namespace {

/// A run kept in own arrays, one bar per `interval`.
struct OwnedCurve {
  double initial = 1000;
  TimeMs interval = day_ms;
  std::vector<TimeMs> times;
  std::vector<double> equity, exposure, profits;
  double notional = 0;

  EquityCurve curve() const { return {initial, interval, times, equity, exposure, profits, notional}; }
};

/// Equity that follows the given returns per bar, starting at 2024-01-01.
OwnedCurve run_of(const std::vector<double>& returns, TimeMs interval = day_ms) {
  OwnedCurve run;
  run.interval = interval;
  double equity = run.initial;
  TimeMs time = parse_time("2024-01-01");
  for (const double value : returns) {
    equity *= 1 + value;
    run.times.push_back(time);
    run.equity.push_back(equity);
    run.exposure.push_back(1);
    time += interval;
  }
  return run;
}

std::vector<double> random_returns(std::uint64_t stream, std::size_t count, double mean = 0.001,
                                   double scale = 0.02) {
  RandomStream random(7, stream);
  std::vector<double> returns(count);
  for (double& value : returns) value = mean + scale * random.student_t_unit_variance(5);
  return returns;
}

// Bailey and Lopez de Prado 2014: 24 observations with a Sharpe ratio of 0.458.
TEST(ProbabilisticSharpe, GivesThePublishedNumbers) {
  EXPECT_NEAR(*probabilistic_sharpe(0.458, 0, 24, 0, 3).value, 0.982, 5e-4);
  EXPECT_NEAR(*probabilistic_sharpe(0.458, 0, 24, -2.448, 10.164).value, 0.913, 5e-4);
}

// The bracket of the deflated Sharpe ratio for 10, 100 and 1000 trials (same source).
TEST(ExpectedBestSharpe, GivesThePublishedNumbers) {
  EXPECT_NEAR(expected_best_sharpe({10, 1}), 1.575, 5e-4);
  EXPECT_NEAR(expected_best_sharpe({100, 1}), 2.531, 5e-4);
  EXPECT_NEAR(expected_best_sharpe({1000, 1}), 3.255, 5e-4);
  EXPECT_EQ(expected_best_sharpe({1, 1}), 0);
}

TEST(MinimumTrackRecord, IsWhereTheProbabilityReachesTheConfidence) {
  const double periods = *minimum_track_record(0.1, 0, -0.5, 5, 0.95).value;
  const auto below = static_cast<std::size_t>(std::floor(periods)), above = below + 1;
  EXPECT_LE(*probabilistic_sharpe(0.1, 0, below, -0.5, 5).value, 0.95);
  EXPECT_GE(*probabilistic_sharpe(0.1, 0, above, -0.5, 5).value, 0.95);
  EXPECT_FALSE(minimum_track_record(0, 0, 0, 3, 0.95));
}

TEST(Measure, FollowsTheDefinitionsWrittenOutPlainly) {
  const std::vector<double> returns = random_returns(1, 400);
  OwnedCurve run = run_of(returns);
  run.notional = 5000;
  const Performance p = measure(run.curve());

  const double n = 400;
  const double mean = std::accumulate(returns.begin(), returns.end(), 0.0) / n;
  double squares = 0, downside = 0;
  for (const double value : returns) {
    squares += (value - mean) * (value - mean);
    downside += std::min(value, 0.0) * std::min(value, 0.0);
  }
  const double deviation = std::sqrt(squares / (n - 1));
  EXPECT_NEAR(*p.sharpe.value, mean / deviation * std::sqrt(365), 1e-9);
  EXPECT_NEAR(*p.sortino.value, mean / std::sqrt(downside / n) * std::sqrt(365), 1e-9);
  EXPECT_NEAR(*p.volatility.value, deviation * std::sqrt(365), 1e-9);

  double worst = 0;
  for (std::size_t i = 0; i < returns.size(); ++i)
    for (std::size_t j = i; j < returns.size(); ++j)
      worst = std::max(worst, 1 - run.equity[j] / run.equity[i]);
  for (const double value : run.equity) worst = std::max(worst, 1 - value / run.initial);
  EXPECT_NEAR(*p.max_drawdown.value, worst, 1e-12);

  const double growth = run.equity.back() / run.initial;
  EXPECT_NEAR(*p.total_return.value, growth - 1, 1e-12);
  EXPECT_NEAR(*p.annual_return.value, std::pow(growth, 365 / n) - 1, 1e-12);
  EXPECT_NEAR(*p.calmar.value, (std::pow(growth, 365 / n) - 1) / worst, 1e-9);

  const double mean_equity = std::accumulate(run.equity.begin(), run.equity.end(), 0.0) / n;
  EXPECT_NEAR(*p.turnover.value, 5000 / mean_equity / (n / 365), 1e-12);

  std::vector<double> sorted = returns;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_NEAR(*p.cvar95.value, std::accumulate(sorted.begin(), sorted.begin() + 20, 0.0) / 20, 1e-12);
  EXPECT_EQ(p.days, 400u);
}

TEST(Measure, TradeStatisticsFollowTheirDefinitions) {
  OwnedCurve run = run_of(random_returns(2, 40));
  run.profits = {30, -10, 20, -20, 5, 0};
  const Performance p = measure(run.curve());
  EXPECT_NEAR(*p.win_rate.value, 3.0 / 6, 1e-12);
  EXPECT_NEAR(*p.profit_factor.value, 55.0 / 30, 1e-12);
  EXPECT_NEAR(*p.expectancy.value, 25.0 / 6, 1e-12);
  EXPECT_NEAR(*p.expectancy_r.value, 25.0 / 6 / 15, 1e-12);  // the mean loss is 15
  double squares = 0;
  for (const double profit : run.profits) squares += (profit - 25.0 / 6) * (profit - 25.0 / 6);
  EXPECT_NEAR(*p.sqn.value, std::sqrt(6) * (25.0 / 6) / std::sqrt(squares / 5), 1e-12);
  EXPECT_EQ(p.trades, 6u);
}

TEST(Measure, ExposureIsTheShareOfBarsWithAPosition) {
  OwnedCurve run = run_of(random_returns(3, 40));
  for (std::size_t i = 0; i < 10; ++i) run.exposure[i] = 0;
  run.exposure[20] = -1;
  EXPECT_NEAR(*measure(run.curve()).exposure.value, 0.75, 1e-12);
}

TEST(Measure, DaysDoNotDependOnHowOftenTheyAreLookedAt) {
  const std::vector<double> hourly = random_returns(4, 24 * 60, 0.0001, 0.004);
  OwnedCurve hours = run_of(hourly, hour_ms);
  OwnedCurve days;
  for (std::size_t i = 23; i < hours.equity.size(); i += 24) {
    days.times.push_back(hours.times[i - 23]);
    days.equity.push_back(hours.equity[i]);
    days.exposure.push_back(1);
  }
  const Performance by_hour = measure(hours.curve()), by_day = measure(days.curve());
  EXPECT_EQ(by_hour.days, 60u);
  EXPECT_NEAR(*by_hour.sharpe.value, *by_day.sharpe.value, 1e-9);
  EXPECT_NEAR(*by_hour.sortino.value, *by_day.sortino.value, 1e-9);
  EXPECT_NEAR(*by_hour.cvar95.value, *by_day.cvar95.value, 1e-12);
  EXPECT_GE(*by_hour.max_drawdown.value, *by_day.max_drawdown.value);
}

TEST(Measure, ScaleOfTheAccountDoesNotMatter) {
  OwnedCurve small = run_of(random_returns(5, 100));
  OwnedCurve large = small;
  large.initial *= 1e6;
  for (double& value : large.equity) value *= 1e6;
  const Performance a = measure(small.curve()), b = measure(large.curve());
  for (const MetricInfo& info : metric_infos()) {
    if (!(a.*info.field)) continue;
    EXPECT_NEAR(*(a.*info.field).value, *(b.*info.field).value, 1e-9) << info.key;
  }
}

TEST(Measure, AnnualFiguresAreAbsentUnderThirtyDays) {
  const Performance short_run = measure(run_of(random_returns(6, 29)).curve());
  for (const Metric* metric :
       {&short_run.sharpe, &short_run.sortino, &short_run.calmar, &short_run.volatility, &short_run.cvar95,
        &short_run.psr, &short_run.annual_return}) {
    EXPECT_FALSE(*metric);
    EXPECT_EQ(metric->reason, "fewer than 30 days");
  }
  EXPECT_TRUE(short_run.total_return);
  EXPECT_TRUE(short_run.max_drawdown);
  EXPECT_TRUE(measure(run_of(random_returns(6, 30)).curve()).sharpe);
}

TEST(Measure, UndefinedIsAbsentWithAReasonAndNeverNan) {
  OwnedCurve flat = run_of(std::vector<double>(60, 0.0));
  OwnedCurve ruined = run_of(random_returns(7, 60));
  for (std::size_t i = 30; i < 60; ++i) ruined.equity[i] = -5;
  OwnedCurve steady = run_of(std::vector<double>(60, 0.001));
  steady.profits = {5, 5, 5};
  for (const OwnedCurve& run : {flat, ruined, steady, OwnedCurve{}}) {
    const Performance p = measure(run.curve());
    for (const MetricInfo& info : metric_infos()) {
      const Metric& metric = p.*info.field;
      EXPECT_EQ(metric.value.has_value(), metric.reason.empty()) << info.key;
      EXPECT_TRUE(std::isfinite(metric.value.value_or(0))) << info.key;
    }
  }
  EXPECT_FALSE(measure(flat.curve()).sharpe);
  EXPECT_FALSE(measure(flat.curve()).calmar);
  EXPECT_FALSE(measure(steady.curve()).sharpe);
  EXPECT_FALSE(measure(steady.curve()).sortino);
  EXPECT_FALSE(measure(steady.curve()).profit_factor);
  EXPECT_FALSE(measure(steady.curve()).sqn);
  EXPECT_EQ(*measure(ruined.curve()).annual_return.value, -1);
}

TEST(Measure, DeflatedSharpeNeedsTheTrialsAndFallsWithTheirNumber) {
  const OwnedCurve run = run_of(random_returns(8, 300));
  EXPECT_FALSE(measure(run.curve()).dsr);
  const Performance one = measure(run.curve(), Trials{1, 0.05});
  const Performance many = measure(run.curve(), Trials{100, 0.05});
  EXPECT_EQ(*one.dsr.value, *one.psr.value);
  EXPECT_LT(*many.dsr.value, *one.dsr.value);
}

TEST(Measure, RefusesWhatCannotBeMeasured) {
  OwnedCurve nan = run_of(random_returns(9, 40));
  nan.equity[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(measure(nan.curve()), Error);
  OwnedCurve unsorted = run_of(random_returns(9, 40));
  unsorted.times[5] = unsorted.times[4];
  EXPECT_THROW(measure(unsorted.curve()), Error);
  OwnedCurve uneven = run_of(random_returns(9, 40));
  uneven.exposure.pop_back();
  EXPECT_THROW(measure(uneven.curve()), Error);
  OwnedCurve penniless = run_of(random_returns(9, 40));
  penniless.initial = 0;
  EXPECT_THROW(measure(penniless.curve()), Error);
}

TEST(DailyReturns, RebuildTheDrawdownOfTheBars) {
  for (std::uint64_t stream = 20; stream < 40; ++stream) {
    const OwnedCurve run = run_of(random_returns(stream, 24 * 50, 0.0001, 0.01), hour_ms);
    double level = 1, peak = 1, worst = 0;
    for (const DayReturn& day : daily_returns(run.curve())) {
      worst = std::max({worst, day.drawdown, 1 - level * day.low / peak});
      peak = std::max(peak, level * day.high);
      level *= day.growth;
    }
    EXPECT_NEAR(worst, max_drawdown(run.initial, run.equity), 1e-12);
    EXPECT_NEAR(level, run.equity.back() / run.initial, 1e-12);
  }
}

TEST(ConditionalValueAtRisk, CountsTheBoundaryReturnInPart) {
  const std::vector<double> returns{0.01, -0.04, 0.02, -0.02};
  EXPECT_NEAR(*conditional_value_at_risk(returns, 0.25).value, -0.04, 1e-15);
  EXPECT_NEAR(*conditional_value_at_risk(returns, 0.375).value, (-0.04 - 0.5 * 0.02) / 1.5, 1e-15);
  EXPECT_NEAR(*conditional_value_at_risk(returns, 1).value, -0.0075, 1e-15);
}

}  // namespace
}  // namespace stevie::stats
