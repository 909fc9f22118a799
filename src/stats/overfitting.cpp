#include "stats/overfitting.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace stevie::stats {
namespace {

constexpr std::size_t most_splits = 100'000;
constexpr std::size_t most_blocks = 20;

/// Moves to the next choice in lexicographic order; false after the last.
bool next_choice(std::vector<std::uint32_t>& choice, std::size_t from) {
  const std::size_t count = choice.size();
  for (std::size_t i = count; i-- > 0;) {
    if (choice[i] + (count - i) >= from) continue;
    ++choice[i];
    for (std::size_t j = i + 1; j < count; ++j) choice[j] = choice[j - 1] + 1;
    return true;
  }
  return false;
}

std::vector<std::uint32_t> first_choice(std::size_t count) {
  std::vector<std::uint32_t> choice(count);
  for (std::size_t i = 0; i < count; ++i) choice[i] = static_cast<std::uint32_t>(i);
  return choice;
}

struct Sums {
  double first = 0, second = 0;  // of the returns and of their squares

  Sums operator+(const Sums& other) const { return {first + other.first, second + other.second}; }
  Sums operator-(const Sums& other) const { return {first - other.first, second - other.second}; }
  double sharpe(double count) const {
    const double mean = first / count, square = second / count;
    const double variance = square - mean * mean;
    return variance > 1e-12 * square ? mean / std::sqrt(variance) : 0;
  }
};

void check(const SeriesView& returns, std::size_t blocks) {
  std::string faults;
  const auto fault = [&](const char* text) { faults += (faults.empty() ? "" : "; ") + std::string(text); };
  if (returns.series < 2) fault("at least 2 candidates are needed");
  if (returns.values.size() != returns.series * returns.periods)
    fault("the values are not series * periods numbers");
  if (blocks < 2 || blocks > most_blocks || blocks % 2 != 0)
    fault("blocks must be an even number from 2 to 20");
  else if (returns.periods / blocks < 2)
    fault("every block needs at least 2 periods");
  if (!std::all_of(returns.values.begin(), returns.values.end(), [](double v) { return std::isfinite(v); }))
    fault("a return is not a finite number");
  if (!faults.empty()) throw Error("stats.bad_test", faults, "probability of overfitting");
}

/// ln(w / (1 - w)) for the candidate that is best inside, ranked outside.
double rank_logit(const std::vector<double>& inside, const std::vector<double>& outside) {
  const auto winner =
      static_cast<std::size_t>(std::max_element(inside.begin(), inside.end()) - inside.begin());
  double below = 0, equal = 0;
  for (const double value : outside) {
    below += value < outside[winner];
    equal += value == outside[winner];
  }
  const double share = (below + (equal + 1) / 2) / static_cast<double>(outside.size() + 1);
  return std::log(share / (1 - share));
}

std::size_t count_choices(std::size_t from, std::size_t count) {
  double choices = 1;
  for (std::size_t i = 1; i <= count; ++i)
    choices = choices * static_cast<double>(from - count + i) / static_cast<double>(i);
  return choices > static_cast<double>(most_splits) ? most_splits + 1
                                                    : static_cast<std::size_t>(std::llround(choices));
}

std::size_t group_end(const PurgedConfig& config, std::size_t group) {
  return group + 1 == config.groups ? config.periods : (group + 1) * (config.periods / config.groups);
}

PurgedSplit make_split(const PurgedConfig& config, const std::vector<std::uint32_t>& choice) {
  PurgedSplit split;
  split.test_groups = choice;
  std::vector<char> state(config.periods, 0);  // 0 training, 1 left out, 2 test
  for (const std::uint32_t group : choice) {
    const std::size_t begin = group * (config.periods / config.groups), end = group_end(config, group);
    const std::size_t before = begin - std::min(begin, config.purge);
    const std::size_t after = end + std::min(config.periods - end, config.purge + config.embargo);
    for (std::size_t t = before; t < after; ++t)
      state[t] = t >= begin && t < end ? char{2} : std::max(state[t], char{1});
  }
  for (std::size_t t = 0; t < config.periods; ++t) {
    if (state[t] == 0) split.train.push_back(static_cast<std::uint32_t>(t));
    if (state[t] == 2) split.test.push_back(static_cast<std::uint32_t>(t));
  }
  if (split.train.empty())
    throw Error("stats.bad_split", "a split keeps no period for training: purge less or take more periods");
  return split;
}

}  // namespace

Overfitting probability_of_overfitting(const SeriesView& returns, std::size_t blocks) {
  check(returns, blocks);
  const std::size_t length = returns.periods / blocks, skipped = returns.periods % blocks;
  std::vector<Sums> sums(returns.series * blocks), totals(returns.series);
  for (std::size_t k = 0; k < returns.series; ++k)
    for (std::size_t t = skipped; t < returns.periods; ++t) {
      const double value = returns.row(k)[t];
      const Sums one{value, value * value};
      Sums& block = sums[k * blocks + (t - skipped) / length];
      block = block + one;
      totals[k] = totals[k] + one;
    }
  Overfitting result;
  std::vector<double> inside(returns.series), outside(returns.series);
  const std::size_t half_blocks = blocks / 2;
  const auto half = static_cast<double>(length * half_blocks);
  std::vector<std::uint32_t> choice = first_choice(half_blocks);
  std::size_t overfitted = 0;
  do {
    for (std::size_t k = 0; k < returns.series; ++k) {
      Sums chosen;
      for (const std::uint32_t block : choice) chosen = chosen + sums[k * blocks + block];
      inside[k] = chosen.sharpe(half);
      outside[k] = (totals[k] - chosen).sharpe(half);
    }
    result.logits.push_back(rank_logit(inside, outside));
    overfitted += result.logits.back() <= 0;
  } while (next_choice(choice, blocks));
  result.probability = static_cast<double>(overfitted) / static_cast<double>(result.logits.size());
  return result;
}

PurgedSplits purged_splits(const PurgedConfig& config) {
  std::string faults;
  const auto fault = [&](const char* text) { faults += (faults.empty() ? "" : "; ") + std::string(text); };
  if (config.groups < 2 || config.groups > config.periods) fault("groups must lie between 2 and the periods");
  if (config.test_groups < 1 || config.test_groups >= config.groups)
    fault("test_groups must lie between 1 and groups - 1");
  else if (count_choices(config.groups, config.test_groups) > most_splits)
    fault("more than 100000 splits: take fewer groups");
  if (!faults.empty()) throw Error("stats.bad_split", faults, "purged cross-validation");

  PurgedSplits result;
  std::vector<std::vector<std::uint32_t>> tested(config.groups);  // splits that test a group
  std::vector<std::uint32_t> choice = first_choice(config.test_groups);
  do {
    for (const std::uint32_t group : choice)
      tested[group].push_back(static_cast<std::uint32_t>(result.splits.size()));
    result.splits.push_back(make_split(config, choice));
  } while (next_choice(choice, config.groups));
  result.paths.assign(tested.front().size(), std::vector<std::uint32_t>(config.groups));
  for (std::size_t path = 0; path < result.paths.size(); ++path)
    for (std::size_t group = 0; group < config.groups; ++group)
      result.paths[path][group] = tested[group][path];
  return result;
}

}  // namespace stevie::stats
