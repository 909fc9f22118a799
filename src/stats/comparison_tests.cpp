#include "stats/comparison_tests.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "stats/bootstrap.h"
#include "stats/sharpe_lanes.h"

namespace stevie::stats {
namespace {

constexpr std::size_t least_periods = 20;
/// Two arms that differ in fewer periods than this have not been compared.
constexpr std::size_t least_differing = 20;
/// Long-run variance of the standardised difference under which the arms are the same up to scale.
constexpr double smallest_variance = 1e-8;
/// A resample in which an arm's variance falls under this share of its own has caught none of its trades.
constexpr float smallest_spread = 1e-5F;
/// A resample whose variance of the difference is under this share of the sample's has caught next to none of
/// the days on which the arms differ; the sample's own variance then stands in.
constexpr float smallest_variance_share = 1.0F / 16;
constexpr double largest_margin = 100;
constexpr float infinity = std::numeric_limits<float>::infinity();

using FloatLanes = std::array<float, lane_count>;

void check(std::span<const double> base, const SeriesView& candidates, std::size_t chosen,
           const SharpeTestConfig& config) {
  std::string faults;
  const auto fault = [&](const std::string& text) { faults += (faults.empty() ? "" : "; ") + text; };
  if (candidates.series == 0) fault("there is no candidate");
  if (chosen >= candidates.series) fault("the chosen candidate is none of those given");
  if (candidates.values.size() != candidates.series * candidates.periods)
    fault("the candidates' values are not series * periods numbers");
  if (base.size() < least_periods) fault("a test needs at least 20 periods");
  if (config.replicates < 100 || config.replicates > 1'000'000)
    fault("replicates must lie between 100 and 1000000");
  if (!(config.confidence >= 0.5 && config.confidence < 1)) fault("confidence must lie in [0.5, 1)");
  if ((1 - config.confidence) * static_cast<double>(config.replicates + 1) < 1)
    fault("so high a confidence needs more replicates");
  if (!(config.relative_margin >= 0 && config.relative_margin < largest_margin))
    fault("relative_margin must lie in [0, 100)");
  if (!(config.absolute_margin >= 0 && std::isfinite(config.absolute_margin)))
    fault("absolute_margin must be a number of at least 0");
  if (config.block && (*config.block < 1 || *config.block > base.size() / 2))
    fault("block must lie between 1 and half the periods");
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(base.begin(), base.end(), finite) ||
      !std::all_of(candidates.values.begin(), candidates.values.end(), finite))
    fault("a return is not a finite number");
  if (!faults.empty()) throw Error("stats.bad_test", faults, "Sharpe ratio test");
  if (candidates.periods != base.size())
    throw Error("stats.unpaired",
                "base and candidates cover different numbers of periods: run all on the same days");
}

std::size_t differing_periods(std::span<const double> first, std::span<const double> second) {
  double largest = 0;
  for (std::size_t t = 0; t < first.size(); ++t)
    largest = std::max({largest, std::abs(first[t]), std::abs(second[t])});
  const double rounding = 1e-9 * largest;  // the same trade at another size of the account
  std::size_t count = 0;
  for (std::size_t t = 0; t < first.size(); ++t) count += std::abs(first[t] - second[t]) > rounding;
  return count;
}

/// The margin up to which SR_proposed - (1 + m) SR_base stays above `critical` standard errors. The left side
/// is concave in m, so that the margins that pass are one stretch; looked for from `tested` upward where that
/// passes, below it otherwise.
std::optional<double> passing_margin(const SharpeComparison& result, double critical, double tested,
                                     const std::array<double, 3>& variance, std::size_t periods) {
  const auto excess = [&](double margin) {
    const double k = 1 + margin;
    const double spread = std::max(0.0, variance[0] - 2 * k * variance[2] + k * k * variance[1]);
    return result.sharpe_proposed - k * result.sharpe_base -
           critical * std::sqrt(spread / static_cast<double>(periods));
  };
  double inside = tested, outside = largest_margin;
  if (!(excess(tested) > 0)) {
    double low = -1, high = tested;
    for (int i = 0; i < 200; ++i) {  // ternary search for the largest excess
      const double third = (high - low) / 3;
      if (excess(low + third) < excess(high - third))
        low += third;
      else
        high -= third;
    }
    inside = low;
    outside = tested;
    if (!(excess(inside) > 0)) return std::nullopt;
  }
  if (excess(outside) > 0) return outside;
  for (int i = 0; i < 100; ++i) {
    const double middle = (inside + outside) / 2;
    (excess(middle) > 0 ? inside : outside) = middle;
  }
  return inside;
}

/// What decides a test at 1 - confidence: t > the value returned, exactly where (#{t* >= t} + 1) / (B + 1) is
/// at most that. Sorts.
double critical_value(std::vector<float>& statistics, double confidence) {
  const double allowed = (1 - confidence) * static_cast<double>(statistics.size() + 1);
  const auto rank = static_cast<std::ptrdiff_t>(std::floor(allowed + 1e-9));
  std::nth_element(statistics.begin(), statistics.begin() + rank - 1, statistics.end(), std::greater<>());
  return statistics[static_cast<std::size_t>(rank - 1)];
}

double share_at_least(std::span<const float> statistics, double value) {
  std::size_t count = 0;
  for (const float statistic : statistics) count += statistic >= static_cast<float>(value);
  return static_cast<double>(count + 1) / static_cast<double>(statistics.size() + 1);
}

}  // namespace

