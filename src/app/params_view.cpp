#include "app/params_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/printable.h"
#include "strategy/regime.h"

namespace stevie::app {

std::vector<ScopedValue> values_in(const strategy::ParameterLayers& layers, const ParameterScope& scope) {
  std::vector<ScopedValue> result;
  for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
    const auto parameter = static_cast<strategy::Parameter>(i);
    const double global = layers.global[parameter];
    const bool is_default = global == strategy::info(parameter).default_value;
    result.push_back({parameter, global, is_default ? "default" : "global"});
  }
  const auto replace = [&result](const strategy::Overrides& overrides, const std::string& layer) {
    for (const auto& [parameter, value] : overrides) {
      result[static_cast<std::size_t>(parameter)] = {parameter, value, layer};
    }
  };
  if (const auto found = layers.by_symbol.find(scope.symbol); found != layers.by_symbol.end()) {
    replace(found->second, "symbol " + scope.symbol);
  }
  if (!scope.regime) return result;
  if (const auto found = layers.by_regime.find(*scope.regime); found != layers.by_regime.end()) {
    replace(found->second, fmt::format("regime {}", strategy::to_string(*scope.regime)));
  }
  return result;
}

std::vector<std::string> evidence_lines(const live::ParameterVersion& version) {
  const nlohmann::json evidence = nlohmann::json::parse(version.evidence);
  const auto text = [&evidence](const char* name) {
    const auto found = evidence.find(name);
    if (found == evidence.end()) return std::string("?");
    return printable(found->is_string() ? found->get<std::string>() : found->dump());
  };
  switch (version.change) {
    case live::Change::promotion: {
      const auto gate = evidence.find("gate");
      const bool has_summary = gate != evidence.end() && gate->is_object() && gate->contains("summary") &&
                               (*gate)["summary"].is_string();
      if (!has_summary) return {"gate:    approved it"};
      return {"gate:    " + printable((*gate)["summary"].get<std::string>())};
    }
    case live::Change::rollback:
      return {"content: of version " + text("version")};
    case live::Change::overruling:
      return {
          fmt::format("overrules decision {} ({}: {})", text("decision"), text("scenario"), text("verdict"))};
    case live::Change::import:
      return {"file:    " + text("file")};
    case live::Change::defaults:
    case live::Change::manual:
      return {};
  }
  return {};
}

}  // namespace stevie::app
