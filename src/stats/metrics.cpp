#include "stats/metrics.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.h"

namespace stevie::stats {
namespace {

/// Below this the deviation of daily returns is rounding, not risk.
constexpr double smallest_deviation = 1e-12;

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Central moment of the given order over n.
double central_moment(std::span<const double> values, double mean, int order) {
  double sum = 0;
  for (const double value : values) {
    const double distance = value - mean;
    double power = distance;
    for (int i = 1; i < order; ++i) power *= distance;
    sum += power;
  }
  return sum / static_cast<double>(values.size());
}

/// ddof = 1; 0 for fewer than two values.
double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const auto count = static_cast<double>(values.size());
  return std::sqrt(central_moment(values, mean_of(values), 2) * count / (count - 1));
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

double normal_quantile(double probability) {
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * probability);
}

void check(const EquityCurve& curve) {
  const auto fail = [](const char* what) { throw Error("stats.bad_input", what); };
  const std::size_t bars = curve.open_time.size();
  if (curve.equity.size() != bars || curve.exposure.size() != bars)
    fail("times, equity and exposure must have one row per bar each");
  if (!(curve.initial_equity > 0) || !std::isfinite(curve.initial_equity))
    fail("the initial equity must be a number above 0");
  if (bars > 0 && curve.interval <= 0) fail("the bar interval must be above 0");
  if (!std::isfinite(curve.traded_notional)) fail("the traded notional is not a finite number");
  for (std::size_t i = 1; i < bars; ++i)
    if (curve.open_time[i] <= curve.open_time[i - 1]) fail("the bars' open times must increase");
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(curve.equity.begin(), curve.equity.end(), finite))
    fail("an equity value is not a finite number");
  if (!std::all_of(curve.exposure.begin(), curve.exposure.end(), finite))
    fail("an exposure value is not a finite number");
  if (!std::all_of(curve.trade_profit.begin(), curve.trade_profit.end(), finite))
    fail("a trade's profit is not a finite number");
}

void measure_path(const EquityCurve& curve, Performance& result) {
  const auto bars = static_cast<double>(curve.equity.size());
  result.total_return = Metric::of(curve.equity.back() / curve.initial_equity - 1);
  result.max_drawdown = Metric::of(max_drawdown(curve.initial_equity, curve.equity));
  const auto in_market =
      std::count_if(curve.exposure.begin(), curve.exposure.end(), [](double e) { return e != 0; });
  result.exposure = Metric::of(static_cast<double>(in_market) / bars);
}

void measure_yearly(const EquityCurve& curve, Performance& result) {
  const double years = elapsed_years(curve);
  result.annual_return = annualised_return(curve.equity.back() / curve.initial_equity, years);
  const double mean_equity = mean_of(curve.equity);
  result.turnover = mean_equity > 0 ? Metric::of(curve.traded_notional / mean_equity / years)
                                    : Metric::absent("the mean equity is not above 0");
  if (!result.annual_return)
    result.calmar = Metric::absent(result.annual_return.reason);
  else if (*result.max_drawdown.value > 0)
    result.calmar = Metric::of(*result.annual_return.value / *result.max_drawdown.value);
  else
    result.calmar = Metric::absent("there was no drawdown");
}

void measure_days(std::span<const double> returns, const std::optional<Trials>& trials, Performance& result) {
  result.volatility = annualised_volatility(returns, days_per_year);
  result.sharpe = sharpe_ratio(returns, days_per_year);
  result.sortino = sortino_ratio(returns, days_per_year);
  result.cvar95 = conditional_value_at_risk(returns, 0.05);

  const Metric daily = sharpe_ratio(returns, 1);
  if (!daily) {
    result.psr = result.dsr = daily;
    return;
  }
  const double mean = mean_of(returns);
  const double variance = central_moment(returns, mean, 2);
  const double skewness = central_moment(returns, mean, 3) / std::pow(variance, 1.5);
  const double kurtosis = central_moment(returns, mean, 4) / (variance * variance);
  result.psr = probabilistic_sharpe(*daily.value, 0, returns.size(), skewness, kurtosis);
  result.dsr = trials ? probabilistic_sharpe(*daily.value, expected_best_sharpe(*trials), returns.size(),
                                             skewness, kurtosis)
                      : Metric::absent("the number of trials it was chosen from is not known");
}