struct BestOfManyTest::Workspace {
  LaneSeries base, tile;               // the base in lane 0
  std::vector<double> base_influence;  // (periods, lanes)
  std::vector<double> influence;       // (periods, lanes) of a tile, then of its difference from the base
  std::vector<std::span<const double>> rows;
  double factor = 1;  // 1 + relative margin, or 1

  std::size_t block = 1, blocks = 0, replicates = 0;
  std::vector<std::uint32_t> starts;   // (replicates, blocks)
  std::vector<double> base_sums;       // (periods, 2) sums of x and x^2 - 1 over the block from each start
  std::vector<float> base_change;      // (replicates) factor * (SR_base* - SR_base)
  std::vector<float> base_part;        // (replicates, blocks) factor * base's gradient times its block sums
  std::vector<float> base_total;       // (replicates) sum of these over the blocks
  std::vector<float> sums;             // (periods, 2, lanes) as base_sums, of a tile
  std::vector<float> maxima;           // (replicates, lanes)
  std::vector<float> chosen, maximum;  // (replicates)

  void load_base(std::span<const double> returns);
  void load_tile(const SeriesView& candidates, std::size_t first);
  Lanes tile_variance();
  std::size_t automatic_block() const;
  void draw(std::uint64_t seed);
  void resample_base();
  void sum_blocks();
  void resample_tile(const Lanes& variance, const FloatLanes& shift, std::size_t chosen_lane);
  void measure_chosen(std::span<const double> base_returns, std::span<const double> returns,
                      const SharpeTestConfig& config, SharpeComparison& result,
                      std::array<double, 3>& variance);
  std::size_t resample_candidates(std::span<const double> base_returns, const SeriesView& candidates,
                                  std::size_t chosen_number);
};

void BestOfManyTest::Workspace::load_base(std::span<const double> returns) {
  rows.assign(1, returns);
  load_lanes(rows, base);
  influences(base, base_influence);
}

void BestOfManyTest::Workspace::load_tile(const SeriesView& candidates, std::size_t first) {
  rows.clear();
  for (std::size_t k = first; k < std::min(first + lane_count, candidates.series); ++k)
    rows.push_back(candidates.row(k));
  load_lanes(rows, tile);
}

/// Long-run variance of influence(candidate) - factor * influence(base), of each lane; leaves that difference
/// in `influence`.
Lanes BestOfManyTest::Workspace::tile_variance() {
  influences(tile, influence);
  for (std::size_t t = 0; t < tile.periods; ++t)
    for (std::size_t w = 0; w < lane_count; ++w)
      influence[t * lane_count + w] -= factor * base_influence[t * lane_count];
  Lanes bandwidth;
  for (std::size_t w = 0; w < lane_count; ++w)
    bandwidth[w] = parzen_bandwidth(base.alpha_numerator[0] + tile.alpha_numerator[w],
                                    base.alpha_denominator[0] + tile.alpha_denominator[w], tile.periods);
  return long_run_variance(influence, tile.periods, bandwidth);
}

