/// Every rolling kernel against the plain sum, maximum or recursion it stands for.
#include "features/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/random.h"

namespace stevie::features {
namespace {

std::vector<double> random_values(std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<double> values(count);
  // Coarse values, so that equal ones meet in a window.
  for (double& value : values) value = std::round(random.normal() * 10) / 4;
  return values;
}

/// The last `length` values up to and including t, of fewer at the start.
std::vector<double> window(const std::vector<double>& values, std::size_t t, std::size_t length) {
  const std::size_t begin = t + 1 > length ? t + 1 - length : 0;
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(t + 1)};
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

class RollingKernels : public testing::TestWithParam<std::size_t> {};

TEST_P(RollingKernels, EqualTheirPlainDefinition) {
  const std::size_t length = GetParam();
  const std::vector<double> values = random_values(1000, length);
  RollingSum sum(length);
  RollingMean mean(length);
  RollingMax largest(length);
  BarsSinceMax since(length);
  RollingLine line(length);
  RollingRank rank(length);
  RecentValues<double> recent(length);
  for (std::size_t t = 0; t < values.size(); ++t) {
    const std::vector<double> seen = window(values, t, length);
    const double count = static_cast<double>(seen.size());
    ASSERT_NEAR(sum.push(values[t]), sum_of(seen), 1e-10);
    ASSERT_NEAR(mean.push(values[t]), sum_of(seen) / count, 1e-10);
    ASSERT_EQ(largest.push(values[t]), *std::max_element(seen.begin(), seen.end()));

    const auto latest_max = std::max_element(seen.rbegin(), seen.rend());
    ASSERT_EQ(since.push(values[t]), static_cast<std::size_t>(latest_max - seen.rbegin()));

    double by_age = 0;
    for (std::size_t age = 0; age < seen.size(); ++age)
      by_age += static_cast<double>(age) * seen[seen.size() - 1 - age];
    const RollingLine::Sums sums = line.push(values[t]);
    ASSERT_NEAR(sums.plain, sum_of(seen), 1e-10);
    ASSERT_NEAR(sums.by_age, by_age, 1e-10 * static_cast<double>(length * length));

    double below = 0;
    for (const double other : seen) below += other < values[t] ? 1.0 : 0.0;
    ASSERT_NEAR(rank.push(values[t]), below / count, 1e-12);

    recent.push(values[t]);
    ASSERT_EQ(std::vector<double>(recent.data(), recent.data() + recent.count()), seen);
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, RollingKernels, testing::Values(1, 2, 3, 7, 24, 168, 720));

TEST(RollingSum, KeepsNoResidueOfWhatHasLeftTheWindow) {
  RollingSum sum(24);
  for (int i = 0; i < 100; ++i) sum.push(1e30 / (i + 1));
  for (int i = 0; i < 23; ++i) sum.push(0.1);
  double expected = 0;
  for (int i = 0; i < 24; ++i) expected += 0.1;
  EXPECT_NEAR(sum.push(0.1), expected, 1e-14);
  for (int i = 0; i < 23; ++i) sum.push(0.0);
  EXPECT_EQ(sum.push(0.0), 0.0);
}

TEST(RollingSum, DoesNotDriftOverALongSeries) {
  RollingSum sum(168);
  double last = 0;
  for (int i = 0; i < 2'000'000; ++i) last = sum.push(0.1);
  EXPECT_NEAR(last, 16.8, 1e-12);
}

TEST(Ema, IsTheRecursionFromTheMeanOfTheFirstValues) {
  const std::vector<double> values = random_values(200, 1);
  for (const std::size_t skip : {0, 14}) {
    Ema ema(12, skip);
    double expected = 0;
    for (std::size_t t = 0; t < values.size(); ++t) {
      const double actual = ema.push(values[t]);
      if (t + 1 < skip + 12) continue;
      const std::vector<double> first(values.begin() + static_cast<std::ptrdiff_t>(skip),
                                      values.begin() + static_cast<std::ptrdiff_t>(skip + 12));
      expected = t + 1 == skip + 12 ? sum_of(first) / 12 : values[t] * 2 / 13 + expected * 11 / 13;
      ASSERT_NEAR(actual, expected, 1e-12);
    }
  }
}

TEST(WilderAverage, IsTheRecursionFromTheMeanOfTheFirstValues) {
  const std::vector<double> values = random_values(200, 2);
  WilderAverage average(14);
  double expected = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double actual = average.push(values[t]);
    if (t + 1 < 14) continue;
    expected =
        t + 1 == 14 ? sum_of({values.begin(), values.begin() + 14}) / 14 : (expected * 13 + values[t]) / 14;
    ASSERT_NEAR(actual, expected, 1e-12);
  }
}

TEST(Contrast, IsTheHyperbolicTangentOfTheLogRatioOfDeviations) {
  for (const double ratio : {0.01, 0.5, 1.0, 3.0, 40.0}) {
    EXPECT_NEAR(contrast(ratio * ratio, 1), std::tanh(std::log(ratio)), 1e-12);
  }
  EXPECT_EQ(contrast(0, 0), 0);
  EXPECT_EQ(contrast(0, 5), -1);
  EXPECT_EQ(contrast(5, 0), 1);
}

}  // namespace
}  // namespace stevie::features
