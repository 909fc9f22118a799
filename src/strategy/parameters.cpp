#include "strategy/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"

namespace stevie::strategy {
namespace {

using nlohmann::json;

constexpr std::size_t most_json_bytes = 1 << 20;
constexpr std::size_t most_symbol_bytes = 64;
constexpr std::size_t most_faults = 100;  // a person reads no more, a hostile file would give millions
constexpr std::size_t most_quoted_bytes = 40;
constexpr double decimals = 1e6;  // every bound and step is a whole number of millionths

constexpr std::array<ParameterInfo, parameter_count> schema{{
    {.name = "volPctBreakout",
     .unit = "percentile",
     .meaning = "Breakouts are traded while realised volatility ranks at or above this in its trailing year",
     .used_by = "breakout",
     .default_value = 70,
     .minimum = 50,
     .maximum = 99,
     .step = 1},
    {.name = "volPctMeanRevert",
     .unit = "percentile",
     .meaning = "Stretched closes are faded while realised volatility ranks at or below this",
     .used_by = "mean reversion",
     .default_value = 30,
     .minimum = 1,
     .maximum = 50,
     .step = 1},
    {.name = "socialGo",
     .unit = "score",
     .meaning = "A fresh event is bought from this social score on, and sold from its mirror on",
     .used_by = "news",
     .default_value = 0.75,
     .minimum = 0.3,
     .maximum = 1,
     .step = 0.01},
    {.name = "costCapBps",
     .unit = "bps",
     .meaning = "A trade whose expected round trip costs more than this is not taken",
     .used_by = "every rule",
     .default_value = 8,
     .minimum = 1,
     .maximum = 50,
     .step = 0.5},
    {.name = "baseRiskPct",
     .unit = "% of equity",
     .meaning = "What a position loses at its stop, before costs",
     .used_by = "every rule",
     .default_value = 1,
     .minimum = 0.1,
     .maximum = 2,
     .step = 0.05},
    {.name = "newsMaxRiskPct",
     .unit = "% of equity",
     .meaning = "Largest risk of a news position; the smaller of this and baseRiskPct counts",
     .used_by = "news",
     .default_value = 0.5,
     .minimum = 0.1,
     .maximum = 1,
     .step = 0.05},
    {.name = "tpBreakout",
     .unit = "ATR",
     .meaning = "Distance of the take profit of a breakout from its entry",
     .used_by = "breakout",
     .default_value = 4,
     .minimum = 1,
     .maximum = 12,
     .step = 0.25},
    {.name = "slBreakout",
     .unit = "ATR",
     .meaning = "Distance of the stop of a breakout from its entry",
     .used_by = "breakout",
     .default_value = 2,
     .minimum = 0.5,
     .maximum = 6,
     .step = 0.25},
    {.name = "tpRevert",
     .unit = "ATR",
     .meaning = "Distance of the take profit of a mean reversion; it leaves at the mean if that comes first",
     .used_by = "mean reversion",
     .default_value = 3,
     .minimum = 0.5,
     .maximum = 8,
     .step = 0.25},
    {.name = "slRevert",
     .unit = "ATR",
     .meaning = "Distance of the stop of a mean reversion from its entry",
     .used_by = "mean reversion",
     .default_value = 2,
     .minimum = 0.5,
     .maximum = 6,
     .step = 0.25},
    {.name = "tpNews",
     .unit = "ATR",
     .meaning = "Distance of the take profit of a news position from its entry",
     .used_by = "news",
     .default_value = 3,
     .minimum = 1,
     .maximum = 12,
     .step = 0.25},
    {.name = "slNews",
     .unit = "ATR",
     .meaning = "Distance of the stop of a news position from its entry",
     .used_by = "news",
     .default_value = 1.5,
     .minimum = 0.5,
     .maximum = 6,
     .step = 0.25},
}};

std::string quote(std::string_view text) {
  const bool cut = text.size() > most_quoted_bytes;
  return "'" + printable(text.substr(0, most_quoted_bytes)) + (cut ? "...'" : "'");
}

std::optional<Parameter> find_parameter(std::string_view name) {
  for (std::size_t i = 0; i < parameter_count; ++i) {
    if (schema[i].name == name) return static_cast<Parameter>(i);
  }
  return std::nullopt;
}

std::string unknown_parameter(std::string_view name) {
  std::array<std::string_view, parameter_count> names;
  for (std::size_t i = 0; i < parameter_count; ++i) names[i] = schema[i].name;
  const std::string_view nearest = nearest_name(name, names);
  if (!nearest.empty()) {
    return fmt::format("there is no parameter {}; did you mean {}?", quote(name), nearest);
  }
  return fmt::format("there is no parameter {}; they are {}", quote(name), fmt::join(names, ", "));
}

std::string symbol_fault(std::string_view symbol) {
  const bool printable_ascii =
      std::all_of(symbol.begin(), symbol.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!symbol.empty() && symbol.size() <= most_symbol_bytes && printable_ascii) return {};
  return fmt::format("the symbol {} is no name: give 1 to {} printable characters without spaces",
                     quote(symbol), most_symbol_bytes);
}

void add_faults(const Overrides& overrides, const std::string& layer, std::vector<std::string>& faults) {
  for (const auto& [parameter, value] : overrides) {
    const std::string fault = parameter_fault(parameter, value);
    if (!fault.empty()) faults.push_back(layer + fault);
  }
}

[[noreturn]] void throw_faults(const std::vector<std::string>& faults, const std::string& place) {
  std::vector<std::string> shown(
      faults.begin(), faults.begin() + static_cast<std::ptrdiff_t>(std::min(faults.size(), most_faults)));
  if (faults.size() > most_faults) {
    shown.push_back(fmt::format("and {} more", faults.size() - most_faults));
  }
  throw Error("strategy.bad_parameters", fmt::format("{}", fmt::join(shown, "; ")), place);
}

json to_object(const Overrides& overrides) {
  json object = json::object();
  for (const auto& [parameter, value] : overrides) object[std::string(to_string(parameter))] = value;
  return object;
}

/// Reads one JSON text and collects what is wrong with it.
class LayerParser {
 public:
  explicit LayerParser(std::string place) : place_(std::move(place)) {}

