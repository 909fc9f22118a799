#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "ledger/ledger_testing.h"
#include "live/parameter_store.h"
#include "validation/gate.h"

namespace stevie::live {

/// For tests: a proposal whose returns are better beyond doubt, as the gate takes it.
inline validation::Evidence convincing_evidence(const std::string& base_hash,
                                                const std::string& proposed_hash) {
  constexpr std::size_t days = 800;
  constexpr std::int64_t first_day = 19'000;
  constexpr double volatility = 0.01, advantage = 0.1;
  RandomStream random(1, 0);
  validation::Evidence evidence;
  evidence.running.parameters_hash = base_hash;
  evidence.running.path = "bars";
  evidence.running.costs = "costs";
  evidence.running.days.resize(days);
  std::iota(evidence.running.days.begin(), evidence.running.days.end(), first_day);
  evidence.running.turnover = 10;
  evidence.running.trades = 200;
  evidence.running.win_rate = 0.5;
  evidence.proposed = evidence.running;
  evidence.proposed.parameters_hash = proposed_hash;
  for (std::size_t day = 0; day < days; ++day) {
    const double market = volatility * random.normal();
    evidence.running.returns.push_back(market);
    evidence.proposed.returns.push_back(market + volatility * (advantage + 0.1 * random.normal()));
  }
  evidence.running.doubled_costs_returns = evidence.running.returns;
  evidence.proposed.doubled_costs_returns = evidence.proposed.returns;
  evidence.causality = {true, true, "all decisions"};
  evidence.candidates = {evidence.proposed.returns};
  evidence.trials = 1;
  return evidence;
}

/// For tests: the gate's approval of going from one content to the other.
inline validation::Approval approval_of(const std::string& base_hash, const std::string& proposed_hash) {
  validation::GateConfig config;
  config.replicates = 200;
  const validation::GateDecision decision =
      validation::judge(convincing_evidence(base_hash, proposed_hash), config);
  return decision.approval.value();
}

/// For tests: the layers with one global value changed.
inline strategy::ParameterLayers with(strategy::ParameterLayers layers, strategy::Parameter parameter,
                                      double value) {
  layers.global[parameter] = value;
  return layers;
}

/// For tests: a store with its own connection to the ledger of a place.
struct TestStore {
  explicit TestStore(const ledger::TestPlace& place)
      : ledger(place.open()), store(*ledger, [this] { return time += second_ms; }) {}

  TimeMs time = 1'700'000'000'000;
  std::unique_ptr<ledger::Ledger> ledger;
  ParameterStore store;
};

}  // namespace stevie::live
