#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "live/snapshot_cell.h"
#include "strategy/parameters.h"

namespace stevie::live {

/// One version of the parameters as the live side reads it: every layer resolved, so that a bar costs no
/// search and no allocation. Never changed once made.
struct ParameterSnapshot {
  std::uint64_t version = 0;  // ParameterVersion::number
  std::string hash;           // ParameterVersion::hash
  strategy::ResolvedParameters without_symbol;
  std::map<std::string, strategy::ResolvedParameters, std::less<>> by_symbol;  // those that have overrides

  /// What this symbol trades by.
  const strategy::ResolvedParameters& of(std::string_view symbol) const {
    const auto found = by_symbol.find(symbol);
    return found == by_symbol.end() ? without_symbol : found->second;
  }
};

/// Resolves every layer.
std::unique_ptr<const ParameterSnapshot> make_snapshot(std::uint64_t version, std::string hash,
                                                       const strategy::ParameterLayers& layers);

/// Where a ParameterStore puts each new version and readers find it.
using ParameterCell = SnapshotCell<ParameterSnapshot>;

/// What one symbol's strategy holds: the parameters of its symbol, renewed between bars.
class ParameterReader {
 public:
  ParameterReader(ParameterCell& cell, std::string symbol) : reader_(cell), symbol_(std::move(symbol)) {
    look_up(reader_.held());
  }

  /// The newest parameters; wait-free (SnapshotCell), valid until the next call.
  const strategy::ResolvedParameters& at_bar() {
    const ParameterSnapshot& snapshot = reader_.at_bar();
    if (&snapshot != snapshot_) look_up(snapshot);
    return *resolved_;
  }
  /// Of the parameters that the last at_bar() returned.
  std::uint64_t version() const { return snapshot_->version; }

 private:
  void look_up(const ParameterSnapshot& snapshot) {
    snapshot_ = &snapshot;
    resolved_ = &snapshot.of(symbol_);
  }

  ParameterCell::Reader reader_;
  std::string symbol_;
  const ParameterSnapshot* snapshot_ = nullptr;
  const strategy::ResolvedParameters* resolved_ = nullptr;
};

/// The same as a strategy::ParameterSource: what strategy::RuleStrategy asks before each decision. `cell`
/// must outlive it. Copies share one reader, so all of them stay on one thread.
std::function<const strategy::ResolvedParameters&()> parameter_source(ParameterCell& cell,
                                                                      std::string symbol);

}  // namespace stevie::live
