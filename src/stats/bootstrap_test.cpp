#include "stats/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "core/error.h"

namespace stevie::stats {
namespace {

/// The normal numbers of NumPy's RandomState(seed).standard_normal: Mersenne twister and the polar method.
class NumpyNormals {
 public:
  explicit NumpyNormals(std::uint32_t seed) : engine_(seed) {}

  double next() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double x, y, squares;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      squares = x * x + y * y;
    } while (squares >= 1 || squares == 0);
    const double factor = std::sqrt(-2 * std::log(squares) / squares);
    spare_ = factor * x;
    has_spare_ = true;
    return factor * y;
  }

 private:
  double uniform() {
    const std::uint32_t high = engine_() >> 5, low = engine_() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  std::mt19937 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

struct OwnedCurve {
  std::vector<TimeMs> times;
  std::vector<double> equity, exposure, profits;
  EquityCurve curve() const { return {1, day_ms, times, equity, exposure, profits, 0}; }
};

OwnedCurve run_of(const std::vector<double>& returns) {
  OwnedCurve run;
  double equity = 1;
  for (std::size_t i = 0; i < returns.size(); ++i) {
    equity *= 1 + returns[i];
    run.times.push_back(static_cast<TimeMs>(19000 + i) * day_ms);
    run.equity.push_back(equity);
    run.exposure.push_back(1);
    run.profits.push_back(returns[i]);
  }
  return run;
}

std::vector<double> random_returns(std::uint64_t stream, std::size_t count, double mean) {
  RandomStream random(11, stream);
  std::vector<double> returns(count);
  for (double& value : returns) value = mean + 0.02 * random.student_t_unit_variance(5);
  return returns;
}

// The numbers that the block length tests of the Python package `arch` pin for this series.
TEST(AutomaticBlockLength, GivesThePublishedNumbers) {
  NumpyNormals normals(0);
  std::vector<double> series(10100);
  for (double& value : series) value = normals.next();
  for (std::size_t i = 1; i < series.size(); ++i) series[i] += 0.3 * series[i - 1];
  const BlockLengths lengths = automatic_block_length(std::span(series).subspan(100));
  EXPECT_NEAR(lengths.stationary, 13.635665, 13.635665e-4);
  EXPECT_NEAR(lengths.circular, 15.60894, 15.60894e-4);
}

TEST(AutomaticBlockLength, IsOneWhereThereIsNothingToKeepTogether) {
  EXPECT_EQ(automatic_block_length(std::vector<double>(100, 0.5)).stationary, 1);
  EXPECT_EQ(automatic_block_length({}).stationary, 1);
}

TEST(StationaryIndices, BlocksAreAsLongAsAskedOnAverageAndWrapAround) {
  RandomStream random(3, 0);
  std::vector<std::uint32_t> indices(200000);
  const double mean_block = 8;
  stationary_indices(random, mean_block, indices);
  std::size_t blocks = 1;
  bool wrapped = false;
  for (std::size_t i = 1; i < indices.size(); ++i) {
    ASSERT_LT(indices[i], indices.size());
    if (indices[i] != (indices[i - 1] + 1) % indices.size()) ++blocks;
    wrapped |= indices[i] == 0 && indices[i - 1] + 1 == indices.size();
  }
  // the number of blocks is binomial: n p = 25000, deviation 148
  EXPECT_NEAR(static_cast<double>(blocks), 25000, 5 * 148);
  std::vector<std::uint32_t> few(5);
  for (int round = 0; round < 100 && !wrapped; ++round) {
    stationary_indices(random, mean_block, few);
    for (std::size_t i = 1; i < few.size(); ++i) wrapped |= few[i] == 0 && few[i - 1] == 4;
  }
  EXPECT_TRUE(wrapped);
}

TEST(AddIntervals, AreFixedByTheSeedAlone) {
  const OwnedCurve run = run_of(random_returns(1, 200, 0.001));
  Performance first = measure(run.curve()), again = first, other = first;
  add_intervals(run.curve(), {.seed = 5, .replicates = 300}, first);
  add_intervals(run.curve(), {.seed = 5, .replicates = 300}, again);
  add_intervals(run.curve(), {.seed = 6, .replicates = 300}, other);
  EXPECT_EQ(first.sharpe.interval->low, again.sharpe.interval->low);
  EXPECT_EQ(first.max_drawdown.interval->high, again.max_drawdown.interval->high);
  EXPECT_NE(first.sharpe.interval->low, other.sharpe.interval->low);
}

TEST(AddIntervals, EveryIntervalIsOrderedAndBelongsToAPresentMetric) {
  const OwnedCurve run = run_of(random_returns(2, 250, 0.001));
  Performance performance = measure(run.curve());
  add_intervals(run.curve(), {.replicates = 300}, performance);
  std::set<std::string_view> with_interval;
  for (const MetricInfo& info : metric_infos()) {
    const Metric& metric = performance.*info.field;
    if (!metric.interval) continue;
    with_interval.insert(info.key);
    EXPECT_TRUE(metric) << info.key;
    EXPECT_LE(metric.interval->low, metric.interval->high) << info.key;
  }
  const std::set<std::string_view> expected{"total_return", "annual_return", "volatility", "sharpe",
                                            "sortino",      "max_drawdown",  "calmar",     "cvar95",
                                            "win_rate",     "profit_factor", "expectancy"};
  EXPECT_EQ(with_interval, expected);
}

// Of 200 runs with a known Sharpe ratio the 95 % interval must hold it in most: 0.95 less four binomial
// deviations.
TEST(AddIntervals, TheSharpeIntervalHoldsTheTruthAsOftenAsItSays) {
  const double truth = 0.001 / 0.02 * std::sqrt(365);
  int covered = 0;
  const int runs = 200;
  for (int i = 0; i < runs; ++i) {
    const OwnedCurve run = run_of(random_returns(100 + static_cast<std::uint64_t>(i), 365, 0.001));
    Performance performance = measure(run.curve());
    add_intervals(run.curve(), {.replicates = 300}, performance);
    const Interval interval = *performance.sharpe.interval;
    covered += interval.low <= truth && truth <= interval.high;
  }
  const double deviation = std::sqrt(0.95 * 0.05 / runs);
  EXPECT_GE(covered / static_cast<double>(runs), 0.95 - 4 * deviation);
}

TEST(AddIntervals, NothingIsResampledUnderThirtyDaysOrWithoutVariance) {
  const OwnedCurve brief = run_of(random_returns(3, 29, 0.001));
  Performance performance = measure(brief.curve());
  add_intervals(brief.curve(), {.replicates = 100}, performance);
  EXPECT_FALSE(performance.total_return.interval);
  const OwnedCurve flat = run_of(std::vector<double>(100, 0.0));
  performance = measure(flat.curve());
  add_intervals(flat.curve(), {.replicates = 100}, performance);
  EXPECT_FALSE(performance.sharpe.interval);
  EXPECT_FALSE(performance.total_return.interval);
}

TEST(AddIntervals, ReportsAllFaultsOfTheConfigurationAtOnce) {
  const OwnedCurve run = run_of(random_returns(4, 40, 0.001));
  Performance performance = measure(run.curve());
  try {
    add_intervals(run.curve(), {.replicates = 1, .level = 2, .mean_block = 0.0}, performance);
    FAIL() << "a bad configuration was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "stats.bad_bootstrap");
    for (const char* name : {"replicates", "level", "mean_block"})
      EXPECT_NE(error.message().find(name), std::string::npos) << name;
  }
  EXPECT_THROW(add_intervals(run.curve(), {.replicates = static_cast<std::size_t>(-3)}, performance), Error);
}

TEST(ComparePaired, ARunAgainstItselfDiffersByNothing) {
  const OwnedCurve run = run_of(random_returns(5, 200, 0.001));
  const PairedComparison same = compare_paired(run.curve(), run.curve(), {.replicates = 200});
  EXPECT_EQ(*same.sharpe.difference.value, 0);
  EXPECT_EQ(same.sharpe.difference.interval->low, 0);
  EXPECT_EQ(same.sharpe.difference.interval->high, 0);
  EXPECT_EQ(*same.sharpe.probability_better, 0);
}

TEST(ComparePaired, PairingSeesASmallSteadyAdvantageThatSeparateIntervalsCannot) {
  const std::vector<double> base = random_returns(6, 400, 0.001);
  std::vector<double> better = base;
  RandomStream random(12, 0);
  for (double& value : better) value += 0.0005 + 0.0005 * random.normal();
  const OwnedCurve first = run_of(better), second = run_of(base);
  const PairedComparison paired = compare_paired(first.curve(), second.curve(), {.replicates = 500});
  EXPECT_GT(paired.sharpe.difference.interval->low, 0);
  EXPECT_EQ(*paired.sharpe.probability_better, 1);
  Performance alone = measure(first.curve());
  add_intervals(first.curve(), {.replicates = 500}, alone);
  EXPECT_LT(alone.sharpe.interval->low, *measure(second.curve()).sharpe.value);
}

TEST(ComparePaired, RefusesRunsOverDifferentDays) {
  const OwnedCurve first = run_of(random_returns(7, 60, 0)), second = run_of(random_returns(7, 61, 0));
  EXPECT_THROW(compare_paired(first.curve(), second.curve(), {.replicates = 100}), Error);
}

}  // namespace
}  // namespace stevie::stats
