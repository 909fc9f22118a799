#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stevie::stats {

/// Days in a year for annualising: crypto markets never close.
inline constexpr double days_per_year = 365.0;
/// Below this many days a ratio of daily returns is noise and is not given.
inline constexpr std::size_t minimum_days = 30;

/// Where the middle part of the resampled values lies; see bootstrap.h.
struct Interval {
  double low = 0;
  double high = 0;
};

/// A number, or the reason why there is none. Never NaN or infinite; `reason` is empty where there is a
/// value.
struct Metric {
  std::optional<double> value;
  std::string reason;
  std::optional<Interval> interval;  // only where bootstrap.h has added one

  static Metric of(double number);  // absent ("not a finite number") where it is NaN or infinite
  static Metric absent(std::string why) { return {std::nullopt, std::move(why), std::nullopt}; }
  explicit operator bool() const { return value.has_value(); }
};

/// What a run over bars left behind, as the metrics need it. Spans have one row per bar and belong to the
/// caller.
struct EquityCurve {
  double initial_equity = 0;             // before the first bar, > 0
  TimeMs interval = 0;                   // length of a bar
  std::span<const TimeMs> open_time;     // (bars), strictly increasing
  std::span<const double> equity;        // (bars) marked to market at the bar's close, net of all costs
  std::span<const double> exposure;      // (bars) position value / equity, signed; 0 where flat
  std::span<const double> trade_profit;  // (closed round trips) net profit, account currency
  double traded_notional = 0;            // sum of |quantity| * price over all fills
};

/// Every metric of one run. Returns and shares are fractions (0.05 is 5 %), not percent.
struct Performance {
  std::size_t days = 0;    // UTC days with at least one bar
  std::size_t trades = 0;  // closed round trips
  Metric total_return;
  Metric annual_return;  // geometric
  Metric volatility;     // std(daily, ddof=1) * sqrt(365)
  Metric sharpe;
  Metric sortino;
  Metric max_drawdown;  // positive: 0.25 is a loss of a quarter from the peak
  Metric calmar;
  Metric cvar95;  // mean of the worst 5 % of the daily returns; negative is a loss
  Metric win_rate;
  Metric profit_factor;
  Metric expectancy;    // account currency per closed trade
  Metric expectancy_r;  // the same in units of R, the mean loss of a losing trade
  Metric sqn;
  Metric exposure;  // share of bars with a position
  Metric turnover;  // traded notional / mean equity, per year
  Metric psr;       // probability that the true Sharpe ratio is above 0
  Metric dsr;       // the same, above what the best of all trials would show by luck
};

enum class Unit : std::uint8_t { percent, ratio, currency, probability, per_year };

/// How a metric is called and printed. One table, used by the terminal, the JSON file and the HTML report.
struct MetricInfo {
  std::string_view key;      // in JSON: "max_drawdown"
  std::string_view name;     // for people: "Max drawdown"
  std::string_view meaning;  // one sentence
  Unit unit;
  Metric Performance::*field;
};
std::span<const MetricInfo> metric_infos();

/// The trials among which this run was chosen, for the deflated Sharpe ratio.
struct Trials {
  std::size_t count = 0;              // every trial ever made on the data, also abandoned ones
  double daily_sharpe_deviation = 0;  // standard deviation of their daily (not annualised) Sharpe ratios
};

/// Daily summary from which any day-wise rearrangement of the run can be rebuilt, with its drawdown per bar.
struct DayReturn {
  std::int64_t day = 0;      // utc_day
  double growth = 1;         // equity at the day's last close / at the last close of the day before
  double high = 1, low = 1;  // largest and smallest equity at a close of the day, over the same base
  double drawdown = 0;       // largest loss from a peak within the day (its base counts as a peak)
};

/// Bars belong to the UTC day they open in. Days without bars have no row: the next day carries the change
/// over the gap. After a ruin (equity <= 0) the account stays at nothing: growth 0 on that day, 1 on the days
/// after. Throws Error "stats.bad_input" on spans of different length, an initial equity <= 0, stamps that do
/// not increase or numbers that are not finite.
std::vector<DayReturn> daily_returns(const EquityCurve& curve);

/// growth - 1 of every day.
std::vector<double> simple_returns(std::span<const DayReturn> days);

/// Return of one UTC calendar month; the first and the last month may be partial.
struct MonthReturn {
  int year = 0;
  int month = 0;  // 1-12
  Metric value;   // absent after a ruin
};
/// Months that have at least one bar. Throws as daily_returns does.
std::vector<MonthReturn> monthly_returns(const EquityCurve& curve);

/// Loss from the running peak at every value, 0 .. 1 and more where the equity is negative; `start` counts as
/// a peak.
std::vector<double> drawdown_series(double start, std::span<const double> equity);

/// Every metric, defined as in docs/metrics.md. Without `trials` the deflated Sharpe ratio is absent.
/// Throws as daily_returns does; an empty curve gives absent metrics, not an error.
Performance measure(const EquityCurve& curve, const std::optional<Trials>& trials = std::nullopt);

/// From the open of the first bar to the close of the last, in years of 365 days. The curve is not empty.
double elapsed_years(const EquityCurve& curve);

/// The single formulas, for use on a series of per-period returns. None of them knows about days or the
/// 30-day rule.
Metric annualised_return(double growth, double years);  // growth^(1/years) - 1; growth <= 0 gives -1
Metric annualised_volatility(std::span<const double> returns, double periods_per_year);  // ddof = 1
Metric sharpe_ratio(std::span<const double> returns, double periods_per_year);   // ddof = 1, risk-free rate 0
Metric sortino_ratio(std::span<const double> returns, double periods_per_year);  // downside over ALL periods
/// Mean of the worst `share` of the returns; where share * n is not whole, the boundary return counts in part
/// (Rockafellar and Uryasev 2002).
Metric conditional_value_at_risk(std::span<const double> returns, double share);
/// Largest loss from a running peak; `start` is the equity before the first value and counts as a peak.
double max_drawdown(double start, std::span<const double> equity);

/// Probability that the true per-period Sharpe ratio exceeds `benchmark`: the version of Bailey and Lopez de
/// Prado 2012, with the variance at the observed ratio (the revision of 2025 takes it at the benchmark, with
/// AR(1) terms). `skewness` and `kurtosis` are those of the returns (normal: 0 and 3).
Metric probabilistic_sharpe(double sharpe, double benchmark, std::size_t periods, double skewness,
                            double kurtosis);
/// Per-period Sharpe ratio that the best of `trials` worthless trials is expected to show
/// (Bailey and Lopez de Prado 2014): sd * [(1-g) z(1 - 1/N) + g z(1 - 1/(N e))], g Euler's constant; 0 for N
/// <= 1.
double expected_best_sharpe(const Trials& trials);
/// Periods needed before probabilistic_sharpe reaches `confidence`.
Metric minimum_track_record(double sharpe, double benchmark, double skewness, double kurtosis,
                            double confidence);

}  // namespace stevie::stats