void measure_trades(std::span<const double> profits, Performance& result) {
  if (profits.empty()) {
    for (Metric* metric :
         {&result.win_rate, &result.profit_factor, &result.expectancy, &result.expectancy_r, &result.sqn})
      *metric = Metric::absent("no closed trades");
    return;
  }
  const auto count = static_cast<double>(profits.size());
  double won = 0, lost = 0, wins = 0, losses = 0;
  for (const double profit : profits) {
    if (profit > 0) won += profit, ++wins;
    if (profit < 0) lost -= profit, ++losses;
  }
  const double expectancy = mean_of(profits);
  result.win_rate = Metric::of(wins / count);
  result.expectancy = Metric::of(expectancy);
  result.profit_factor = lost > 0 ? Metric::of(won / lost) : Metric::absent("no trade lost money");
  result.expectancy_r =
      lost > 0 ? Metric::of(expectancy / (lost / losses)) : Metric::absent("no trade lost money");
  const double deviation = deviation_of(profits);
  if (profits.size() < 2)
    result.sqn = Metric::absent("fewer than 2 closed trades");
  else if (deviation > 0)
    result.sqn = Metric::of(std::sqrt(count) * expectancy / deviation);
  else
    result.sqn = Metric::absent("the trades' profits do not vary");
}

void mark_absent(std::initializer_list<Metric*> metrics, const std::string& reason) {
  for (Metric* metric : metrics) *metric = Metric::absent(reason);
}

}  // namespace

Metric Metric::of(double number) {
  if (!std::isfinite(number)) return absent("not a finite number");
  return {number, {}, std::nullopt};
}

std::vector<DayReturn> daily_returns(const EquityCurve& curve) {
  check(curve);
  std::vector<DayReturn> days;
  double base = curve.initial_equity;  // equity at the close of the day before
  double peak = 1;                     // of the current day, over base
  for (std::size_t i = 0; i < curve.equity.size(); ++i) {
    const std::int64_t day = utc_day(curve.open_time[i]);
    const bool ruined = base <= 0;
    const double level = ruined ? 1 : std::max(curve.equity[i] / base, 0.0);
    if (days.empty() || days.back().day != day) {
      days.push_back({day, level, level, level, 0});
      peak = 1;
    }
    DayReturn& row = days.back();
    row.growth = level;
    row.high = std::max(row.high, level);
    row.low = std::min(row.low, level);
    peak = std::max(peak, level);
    row.drawdown = std::max(row.drawdown, 1 - level / peak);
    const bool day_ends = i + 1 == curve.equity.size() || utc_day(curve.open_time[i + 1]) != day;
    if (day_ends) base = ruined ? 0 : std::max(curve.equity[i], 0.0);
  }
  return days;
}

std::vector<MonthReturn> monthly_returns(const EquityCurve& curve) {
  check(curve);
  std::vector<MonthReturn> months;
  double base = curve.initial_equity;
  for (std::size_t i = 0; i < curve.equity.size(); ++i) {
    const CivilDate date = civil_date(curve.open_time[i]);
    if (months.empty() || months.back().year != date.year || months.back().month != date.month) {
      if (i > 0) base = curve.equity[i - 1];
      months.push_back({date.year, date.month, {}});
    }
    months.back().value =
        base > 0 ? Metric::of(curve.equity[i] / base - 1) : Metric::absent("the account was ruined");
  }
  return months;
}

