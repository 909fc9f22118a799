#include "stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.h"

namespace stevie::stats {
namespace {

/// An interval is given only where at least this share of the replicates has the metric.
constexpr double needed_share = 0.9;
constexpr std::size_t least_replicates = 100;
constexpr std::size_t most_replicates = 1'000'000;

/// Values of one statistic over the replicates that define it.
class Replicates {
 public:
  explicit Replicates(std::size_t expected) : expected_(expected) { values_.reserve(expected); }

  void add(const Metric& metric) {
    if (metric) values_.push_back(*metric.value);
  }
  bool enough() const {
    return static_cast<double>(values_.size()) >= needed_share * static_cast<double>(expected_);
  }
  std::optional<Interval> interval(double level) {
    if (!enough()) return std::nullopt;
    std::sort(values_.begin(), values_.end());
    const double tail = (1 - level) / 2;
    return Interval{quantile(values_, tail), quantile(values_, 1 - tail)};
  }
  std::optional<double> share_above_zero() const {
    if (!enough()) return std::nullopt;
    const auto above = std::count_if(values_.begin(), values_.end(), [](double value) { return value > 0; });
    return static_cast<double>(above) / static_cast<double>(values_.size());
  }

 private:
  std::size_t expected_;
  std::vector<double> values_;
};

/// What a rearranged row of days grew to, and its drawdown per bar.
struct Path {
  double growth = 1;
  double drawdown = 0;
};

Path rearranged_path(std::span<const DayReturn> days, std::span<const std::uint32_t> order) {
  Path path;
  double peak = 1;
  for (const std::uint32_t index : order) {
    const DayReturn& day = days[index];
    path.drawdown = std::max({path.drawdown, day.drawdown, 1 - path.growth * day.low / peak});
    peak = std::max(peak, path.growth * day.high);
    path.growth *= day.growth;
  }
  return path;
}

/// Rearranged returns of one replicate; the buffers are reused.
struct Resample {
  explicit Resample(std::size_t days) : order(days), returns(days) {}
  std::vector<std::uint32_t> order;
  std::vector<double> returns;

  void gather(std::span<const double> source) {
    for (std::size_t i = 0; i < order.size(); ++i) returns[i] = source[order[i]];
  }
};

/// Replicates of every metric that resamples days.
struct DayReplicates {
  explicit DayReplicates(std::size_t n)
      : total_return(n),
        annual_return(n),
        volatility(n),
        sharpe(n),
        sortino(n),
        max_drawdown(n),
        calmar(n),
        cvar95(n) {}
  Replicates total_return, annual_return, volatility, sharpe, sortino, max_drawdown, calmar, cvar95;

