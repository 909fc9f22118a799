#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/evaluation.h"
#include "evaluation/signal_replay.h"

namespace stevie::app {

/// What `stevie backtest` is asked to do. An empty output path: not written.
struct BacktestRequest {
  std::filesystem::path bars;
  std::filesystem::path signals;
  std::filesystem::path detail_bars;  // finer bars for IntrabarPolicy::detail; empty: none
  std::filesystem::path trades_out;   // one CSV row per round trip
  std::filesystem::path report;       // HTML
  evaluation::ReplayConfig config;
  stats::BootstrapConfig bootstrap;
};

/// Reads bars and signals, replays them, measures the run beside the baselines and writes the files asked
/// for. The engine's notices are in the description. Throws Error for everything wrong with the files or the
/// configuration, and "evaluation.bad_range" for fewer than two bars; nothing has been written then.
evaluation::Evaluation run_signal_backtest(const BacktestRequest& request);

/// The engine's notices as sentences: the first ones, and how many more there are.
std::vector<std::string> notice_texts(const std::vector<execution::Notice>& notices);

/// The finer bars of `file`, for IntrabarPolicy::detail; an empty tape where no file is named. Throws Error
/// "signals.no_detail" where they are not finer than `interval` or the policy asks for bars that are not
/// named.
execution::BarTape read_detail(const std::filesystem::path& file, TimeMs interval,
                               const execution::EngineConfig& engine);

/// The costs of trading and the account at the start, as rows of a report's configuration.
std::vector<std::pair<std::string, std::string>> describe_costs(const execution::EngineConfig& engine);

}  // namespace stevie::app
