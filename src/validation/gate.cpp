#include "validation/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/text.h"
#include "stats/false_discovery.h"
#include "validation/checks.h"

namespace stevie::validation {
namespace {

/// LORD++ after this stream. It asks of an earlier p value only whether it was under its level.
double lord_level(const Evidence& evidence, double alpha) {
  stats::ProposalStream stream(
      {.rule = stats::StreamRule::lord, .alpha = alpha, .initial_wealth = alpha / 2});
  for (std::size_t i = 1; i <= evidence.judged_before; ++i)
    stream.judge(std::ranges::binary_search(evidence.promoted_before, i) ? 0.0 : 1.0);
  return stream.next_level();
}

/// The error that this proposal is allowed.
double allowed_error(const Evidence& evidence, const GateConfig& config) {
  const double alpha = 1 - config.confidence;
  const double place = static_cast<double>(evidence.judged_before) + 1;
  switch (config.stream) {
    case StreamCorrection::none:
      return alpha;
    case StreamCorrection::alpha_spending:
      return alpha * 6 / (std::numbers::pi * std::numbers::pi * place * place);
    case StreamCorrection::lord_plus_plus:
      return lord_level(evidence, alpha);
  }
  return 0;
}

Verdict verdict_of(const std::vector<Check>& checks) {
  const auto any = [&checks](Outcome outcome) {
    return std::ranges::any_of(checks, [outcome](const Check& check) { return check.outcome == outcome; });
  };
  if (any(Outcome::failed)) return Verdict::reject;
  if (any(Outcome::lacking)) return Verdict::not_enough_evidence;
  return Verdict::promote;
}

/// The sentences of the checks with this outcome; what several say is said once.
std::string reasons(const std::vector<Check>& checks, Outcome outcome) {
  std::string text;
  for (const Check& check : checks)
    if (check.outcome == outcome && text.find(check.sentence) == std::string::npos)
      text += " " + check.sentence;
  return text;
}

std::string summary_of(Verdict verdict, const std::vector<Check>& checks) {
  switch (verdict) {
    case Verdict::promote:
      return "Every check is passed: the proposal may replace what runs.";
    case Verdict::reject:
      return "What runs stays." + reasons(checks, Outcome::failed);
    case Verdict::not_enough_evidence:
      return "What runs stays: the data cannot decide." + reasons(checks, Outcome::lacking);
  }
  return {};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::promote:
      return "promote";
    case Verdict::reject:
      return "reject";
    case Verdict::not_enough_evidence:
      return "not_enough_evidence";
  }
  return {};
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::lacking:
      return "lacking";
    case Outcome::reported:
      return "reported";
    case Outcome::skipped:
      return "skipped";
  }
  return {};
}

std::vector<std::string> GateConfig::faults() const {
  std::vector<std::string> found;
  const auto need = [&found](bool holds, const char* sentence) {
    if (!holds) found.emplace_back(sentence);
  };
  const auto share = [](double value) { return value >= 0 && value <= 1; };
  need(confidence >= 0.5 && confidence <= 0.999, "confidence must lie in [0.5, 0.999]");
  need(improvement >= 0 && improvement <= 10, "improvement must lie in [0, 10]");
  need(absolute_improvement >= 0 && absolute_improvement <= 10, "absolute_improvement must lie in [0, 10]");
  need(tolerance >= 0 && tolerance <= 10, "tolerance must lie in [0, 10]");
  need(share(idle_max_drawdown), "idle_max_drawdown must lie in [0, 1]");
  need(share(idle_cvar), "idle_cvar must lie in [0, 1]");
  need(idle_turnover >= 0 && std::isfinite(idle_turnover), "idle_turnover must be 0 or more");
  need(minimum_days >= stats::minimum_days, "minimum_days must be at least 30");
  need(replicates >= 100 && replicates <= 200'000, "replicates must lie in [100, 200000]");
  return found;
}

const stats::Metric& Check::figure(std::string_view figure_key) const {
  const auto found = std::ranges::find(figures, figure_key, &Figure::key);
  assert(found != figures.end());
  return found->value;
}

const Check& GateReport::check(std::string_view key) const {
  const auto found = std::ranges::find(checks, key, &Check::key);
  assert(found != checks.end());
  return *found;
}

GateDecision judge(const Evidence& evidence, const GateConfig& config) {
  if (const auto faults = config.faults(); !faults.empty())
    throw Error("validation.bad_config", joined(faults), "gate");
  if (const auto faults = evidence.faults(); !faults.empty())
    throw Error("validation.bad_evidence", joined(faults), "evidence");

  GateReport report;
  report.base_hash = evidence.running.parameters_hash;
  report.proposed_hash = evidence.proposed.parameters_hash;
  report.first_day = evidence.running.days.front();
  report.last_day = evidence.running.days.back();
  report.days = evidence.running.days.size();
  report.candidates = evidence.candidates.size();
  report.config = config;
  report.checks = run_checks(evidence, config, allowed_error(evidence, config));
  report.verdict = verdict_of(report.checks);
  report.summary = summary_of(report.verdict, report.checks);
  if (report.verdict != Verdict::promote) return {std::move(report), std::nullopt};
  Approval approval(report.base_hash, report.proposed_hash, to_json(report));
  return {std::move(report), std::move(approval)};
}

}  // namespace stevie::validation
