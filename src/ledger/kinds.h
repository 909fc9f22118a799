#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/ledger.h"

namespace stevie::ledger {

/// A kind of event that a ledger holds.
struct KindCount {
  std::string kind;
  std::uint64_t events = 0;
  std::uint64_t newest = 0;  // number of the newest of them
};

/// All kinds, by name. Answered by an index of the database: no event is read. Opens a connection of its own.
/// Throws as Ledger::open() with Access::read does.
std::vector<KindCount> count_kinds(const LedgerConfig& config);

}  // namespace stevie::ledger