  ParameterLayers parse(std::string_view text) {
    if (text.size() > most_json_bytes) {
      throw_faults(
          {fmt::format("the text has {} bytes: parameters need less than {}", text.size(), most_json_bytes)},
          place_);
    }
    const json root = read(text);
    if (!root.is_object()) {
      throw_faults({"parameters are a JSON object: {\"global\":{\"volPctBreakout\":70}}"}, place_);
    }
    ParameterLayers layers;
    for (const auto& [key, value] : root.items()) {
      if (key == "global") {
        for (const auto& [parameter, number] : read_overrides(value, "global")) {
          layers.global[parameter] = number;
        }
      } else if (key == "symbols") {
        read_symbols(value, layers);
      } else if (key == "regimes") {
        read_regimes(value, layers);
      } else {
        faults_.push_back("there is no layer " + quote(key) + "; they are global, symbols and regimes");
      }
    }
    if (!faults_.empty()) throw_faults(faults_, place_);
    return layers;
  }

 private:
  json read(std::string_view text) {
    std::vector<std::set<std::string>> open;  // keys seen of each object that is not closed yet
    const auto watch = [&](int, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::object_start) open.emplace_back();
      if (event == json::parse_event_t::object_end) open.pop_back();
      if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second) {
        faults_.push_back("the name " + quote(parsed.get<std::string>()) + " stands twice in one object");
      }
      return true;
    };
    try {
      return json::parse(text, watch);
    } catch (const json::exception& error) {
      throw_faults({"this is no JSON: " + printable(error.what())}, place_);
    }
  }

  Overrides read_overrides(const json& object, const std::string& layer) {
    Overrides overrides;
    if (!object.is_object()) {
      faults_.push_back(layer + " must be an object of parameters and their values");
      return overrides;
    }
    for (const auto& [name, value] : object.items()) {
      const auto parameter = find_parameter(name);
      if (!parameter) {
        faults_.push_back(layer + ": " + unknown_parameter(name));
      } else if (!value.is_number()) {
        faults_.push_back(fmt::format("{}: {} must be a number", layer, name));
      } else {
        const std::string fault = parameter_fault(*parameter, value.get<double>());
        if (!fault.empty()) faults_.push_back(layer + ": " + fault);
        overrides[*parameter] = value.get<double>();
      }
    }
    return overrides;
  }

  void read_symbols(const json& object, ParameterLayers& layers) {
    if (!object.is_object()) {
      faults_.emplace_back("symbols must be an object: {\"BTC/USDT\":{\"baseRiskPct\":0.5}}");
      return;
    }
    for (const auto& [symbol, value] : object.items()) {
      const std::string fault = symbol_fault(symbol);
      if (!fault.empty()) faults_.push_back(fault);
      Overrides overrides = read_overrides(value, "symbol " + quote(symbol));
      if (!overrides.empty()) layers.by_symbol[symbol] = std::move(overrides);
    }
  }

