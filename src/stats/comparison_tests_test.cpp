#include "stats/comparison_tests.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"
#include "core/testing.h"

namespace stevie::stats {
namespace {

using Series = std::vector<double>;

/// Market days that remember their volatility, and an arm that follows them with noise of its own.
struct Market {
  explicit Market(std::uint64_t stream, std::size_t periods) : random(5, stream), common(periods) {
    double variance = 1;
    for (double& value : common) {
      value = 0.02 * std::sqrt(variance) * random.student_t_unit_variance(5);
      variance = 0.1 + 0.1 * value * value / 0.0004 + 0.8 * variance;
    }
  }
  Series arm(double mean, double own) {
    Series returns(common.size());
    for (std::size_t t = 0; t < returns.size(); ++t)
      returns[t] = mean + common[t] + 0.02 * own * random.normal();
    return returns;
  }
  RandomStream random;
  Series common;
};

Series joined(const std::vector<Series>& rows) {
  Series all;
  for (const Series& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

double mean_of(const Series& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Series squares_of(const Series& values) {
  Series result;
  for (const double value : values) result.push_back(value * value);
  return result;
}

Series centred(Series values) {
  const double mean = mean_of(values);
  for (double& value : values) value -= mean;
  return values;
}

using Vector = std::array<double, 4>;

/// Sharpe ratios and their difference from the four moments, as Ledoit and Wolf write them.
struct Moments {
  Vector m{};  // mean of A, of B, second moment of A, of B
  double factor = 1;

  double sharpe_a() const { return m[0] / std::sqrt(m[2] - m[0] * m[0]); }
  double sharpe_b() const { return m[1] / std::sqrt(m[3] - m[1] * m[1]); }
  double theta() const { return sharpe_b() - factor * sharpe_a(); }
  Vector gradient() const {
    const double a = std::pow(m[2] - m[0] * m[0], 1.5), b = std::pow(m[3] - m[1] * m[1], 1.5);
    return {-factor * m[2] / a, m[3] / b, factor * m[0] / (2 * a), -m[1] / (2 * b)};
  }
};

/// The test written out plainly, from statistics of full resampled series.
struct PlainTest {
  PlainTest(const Series& a, const Series& b, double factor) {
    series = {a, b, squares_of(a), squares_of(b)};
    for (std::size_t i = 0; i < 4; ++i) moments.m[i] = mean_of(series[i]);
    moments.factor = factor;
    const auto n = static_cast<double>(a.size());
    double numerator = 0, denominator = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      deviations[i] = centred(series[i]);
      add_alpha(deviations[i], numerator, denominator);
    }
    bandwidth = 2.6614 * std::pow(numerator / denominator * n, 0.2);
    double variance = 0;
    const Vector gradient = moments.gradient();
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) variance += gradient[i] * gradient[j] * long_run(i, j);
    standard_error = std::sqrt(variance / n);
  }

  static void add_alpha(const Series& y, double& numerator, double& denominator) {
    Series before(y.begin(), y.end() - 1), now(y.begin() + 1, y.end());
    before = centred(before);
    now = centred(now);
    double xx = 0, xy = 0, residual = 0;
    for (std::size_t t = 0; t < now.size(); ++t) {
      xx += before[t] * before[t];
      xy += before[t] * now[t];
    }
    const double rho = xy / xx;
    for (std::size_t t = 0; t < now.size(); ++t) residual += std::pow(now[t] - rho * before[t], 2);
    const double variance = residual / static_cast<double>(now.size());
    numerator += 4 * rho * rho * variance * variance / std::pow(1 - rho, 8);
    denominator += variance * variance / std::pow(1 - rho, 4);
  }

  double covariance(std::size_t i, std::size_t j, std::size_t lag) const {
    double sum = 0;
    for (std::size_t t = lag; t < series[0].size(); ++t) sum += deviations[i][t] * deviations[j][t - lag];
    return sum / static_cast<double>(series[0].size());
  }
  double long_run(std::size_t i, std::size_t j) const {
    const auto n = static_cast<double>(series[0].size());
    double sum = covariance(i, j, 0);
    for (std::size_t lag = 1; static_cast<double>(lag) < bandwidth; ++lag) {
      const double x = static_cast<double>(lag) / bandwidth;
      const double weight = x <= 0.5 ? 1 - 6 * x * x + 6 * x * x * x : 2 * std::pow(1 - x, 3);
      sum += weight * (covariance(i, j, lag) + covariance(j, i, lag));
    }
    return sum * n / (n - 4);
  }

  /// t* of one replicate.
  double resampled(std::uint64_t seed, std::uint64_t replicate, std::size_t block) const {
    const std::size_t n = series[0].size(), blocks = n / block;
    RandomStream random(seed, replicate);
    std::array<Series, 4> drawn;
    for (std::size_t j = 0; j < blocks; ++j) {
      const std::size_t start = random.below(n);
      for (std::size_t k = 0; k < block; ++k)
        for (std::size_t i = 0; i < 4; ++i) drawn[i].push_back(series[i][(start + k) % n]);
    }
    Moments own;
    own.factor = moments.factor;
    for (std::size_t i = 0; i < 4; ++i) own.m[i] = mean_of(drawn[i]);
    const Vector gradient = own.gradient();
    double variance = 0;
    for (std::size_t j = 0; j < blocks; ++j) {
      double zeta = 0;
      for (std::size_t k = 0; k < block; ++k)
        for (std::size_t i = 0; i < 4; ++i) zeta += gradient[i] * (drawn[i][j * block + k] - own.m[i]);
      variance += zeta * zeta / static_cast<double>(block * blocks);
    }
    return (own.theta() - moments.theta()) / std::sqrt(variance / static_cast<double>(block * blocks));
  }

  std::array<Series, 4> series, deviations;
  Moments moments;
  double bandwidth = 0, standard_error = 0;
};

double share(std::size_t count, std::size_t replicates) {
  return static_cast<double>(count + 1) / static_cast<double>(replicates + 1);
}

TEST(CompareSharpe, FollowsTheFormulasWrittenOutPlainly) {
  for (const std::size_t periods : {60u, 365u, 700u}) {
    Market market(periods, periods);
    const Series a = market.arm(0.001, 0.2), b = market.arm(0.0025, 0.3);
    SharpeTestConfig config;
    config.seed = 9;
    config.replicates = 400;
    config.relative_margin = 0.02;
    const SharpeComparison own = compare_sharpe(a, b, config);
    ASSERT_EQ(own.undefined, "");
    ASSERT_GT(own.sharpe_base, 0);
    const PlainTest plain(a, b, 1.02);
    EXPECT_NEAR(own.theta, plain.moments.theta(), 1e-12);
    EXPECT_NEAR(own.sharpe_base, plain.moments.sharpe_a(), 1e-12);
    EXPECT_NEAR(own.bandwidth, plain.bandwidth, 1e-8);
    EXPECT_NEAR(own.standard_error, plain.standard_error, 1e-10);
    std::size_t greater = 0, beyond = 0;
    for (std::size_t r = 0; r < config.replicates; ++r) {
      const double t = plain.resampled(config.seed, r, own.block);
      greater += t >= own.statistic;
      beyond += std::abs(t) >= std::abs(own.statistic);
    }
    EXPECT_DOUBLE_EQ(own.p_greater, share(greater, config.replicates));
    EXPECT_DOUBLE_EQ(own.p_two_sided, share(beyond, config.replicates));
  }
}

TEST(BestOfMany, FollowsTheFormulasWrittenOutPlainly) {
  for (const std::size_t count : {1u, 16u, 37u}) {
    Market market(count, 300);
    const Series base = market.arm(0.0008, 0.2);
    std::vector<Series> rows;
    for (std::size_t k = 0; k < count; ++k) rows.push_back(market.arm(0.001, 0.4));
    const Series all = joined(rows);
    SharpeTestConfig config;
    config.replicates = 200;
    config.block = 8;
    config.relative_margin = 0.02;
    const std::size_t chosen = count / 2;
    const BestOfManyResult own = BestOfManyTest().run(base, {all, count, 300}, chosen, config);
    EXPECT_EQ(own.candidates, count);
    std::vector<PlainTest> plain;
    for (const Series& row : rows) plain.emplace_back(base, row, own.chosen.relative ? 1.02 : 1);
    std::size_t greater = 0, alone = 0;
    Series maxima;
    for (std::size_t r = 0; r < config.replicates; ++r) {
      double highest = -std::numeric_limits<double>::infinity();
      for (std::size_t k = 0; k < count; ++k) {
        const double t = plain[k].resampled(config.seed, r, 8);
        highest = std::max(highest, t);
        if (k == chosen) alone += t >= own.chosen.statistic;
      }
      greater += highest >= own.chosen.statistic;
      maxima.push_back(highest);
    }
    EXPECT_DOUBLE_EQ(own.p_adjusted, share(greater, config.replicates));
    EXPECT_DOUBLE_EQ(own.chosen.p_greater, share(alone, config.replicates));
    std::sort(maxima.rbegin(), maxima.rend());
    EXPECT_NEAR(own.critical, maxima[9], 1e-4 * maxima[9]);  // 10 of 201 are under 5 %
  }
}

// Memmel 2003: the variance of the difference for independent normal days, an independent formula.
TEST(CompareSharpe, StandardErrorIsThatOfNormalDays) {
  constexpr std::size_t periods = 40000;
  constexpr double correlation = 0.8, sharpe_a = 0.3, sharpe_b = 0.5;
  RandomStream random(6, 0);
  Series a, b;
  for (std::size_t t = 0; t < periods; ++t) {
    const double first = random.normal();
    const double second = correlation * first + std::sqrt(1 - correlation * correlation) * random.normal();
    a.push_back(0.01 * (sharpe_a + first));
    b.push_back(0.03 * (sharpe_b + second));
  }
  SharpeTestConfig config;
  config.replicates = 100;
  const double variance =
      2 - 2 * correlation +
      0.5 * (sharpe_a * sharpe_a + sharpe_b * sharpe_b - 2 * sharpe_a * sharpe_b * correlation * correlation);
  EXPECT_NEAR(compare_sharpe(a, b, config).standard_error, std::sqrt(variance / periods),
              0.02 * std::sqrt(variance / periods));
}

TEST(CompareSharpe, BoundsAndProbabilitiesSayTheSame) {
  int promoted = 0;
  for (std::uint64_t stream = 0; stream < 40; ++stream) {
    Market market(stream, 300);
    const Series a = market.arm(0.001, 0.2);
    const Series b = market.arm(0.001 + 0.0001 * static_cast<double>(stream), 0.2);
    SharpeTestConfig config;
    config.replicates = 199;
    config.relative_margin = 0.02;
    const SharpeComparison own = compare_sharpe(a, b, config);
    EXPECT_EQ(*own.theta_low > 0, own.p_greater <= 0.05 + 1e-12) << stream;
    promoted += *own.theta_low > 0;
    if (!own.relative) {
      EXPECT_FALSE(own.improvement);
      EXPECT_FALSE(own.improvement_low);
      continue;
    }
    EXPECT_NEAR(*own.improvement, own.sharpe_proposed / own.sharpe_base - 1, 1e-12);
    EXPECT_EQ(own.improvement_low.value_or(-1) > 0.02, *own.theta_low > 0) << stream;
    if (own.improvement_low.value_or(-1) < 0 || *own.improvement_low > 50) continue;
    // at that margin the difference is exactly `critical` standard errors above 0
    const double critical = (own.theta - *own.theta_low) / own.standard_error;
    config.relative_margin = *own.improvement_low;
    const SharpeComparison edge = compare_sharpe(a, b, config);
    EXPECT_NEAR(edge.theta, critical * edge.standard_error, 1e-9);
  }
  EXPECT_GT(promoted, 5);
  EXPECT_LT(promoted, 35);
}

TEST(CompareSharpe, TakesTheAbsoluteMarginWhereTheBaseEarnsNothing) {
  Market market(3, 400);
  const Series losing = market.arm(-0.003, 0.2), better = market.arm(0.001, 0.2);
  SharpeTestConfig config;
  config.relative_margin = 0.5;
  config.absolute_margin = 0.01;
  const SharpeComparison own = compare_sharpe(losing, better, config);
  EXPECT_FALSE(own.relative);
  EXPECT_NEAR(own.theta, own.sharpe_proposed - own.sharpe_base - 0.01, 1e-12);
  EXPECT_FALSE(own.improvement);
  EXPECT_LE(own.p_greater, 0.05);
}

TEST(CompareSharpe, TakesAnArmThatNeverTradesForCash) {
  Market market(4, 400);
  const Series cash(400, 0.0), good = market.arm(0.004, 0.2), bad = market.arm(-0.004, 0.2);
  const SharpeComparison from_cash = compare_sharpe(cash, good, {});
  EXPECT_EQ(from_cash.undefined, "");
  EXPECT_EQ(from_cash.sharpe_base, 0);
  EXPECT_LE(from_cash.p_greater, 0.01);
  const SharpeComparison to_cash = compare_sharpe(bad, cash, {});
  EXPECT_EQ(to_cash.sharpe_proposed, 0);
  EXPECT_LE(to_cash.p_greater, 0.01);
  EXPECT_GT(compare_sharpe(good, cash, {}).p_greater, 0.5);
}

TEST(CompareSharpe, SaysWhyThereIsNoTest) {
  Market market(5, 200);
  const Series a = market.arm(0.001, 0.2);
  Series doubled = a, nearly = a;
  for (double& value : doubled) value *= 2;
  for (std::size_t t = 0; t < 19; ++t) nearly[10 * t] += 0.01;
  EXPECT_EQ(compare_sharpe(a, a, {}).undefined, "the arms differ in fewer than 20 periods");
  EXPECT_EQ(compare_sharpe(a, nearly, {}).undefined, "the arms differ in fewer than 20 periods");
  EXPECT_EQ(compare_sharpe(a, doubled, {}).undefined, "the arms differ in scale only");
  EXPECT_EQ(compare_sharpe(a, Series(200, 0.01), {}).undefined, "the returns of an arm do not vary");
  const SharpeComparison own = compare_sharpe(a, nearly, {});
  EXPECT_EQ(own.p_greater, 1);
  EXPECT_FALSE(own.theta_low);
  nearly[195] += 0.01;
  EXPECT_EQ(compare_sharpe(a, nearly, {}).undefined, "");
}

struct ManyArms {
  ManyArms(std::uint64_t stream, std::size_t count, std::size_t periods, double own = 0.3)
      : market(stream, periods), base(market.arm(0.001, own)) {
    for (std::size_t k = 0; k < count; ++k) rows.push_back(market.arm(0.001, own));
  }
  BestOfManyResult test(BestOfManyTest& tester, std::size_t chosen, const SharpeTestConfig& config) const {
    const Series all = joined(rows);
    return tester.run(base, {all, rows.size(), base.size()}, chosen, config);
  }
  Market market;
  Series base;
  std::vector<Series> rows;
};

TEST(BestOfMany, DoesNotDependOnWhatWasTestedBeforeOrOnTheOrder) {
  ManyArms arms(8, 40, 365);
  const ManyArms other(9, 90, 500);
  BestOfManyTest tester;
  const BestOfManyResult first = arms.test(tester, 33, {});
  other.test(tester, 5, {});
  const BestOfManyResult again = arms.test(tester, 33, {});
  std::swap(arms.rows[33], arms.rows[2]);
  std::swap(arms.rows[7], arms.rows[39]);
  const BestOfManyResult moved = arms.test(tester, 2, {});
  for (const BestOfManyResult& own : {again, moved}) {
    EXPECT_EQ(own.p_adjusted, first.p_adjusted);
    EXPECT_EQ(own.critical, first.critical);
    EXPECT_EQ(own.chosen.p_greater, first.chosen.p_greater);
    EXPECT_EQ(own.theta_low, first.theta_low);
  }
}

TEST(BestOfMany, CountsOnlyCandidatesThatCouldHaveBeenChosen) {
  ManyArms arms(10, 20, 300);
  BestOfManyTest tester;
  const BestOfManyResult plain = arms.test(tester, 4, {});
  EXPECT_EQ(plain.candidates, 20u);
  EXPECT_GT(plain.p_adjusted, plain.chosen.p_greater);
  EXPECT_GT(plain.critical, 1.65);
  arms.rows.push_back(arms.base);
  arms.rows.emplace_back(300, 0.001);
  arms.rows.push_back(arms.rows[7]);  // the same again changes nothing
  const BestOfManyResult more = arms.test(tester, 4, {});
  EXPECT_EQ(more.candidates, 21u);
  EXPECT_EQ(more.p_adjusted, plain.p_adjusted);
  const BestOfManyResult same = arms.test(tester, 20, {});
  EXPECT_EQ(same.p_adjusted, 1);
  EXPECT_FALSE(same.chosen.undefined.empty());
}

// The best of thirty that are no better than the base, 400 times: at most 5 % (three standard deviations:
// 0.033) pass, while an uncorrected test of the best would pass far more often.
TEST(BestOfMany, RarelyPassesTheBestOfManyThatAreNotBetter) {
  BestOfManyTest tester;
  int corrected = 0, uncorrected = 0;
  for (std::uint64_t run = 0; run < 400; ++run) {
    const ManyArms arms(1000 + run, 30, 250);
    std::size_t best = 0;
    double highest = -1e300;
    for (std::size_t k = 0; k < 30; ++k) {
      const Series& row = arms.rows[k];
      const double mean = mean_of(row), sharpe = mean / std::sqrt(mean_of(squares_of(row)) - mean * mean);
      if (sharpe > highest) best = k;
      highest = std::max(highest, sharpe);
    }
    SharpeTestConfig config;
    config.seed = run;
    config.replicates = 199;
    config.relative_margin = 0.02;
    const BestOfManyResult own = arms.test(tester, best, config);
    corrected += own.p_adjusted <= 0.05;
    uncorrected += own.chosen.p_greater <= 0.05;
  }
  EXPECT_LE(corrected, 400 * 0.083);
  EXPECT_GE(uncorrected, 400 * 0.2);
}

TEST(BestOfMany, FindsACandidateThatIsClearlyBetter) {
  ManyArms arms(11, 50, 1000, 0.15);
  arms.base = arms.market.arm(0.006, 0.15);  // surely above 0, so that shares of it have bounds
  arms.rows[20] = arms.market.arm(0.009, 0.15);
  BestOfManyTest tester;
  const BestOfManyResult own = arms.test(tester, 20, {});
  EXPECT_LE(own.p_adjusted, 0.01);
  ASSERT_TRUE(own.theta_low && own.chosen.theta_low);
  EXPECT_GT(*own.theta_low, 0);
  EXPECT_LE(*own.theta_low, *own.chosen.theta_low);
  ASSERT_TRUE(own.improvement_low && own.chosen.improvement_low);
  EXPECT_GT(*own.improvement_low, 0);
  EXPECT_LE(*own.improvement_low, *own.chosen.improvement_low);
}

TEST(SharpeTests, RefuseSettingsThatMeanNothing) {
  const ManyArms arms(12, 2, 100);
  BestOfManyTest tester;
  SharpeTestConfig config;
  config.replicates = 10;
  config.confidence = 0.3;
  config.relative_margin = -1;
  config.block = 51;
  const Error error = error_of([&] { arms.test(tester, 2, config); });
  EXPECT_EQ(error.code(), "stats.bad_test");
  for (const char* word : {"replicates", "confidence", "relative_margin", "block", "chosen"})
    EXPECT_NE(error.message().find(word), std::string::npos) << word;
  const Series short_arm(19, 0.1), other(101, 0.1);
  EXPECT_EQ(error_of([&] { compare_sharpe(short_arm, short_arm, {}); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { compare_sharpe(arms.base, other, {}); }).code(), "stats.unpaired");
  Series nan = arms.base;
  nan[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of([&] { compare_sharpe(arms.base, nan, {}); }).code(), "stats.bad_test");
  config = {};
  config.confidence = 0.9999;
  EXPECT_EQ(error_of([&] { compare_sharpe(arms.base, arms.rows[0], config); }).code(), "stats.bad_test");
}

}  // namespace
}  // namespace stevie::stats
