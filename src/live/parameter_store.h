#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "live/parameter_snapshot.h"
#include "live/parameter_version.h"

namespace stevie::ledger {
class Ledger;
struct Event;
}  // namespace stevie::ledger
namespace stevie::validation {
class Approval;
enum class Verdict : std::uint8_t;  // gate.h
}  // namespace stevie::validation

namespace stevie::live {

/// Who answers for a change, and why.
struct Signature {
  std::string name;    // of the person, or of the scenario that searched
  std::string reason;  // required of persons
};

/// What is wrong with it, a sentence each: no name, no reason where one is required, too long, not one line.
std::vector<std::string> signature_faults(const Signature& signature, bool reason_required);

/// One value that a person wants changed.
struct ManualValue {
  strategy::Parameter parameter{};
  std::optional<double> value;             // absent: takes the value out of the symbol's or regime's layer
  std::string symbol;                      // empty: not for one symbol
  std::optional<strategy::Regime> regime;  // absent: not for one regime; not together with a symbol
};

/// What is wrong with a person's change before it meets the parameters in force: no values, the same value
/// twice, out of bounds, a symbol and a regime at once, no name, no reason. Empty where nothing is.
std::vector<std::string> manual_faults(std::span<const ManualValue> values, const Signature& person);

/// A proposal and what the gate said about it. The ledger keeps it as an event of kind "gate.decision",
/// whatever the verdict was, so that a person can overrule a rejection later and everybody can read why there
/// was one.
struct JudgedProposal {
  std::string scenario;  // that searched; the event's author
  validation::Verdict verdict{};
  std::string base_hash;               // parameters_hash of what ran
  strategy::ParameterLayers proposed;  // what was judged
  std::string report = "{}";           // JSON of the gate's report

  std::uint64_t sequence = 0;  // of its ledger event, once it is recorded
  TimeMs time = 0;
};

/// The versions of the parameters, and the only way to make one. Version 1, the defaults, is written on first
/// use; every other one by promote() with the gate's approval or by a person, by name and with a reason.
/// A version is one ledger event, so it is there whole or not at all, whatever ends the process. The store is
/// a projection of those events: it keeps no data of its own.
///
/// Several stores may stand over one ledger, in one process or in many. Each write happens only if the
/// version it was derived from is still the newest, which the ledger checks in the write's own transaction.
///
/// Not for several threads at once, but for cell(): its readers may be on any thread.
class ParameterStore {
 public:
  /// Reads all versions and checks each against its hash and its parent's. `ledger` must outlive the store.
  /// now: milliseconds since 1970; for tests.
  /// Throws as the ledger does and as parse_event_body() does.
  explicit ParameterStore(ledger::Ledger& ledger, std::function<TimeMs()> now = {});
  ~ParameterStore();
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  const ParameterVersion& current() const { return versions_.back(); }
  /// Oldest first; version n is at n - 1.
  std::span<const ParameterVersion> history() const { return versions_; }
  /// Throws Error "live.unknown_version" that says which there are.
  const ParameterVersion& version(std::uint64_t number) const;

  /// Reads what other processes have written since, and publishes it. True where there is a newer version.
  bool refresh();
  /// The newest version this store knows, for the strategies of this process (ParameterReader). Every new
  /// version is published here once it is on the ledger.
  ParameterCell& cell() { return cell_; }

  /// Applies what the gate approved. reason of `search`: may be empty.
  /// Throws Error "live.not_approved" where `proposed` is not what the approval is for, and "live.stale_base"
  /// where the parameters it was judged against are no longer the current ones.
  ParameterVersion promote(const validation::Approval& approval, const strategy::ParameterLayers& proposed,
                           const Signature& search);

  /// Changes values, all of them or none. Other processes' versions in between are kept: the values are set
  /// on top of the newest. Throws Error "live.refused_change" with every fault: no name, no reason, no
  /// values, the same value twice, out of bounds, not changeable while trading, nothing that would change.
  ParameterVersion set(std::span<const ManualValue> values, const Signature& person);

  /// A new version with the content of version `number`. Throws as version() and set() do.
  ParameterVersion rollback(std::uint64_t number, const Signature& person);

  /// A new version with what the gate.decision event `sequence` proposed and did not approve, on record as a
  /// person's overruling. Throws Error "live.unknown_decision" that lists the latest decisions,
  /// "live.stale_base" and as set() does.
  ParameterVersion overrule(std::uint64_t sequence, const Signature& person);

  /// A new version with the layers of an exported file (its text; `place` names it). Throws as parse_export()
  /// and set() do.
  ParameterVersion import(std::string_view json, const std::string& place, const Signature& person);

  /// Puts a verdict on record; returns the event's sequence number, which overrule() takes.
  std::uint64_t record(const JudgedProposal& proposal);
  /// The newest `last` proposals on record, oldest first. Throws Error "live.damaged_decision" and
  /// "live.newer_schema", each with the event as its place.
  std::vector<JudgedProposal> proposals(std::size_t last) const;

 private:
  /// What a change comes to, given the newest version; throws where it must not be made.
  using Derive = std::function<ParameterVersion(const ParameterVersion& newest)>;
  ParameterVersion write(const Derive& derive);
  ParameterVersion write_person(Change change, const Signature& person, const Derive& derive);
  void read_new_versions();
  void add(ParameterVersion version, const ledger::Event& event);

  ledger::Ledger& ledger_;
  std::function<TimeMs()> now_;
  std::vector<ParameterVersion> versions_;
  std::uint64_t read_to_ = 0;  // sequence number of the newest version's event
  ParameterCell cell_;
};

}  // namespace stevie::live
