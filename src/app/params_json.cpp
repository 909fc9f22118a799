#include <nlohmann/json.hpp>

#include "app/params.h"
#include "app/params_view.h"
#include "strategy/regime.h"
#include "validation/gate.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using live::ParameterDifference;
using live::ParameterVersion;

std::string to_text(const Json& json) {
  constexpr int indent = 1;
  return json.dump(indent) + "\n";
}

Json number_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json info_json(const strategy::ParameterInfo& info) {
  return {{"default", info.default_value},
          {"min", info.minimum},
          {"max", info.maximum},
          {"step", info.step},
          {"unit", info.unit},
          {"used_by", info.used_by},
          {"meaning", info.meaning},
          {"live", info.live_changeable}};
}

Json version_json(const ParameterVersion& version) {
  return {{"version", version.number},
          {"parent", version.parent},
          {"hash", version.hash},
          {"parent_hash", version.parent_hash},
          {"change", live::to_string(version.change)},
          {"author", {{"kind", live::to_string(version.author_kind)}, {"name", version.author}}},
          {"reason", version.reason},
          {"time", format_time(version.time)},
          {"event", version.sequence},
          {"evidence", Json::parse(version.evidence)},
          {"layers", Json::parse(strategy::to_json(version.layers))}};
}

Json differences_json(const std::vector<ParameterDifference>& differences) {
  Json result = Json::array();
  for (const ParameterDifference& difference : differences) {
    result.push_back({{"layer", difference.layer},
                      {"name", strategy::to_string(difference.parameter)},
                      {"from", number_json(difference.from)},
                      {"to", number_json(difference.to)}});
  }
  return result;
}

}  // namespace

std::string show_json(const ParameterVersion& version, const ParameterScope& scope) {
  Json json = version_json(version);
  json["symbol"] = scope.symbol.empty() ? Json(nullptr) : Json(scope.symbol);
  json["regime"] = scope.regime ? Json(strategy::to_string(*scope.regime)) : Json(nullptr);
  Json& values = json["parameters"] = Json::array();
  for (const ScopedValue& item : values_in(version.layers, scope)) {
    Json value{{"name", strategy::to_string(item.parameter)}, {"value", item.value}, {"from", item.layer}};
    value.update(info_json(strategy::info(item.parameter)));
    values.push_back(std::move(value));
  }
  return to_text(json);
}

std::string schema_json() {
  Json json = Json::array();
  for (const strategy::ParameterInfo& info : strategy::parameter_schema()) {
    Json item{{"name", info.name}};
    item.update(info_json(info));
    json.push_back(std::move(item));
  }
  return to_text(json);
}

std::string history_json(std::span<const ParameterVersion> versions, std::size_t last) {
  Json json = Json::array();
  for (std::size_t i = versions.size(); i > 0 && versions.size() - i < last; --i) {
    json.push_back(version_json(versions[i - 1]));
    if (i > 1)
      json.back()["changed"] = differences_json(live::diff(versions[i - 2].layers, versions[i - 1].layers));
  }
  return to_text(json);
}

std::string diff_json(const ParameterVersion& from, const ParameterVersion& to) {
  return to_text({{"from", from.number},
                  {"to", to.number},
                  {"differences", differences_json(live::diff(from.layers, to.layers))}});
}

std::string proposals_json(std::span<const live::JudgedProposal> proposals, const ParameterVersion& current) {
  Json json = Json::array();
  for (std::size_t i = proposals.size(); i > 0; --i) {
    const live::JudgedProposal& proposal = proposals[i - 1];
    json.push_back({{"decision", proposal.sequence},
                    {"time", format_time(proposal.time)},
                    {"scenario", proposal.scenario},
                    {"verdict", validation::to_string(proposal.verdict)},
                    {"base_hash", proposal.base_hash},
                    {"on_current", proposal.base_hash == current.hash},
                    {"proposed", Json::parse(strategy::to_json(proposal.proposed))},
                    {"report", Json::parse(proposal.report)}});
  }
  return to_text(json);
}

}  // namespace stevie::app
