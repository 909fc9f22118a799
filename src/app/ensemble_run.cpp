#include "app/ensemble_run.h"

#include <algorithm>
#include <cmath>

#include "evaluation/backtest.h"
#include "evaluation/evaluation.h"
#include "stats/temperature.h"

namespace stevie::app {
namespace {

constexpr std::size_t bins = 10;
constexpr double least_probability = 1e-300;

/// What a member's confidence was before anything was fitted: its softmax at temperature 1, and 1 where it
/// has no scores, as a plain strategy is sure of what it does.
double bare_confidence(const strategy::EnsembleMember& member, std::size_t chosen,
                       std::vector<double>& buffer) {
  const std::span<const double> scores = member.scores();
  if (scores.empty()) return 1;
  buffer.resize(scores.size());
  stats::tempered_softmax(scores, 1, buffer);
  return buffer[chosen];
}

void record(EnsembleRun& run, const strategy::EnsembleDecision& decision, strategy::Ensemble& ensemble,
            std::vector<double>& buffer) {
  run.time.push_back(decision.open_time);
  run.close.push_back(decision.close);
  for (std::size_t i = 0; i < run.members; ++i) {
    run.chosen.push_back(static_cast<std::uint8_t>(decision.chosen[i]));
    run.confidence.push_back(decision.confidence[i]);
    run.bare.push_back(bare_confidence(ensemble.member(i), decision.chosen[i], buffer));
    run.weight.push_back(decision.weights[i]);
    const std::span<const double> scores = ensemble.member(i).scores();
    if (scores.empty())
      run.scores.insert(run.scores.end(), run.levels, 0.0);
    else
      run.scores.insert(run.scores.end(), scores.begin(), scores.end());
  }
  for (const double probability : decision.pooled)
    run.pooled.push_back(std::log(std::max(probability, least_probability)));
  run.taken.push_back(static_cast<std::uint8_t>(decision.final_level));
  run.taken_confidence.push_back(decision.final_confidence);
  run.consensus.push_back(decision.consensus);
  run.value.push_back(decision.value);
}

}  // namespace

EnsembleRun run_ensemble(strategy::Ensemble& ensemble, const env::MarketData& market, market::BarRange range,
                         const execution::EngineConfig& engine, const strategy::EnsembleObserver& each) {
  EnsembleRun run;
  run.members = ensemble.size();
  run.levels = ensemble.levels().size();
  std::vector<double> buffer;
  ensemble.observe_with([&](const strategy::EnsembleDecision& decision) {
    record(run, decision, ensemble, buffer);
    if (each) each(decision);
  });
  run.result = evaluation::run_backtest(ensemble, market, range, engine);
  ensemble.observe_with({});
  return run;
}

std::vector<std::uint8_t> outcomes_of(const EnsembleRun& run, const strategy::Ensemble& ensemble) {
  const std::size_t ahead = ensemble.config().outcome_bars;
  std::vector<std::uint8_t> outcomes;
  for (std::size_t i = 0; i + ahead < run.decisions(); ++i)
    outcomes.push_back(static_cast<std::uint8_t>(strategy::best_level(
        ensemble.levels(), run.close[i + ahead] / run.close[i] - 1, ensemble.config().cost)));
  return outcomes;
}

stats::Calibration member_calibration(const EnsembleRun& run, std::size_t member,
                                      const std::vector<std::uint8_t>& outcomes, bool bare) {
  std::vector<double> confidences;
  std::vector<std::uint8_t> right;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::size_t at = i * run.members + member;
    confidences.push_back(std::clamp(bare ? run.bare[at] : run.confidence[at], 0.0, 1.0));
    right.push_back(run.chosen[at] == outcomes[i]);
  }
  return stats::calibrate(confidences, right, bins);
}

stats::Calibration ensemble_calibration(const EnsembleRun& run, const std::vector<std::uint8_t>& outcomes,
                                        bool bare) {
  std::vector<double> confidences;
  std::vector<std::uint8_t> right;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const double pooled = std::exp(run.pooled[i * run.levels + run.taken[i]]);
    confidences.push_back(std::clamp(bare ? pooled : run.taken_confidence[i], 0.0, 1.0));
    right.push_back(run.taken[i] == outcomes[i]);
  }
  return stats::calibrate(confidences, right, bins);
}

RunFigures figures_of(const execution::SimulationResult& result) {
  std::vector<double> profits;
  const stats::Performance performance = stats::measure(evaluation::equity_curve(result, profits));
  return {result.equity.back() / result.initial_equity - 1, performance.sharpe.value.value_or(0)};
}

}  // namespace stevie::app
