#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "live/parameter_store.h"

namespace stevie::ledger {
class Ledger;
struct LedgerConfig;
}  // namespace stevie::ledger

namespace stevie::app {

/// The parameter store over the ledger it stands on.
struct OpenParameters {
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<live::ParameterStore> store;
};
/// Opens both; makes the ledger and version 1 where there are none. Throws as Ledger::open and ParameterStore
/// do.
OpenParameters open_parameters(const ledger::LedgerConfig& config);

/// For which symbol and regime values are shown or set; both absent: the values that serve all.
struct ParameterScope {
  std::string symbol;
  std::optional<strategy::Regime> regime;
};

/// Texts as a person types them: the symbol in any common spelling, the regime by its name; empty ones are
/// absent. Throws Error "strategy.unknown_regime", "app.bad_symbol".
ParameterScope parse_scope(const std::string& symbol, const std::string& regime);

/// Reads texts like "volPctBreakout=65" and "slNews=default" without applying them. Throws Error
/// "live.refused_change" with the faults of all texts.
std::vector<live::ManualValue> parse_values(std::span<const std::string> assignments,
                                            const ParameterScope& scope);

/// Reads "volPctBreakout=65" and applies it with its neighbours as one version; "=default" takes the symbol's
/// or regime's own value away, and gives the schema's default globally. Throws Error "live.refused_change"
/// with the faults of all texts, of the bounds and of the signature together.
live::ParameterVersion set_parameters(live::ParameterStore& store, std::span<const std::string> assignments,
                                      const ParameterScope& scope, const live::Signature& person);

/// Sets every value back to the schema's default and takes all values of symbols and regimes away, as one
/// version. Throws Error "live.refused_change" where that is what is in force already, and as set() does.
live::ParameterVersion reset_parameters(live::ParameterStore& store, const live::Signature& person);

/// Reads the file and imports it. Throws as read_file and ParameterStore::import do.
live::ParameterVersion import_parameters(live::ParameterStore& store, const std::string& file,
                                         const live::Signature& person);

/// What follows is for people, and the same as JSON.

/// Every parameter with its value in this scope, the layer that gives it, and what the schema says.
std::string show_text(const live::ParameterVersion& version, const ParameterScope& scope);
std::string show_json(const live::ParameterVersion& version, const ParameterScope& scope);

/// Name, unit, bounds, meaning of every parameter.
std::string schema_text();
std::string schema_json();

/// The newest `last` versions, newest first: who, when, why, and what changed from the version before.
std::string history_text(std::span<const live::ParameterVersion> versions, std::size_t last);
std::string history_json(std::span<const live::ParameterVersion> versions, std::size_t last);

/// One line for each value that differs.
std::string diff_text(const live::ParameterVersion& from, const live::ParameterVersion& to);
std::string diff_json(const live::ParameterVersion& from, const live::ParameterVersion& to);

/// What the gate said of each proposal, with the number that `stevie params override` takes, newest first.
std::string proposals_text(std::span<const live::JudgedProposal> proposals,
                           const live::ParameterVersion& current);
std::string proposals_json(std::span<const live::JudgedProposal> proposals,
                           const live::ParameterVersion& current);

/// "version 4 is in force: volPctBreakout 70 -> 65".
std::string change_text(const live::ParameterVersion& before, const live::ParameterVersion& after);

}  // namespace stevie::app
