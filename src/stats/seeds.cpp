#include "stats/seeds.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "core/random.h"

namespace stevie::stats {
namespace {

void check(const SeriesView& scores) {
  std::string faults;
  const auto fault = [&](const char* text) { faults += (faults.empty() ? "" : "; ") + std::string(text); };
  if (scores.series == 0 || scores.periods == 0) fault("there are no scores");
  if (scores.values.size() != scores.series * scores.periods)
    fault("the scores are not tasks * seeds numbers");
  if (!std::all_of(scores.values.begin(), scores.values.end(), [](double v) { return std::isfinite(v); }))
    fault("a score is not a finite number");
  if (!faults.empty()) throw Error("stats.bad_test", faults, "scores of seeds");
}

/// Of values in ascending order.
double middle_mean(std::span<const double> sorted) {
  const double quarter = static_cast<double>(sorted.size()) / 4;
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double from = std::max(static_cast<double>(i), quarter);
    const double to = std::min(static_cast<double>(i + 1), 3 * quarter);
    const double weight = std::max(0.0, to - from);
    sum += weight * sorted[i];
    weights += weight;
  }
  return sum / weights;
}

Interval percentile_interval(std::vector<double>& values, double level) {
  std::sort(values.begin(), values.end());
  const double tail = (1 - level) / 2;
  return {quantile(values, tail), quantile(values, 1 - tail)};
}

/// Share of pairs in which the first is higher, ties half, over all tasks; runs are picked by index:
/// (tasks, seeds).
double share_higher(const SeriesView& first, const SeriesView& second,
                    const std::vector<std::size_t>& first_index,
                    const std::vector<std::size_t>& second_index) {
  double sum = 0;
  for (std::size_t task = 0; task < first.series; ++task)
    for (std::size_t i = 0; i < first.periods; ++i) {
      const double own = first.row(task)[first_index[task * first.periods + i]];
      for (std::size_t j = 0; j < second.periods; ++j) {
        const double other = second.row(task)[second_index[task * second.periods + j]];
        sum += own > other ? 1 : own == other ? 0.5 : 0;
      }
    }
  return sum / static_cast<double>(first.series * first.periods * second.periods);
}

void draw(RandomStream& random, const SeriesView& scores, std::vector<std::size_t>& index) {
  for (std::size_t& i : index) i = random.below(scores.periods);
}

std::vector<std::size_t> all_runs(const SeriesView& scores) {
  std::vector<std::size_t> index(scores.series * scores.periods);
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = i % scores.periods;
  return index;
}

}  // namespace

double interquartile_mean(std::span<const double> scores) {
  if (scores.empty()) throw Error("stats.bad_test", "there are no scores");
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  return middle_mean(sorted);
}

SeedSummary summarise_seeds(const SeriesView& scores, const BootstrapConfig& config) {
  check_bootstrap(config);
  check(scores);
  SeedSummary result;
  result.interquartile_mean = interquartile_mean(scores.values);
  std::vector<double> means, sample(scores.values.size());
  for (std::size_t r = 0; r < config.replicates; ++r) {
    RandomStream random(config.seed, r);
    for (std::size_t task = 0; task < scores.series; ++task)
      for (std::size_t i = 0; i < scores.periods; ++i)
        sample[task * scores.periods + i] = scores.row(task)[random.below(scores.periods)];
    std::sort(sample.begin(), sample.end());
    means.push_back(middle_mean(sample));
  }
  result.interval = percentile_interval(means, config.level);
  return result;
}

ImprovementProbability probability_of_improvement(const SeriesView& first, const SeriesView& second,
                                                  const BootstrapConfig& config) {
  check_bootstrap(config);
  check(first);
  check(second);
  if (first.series != second.series)
    throw Error("stats.unpaired", "the two sides have different numbers of tasks: score both on the same");
  std::vector<std::size_t> first_index = all_runs(first), second_index = all_runs(second);
  ImprovementProbability result;
  result.probability = share_higher(first, second, first_index, second_index);
  std::vector<double> shares;
  for (std::size_t r = 0; r < config.replicates; ++r) {
    RandomStream random(config.seed, r);
    draw(random, first, first_index);
    draw(random, second, second_index);
    shares.push_back(share_higher(first, second, first_index, second_index));
  }
  result.interval = percentile_interval(shares, config.level);
  return result;
}

}  // namespace stevie::stats
