#pragma once
#include <filesystem>
#include <optional>

#include "core/time.h"
#include "evaluation/evaluation.h"
#include "execution/engine.h"
#include "strategy/expert.h"

namespace stevie::app {

/// What `stevie backtest --strategy rsi-ma` is asked to do. An empty path: not written.
struct ExpertBacktestRequest {
  std::filesystem::path bars;
  std::optional<TimeMs> from, to;
  std::filesystem::path detail_bars;  // finer bars for IntrabarPolicy::detail; empty: none
  std::filesystem::path explain;      // one JSON object per decision and line, text for .txt, packed for .gz
  std::filesystem::path trades_out;   // one CSV row per round trip
  std::filesystem::path report;       // HTML
  strategy::ExpertConfig expert;
  execution::EngineConfig engine;  // without exits: each position has its own stop
  stats::BootstrapConfig bootstrap;
};

/// Plays the expert over the bars and measures the run beside the baselines. How often each thing was decided
/// is told in the description's notices. Throws Error for everything wrong with files and settings, and
/// "evaluation.bad_range" for fewer than two bars; nothing has been written then.
evaluation::Evaluation run_expert_backtest(const ExpertBacktestRequest& request);

}  // namespace stevie::app
