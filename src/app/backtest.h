#pragma once
#include <filesystem>
#include <string>

#include "evaluation/signal_replay.h"
#include "stats/metrics.h"

namespace stevie::app {

/// What `stevie backtest` is asked to do.
struct BacktestRequest {
  std::filesystem::path bars;
  std::filesystem::path signals;
  std::filesystem::path detail_bars;  // finer bars; empty: none
  std::filesystem::path trades_out;   // where the round trips go; empty: nowhere
  evaluation::ReplayConfig config;
};

struct BacktestReport {
  BacktestRequest request;
  std::string symbol;
  evaluation::Replay replay;
  stats::Performance performance;
};

/// Reads bars and signals, replays, measures, and writes the trades file. Throws Error for everything wrong
/// with the files or the configuration; the trades file is then untouched.
BacktestReport run_signal_backtest(const BacktestRequest& request);

/// For a terminal: span, equity, metrics, costs, exits by reason, notices.
std::string backtest_text(const BacktestReport& report);

/// One JSON object: docs/backtest.md lists its members. An absent metric is {"value": null, "reason": "..."}.
std::string backtest_json(const BacktestReport& report);

}  // namespace stevie::app