/// Everything of the chosen candidate that needs no resampling. variance: long-run variances of its own
/// influence, of the base's, and their covariance.
void BestOfManyTest::Workspace::measure_chosen(std::span<const double> base_returns,
                                               std::span<const double> returns,
                                               const SharpeTestConfig& config, SharpeComparison& result,
                                               std::array<double, 3>& variance) {
  rows.assign(1, returns);
  load_lanes(rows, tile);
  result.sharpe_base = base.sharpe[0];
  result.sharpe_proposed = tile.sharpe[0];
  result.relative = result.sharpe_base > 0;
  factor = result.relative ? 1 + config.relative_margin : 1;
  result.theta =
      result.sharpe_proposed - factor * result.sharpe_base - (result.relative ? 0 : config.absolute_margin);
  if (result.relative) result.improvement = result.sharpe_proposed / result.sharpe_base - 1;
  result.bandwidth = parzen_bandwidth(base.alpha_numerator[0] + tile.alpha_numerator[0],
                                      base.alpha_denominator[0] + tile.alpha_denominator[0], tile.periods);
  // lanes: the difference, the candidate alone, the base alone
  influences(tile, influence);
  for (std::size_t t = 0; t < tile.periods; ++t) {
    double* row = influence.data() + t * lane_count;
    row[1] = row[0];
    row[2] = base_influence[t * lane_count];
    row[0] -= factor * row[2];
  }
  Lanes bandwidth;
  bandwidth.fill(result.bandwidth);
  const Lanes spread = long_run_variance(influence, tile.periods, bandwidth);
  variance = {spread[1], spread[2], (spread[1] + factor * factor * spread[2] - spread[0]) / (2 * factor)};
  result.standard_error = std::sqrt(spread[0] / static_cast<double>(tile.periods));
  if (base.undefined[0] || tile.undefined[0])
    result.undefined = "the returns of an arm do not vary";
  else if (differing_periods(base_returns, returns) < least_differing)
    result.undefined = "the arms differ in fewer than 20 periods";
  else if (spread[0] < smallest_variance)
    result.undefined = "the arms differ in scale only";
  if (!result.undefined.empty()) return;
  result.statistic = result.theta / result.standard_error;

  block = config.block.value_or(automatic_block());
  blocks = tile.periods / block;
  result.block = block;
}

/// Where the chosen candidate's difference from the base is in lane 0 of `influence`: what suits its memory,
/// at least the cube root of the periods (volatility remembers longer than returns), at most a tenth of them.
std::size_t BestOfManyTest::Workspace::automatic_block() const {
  std::vector<double> difference(tile.periods);
  for (std::size_t t = 0; t < tile.periods; ++t) difference[t] = influence[t * lane_count];
  const auto count = static_cast<double>(tile.periods);
  const double wanted = std::max(automatic_block_length(difference).circular, std::cbrt(count));
  return static_cast<std::size_t>(std::max(1.0, std::min(wanted, count / 10)));
}

void BestOfManyTest::Workspace::draw(std::uint64_t seed) {
  starts.resize(replicates * blocks);
  for (std::size_t r = 0; r < replicates; ++r) {
    RandomStream random(seed, r);
    for (std::size_t j = 0; j < blocks; ++j)
      starts[r * blocks + j] = static_cast<std::uint32_t>(random.below(base.periods));
  }
}

