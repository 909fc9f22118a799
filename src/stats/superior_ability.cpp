#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "stats/bootstrap.h"
#include "stats/comparison_tests.h"

namespace stevie::stats {
namespace {

void check(const SeriesView& differences, const MeanTestConfig& config) {
  std::string faults;
  const auto fault = [&](const std::string& text) { faults += (faults.empty() ? "" : "; ") + text; };
  if (differences.series == 0) fault("there is no candidate");
  if (differences.values.size() != differences.series * differences.periods)
    fault("the values are not series * periods numbers");
  if (differences.periods < 20) fault("a test needs at least 20 periods");
  if (config.replicates < 100 || config.replicates > 1'000'000)
    fault("replicates must lie between 100 and 1000000");
  if (!(config.level > 0 && config.level < 1)) fault("level must lie between 0 and 1");
  if (config.level * static_cast<double>(config.replicates + 1) < 1)
    fault("so low a level needs more replicates");
  if (config.mean_block && !(*config.mean_block >= 1 && std::isfinite(*config.mean_block)))
    fault("mean_block must be at least 1");
  if (!std::all_of(differences.values.begin(), differences.values.end(),
                   [](double value) { return std::isfinite(value); }))
    fault("a difference is not a finite number");
  if (!faults.empty()) throw Error("stats.bad_test", faults, "test of mean differences");
}

/// Variance of sqrt(n) times the mean under the stationary bootstrap (Hansen 2005, appendix; Politis and
/// Romano 1994).
double bootstrap_variance(std::span<const double> series, double mean, double mean_block) {
  const std::size_t n = series.size();
  const auto count = static_cast<double>(n);
  const double stay = 1 - 1 / mean_block;
  double variance = 0;
  for (std::size_t lag = 0; lag < n; ++lag) {
    const auto i = static_cast<double>(lag);
    const double kernel =
        lag == 0 ? 0.5 : (count - i) / count * std::pow(stay, i) + i / count * std::pow(stay, count - i);
    if (kernel < 1e-14) continue;
    double product = 0;
    for (std::size_t t = lag; t < n; ++t) product += (series[t] - mean) * (series[t - lag] - mean);
    variance += 2 * kernel * product / count;
  }
  return std::max(0.0, variance);
}

/// Means of every series and of their resamples, the same days for all.
struct MeanReplicates {
  std::size_t series = 0, count = 0;  // series that vary; replicates
  double periods = 0;
  double mean_block = 1;
  std::vector<std::size_t> number;  // (series) which of the given ones
  std::vector<double> mean;         // (series)
  std::vector<double> deviation;    // (series) w_k
  std::vector<double> means;        // (replicates, series)

