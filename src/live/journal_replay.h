#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "live/live_head.h"
#include "live/rule_live_strategy.h"

namespace stevie::live {

/// The parameters that a journal recorded, as a strategy reads them: those of the newest line "parameters".
class JournalParameters {
 public:
  void set(const std::string& symbol, std::uint64_t version, const strategy::ResolvedParameters& values) {
    versions_[symbol] = {version, values};
  }
  /// Version 0, the defaults, before there is one. The object must outlive the feed.
  ParameterFeed feed(const std::string& symbol) {
    return {[this, symbol]() -> const strategy::ResolvedParameters& { return versions_[symbol].values; },
            [this, symbol] { return versions_[symbol].version; }};
  }

 private:
  struct Version {
    std::uint64_t version = 0;
    strategy::ResolvedParameters values = strategy::resolve(strategy::default_parameters());
  };
  std::map<std::string, Version> versions_;
};

/// A fresh broker and fresh strategies, as the session had them.
struct ReplayParts {
  std::unique_ptr<broker::Broker> broker;
  std::vector<std::unique_ptr<LiveStrategy>> strategies;  // by symbol of the head
};
using ReplayFactory = std::function<ReplayParts(const JournalHead& head, JournalParameters& parameters)>;

struct JournalReplay {
  std::string session;
  std::uint64_t steps = 0, decisions = 0, orders = 0, fills = 0, commands = 0, versions = 0;
  std::string difference;  // the first one, with its place; empty: everything is equal, bit for bit
  bool equal() const { return difference.empty(); }
};

/// Puts the recorded bars, parameters and commands through fresh strategies, broker and risk engine, and
/// compares everything that came out. Stops at the first difference. Throws Error "live.no_journal",
/// "live.damaged_journal", "live.newer_journal" and what the factory throws.
JournalReplay replay_journal(const std::filesystem::path& folder, const ReplayFactory& factory);

}  // namespace stevie::live