  void add(const Path& path, std::span<const double> returns, double years) {
    const Metric yearly = annualised_return(path.growth, years);
    total_return.add(Metric::of(path.growth - 1));
    annual_return.add(yearly);
    max_drawdown.add(Metric::of(path.drawdown));
    if (yearly && path.drawdown > 0) calmar.add(Metric::of(*yearly.value / path.drawdown));
    volatility.add(annualised_volatility(returns, days_per_year));
    sharpe.add(sharpe_ratio(returns, days_per_year));
    sortino.add(sortino_ratio(returns, days_per_year));
    cvar95.add(conditional_value_at_risk(returns, 0.05));
  }
};

/// Where all replicates agree (cash, a single trade) resampling has nothing to say.
void set_interval(Metric& metric, Replicates& replicates, double level) {
  if (!metric) return;
  metric.interval = replicates.interval(level);
  if (metric.interval && metric.interval->low == metric.interval->high) metric.interval.reset();
}

double resample_days(const EquityCurve& curve, std::span<const DayReturn> days, const BootstrapConfig& config,
                     Performance& result) {
  const std::vector<double> source = simple_returns(days);
  const double mean_block = config.mean_block.value_or(automatic_block_length(source).stationary);
  const double years = elapsed_years(curve);
  DayReplicates replicates(config.replicates);
  Resample resample(days.size());
  for (std::size_t k = 0; k < config.replicates; ++k) {
    RandomStream random(config.seed, k);
    stationary_indices(random, mean_block, resample.order);
    resample.gather(source);
    replicates.add(rearranged_path(days, resample.order), resample.returns, years);
  }
  set_interval(result.total_return, replicates.total_return, config.level);
  set_interval(result.annual_return, replicates.annual_return, config.level);
  set_interval(result.volatility, replicates.volatility, config.level);
  set_interval(result.sharpe, replicates.sharpe, config.level);
  set_interval(result.sortino, replicates.sortino, config.level);
  set_interval(result.max_drawdown, replicates.max_drawdown, config.level);
  set_interval(result.calmar, replicates.calmar, config.level);
  set_interval(result.cvar95, replicates.cvar95, config.level);
  return mean_block;
}

void resample_trades(std::span<const double> profits, const BootstrapConfig& config, Performance& result) {
  const std::size_t count = config.replicates;
  Replicates win_rate(count), profit_factor(count), expectancy(count);
  for (std::size_t k = 0; k < count; ++k) {
    RandomStream random(config.seed, count + k);  // streams that the days do not use
    double won = 0, lost = 0, wins = 0;
    for (std::size_t i = 0; i < profits.size(); ++i) {
      const double profit = profits[random.below(profits.size())];
      wins += profit > 0;
      (profit > 0 ? won : lost) += std::abs(profit);
    }
    const auto trades = static_cast<double>(profits.size());
    win_rate.add(Metric::of(wins / trades));
    expectancy.add(Metric::of((won - lost) / trades));
    if (lost > 0) profit_factor.add(Metric::of(won / lost));
  }
  set_interval(result.win_rate, win_rate, config.level);
  set_interval(result.expectancy, expectancy, config.level);
  set_interval(result.profit_factor, profit_factor, config.level);
}

Metric minus(const Metric& first, const Metric& second) {
  if (!first) return Metric::absent(first.reason);
  if (!second) return Metric::absent(second.reason);
  return Metric::of(*first.value - *second.value);
}

PairedDifference paired(const Metric& difference, Replicates& replicates, double level) {
  PairedDifference row{difference, std::nullopt};
  if (!difference) return row;
  row.probability_better = replicates.share_above_zero();
  row.difference.interval = replicates.interval(level);
  return row;
}

void check_paired(std::span<const DayReturn> first, std::span<const DayReturn> second) {
  const bool same = std::equal(first.begin(), first.end(), second.begin(), second.end(),
                               [](const DayReturn& a, const DayReturn& b) { return a.day == b.day; });
  if (!same)
    throw Error("stats.unpaired", "the two runs do not cover the same days: run both over the same bars");
}

/// Replicates of the differences between two runs.
struct PairedReplicates {
  explicit PairedReplicates(std::size_t n) : sharpe(n), total_return(n), annual_return(n) {}
  Replicates sharpe, total_return, annual_return;
};

/// Returns the mean block length used.
double resample_pairs(std::span<const DayReturn> days_first, std::span<const DayReturn> days_second,
                      double years, const BootstrapConfig& config, PairedReplicates& replicates) {
  const std::vector<double> first = simple_returns(days_first), second = simple_returns(days_second);
  std::vector<double> excess(first.size());
  for (std::size_t i = 0; i < excess.size(); ++i) excess[i] = first[i] - second[i];
  const double mean_block = config.mean_block.value_or(automatic_block_length(excess).stationary);
  Resample resample(excess.size());
  for (std::size_t k = 0; k < config.replicates; ++k) {
    RandomStream random(config.seed, k);
    stationary_indices(random, mean_block, resample.order);
    const double growth_first = rearranged_path(days_first, resample.order).growth;
    const double growth_second = rearranged_path(days_second, resample.order).growth;
    replicates.total_return.add(Metric::of(growth_first - growth_second));
    replicates.annual_return.add(
        minus(annualised_return(growth_first, years), annualised_return(growth_second, years)));
    resample.gather(first);
    const Metric sharpe_first = sharpe_ratio(resample.returns, days_per_year);
    resample.gather(second);
    replicates.sharpe.add(minus(sharpe_first, sharpe_ratio(resample.returns, days_per_year)));
  }
  return mean_block;
}

}  // namespace

void check_bootstrap(const BootstrapConfig& config) {
  std::string faults;
  if (config.replicates < least_replicates || config.replicates > most_replicates)
    faults += "replicates must lie between " + std::to_string(least_replicates) + " and " +
              std::to_string(most_replicates) + "; ";
  if (!(config.level > 0 && config.level < 1)) faults += "level must lie between 0 and 1; ";
  if (config.mean_block && !(*config.mean_block >= 1 && std::isfinite(*config.mean_block)))
    faults += "mean_block must be at least 1 day; ";
  if (faults.empty()) return;
  faults.resize(faults.size() - 2);
  throw Error("stats.bad_bootstrap", faults, "bootstrap");
}

double quantile(std::span<const double> sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = position - static_cast<double>(below);
  return sorted[below] * (1 - weight) + sorted[above] * weight;
}

BlockLengths automatic_block_length(std::span<const double> series) {
  const std::size_t n = series.size();
  if (n < 10) return {};
  const auto count = static_cast<double>(n);
  const double mean = std::accumulate(series.begin(), series.end(), 0.0) / count;
  std::vector<double> centred(n);
  for (std::size_t i = 0; i < n; ++i) centred[i] = series[i] - mean;

  const auto run = static_cast<std::size_t>(std::max(5.0, std::floor(std::log10(count))));
  const std::size_t longest = std::min(static_cast<std::size_t>(std::ceil(std::sqrt(count))) + run, n - 2);
  const double threshold = 2 * std::sqrt(std::log10(count) / count);
  std::vector<double> covariance(longest + 1);
  std::size_t insignificant = 0;  // consecutive lags up to here
  std::optional<std::size_t> first_lag;
  for (std::size_t lag = 0; lag <= longest; ++lag) {
    double product = 0, late = 0, early = 0;
    for (std::size_t i = lag; i < n; ++i) product += centred[i] * centred[i - lag];
    for (std::size_t i = lag + 1; i < n; ++i) {
      late += centred[i] * centred[i];
      early += centred[i - lag - 1] * centred[i - lag - 1];
    }
    covariance[lag] = product / count;
    if (late <= 0 || early <= 0) return {};
    if (first_lag) continue;
    insignificant = std::abs(product) / std::sqrt(late * early) < threshold ? insignificant + 1 : 0;
    if (insignificant == run && lag < longest) first_lag = lag + 1 - run;
  }
  const std::size_t bandwidth =
      first_lag ? std::min(2 * std::max<std::size_t>(*first_lag, 1), longest) : longest;

  double g = 0, spectrum = covariance[0];
  for (std::size_t lag = 1; lag <= bandwidth; ++lag) {
    const double share = static_cast<double>(lag) / static_cast<double>(bandwidth);
    const double weight = share <= 0.5 ? 1 : 2 * (1 - share);
    g += 2 * weight * static_cast<double>(lag) * covariance[lag];
    spectrum += 2 * weight * covariance[lag];
  }
  const double cap = std::ceil(std::min(3 * std::sqrt(count), count / 3));
  const auto length = [&](double factor) {
    const double blocks = std::cbrt(2 * g * g / (factor * spectrum * spectrum) * count);
    return std::isfinite(blocks) ? std::clamp(blocks, 1.0, cap) : 1.0;
  };
  return {length(2), length(4.0 / 3)};
}

void stationary_indices(RandomStream& random, double mean_block, std::span<std::uint32_t> indices) {
  if (indices.empty()) return;
  const auto count = static_cast<std::uint32_t>(indices.size());
  const double restart = 1 / mean_block;
  indices[0] = static_cast<std::uint32_t>(random.below(count));
  for (std::size_t i = 1; i < indices.size(); ++i) {
    if (random.uniform() < restart)
      indices[i] = static_cast<std::uint32_t>(random.below(count));
    else
      indices[i] = indices[i - 1] + 1 == count ? 0 : indices[i - 1] + 1;
  }
}

double add_intervals(const EquityCurve& curve, const BootstrapConfig& config, Performance& performance) {
  check_bootstrap(config);
  const std::vector<DayReturn> days = daily_returns(curve);
  if (days.size() < minimum_days) return 1;
  if (!curve.trade_profit.empty()) resample_trades(curve.trade_profit, config, performance);
  return resample_days(curve, days, config, performance);
}

PairedComparison compare_paired(const EquityCurve& first, const EquityCurve& second,
                                const BootstrapConfig& config) {
  check_bootstrap(config);
  const std::vector<DayReturn> days_first = daily_returns(first), days_second = daily_returns(second);
  check_paired(days_first, days_second);
  const Performance a = measure(first), b = measure(second);
  PairedReplicates replicates(config.replicates);
  PairedComparison result;
  if (days_first.size() >= minimum_days)
    result.mean_block = resample_pairs(days_first, days_second, elapsed_years(first), config, replicates);
  result.sharpe = paired(minus(a.sharpe, b.sharpe), replicates.sharpe, config.level);
  result.total_return = paired(minus(a.total_return, b.total_return), replicates.total_return, config.level);
  result.annual_return =
      paired(minus(a.annual_return, b.annual_return), replicates.annual_return, config.level);
  return result;
}

}  // namespace stevie::stats