std::vector<double> drawdown_series(double start, std::span<const double> equity) {
  std::vector<double> losses;
  losses.reserve(equity.size());
  double peak = start;
  for (const double value : equity) {
    peak = std::max(peak, value);
    losses.push_back((peak - value) / peak);
  }
  return losses;
}

std::vector<double> simple_returns(std::span<const DayReturn> days) {
  std::vector<double> returns;
  returns.reserve(days.size());
  for (const DayReturn& day : days) returns.push_back(day.growth - 1);
  return returns;
}

Performance measure(const EquityCurve& curve, const std::optional<Trials>& trials) {
  const std::vector<DayReturn> days = daily_returns(curve);
  Performance result;
  result.days = days.size();
  result.trades = curve.trade_profit.size();
  measure_trades(curve.trade_profit, result);
  if (days.empty())
    mark_absent({&result.total_return, &result.max_drawdown, &result.exposure}, "there are no bars");
  else
    measure_path(curve, result);

  if (days.size() < minimum_days) {
    mark_absent({&result.annual_return, &result.turnover, &result.calmar, &result.volatility, &result.sharpe,
                 &result.sortino, &result.cvar95, &result.psr, &result.dsr},
                "fewer than " + std::to_string(minimum_days) + " days");
    return result;
  }
  measure_yearly(curve, result);
  if (curve.interval > day_ms)
    mark_absent(
        {&result.volatility, &result.sharpe, &result.sortino, &result.cvar95, &result.psr, &result.dsr},
        "bars are longer than a day");
  else
    measure_days(simple_returns(days), trials, result);
  return result;
}

double elapsed_years(const EquityCurve& curve) {
  const TimeMs elapsed = curve.open_time.back() + curve.interval - curve.open_time.front();
  return static_cast<double>(elapsed) / static_cast<double>(day_ms) / days_per_year;
}

Metric annualised_return(double growth, double years) {
  return Metric::of(std::pow(std::max(growth, 0.0), 1 / years) - 1);
}

Metric annualised_volatility(std::span<const double> returns, double periods_per_year) {
  if (returns.size() < 2) return Metric::absent("fewer than 2 returns");
  return Metric::of(deviation_of(returns) * std::sqrt(periods_per_year));
}

Metric sharpe_ratio(std::span<const double> returns, double periods_per_year) {
  if (returns.size() < 2) return Metric::absent("fewer than 2 returns");
  const double deviation = deviation_of(returns);
  if (deviation < smallest_deviation) return Metric::absent("the returns do not vary");
  return Metric::of(mean_of(returns) / deviation * std::sqrt(periods_per_year));
}

Metric sortino_ratio(std::span<const double> returns, double periods_per_year) {
  if (returns.empty()) return Metric::absent("there are no returns");
  double squares = 0;
  for (const double value : returns) squares += value < 0 ? value * value : 0;
  const double downside = std::sqrt(squares / static_cast<double>(returns.size()));
  if (downside < smallest_deviation) return Metric::absent("no return is below 0");
  return Metric::of(mean_of(returns) / downside * std::sqrt(periods_per_year));
}

Metric conditional_value_at_risk(std::span<const double> returns, double share) {
  if (returns.empty()) return Metric::absent("there are no returns");
  std::vector<double> sorted(returns.begin(), returns.end());
  const double wanted = share * static_cast<double>(sorted.size());
  const std::size_t touched =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(wanted)), 1, sorted.size());
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(touched), sorted.end());
  double sum = 0;
  for (std::size_t i = 0; i + 1 < touched; ++i) sum += sorted[i];
  const double boundary_weight = wanted - static_cast<double>(touched - 1);
  return Metric::of((sum + boundary_weight * sorted[touched - 1]) / wanted);
}

double max_drawdown(double start, std::span<const double> equity) {
  const std::vector<double> losses = drawdown_series(start, equity);
  return losses.empty() ? 0 : *std::max_element(losses.begin(), losses.end());
}

