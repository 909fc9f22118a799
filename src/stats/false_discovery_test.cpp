#include "stats/false_discovery.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "core/testing.h"

namespace stevie::stats {
namespace {

/// Fifteen p values and the levels that the R package onlineFDR gives for them at alpha 0.05, W_0 0.025,
/// lambda 0.5, to six places.
const std::vector<double> p_values{2.90e-14, 0.00143,  0.06514, 0.00174, 0.00171,  3.61e-05, 0.79149, 0.27201,
                                   0.28295,  7.59e-08, 0.69274, 0.30443, 0.000487, 0.72342,  0.54757};

void expect_levels(StreamRule rule, const std::vector<double>& levels,
                   const std::vector<std::size_t>& promoted) {
  StreamConfig config;
  config.rule = rule;
  ProposalStream stream(config);
  std::vector<std::size_t> own;
  for (std::size_t t = 0; t < p_values.size(); ++t) {
    EXPECT_NEAR(stream.next_level(), levels[t], 5.1e-7) << "test " << t + 1;
    if (stream.judge(p_values[t])) own.push_back(t + 1);
  }
  EXPECT_EQ(own, promoted);
  EXPECT_EQ(stream.promoted(), promoted.size());
  EXPECT_EQ(stream.judged(), p_values.size());
}

TEST(Lord, GivesThePublishedLevels) {
  expect_levels(StreamRule::lord,
                {0.001338, 0.001629, 0.003215, 0.001036, 0.000876, 0.000738, 0.003309, 0.001136, 0.000987,
                 0.000854, 0.003426, 0.001251, 0.0011, 0.003639, 0.001438},
                {1, 2, 6, 10, 13});
}

TEST(Saffron, GivesThePublishedLevels) {
  expect_levels(StreamRule::saffron,
                {0.005469, 0.010937, 0.021875, 0.021875, 0.032812, 0.043749, 0.054686, 0.01804, 0.01804,
                 0.01804, 0.028977, 0.013037, 0.013037, 0.023975, 0.011445},
                {1, 2, 4, 5, 6, 10, 13});
}

// By hand: 0.05 * gamma_t with gamma_t = 0.07720838 ln(max(t, 2)) / (t e^sqrt(ln t)), promotions change
// nothing.
TEST(AlphaSpending, SpendsByTheWeightsAlone) {
  ProposalStream stream({StreamRule::alpha_spending, 0.05, 0, 0.5});
  EXPECT_NEAR(stream.next_level(), 0.05 * 0.07720838 * 0.69314718, 1e-10);
  EXPECT_TRUE(stream.judge(0.001));
  EXPECT_NEAR(stream.next_level(), 0.05 * 0.07720838 * 0.69314718 / (2 * 2.29918), 1e-8);
  EXPECT_FALSE(stream.judge(0.001));
  EXPECT_NEAR(stream.next_level(), 0.05 * 0.07720838 * 1.09861229 / (3 * 2.85236), 1e-8);
}

// Sums to a million by adding, beyond by the integral of the same function.
TEST(StreamWeights, SumToAtMostOne) {
  constexpr std::size_t last = 1'000'000;
  double lord = 0, saffron = 0;
  for (std::size_t t = 1; t <= last; ++t) {
    lord += stream_weight(StreamRule::lord, t);
    saffron += stream_weight(StreamRule::saffron, t);
  }
  const double s = std::sqrt(std::log(last + 0.5));
  lord += 0.07720838 * 2 * std::exp(-s) * (s * s * s + 3 * s * s + 6 * s + 6);
  saffron += 0.4374901658 * std::pow(last + 0.5, -0.6) / 0.6;
  EXPECT_NEAR(lord, 0.976308, 1e-6);
  EXPECT_NEAR(saffron, 1, 1e-6);
}

// Half of the proposals are good. The share of false ones among the promotions stays under alpha on average;
// all three find some of the good ones.
TEST(ProposalStream, KeepsFalsePromotionsRare) {
  for (const StreamRule rule : {StreamRule::alpha_spending, StreamRule::lord, StreamRule::saffron}) {
    double false_share = 0;
    std::size_t promoted = 0;
    constexpr std::size_t runs = 1000, proposals = 200;
    for (std::uint64_t run = 0; run < runs; ++run) {
      RandomStream random(8, run);
      StreamConfig config;
      config.rule = rule;
      ProposalStream stream(config);
      std::size_t wrong = 0;
      for (std::size_t t = 0; t < proposals; ++t) {
        const bool good = random.uniform() < 0.5;
        const double z = random.normal() + (good ? 3 : 0);
        const bool taken = stream.judge(0.5 * std::erfc(z / std::sqrt(2.0)));
        wrong += taken && !good;
      }
      promoted += stream.promoted();
      if (stream.promoted() > 0)
        false_share += static_cast<double>(wrong) / static_cast<double>(stream.promoted());
    }
    EXPECT_LE(false_share / runs, 0.05);
    EXPECT_GT(promoted, runs * 5);
  }
}

TEST(ProposalStream, RefusesSettingsAndValuesThatMeanNothing) {
  const Error error = error_of([] { ProposalStream({StreamRule::lord, 2, 3, 1}); });
  EXPECT_EQ(error.code(), "stats.bad_test");
  EXPECT_NE(error.message().find("alpha must"), std::string::npos);
  EXPECT_NE(error.message().find("candidate must"), std::string::npos);
  ProposalStream stream({});
  EXPECT_EQ(error_of([&] { stream.judge(1.5); }).code(), "stats.bad_test");
  EXPECT_EQ(error_of([&] { stream.judge(std::nan("")); }).code(), "stats.bad_test");
}

}  // namespace
}  // namespace stevie::stats
