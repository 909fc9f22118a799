#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/goal.h"
#include "app/optimize_search.h"
#include "app/optimize_windows.h"
#include "app/rule_market.h"
#include "core/thread_pool.h"
#include "execution/engine.h"
#include "live/parameter_store.h"
#include "validation/gate.h"

namespace stevie::app {

/// The part of the history that only the gate sees.
struct UnseenData {
  std::vector<std::string> symbols;  // in the order of the markets; the file's name where bars have none
  std::int64_t first_day = 0, last_day = 0;  // utc_day, both in it
  std::string fingerprint;                   // SHA-256 of the bars there, in hex
};
UnseenData unseen_data(std::span<const RuleMarket> markets, const TimeRange& gate);

/// What earlier sessions did on days and symbols that this one is judged on: the error that the gate may make
/// is shared with them.
struct EarlierJudgements {
  std::size_t judged = 0;
  std::vector<std::size_t> promoted;  // which of them, from 1
  std::size_t candidates = 0;         // that they looked at in all
};
/// Counts the decisions on record whose unseen part shares a symbol and a day with `data`; those of `session`
/// itself, which was stopped behind its verdict and goes on, do not count.
EarlierJudgements earlier_judgements(std::span<const live::JudgedProposal> decisions, const UnseenData& data,
                                     const std::string& session);

/// The engine with every fee, spread, slippage, impact and funding doubled.
execution::EngineConfig with_doubled_costs(execution::EngineConfig engine);
/// costCapBps doubled in every layer: with doubled costs the same trades are taken as before, so that what is
/// compared is what they cost. The result may lie outside the schema's bounds.
strategy::ParameterLayers with_doubled_cost_cap(strategy::ParameterLayers layers);

/// Replays both arms one bar at a time, on inputs measured one bar at a time, through
/// evaluation::run_backtest and compares them with the sweep bit for bit.
validation::CausalityCheck check_causality(std::span<const RuleMarket> markets, const TimeRange& gate,
                                           const execution::EngineConfig& engine,
                                           std::span<const strategy::ParameterLayers> arms);

/// What the gate is asked.
struct JudgeRequest {
  std::span<const RuleMarket> markets;
  const Windows& windows;
  const execution::EngineConfig& engine;
  const ParameterSearch& search;
  Goal goal;
  strategy::ParameterLayers base;
  std::size_t proposed = 0;  // index of the candidate
  std::uint64_t seed = 1;    // of the search
  std::string session;
  UnseenData unseen;
  EarlierJudgements earlier;
  validation::GateConfig gate;
};

struct Judgement {
  validation::GateDecision decision;
  std::string report;  // JSON of the gate's report with "session": what was unseen, how many candidates
  WindowOutcome running, proposed;            // on the unseen window
  std::vector<std::optional<double>> unseen;  // (candidates) goal_value there; absent for what runs already
};

/// Replays every candidate on the unseen window and asks the gate. Throws what the gate throws.
Judgement judge_proposal(const JudgeRequest& request, ThreadPool* pool);

}  // namespace stevie::app
