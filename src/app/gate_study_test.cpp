#include "app/gate_study.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace stevie::app {
namespace {

/// Short and rough: one length, one correlation.
GateStudyConfig short_study(std::size_t runs) {
  GateStudyConfig config;
  config.runs = runs;
  config.power_runs = 4;
  config.days = {365};
  config.correlations = {0.9};
  config.gate.replicates = 1000;
  return config;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(CountedShare, UpperLimitIsThatOfClopperAndPearson) {
  // 1 - 0.05^(1/20): what is left after 20 runs without a count.
  EXPECT_NEAR((CountedShare{0, 20}.upper()), 1 - std::pow(0.05, 1.0 / 20), 1e-12);
  EXPECT_EQ((CountedShare{20, 20}.upper()), 1);
  // By definition: so few or fewer counts have probability 0.05 there.
  const boost::math::binomial_distribution<> at_limit(10'000, CountedShare{500, 10'000}.upper());
  EXPECT_NEAR(boost::math::cdf(at_limit, 500), 0.05, 1e-9);
}

TEST(SimulatedArms, HaveTheMomentsTheyAreSaidToHave) {
  constexpr std::size_t days = 1095, runs = 60;
  for (const ReturnProcess process : return_processes) {
    double variance = 0, correlation = 0, sharpe = 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
      const SimulatedArms arms(process, days, 2, 5, run);
      const validation::Evidence evidence = arms.evidence({.days = days, .candidates = 2, .sharpe = 1});
      const std::vector<double>&a = evidence.running.returns, &b = evidence.candidates[1];
      const double mean_a = mean(a), mean_b = mean(b);
      double aa = 0, bb = 0, ab = 0;
      for (std::size_t i = 0; i < days; ++i) {
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
      }
      variance += aa / days / runs;
      correlation += ab / std::sqrt(aa * bb) / runs;
      sharpe += mean_b / (0.15 / std::sqrt(365)) * std::sqrt(365) / runs;
    }
    EXPECT_NEAR(std::sqrt(variance * 365), 0.15, 0.01) << to_string(process);
    EXPECT_NEAR(correlation, 0.9, 0.01) << to_string(process);
    EXPECT_NEAR(sharpe, 1, 0.4) << to_string(process);  // 4 standard errors
  }
}

TEST(SimulatedArms, ProposeTheBestCandidate) {
  const validation::Evidence evidence = SimulatedArms(ReturnProcess::jumps, 365, 50, 1, 1).evidence({});
  EXPECT_TRUE(evidence.faults().empty());
  const double best = *stats::sharpe_ratio(evidence.proposed.returns, 1).value;
  for (const std::vector<double>& row : evidence.candidates)
    EXPECT_LE(*stats::sharpe_ratio(row, 1).value, best);
}

TEST(GateStudy, PromotesRarelyWhatIsNoBetter) {
  constexpr std::size_t runs = 150;
  // Were the true share 5 %, a null would count more than this with a probability under 1 in 100,000 (and
  // the seed is fixed: a failure means that the code has changed).
  const boost::math::binomial_distribution<> at_target(runs, 0.05);
  const double most = boost::math::quantile(boost::math::complement(at_target, 1e-5));
  for (const GateCell& cell : run_gate_nulls(short_study(runs))) {
    EXPECT_EQ(cell.rates.gate.runs, runs);
    EXPECT_LE(static_cast<double>(cell.rates.tested.count), most) << to_string(cell.process);
    EXPECT_LE(cell.rates.spent.count, cell.rates.tested.count);
    EXPECT_LE(cell.rates.gate.count, cell.rates.spent.count);
    // What the gate prevents.
    EXPECT_GT(cell.rates.point_best.share(), 0.8) << to_string(cell.process);
    EXPECT_GT(cell.rates.z_best.share(), 0.2) << to_string(cell.process);
  }
}

TEST(GateStudy, PromotesRarelyWhatIsNoBetterThanHoldingNothing) {
  constexpr std::size_t runs = 150;
  const boost::math::binomial_distribution<> at_target(runs, 0.05);
  const double most = boost::math::quantile(boost::math::complement(at_target, 1e-5));
  validation::GateConfig gate;
  gate.replicates = 1000;
  gate.full_report = false;
  gate.stream = validation::StreamCorrection::none;  // at the whole 5 %
  for (const ReturnProcess process : return_processes) {
    std::size_t promoted = 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
      const validation::Evidence evidence =
          SimulatedArms(process, 365, 50, 3, run).evidence({.correlation = 0.5, .sharpe = 0, .idle = true});
      promoted += validation::judge(evidence, gate).report.verdict == validation::Verdict::promote;
    }
    EXPECT_LE(static_cast<double>(promoted), most) << to_string(process);
  }
}

TEST(GateStudy, PromotesWhatIsMuchBetter) {
  GateStudyConfig config = short_study(1);
  config.correlations = {0.99};
  config.power_runs = 10;
  const GateStudy study = run_gate_study(config);
  const GateCell& furthest = study.power[study.power.size() / 2 - 1];
  EXPECT_EQ(furthest.arms.candidates, 50U);
  EXPECT_EQ(furthest.arms.improvement, 3);
  EXPECT_EQ(furthest.rates.gate.count, 10U);
}

TEST(GateStudy, IsTheSameForAnyNumberOfThreads) {
  GateStudyConfig config = short_study(6);
  config.threads = 1;
  const GateStudy one = run_gate_study(config);
  config.threads = 3;
  const GateStudy three = run_gate_study(config);
  EXPECT_EQ(gate_study_json(one), gate_study_json(three));
  EXPECT_EQ(gate_power_svg(one), gate_power_svg(three));
  EXPECT_EQ(gate_study_markdown(one), gate_study_markdown(three));
  EXPECT_EQ(nlohmann::json::parse(gate_study_json(one)).at("nulls").size(), 5U);
}

}  // namespace
}  // namespace stevie::app
