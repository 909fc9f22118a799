#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/rule_config.h"
#include "app/social_sources.h"
#include "evaluation/evaluation.h"
#include "execution/engine.h"
#include "strategy/rules.h"

namespace stevie::app {

/// What `stevie backtest --strategy rules` is asked to do. An empty output path: not written.
struct RulesBacktestRequest {
  std::filesystem::path bars;
  SocialRequest social;
  std::optional<TimeMs> from, to;    // absent: all bars from the first one on which the rules can decide
  std::filesystem::path parameters;  // JSON of strategy::ParameterLayers; empty: the defaults
  std::vector<std::string>
      settings;  // "volPctBreakout=65": for every symbol and regime, whatever the file says
  std::filesystem::path detail_bars;  // finer bars for IntrabarPolicy::detail; empty: none
  std::filesystem::path explain;     // one JSON object per decision and line; gzip where the name ends in .gz
  std::filesystem::path trades_out;  // one CSV row per round trip
  std::filesystem::path report;      // HTML
  RuleConfig measuring;              // what the rules look at
  execution::EngineConfig engine;    // without exits: each position has its own
  stats::BootstrapConfig bootstrap;
};

/// What one rule's positions brought.
struct RuleTally {
  std::size_t trades = 0, wins = 0;
  double profit = 0;  // account currency, net
};

struct RulesBacktest {
  evaluation::Evaluation evaluation;  // what happened is told in words in its description's notices
  strategy::RuleCounts counts;
  std::uint64_t cut_by_leverage = 0;  // entries that the leverage limit made smaller than their risk asks
  std::array<RuleTally, strategy::rule_count> by_rule{};  // indexed by Rule
};

/// Runs the rules over the bars and measures the run beside the baselines. Throws Error for everything wrong
/// with files and flags, all faults of the parameters together ("strategy.bad_parameters"), and
/// "evaluation.bad_range" for fewer than two bars behind the ones that the rules need; nothing has been
/// written then.
RulesBacktest run_rules_backtest(const RulesBacktestRequest& request);

}  // namespace stevie::app
