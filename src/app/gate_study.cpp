#include "app/gate_study.h"

#include <algorithm>
#include <atomic>
#include <boost/math/distributions/beta.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/thread_pool.h"

namespace stevie::app {
namespace {

using validation::Evidence;
using validation::GateConfig;
using validation::Verdict;

constexpr std::size_t candidate_count = 50;
constexpr double improvements[] = {0, 0.1, 0.254, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0};
constexpr std::size_t power_part = 1000;  // streams that the nulls do not use
constexpr double z_95 = 1.6448536269514722;

/// What one run of one cell would have promoted under each rule.
struct Promoted {
  bool point_single = false, point_best = false, z_single = false, z_best = false;
  bool tested = false, spent = false, gate = false, exact = false;
};

/// The estimate is better by what the gate asks for.
bool point_estimate(const std::vector<double>& running, const std::vector<double>& other,
                    const GateConfig& gate) {
  const double base = stats::sharpe_ratio(running, stats::days_per_year).value.value_or(0);
  const double ratio = stats::sharpe_ratio(other, stats::days_per_year).value.value_or(0);
  return ratio - base >= (base > 0 ? gate.improvement * base : gate.absolute_improvement);
}

/// Mean difference over its standard error, as if days were independent and nothing had been chosen.
bool z_test(const std::vector<double>& running, const std::vector<double>& other) {
  std::vector<double> difference(running.size());
  for (std::size_t i = 0; i < running.size(); ++i) difference[i] = other[i] - running[i];
  const double ratio = stats::sharpe_ratio(difference, 1).value.value_or(0);
  return ratio * std::sqrt(static_cast<double>(running.size())) > z_95;
}

/// A gate of which only part 2 is left, at the plain error of 1 - confidence.
GateConfig only_the_test(GateConfig gate) {
  gate.stream = validation::StreamCorrection::none;
  gate.tolerance = 10;  // ten times as bad passes
  gate.minimum_trades = 0;
  gate.full_report = false;
  return gate;
}

/// No figure of part 3 is worse at all.
bool not_worse_at_all(const validation::GateReport& report) {
  return std::ranges::all_of(report.checks, [](const validation::Check& check) {
    return check.part != 3 || *check.figure("proposed").value <= *check.figure("running").value;
  });
}

Promoted judge_run(const Evidence& evidence, const GateConfig& gate) {
  Promoted promoted;
  const std::vector<double>& running = evidence.running.returns;
  promoted.point_single = point_estimate(running, evidence.candidates.front(), gate);
  promoted.point_best = point_estimate(running, evidence.proposed.returns, gate);
  promoted.z_single = z_test(running, evidence.candidates.front());
  promoted.z_best = z_test(running, evidence.proposed.returns);

  Evidence same_costs = evidence;
  same_costs.running.doubled_costs_returns = evidence.running.returns;
  same_costs.proposed.doubled_costs_returns = evidence.proposed.returns;
  const validation::GateDecision tested = validation::judge(same_costs, only_the_test(gate));
  promoted.tested = tested.report.verdict == Verdict::promote;
  if (!promoted.tested) return promoted;  // the whole gate asks for all of this and more
  const GateConfig whole = [&gate] {
    GateConfig config = gate;
    config.full_report = false;
    return config;
  }();
  const validation::GateDecision decision = validation::judge(evidence, whole);
  promoted.gate = decision.report.verdict == Verdict::promote;
  promoted.exact = promoted.gate && not_worse_at_all(decision.report);
  GateConfig spending = only_the_test(gate);
  spending.stream = gate.stream;
  promoted.spent =
      promoted.gate || validation::judge(same_costs, spending).report.verdict == Verdict::promote;
  return promoted;
}

void count(const Promoted& promoted, PromotionRates& rates) {
  const auto add = [](CountedShare& share, bool counts) {
    ++share.runs;
    share.count += counts;
  };
  add(rates.point_single, promoted.point_single);
  add(rates.point_best, promoted.point_best);
  add(rates.z_single, promoted.z_single);
  add(rates.z_best, promoted.z_best);
  add(rates.tested, promoted.tested);
  add(rates.spent, promoted.spent);
  add(rates.gate, promoted.gate);
  add(rates.exact, promoted.exact);
}

/// Runs cells of one process on the same drawings, which are most of the work, and counts.
void run_cells(const GateStudyConfig& config, std::span<GateCell> cells, std::size_t runs,
               std::uint64_t first_stream, const std::string& part) {
  ThreadPool pool(config.threads);
  std::vector<Promoted> promoted(runs * cells.size());
  const ReturnProcess process = cells.front().process;
  const std::size_t days =
      std::ranges::max(cells, {}, [](const GateCell& cell) { return cell.arms.days; }).arms.days;
  constexpr std::size_t piece = 100;  // runs between two words about progress
  for (std::size_t done = 0; done < runs; done += piece) {
    const std::size_t count = std::min(piece, runs - done);
    pool.parallel_for(count, [&, done](std::size_t i) {
      const std::size_t run = done + i;
      const SimulatedArms arms(process, days, candidate_count, config.seed, first_stream + run);
      for (std::size_t k = 0; k < cells.size(); ++k)
        promoted[run * cells.size() + k] = judge_run(arms.evidence(cells[k].arms), config.gate);
    });
    if (config.progress) config.progress(part, done + count, runs);
  }
  for (std::size_t i = 0; i < promoted.size(); ++i) count(promoted[i], cells[i % cells.size()].rates);
}

/// Streams of different parts of the study do not overlap.
std::uint64_t stream_of(std::size_t part) {
  return static_cast<std::uint64_t>(part) << 32;
}

}  // namespace

double CountedShare::upper() const {
  if (count >= runs) return 1;
  const auto successes = static_cast<double>(count), failures = static_cast<double>(runs - count);
  return boost::math::quantile(boost::math::beta_distribution<>(successes + 1, failures), 0.95);
}

std::vector<GateCell> run_gate_nulls(const GateStudyConfig& config) {
  std::vector<GateCell> nulls;
  for (std::size_t part = 0; part < std::size(return_processes); ++part) {
    std::vector<GateCell> cells;
    for (const std::size_t days : config.days)
      for (const double correlation : config.correlations)
        cells.push_back({return_processes[part], {.days = days, .correlation = correlation}, {}});
    run_cells(config, cells, config.runs, stream_of(part), std::string(to_string(return_processes[part])));
    nulls.insert(nulls.end(), cells.begin(), cells.end());
  }
  return nulls;
}

std::vector<GateCell> run_gate_power(const GateStudyConfig& config) {
  std::vector<GateCell> cells;
  for (const std::size_t candidates : {candidate_count, std::size_t{1}})
    for (const std::size_t days : config.days)
      for (const double correlation : config.correlations)
        for (const double improvement : improvements)
          cells.push_back({ReturnProcess::garch_t5,
                           {.days = days,
                            .candidates = candidates,
                            .correlation = correlation,
                            .improvement = improvement},
                           {}});
  run_cells(config, cells, config.power_runs, stream_of(power_part), "power");
  return cells;
}

GateStudy run_gate_study(const GateStudyConfig& config) {
  return {config, run_gate_nulls(config), run_gate_power(config)};
}

}  // namespace stevie::app