  double replicate(std::size_t r, std::size_t k) const { return means[r * series + k]; }
};

MeanReplicates resample(const SeriesView& differences, const MeanTestConfig& config) {
  check(differences, config);
  MeanReplicates result;
  const std::size_t n = differences.periods;
  result.periods = static_cast<double>(n);
  result.count = config.replicates;
  for (std::size_t k = 0; k < differences.series; ++k) {
    const auto row = differences.row(k);
    const auto [low, high] = std::minmax_element(row.begin(), row.end());
    if (*low == *high) continue;
    result.number.push_back(k);
    result.mean.push_back(std::accumulate(row.begin(), row.end(), 0.0) / result.periods);
    if (!config.mean_block)
      result.mean_block = std::max(result.mean_block, automatic_block_length(row).stationary);
  }
  if (config.mean_block) result.mean_block = *config.mean_block;

  for (std::size_t i = 0; i < result.number.size();) {
    const double variance =
        bootstrap_variance(differences.row(result.number[i]), result.mean[i], result.mean_block);
    if (variance > 0) {
      result.deviation.push_back(std::sqrt(variance));
      ++i;
    } else {
      result.number.erase(result.number.begin() + static_cast<std::ptrdiff_t>(i));
      result.mean.erase(result.mean.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  result.series = result.number.size();
  std::vector<double> by_period(n * result.series);  // (periods, series)
  for (std::size_t k = 0; k < result.series; ++k)
    for (std::size_t t = 0; t < n; ++t)
      by_period[t * result.series + k] = differences.row(result.number[k])[t];
  result.means.assign(result.count * result.series, 0.0);
  std::vector<std::uint32_t> indices(n);
  std::vector<double> times(n);
  for (std::size_t r = 0; r < result.count; ++r) {
    RandomStream random(config.seed, r);
    stationary_indices(random, result.mean_block, indices);
    std::fill(times.begin(), times.end(), 0.0);
    for (const std::uint32_t index : indices) times[index] += 1 / result.periods;
    double* means = result.means.data() + r * result.series;
    for (std::size_t t = 0; t < n; ++t) {
      if (times[t] == 0) continue;
      const double* row = by_period.data() + t * result.series;
      for (std::size_t k = 0; k < result.series; ++k) means[k] += times[t] * row[k];
    }
  }
  return result;
}

/// p of a maximum over candidates. term(k) gives the sample's statistic; term(k, r) that of a replicate; both
/// maxima are at least `floor`.
template <class Sample, class Replicate>
double maximum_p(const MeanReplicates& means, double floor, Sample sample, Replicate replicate) {
  double statistic = floor;
  for (std::size_t k = 0; k < means.series; ++k) statistic = std::max(statistic, sample(k));
  std::size_t reached = 0;
  for (std::size_t r = 0; r < means.count; ++r) {
    double highest = floor;
    for (std::size_t k = 0; k < means.series; ++k) highest = std::max(highest, replicate(r, k));
    reached += highest >= statistic;
  }
  return static_cast<double>(reached + 1) / static_cast<double>(means.count + 1);
}

}  // namespace

SuperiorAbility superior_ability(const SeriesView& differences, const MeanTestConfig& config) {
  const MeanReplicates means = resample(differences, config);
  SuperiorAbility result;
  result.mean_block = means.mean_block;
  if (means.series == 0) return result;
  const double root = std::sqrt(means.periods);
  const double reach = std::sqrt(2 * std::log(std::log(means.periods)));
  const auto statistic = [&](std::size_t k) { return root * means.mean[k] / means.deviation[k]; };
  const auto p = [&](const auto& centre) {
    return maximum_p(means, 0, statistic, [&](std::size_t r, std::size_t k) {
      return root * (means.replicate(r, k) - centre(k)) / means.deviation[k];
    });
  };
  for (std::size_t k = 0; k < means.series; ++k) result.statistic = std::max(result.statistic, statistic(k));
  result.p_lower = p([&](std::size_t k) { return std::max(0.0, means.mean[k]); });
  result.p_consistent = p([&](std::size_t k) { return statistic(k) >= -reach ? means.mean[k] : 0.0; });
  result.p_upper = p([&](std::size_t k) { return means.mean[k]; });
  return result;
}

double reality_check(const SeriesView& differences, const MeanTestConfig& config) {
  const MeanReplicates means = resample(differences, config);
  if (means.series == 0) return 1;
  return maximum_p(
      means, -std::numeric_limits<double>::infinity(), [&](std::size_t k) { return means.mean[k]; },
      [&](std::size_t r, std::size_t k) { return means.replicate(r, k) - means.mean[k]; });
}

std::vector<std::size_t> stepwise_selection(const SeriesView& differences, const MeanTestConfig& config) {
  const MeanReplicates means = resample(differences, config);
  std::vector<bool> selected(means.series, false);
  const auto rank =
      static_cast<std::size_t>(std::floor(config.level * static_cast<double>(means.count + 1) + 1e-9));
  std::vector<double> maxima(means.count);
  for (bool found = true; found;) {
    found = false;
    std::fill(maxima.begin(), maxima.end(), -std::numeric_limits<double>::infinity());
    for (std::size_t r = 0; r < means.count; ++r)
      for (std::size_t k = 0; k < means.series; ++k)
        if (!selected[k])
          maxima[r] = std::max(maxima[r], (means.replicate(r, k) - means.mean[k]) / means.deviation[k]);
    const auto place = maxima.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(maxima.begin(), place, maxima.end(), std::greater<>());
    for (std::size_t k = 0; k < means.series; ++k) {
      if (selected[k] || !(means.mean[k] / means.deviation[k] > *place)) continue;
      selected[k] = true;
      found = true;
    }
  }
  std::vector<std::size_t> result;
  for (std::size_t k = 0; k < means.series; ++k)
    if (selected[k]) result.push_back(means.number[k]);
  return result;
}

}  // namespace stevie::stats
