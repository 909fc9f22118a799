#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/ensemble_config.h"
#include "app/ensemble_file.h"
#include "app/ensemble_run.h"
#include "core/progress.h"
#include "evaluation/evaluation.h"

namespace stevie::app {

/// What `stevie ensemble make` is asked to do.
struct EnsembleMakeRequest {
  /// Model files, "expert" (rsi-ma, at the section expert), "rules" (at their default parameters),
  /// "rules:FILE" (parameters as `stevie params export` writes them), "cash", "buy_and_hold",
  /// "constant:EXPOSURE".
  std::vector<std::string> members;
  std::filesystem::path data;    // bars
  std::filesystem::path out;     // the ensemble's file
  EnsembleConfiguration config;  // sections ensemble, rules; data and costs where no member is a model
  ProgressOptions progress;
};

/// The ensemble and what the validation part says about it.
struct EnsembleMakeReport {
  EnsembleSpec spec;
  RunFigures validation;  // of the ensemble itself, on the bars that its weights were set on
  std::vector<std::string> notices;
};

/// Plays every member over the validation part of the first model's card (the configuration's where there is
/// no model), fits temperatures and confidences to what happened there, sets the first weights by the Sharpe
/// ratio, and writes the file. Throws Error "ensemble.bad_members" with everything that is wrong with the
/// members, "ensemble.members_differ" with all that does not fit, and what reading the bars throws;
/// Interrupted after Ctrl-C, when nothing has been written.
EnsembleMakeReport make_ensemble_file(const EnsembleMakeRequest& request);

/// Its parts, for training and studies: the members as specs with nothing fitted, and fitting on bars that
/// are in memory. `market` is not scaled.
std::vector<MemberSpec> read_members(const std::vector<std::string>& members,
                                     const strategy::ExpertConfig& expert = {});
EnsembleMakeReport fit_ensemble(EnsembleSpec spec, const market::Bars& bars, const env::MarketData& market,
                                market::BarRange validation, const EnsembleConfiguration& config,
                                const ProgressOptions& progress);

/// First weights: proportional to exp(sharpness x Sharpe ratio on validation), with the sum 1.
void weigh_members(std::vector<MemberSpec>& members, double sharpness);

/// A card for members that have none: this environment and split, a scaler that changes nothing.
ModelCard plain_card(const market::Bars& bars, const Config& config);

/// What `stevie ensemble evaluate` is asked to do.
struct EnsembleEvaluateRequest {
  std::filesystem::path model = {}, data = {};
  std::optional<TimeMs> from = {}, to = {};  // default: the test period of the ensemble's card
  /// Folder for report.html, evaluation.json, trades.csv, ensemble_results.json, ensemble_decisions.json;
  /// empty: nothing is written.
  std::filesystem::path out = {};
  std::filesystem::path report = {};                   // the HTML report alone; empty: not written
  std::filesystem::path decisions = {}, trades = {};   // single files; empty: not written
  std::optional<execution::EngineConfig> engine = {};  // instead of the card's costs and account
  RuleConfig measuring = {};                           // of members that are rules
  std::uint64_t decisions_bytes = 16ULL << 20U;
  std::size_t decisions_files = 8;
  bool synthetic = false;
  stats::BootstrapConfig bootstrap = {};
  ProgressOptions progress = {};
};

struct EnsembleReport {
  evaluation::Evaluation evaluation;  // the ensemble; its members stand behind the baselines
  std::string members;                // a table for people: each member beside the ensemble
};

/// Plays the ensemble, and every member alone, over the period once. Throws what reading the files throws,
/// "evaluation.bad_range", Interrupted.
EnsembleReport evaluate_ensemble(const EnsembleEvaluateRequest& request);

/// What is in an ensemble's file, as a table for people.
std::string describe_ensemble(const EnsembleSpec& spec);

}  // namespace stevie::app