Metric probabilistic_sharpe(double sharpe, double benchmark, std::size_t periods, double skewness,
                            double kurtosis) {
  if (periods < 2) return Metric::absent("fewer than 2 returns");
  const double spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe;
  if (!(spread > 0))
    return Metric::absent("skewness and kurtosis leave the deviation of the Sharpe ratio undefined");
  return Metric::of(
      normal_cdf((sharpe - benchmark) * std::sqrt(static_cast<double>(periods - 1)) / std::sqrt(spread)));
}

double expected_best_sharpe(const Trials& trials) {
  if (trials.count <= 1) return 0;
  const auto count = static_cast<double>(trials.count);
  const double gamma = std::numbers::egamma;
  return trials.daily_sharpe_deviation * ((1 - gamma) * normal_quantile(1 - 1 / count) +
                                          gamma * normal_quantile(1 - 1 / (count * std::numbers::e)));
}

Metric minimum_track_record(double sharpe, double benchmark, double skewness, double kurtosis,
                            double confidence) {
  if (sharpe <= benchmark) return Metric::absent("the Sharpe ratio is not above the benchmark");
  const double spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe;
  const double distance = normal_quantile(confidence) / (sharpe - benchmark);
  return Metric::of(1 + spread * distance * distance);
}

std::span<const MetricInfo> metric_infos() {
  using P = Performance;
  static constexpr std::array infos{
      MetricInfo{"total_return", "Total return",
                 "growth of the account over the whole period, after all costs", Unit::percent,
                 &P::total_return},
      MetricInfo{"annual_return", "Annual return", "the same as a steady rate per year", Unit::percent,
                 &P::annual_return},
      MetricInfo{"volatility", "Volatility",
                 "how far a year typically strays: deviation of daily returns, per year", Unit::percent,
                 &P::volatility},
      MetricInfo{"sharpe", "Sharpe ratio",
                 "return per unit of volatility, per year; 0 is worthless, 1 is good", Unit::ratio,
                 &P::sharpe},
      MetricInfo{"sortino", "Sortino ratio", "return per unit of downward volatility only", Unit::ratio,
                 &P::sortino},
      MetricInfo{"max_drawdown", "Max drawdown", "largest loss from an earlier peak, looked at on every bar",
                 Unit::percent, &P::max_drawdown},
      MetricInfo{"calmar", "Calmar ratio", "annual return per unit of max drawdown", Unit::ratio, &P::calmar},
      MetricInfo{"cvar95", "CVaR 95 %", "mean return of the worst 5 % of days", Unit::percent, &P::cvar95},
      MetricInfo{"win_rate", "Win rate", "share of closed trades with a profit", Unit::percent, &P::win_rate},
      MetricInfo{"profit_factor", "Profit factor", "money won by winning trades / money lost by losing ones",
                 Unit::ratio, &P::profit_factor},
      MetricInfo{"expectancy", "Expectancy", "mean net profit of a trade, in account currency",
                 Unit::currency, &P::expectancy},
      MetricInfo{"expectancy_r", "Expectancy (R)", "mean net profit of a trade, in mean losses", Unit::ratio,
                 &P::expectancy_r},
      MetricInfo{"sqn", "SQN", "mean trade / deviation of trades * square root of their number", Unit::ratio,
                 &P::sqn},
      MetricInfo{"exposure", "Time in market", "share of bars with a position", Unit::percent, &P::exposure},
      MetricInfo{"turnover", "Turnover", "times the account is traded over in a year", Unit::per_year,
                 &P::turnover},
      MetricInfo{"psr", "PSR", "probability that the true Sharpe ratio is above 0", Unit::probability,
                 &P::psr},
      MetricInfo{"dsr", "DSR", "the same, after allowing for every variant that was tried", Unit::probability,
                 &P::dsr},
  };
  return infos;
}

}  // namespace stevie::stats