void BestOfManyTest::Workspace::resample_base() {
  const std::size_t periods = base.periods;
  const double varies = base.deviation[0] > 0 ? 1 : 0;
  base_sums.assign(periods * 2, 0.0);
  for (std::size_t start = 0; start < periods; ++start)
    for (std::size_t i = 0; i < block; ++i) {
      const std::size_t t = start + i < periods ? start + i : start + i - periods;
      const double x = base.standard[t * lane_count];
      base_sums[start * 2] += x;
      base_sums[start * 2 + 1] += x * x - varies;
    }
  base_change.resize(replicates);
  base_total.resize(replicates);
  base_part.resize(replicates * blocks);
  const auto length = static_cast<double>(block * blocks);
  const double sharpe = base.sharpe[0];
  for (std::size_t r = 0; r < replicates; ++r) {
    const std::uint32_t* own = starts.data() + r * blocks;
    double first = 0, second = 0;
    for (std::size_t j = 0; j < blocks; ++j) {
      first += base_sums[own[j] * 2];
      second += base_sums[own[j] * 2 + 1];
    }
    first /= length;
    const double variance = 1 + second / length - first * first;
    const bool trades = variance > static_cast<double>(smallest_spread);
    const double level = trades ? (sharpe + first) / std::sqrt(variance) : 0;
    const double by_first = trades ? factor * (1 / std::sqrt(variance) + level * first / variance) : 0;
    const double by_second = trades ? factor * -level / (2 * variance) : 0;
    base_change[r] = static_cast<float>(factor * (level - sharpe));
    double total = 0;
    for (std::size_t j = 0; j < blocks; ++j) {
      const double part = by_first * base_sums[own[j] * 2] + by_second * base_sums[own[j] * 2 + 1];
      base_part[r * blocks + j] = static_cast<float>(part);
      total += part;
    }
    base_total[r] = static_cast<float>(total);
  }
}

/// Sums over the block from each start: one period in, one out.
void BestOfManyTest::Workspace::sum_blocks() {
  const std::size_t periods = tile.periods;
  sums.resize(periods * 2 * lane_count);
  Lanes first{}, second{}, varies;
  for (std::size_t w = 0; w < lane_count; ++w) varies[w] = tile.deviation[w] > 0 ? 1 : 0;
  const auto add = [&](std::size_t t, double sign) {
    const double* row = tile.standard.data() + t * lane_count;
    for (std::size_t w = 0; w < lane_count; ++w) {
      first[w] += sign * row[w];
      second[w] += sign * (row[w] * row[w] - varies[w]);
    }
  };
  for (std::size_t t = 0; t < block; ++t) add(t, 1);
  for (std::size_t start = 0; start < periods; ++start) {
    float* out = sums.data() + start * 2 * lane_count;
    for (std::size_t w = 0; w < lane_count; ++w) {
      out[w] = static_cast<float>(first[w]);
      out[lane_count + w] = static_cast<float>(second[w]);
    }
    add(start, -1);
    add((start + block) % periods, 1);
  }
}

/// t* of every lane and replicate: raises `maxima`, and stores lane `chosen_lane` (none where it is
/// lane_count). variance: the sample's, per period; shift: 0, or minus infinity to leave a lane out.
void BestOfManyTest::Workspace::resample_tile(const Lanes& variance, const FloatLanes& shift,
                                              std::size_t chosen_lane) {
  FloatLanes sharpe, own_variance;
  for (std::size_t w = 0; w < lane_count; ++w) {
    sharpe[w] = static_cast<float>(tile.sharpe[w]);
    own_variance[w] = static_cast<float>(variance[w]);
  }
  const auto length = static_cast<float>(block * blocks);
  const float per_length = 1 / length, per_blocks = 1 / static_cast<float>(blocks);
  for (std::size_t r = 0; r < replicates; ++r) {
    const std::uint32_t* own = starts.data() + r * blocks;
    FloatLanes first{}, second{};
    for (std::size_t j = 0; j < blocks; ++j) {
      const float* sum = sums.data() + own[j] * 2 * lane_count;
      for (std::size_t w = 0; w < lane_count; ++w) first[w] += sum[w];
      for (std::size_t w = 0; w < lane_count; ++w) second[w] += sum[lane_count + w];
    }
    FloatLanes change, by_first, by_second, squares{};
    for (std::size_t w = 0; w < lane_count; ++w) {
      const float mean = first[w] * per_length;
      const float spread = 1 + second[w] * per_length - mean * mean;
      const bool trades = spread > smallest_spread;
      const float safe = trades ? spread : 1;
      const float root = std::sqrt(safe);
      const float level = trades ? (sharpe[w] + mean) / root : 0;
      change[w] = level - sharpe[w] - base_change[r] + shift[w];
      by_first[w] = trades ? 1 / root + level * mean / safe : 0;
      by_second[w] = -level / (2 * safe);
    }
    const float* part = base_part.data() + r * blocks;
    for (std::size_t j = 0; j < blocks; ++j) {
      const float* sum = sums.data() + own[j] * 2 * lane_count;
      for (std::size_t w = 0; w < lane_count; ++w) {
        const float value = by_first[w] * sum[w] + by_second[w] * sum[lane_count + w] - part[j];
        squares[w] += value * value;
      }
    }
    float* highest = maxima.data() + r * lane_count;
    for (std::size_t w = 0; w < lane_count; ++w) {
      const float total = by_first[w] * first[w] + by_second[w] * second[w] - base_total[r];
      const float drawn = (squares[w] - total * total * per_blocks) * per_length;
      const float used = drawn < smallest_variance_share * own_variance[w] ? own_variance[w] : drawn;
      change[w] = change[w] / std::sqrt(used * per_length);
      highest[w] = change[w] > highest[w] ? change[w] : highest[w];
    }
    if (chosen_lane < lane_count) chosen[r] = change[chosen_lane];
  }
}

