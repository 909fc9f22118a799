#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "live/live_records.h"

namespace stevie::ledger {
class Ledger;
}  // namespace stevie::ledger

namespace stevie::live {

/// What the ledger knows of the account.
struct LiveRecord {
  std::optional<StepRecord> newest;      // nothing: the account was never traded
  std::uint64_t sequence = 0;            // of its event
  std::map<std::string, double> folded;  // positions: sums of the fills of the newest steps
  std::vector<broker::Fill> fills;       // of the newest steps, oldest first
  std::vector<LiveCommand> commands;     // that nobody has carried out yet, oldest first
  std::uint64_t newest_command = 0;      // ledger number of the newest of all, carried out or not
};

/// What persons asked for with events behind number `after`, up to and with `newest`; oldest first. Throws as
/// the ledger does.
std::vector<LiveCommand> read_commands(const ledger::Ledger& ledger, std::uint64_t after,
                                       std::uint64_t newest);

/// Reads the newest steps and what persons have asked for since. Throws Error "live.damaged_step" and as the
/// ledger does.
LiveRecord read_live_record(const ledger::Ledger& ledger);

/// Adds a fill to positions; what rounding leaves of a closed one is nothing.
void add_fill(std::map<std::string, double>& positions, const broker::Fill& fill);

/// One sentence for each position and waiting order in which record and broker differ; empty where they
/// agree.
std::vector<std::string> account_differences(const std::map<std::string, double>& positions,
                                             const std::vector<std::string>& waiting,
                                             const broker::AccountView& account);
/// The same between two ways to the record's positions.
std::vector<std::string> record_differences(const std::map<std::string, double>& recorded,
                                            const std::map<std::string, double>& folded);

}  // namespace stevie::live
