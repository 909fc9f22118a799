#include "app/params.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/file.h"
#include "core/printable.h"
#include "ledger/ledger.h"
#include "market/csv.h"
#include "market/symbol.h"
#include "strategy/regime.h"

namespace stevie::app {
namespace {

constexpr std::string_view default_word = "default";

/// Reads "NAME=VALUE" into `value`; returns what is wrong, or nothing.
std::string read_assignment(const std::string& text, live::ManualValue& value) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fmt::format("'{}' is not NAME=VALUE", printable(text));
  }
  try {
    value.parameter = strategy::parse_parameter(text.substr(0, equals));
  } catch (const Error& error) {
    return error.message();
  }
  const std::string number = text.substr(equals + 1);
  if (number == default_word) return {};
  value.value = market::parse_number(number);
  if (value.value) return {};
  return fmt::format("'{}' is not a number for {}: give one, or the word default", printable(number),
                     strategy::to_string(value.parameter));
}

/// Those that can be read; what is wrong with the others goes into `faults`.
std::vector<live::ManualValue> read_assignments(std::span<const std::string> assignments,
                                                const ParameterScope& scope,
                                                std::vector<std::string>& faults) {
  std::vector<live::ManualValue> values;
  for (const std::string& text : assignments) {
    live::ManualValue value{.symbol = scope.symbol, .regime = scope.regime};
    if (std::string fault = read_assignment(text, value); fault.empty()) {
      values.push_back(std::move(value));
    } else {
      faults.push_back(std::move(fault));
    }
  }
  return values;
}

}  // namespace

OpenParameters open_parameters(const ledger::LedgerConfig& config) {
  OpenParameters open;
  open.ledger = ledger::Ledger::open(config);
  open.store = std::make_unique<live::ParameterStore>(*open.ledger);
  return open;
}

ParameterScope parse_scope(const std::string& symbol, const std::string& regime) {
  ParameterScope scope;
  if (printable(symbol) != symbol || symbol.find_first_of("\n\t") != std::string::npos)
    throw Error("app.bad_symbol",
                fmt::format("'{}' is no symbol: give plain text, as in BTC/USDT", printable(symbol)));
  if (!symbol.empty()) scope.symbol = market::canonical_symbol(symbol);
  if (!regime.empty()) scope.regime = strategy::parse_regime(regime);
  return scope;
}

std::vector<live::ManualValue> parse_values(std::span<const std::string> assignments,
                                            const ParameterScope& scope) {
  std::vector<std::string> faults;
  std::vector<live::ManualValue> values = read_assignments(assignments, scope, faults);
  if (!faults.empty()) throw Error("live.refused_change", fmt::format("{}", fmt::join(faults, "; ")));
  return values;
}

live::ParameterVersion set_parameters(live::ParameterStore& store, std::span<const std::string> assignments,
                                      const ParameterScope& scope, const live::Signature& person) {
  std::vector<std::string> faults;
  const std::vector<live::ManualValue> values = read_assignments(assignments, scope, faults);
  if (faults.empty()) return store.set(values, person);
  if (!values.empty()) {
    std::ranges::move(live::manual_faults(values, person), std::back_inserter(faults));
  }
  throw Error("live.refused_change", fmt::format("nothing was changed: {}", fmt::join(faults, "; ")));
}

live::ParameterVersion reset_parameters(live::ParameterStore& store, const live::Signature& person) {
  const strategy::ParameterLayers& now = store.current().layers;
  const strategy::ParameterSet defaults = strategy::default_parameters();
  std::vector<live::ManualValue> values;
  for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
    const auto parameter = static_cast<strategy::Parameter>(i);
    if (now.global[parameter] != defaults[parameter])
      values.push_back({.parameter = parameter, .value = defaults[parameter]});
  }
  for (const auto& [symbol, overrides] : now.by_symbol) {
    for (const auto& [parameter, value] : overrides)
      values.push_back({.parameter = parameter, .value = std::nullopt, .symbol = symbol});
  }
  for (const auto& [regime, overrides] : now.by_regime) {
    for (const auto& [parameter, value] : overrides)
      values.push_back({.parameter = parameter, .value = std::nullopt, .regime = regime});
  }
  if (values.empty())
    throw Error("live.refused_change", "nothing was changed: all parameters have their defaults already");
  return store.set(values, person);
}

live::ParameterVersion import_parameters(live::ParameterStore& store, const std::string& file,
                                         const live::Signature& person) {
  return store.import(read_file(file), file, person);
}

}  // namespace stevie::app