  void read_regimes(const json& object, ParameterLayers& layers) {
    if (!object.is_object()) {
      faults_.emplace_back("regimes must be an object: {\"bear\":{\"baseRiskPct\":0.5}}");
      return;
    }
    for (const auto& [name, value] : object.items()) {
      const auto found = std::find_if(all_regimes.begin(), all_regimes.end(),
                                      [&name = name](Regime regime) { return to_string(regime) == name; });
      if (found == all_regimes.end()) {
        faults_.push_back("there is no regime " + quote(name) + "; they are bull, bear, sideways, volatile");
        continue;
      }
      Overrides overrides = read_overrides(value, "regime " + name);
      if (!overrides.empty()) layers.by_regime[*found] = std::move(overrides);
    }
  }

  std::string place_;
  std::vector<std::string> faults_;
};

}  // namespace

std::span<const ParameterInfo, parameter_count> parameter_schema() {
  return schema;
}

Parameter parse_parameter(std::string_view name) {
  const auto found = find_parameter(name);
  if (!found) throw Error("strategy.unknown_parameter", unknown_parameter(name));
  return *found;
}

ParameterSet default_parameters() {
  ParameterSet set;
  for (std::size_t i = 0; i < parameter_count; ++i) set.values[i] = schema[i].default_value;
  return set;
}

std::string parameter_fault(Parameter parameter, double value) {
  const ParameterInfo& about = info(parameter);
  if (value >= about.minimum && value <= about.maximum) return {};
  return fmt::format("{} is {}: it must lie between {} and {} ({})", about.name, value, about.minimum,
                     about.maximum, about.unit);
}

std::vector<std::string> parameter_faults(const ParameterSet& set) {
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < parameter_count; ++i) {
    std::string fault = parameter_fault(static_cast<Parameter>(i), set.values[i]);
    if (!fault.empty()) faults.push_back(std::move(fault));
  }
  return faults;
}

double snap(Parameter parameter, double value) {
  const ParameterInfo& about = info(parameter);
  if (std::isnan(value)) return about.default_value;
  const double steps =
      std::round((std::clamp(value, about.minimum, about.maximum) - about.minimum) / about.step);
  // Rounded to the decimal grid, so that a step is the double that a person writes: 0.35, not
  // 0.35000000000000003.
  const double snapped = std::round((about.minimum + steps * about.step) * decimals) / decimals;
  return std::min(snapped, about.maximum);
}

ResolvedParameters resolve(const ParameterLayers& layers, std::string_view symbol) {
  const auto apply = [](const Overrides& overrides, ParameterSet& set) {
    for (const auto& [parameter, value] : overrides) set[parameter] = value;
  };
  ParameterSet base = layers.global;
  const auto of_symbol = layers.by_symbol.find(std::string(symbol));
  if (of_symbol != layers.by_symbol.end()) apply(of_symbol->second, base);
  ResolvedParameters resolved = resolve(base);
  for (const auto& [regime, overrides] : layers.by_regime) {
    apply(overrides, resolved.by_regime[static_cast<std::size_t>(regime)]);
  }
  return resolved;
}

ResolvedParameters resolve(const ParameterSet& set) {
  ResolvedParameters resolved;
  resolved.by_regime.fill(set);
  return resolved;
}

std::vector<std::string> layer_faults(const ParameterLayers& layers) {
  std::vector<std::string> faults;
  for (const std::string& fault : parameter_faults(layers.global)) faults.push_back("global: " + fault);
  for (const auto& [symbol, overrides] : layers.by_symbol) {
    std::string fault = symbol_fault(symbol);
    if (!fault.empty()) faults.push_back(std::move(fault));
    add_faults(overrides, "symbol " + quote(symbol) + ": ", faults);
  }
  for (const auto& [regime, overrides] : layers.by_regime) {
    add_faults(overrides, fmt::format("regime {}: ", to_string(regime)), faults);
  }
  return faults;
}

std::string to_json(const ParameterLayers& layers) {
  const std::vector<std::string> faults = layer_faults(layers);
  if (!faults.empty()) throw_faults(faults, "parameters");
  json root = json::object();
  for (std::size_t i = 0; i < parameter_count; ++i) {
    root["global"][std::string(schema[i].name)] = layers.global.values[i];
  }
  for (const auto& [symbol, overrides] : layers.by_symbol) {
    if (!overrides.empty()) root["symbols"][symbol] = to_object(overrides);
  }
  for (const auto& [regime, overrides] : layers.by_regime) {
    if (!overrides.empty()) root["regimes"][std::string(to_string(regime))] = to_object(overrides);
  }
  return root.dump();
}

ParameterLayers parse_parameter_layers(std::string_view json_text, const std::string& place) {
  return LayerParser(place).parse(json_text);
}

}  // namespace stevie::strategy