BestOfManyTest::BestOfManyTest() : workspace_(std::make_unique<Workspace>()) {}
BestOfManyTest::~BestOfManyTest() = default;
BestOfManyTest::BestOfManyTest(BestOfManyTest&&) noexcept = default;
BestOfManyTest& BestOfManyTest::operator=(BestOfManyTest&&) noexcept = default;

/// Fills `chosen` and `maximum`; returns how many candidates entered the maximum.
std::size_t BestOfManyTest::Workspace::resample_candidates(std::span<const double> base_returns,
                                                           const SeriesView& candidates,
                                                           std::size_t chosen_number) {
  std::size_t used = 0;
  chosen.resize(replicates);
  maxima.assign(replicates * lane_count, -infinity);
  for (std::size_t first = 0; first < candidates.series; first += lane_count) {
    load_tile(candidates, first);
    const Lanes variance = tile_variance();
    FloatLanes shift;
    shift.fill(-infinity);
    for (std::size_t lane = 0; lane < rows.size(); ++lane) {
      const bool usable = !tile.undefined[lane] && variance[lane] >= smallest_variance &&
                          differing_periods(base_returns, rows[lane]) >= least_differing;
      if (!usable) continue;
      shift[lane] = 0;
      ++used;
    }
    sum_blocks();
    const bool has_chosen = chosen_number >= first && chosen_number < first + lane_count;
    resample_tile(variance, shift, has_chosen ? chosen_number - first : lane_count);
  }
  maximum.resize(replicates);
  for (std::size_t r = 0; r < replicates; ++r) {
    const auto begin = maxima.begin() + static_cast<std::ptrdiff_t>(r * lane_count);
    maximum[r] = *std::max_element(begin, begin + lane_count);
  }
  return used;
}

BestOfManyResult BestOfManyTest::run(std::span<const double> base, const SeriesView& candidates,
                                     std::size_t chosen, const SharpeTestConfig& config) {
  check(base, candidates, chosen, config);
  Workspace& w = *workspace_;
  BestOfManyResult result;
  SharpeComparison& own = result.chosen;
  std::array<double, 3> variance;
  w.load_base(base);
  w.measure_chosen(base, candidates.row(chosen), config, own, variance);
  if (!own.undefined.empty()) return result;

  w.replicates = config.replicates;
  w.draw(config.seed);
  w.resample_base();
  result.candidates = w.resample_candidates(base, candidates, chosen);

  own.p_greater = share_at_least(w.chosen, own.statistic);
  result.p_adjusted = share_at_least(w.maximum, own.statistic);
  const double critical = critical_value(w.chosen, config.confidence);
  result.critical = critical_value(w.maximum, config.confidence);
  own.theta_low = own.theta - critical * own.standard_error;
  result.theta_low = own.theta - result.critical * own.standard_error;
  if (own.relative) {
    own.improvement_low = passing_margin(own, critical, config.relative_margin, variance, base.size());
    result.improvement_low =
        passing_margin(own, result.critical, config.relative_margin, variance, base.size());
  }
  for (float& value : w.chosen) value = std::abs(value);
  own.p_two_sided = share_at_least(w.chosen, std::abs(own.statistic));
  return result;
}

SharpeComparison compare_sharpe(std::span<const double> base, std::span<const double> proposed,
                                const SharpeTestConfig& config) {
  return BestOfManyTest().run(base, {proposed, 1, proposed.size()}, 0, config).chosen;
}

}  // namespace stevie::stats
