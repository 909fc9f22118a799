#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strategy/regime.h"

namespace stevie::strategy {

/// The twelve numbers by which the rules trade, in the order of parameter_schema().
enum class Parameter : std::uint8_t {
  vol_pct_breakout,
  vol_pct_mean_revert,
  social_go,
  cost_cap_bps,
  base_risk_pct,
  news_max_risk_pct,
  tp_breakout,
  sl_breakout,
  tp_revert,
  sl_revert,
  tp_news,
  sl_news
};
inline constexpr std::size_t parameter_count = 12;

/// What a parameter means and what it may hold. The one description that files, commands, searches and
/// docs/strategy.md take theirs from.
struct ParameterInfo {
  std::string_view name;     // "volPctBreakout": in files, flags and reports
  std::string_view unit;     // "percentile", "score", "bps", "% of equity", "ATR"
  std::string_view meaning;  // one plain sentence
  std::string_view used_by;  // "breakout", "mean reversion", "news", "every rule"
  double default_value = 0;
  double minimum = 0, maximum = 0;  // both allowed; no value between them can ruin an account by itself
  double step = 0;                  // resolution of a search; a person may choose a value between two steps
  bool live_changeable = true;      // takes effect at the next bar; open positions keep their exits
};

/// Of all parameters, indexed by Parameter.
std::span<const ParameterInfo, parameter_count> parameter_schema();
inline const ParameterInfo& info(Parameter parameter) {
  return parameter_schema()[static_cast<std::size_t>(parameter)];
}
/// The parameter's name in files and flags.
inline std::string_view to_string(Parameter parameter) {
  return info(parameter).name;
}
/// Throws Error "strategy.unknown_parameter", which names the nearest parameter there is.
Parameter parse_parameter(std::string_view name);

/// One value for each parameter, in the units of the schema.
struct ParameterSet {
  std::array<double, parameter_count> values{};  // indexed by Parameter

  double operator[](Parameter parameter) const { return values[static_cast<std::size_t>(parameter)]; }
  double& operator[](Parameter parameter) { return values[static_cast<std::size_t>(parameter)]; }
  friend bool operator==(const ParameterSet&, const ParameterSet&) = default;
};

ParameterSet default_parameters();

/// What is wrong with one value: not finite, or outside the bounds. Empty where nothing is.
std::string parameter_fault(Parameter parameter, double value);
/// One sentence for each value that is not allowed; empty where all are.
std::vector<std::string> parameter_faults(const ParameterSet& set);
/// The nearest allowed value that is a whole number of steps from the minimum. NaN gives the default.
double snap(Parameter parameter, double value);

/// The values that one layer changes; the others pass through.
using Overrides = std::map<Parameter, double>;

/// Parameters for all symbols and market regimes. A symbol's value replaces the global one, a regime's
/// replaces both.
struct ParameterLayers {
  ParameterSet global = default_parameters();
  std::map<std::string, Overrides> by_symbol;  // "BTC/USDT", as in Bars::symbol
  std::map<Regime, Overrides> by_regime;

  friend bool operator==(const ParameterLayers&, const ParameterLayers&) = default;
};

/// What a symbol trades by in each regime.
struct ResolvedParameters {
  std::array<ParameterSet, regime_count> by_regime{};  // indexed by Regime

  const ParameterSet& operator[](Regime regime) const { return by_regime[static_cast<std::size_t>(regime)]; }
  friend bool operator==(const ResolvedParameters&, const ResolvedParameters&) = default;
};

/// The last layer that names a parameter wins: global, then symbol, then regime. A symbol without overrides
/// gets the global values.
ResolvedParameters resolve(const ParameterLayers& layers, std::string_view symbol);
/// The same set in every regime.
ResolvedParameters resolve(const ParameterSet& set);

/// What is wrong with any value of any layer, and with the names of symbols; empty where nothing is.
std::vector<std::string> layer_faults(const ParameterLayers& layers);

/// Canonical JSON: {"global":{...},"regimes":{"bear":{...}},"symbols":{"BTC/USDT":{...}}}. All twelve global
/// values, sorted keys, no white space, shortest doubles that read back the same; layers that change nothing
/// are left out. Equal content gives equal bytes. Throws Error "strategy.bad_parameters" for layers with
/// faults.
std::string to_json(const ParameterLayers& layers);

/// Reads what to_json wrote, or a person: order and white space are free, "regimes" and "symbols" may be
/// absent, a global value that is absent is the default. At most a MiB.
/// Throws Error "strategy.bad_parameters" at `place` for text that is not such JSON, with all that is wrong:
/// unknown or repeated names, values that are not numbers or outside their bounds, unknown regimes, symbols
/// that are empty, longer than 64 bytes or not printable ASCII.
ParameterLayers parse_parameter_layers(std::string_view json, const std::string& place);

}  // namespace stevie::strategy
