#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "env/trading_env.h"
#include "evaluation/evaluation.h"
#include "nn/network.h"

namespace stevie::app {

/// A policy and the bars it is judged on, all in memory. What training and `stevie evaluate` have in common.
struct PolicyEvaluation {
  std::shared_ptr<const nn::ActorCritic> network;
  std::shared_ptr<const env::MarketData> market;  // features scaled with the model's own scaler
  const market::Bars& bars;                       // the bars the market was made of
  market::BarRange period;            // moved forward to the end of the features' warm-up if need be
  env::TradingEnvConfig environment;  // exposures, instrument, initial equity
  evaluation::Description description;
  stats::BootstrapConfig bootstrap;
};

/// Runs the policy and the baselines over the period and measures them. Throws Error "evaluation.bad_range"
/// where the period holds fewer than two usable bars.
evaluation::Evaluation evaluate_policy(const PolicyEvaluation& request);

/// Writes report.html and evaluation.json into the folder, each under a temporary name first.
void write_evaluation(const evaluation::Evaluation& evaluation, const std::filesystem::path& folder);

}  // namespace stevie::app
