#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "ledger/kinds.h"
#include "ledger/ledger.h"

namespace stevie::app {

/// Which events a person asks for.
struct LedgerQuery {
  std::string kind, without, author, text;  // as in ledger::Filter
  std::string since, until;                 // times as in core/time.h; empty: any
  std::optional<std::size_t> last;          // only the newest so many of those
  /// Throws Error "time.bad_stamp".
  ledger::Filter filter() const;
};

/// For people: one line for each event, 120 columns wide unless `whole_bodies`.
void show_events(const ledger::Ledger& ledger, const LedgerQuery& query, bool whole_bodies,
                 std::ostream& out);

enum class EventFormat : std::uint8_t { json_lines, csv };
/// For programs: see ledger/export.h.
void export_events(const ledger::Ledger& ledger, const LedgerQuery& query, EventFormat format,
                   std::ostream& out);

/// The kinds of events with their counts, for people and as a JSON array.
std::string kinds_text(const std::vector<ledger::KindCount>& kinds);
std::string kinds_json(const std::vector<ledger::KindCount>& kinds);

/// What verify() found, for people and as a JSON object.
std::string verification_text(const ledger::Verification& found);
std::string verification_json(const ledger::Verification& found);

/// Proofs as JSON objects; every hash in hex.
std::string proof_json(const ledger::InclusionProof& proof);
std::string proof_json(const ledger::ConsistencyProof& proof);

}  // namespace stevie::app
