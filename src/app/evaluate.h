#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/model_card.h"
#include "core/time.h"
#include "env/trading_env.h"
#include "evaluation/evaluation.h"
#include "execution/engine.h"
#include "nn/network.h"

namespace stevie::app {

/// A policy and the bars it is judged on, all in memory: what training and `stevie evaluate` have in common.
struct PolicyEvaluation {
  std::shared_ptr<const nn::ActorCritic> network;
  const ModelCard& card;          // exposures, costs and initial equity are taken from its environment
  std::string algorithm = "PPO";  // for people
  const market::Bars& bars;
  const env::MarketData& market;  // made of these bars, features scaled with the card's scaler
  market::BarRange period;        // its begin moves behind the features' warm-up if need be
  std::string model;              // for people: "models/ppo_stevie.zip, 1,000,000 steps"
  std::string data;               // for people: the file of the bars
  bool synthetic = false;         // the bars were generated
  std::vector<std::string> notices;
  stats::BootstrapConfig bootstrap;
};

/// The engine in which a policy of this environment is judged, on the validation and the test part alike.
execution::EngineConfig judging_engine(const env::TradingEnvConfig& environment);

/// Runs the policy, always taking its most probable action, and the baselines over the period. Adds a notice
/// where the period overlaps with what the card says was used in training, or the bars are of another kind.
/// Throws Error "evaluation.bad_range" where fewer than two usable bars are left.
evaluation::Evaluation evaluate_policy(const PolicyEvaluation& request);

/// Writes report.html, evaluation.json and trades.csv into the folder, each under a temporary name first.
void write_evaluation(const evaluation::Evaluation& evaluation, const std::filesystem::path& folder);

/// What `stevie evaluate` is asked to do.
struct EvaluateRequest {
  std::filesystem::path model;
  std::filesystem::path data;
  /// First open time, and the open time before which to stop. Default, where both are absent: the test period
  /// that the model records; the whole file where it has no bars there.
  std::optional<TimeMs> from, to;
  bool synthetic = false;        // the bars were generated, although neither file says so
  std::filesystem::path report;  // the HTML report goes here; empty: nowhere
  std::filesystem::path out;     // write_evaluation() into this folder; empty: nothing is written
  stats::BootstrapConfig bootstrap;
};

/// Reads model and bars, evaluates and writes what is asked for. An ensemble (app/ensemble.h) is one too: its
/// members then stand behind the baselines. Throws what reading them throws, Error
/// "model.no_card" or "model.observation_differs" where the model cannot work on these observations, and
/// "evaluation.bad_range" where the file has no bars in the period.
evaluation::Evaluation evaluate_model(const EvaluateRequest& request);

}  // namespace stevie::app
