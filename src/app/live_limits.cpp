#include "app/live_limits.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/text_table.h"
#include "ledger/ledger.h"

namespace stevie::app {

using Json = nlohmann::ordered_json;

LimitsView read_limits(const ledger::Ledger& ledger, const live::RiskLimits& configured) {
  LimitsView view{.configured = configured,
                  .in_force = configured,
                  .change = live::newest_limit_change(ledger, std::numeric_limits<std::uint64_t>::max())};
  if (view.change) view.in_force = live::with_overrides(configured, view.change->overrides);
  return view;
}

std::string limits_text(const LimitsView& view) {
  std::vector<std::vector<std::string>> rows;
  for (const live::LimitField& field : live::limit_fields()) {
    const bool changed = view.change && view.change->overrides.contains(field.name);
    rows.push_back({field.name, fmt::format("{}", live::limit_value(view.in_force, field.name)),
                    fmt::format("{}", live::limit_value(view.configured, field.name)),
                    changed ? "changed" : "", field.help});
  }
  std::string text = text_table({"limit", "in force", "configured", "", "meaning"}, rows);
  if (view.change)
    text += fmt::format("changed last by {} at {} (event {}): {}\n", view.change->by,
                        format_time(view.change->time), view.change->sequence, view.change->reason);
  return text;
}

std::string limits_json(const LimitsView& view) {
  Json limits = Json::array();
  for (const live::LimitField& field : live::limit_fields()) {
    limits.push_back({{"name", field.name},
                      {"in_force", live::limit_value(view.in_force, field.name)},
                      {"configured", live::limit_value(view.configured, field.name)},
                      {"changed", view.change && view.change->overrides.contains(field.name)}});
  }
  Json json{{"limits", std::move(limits)}, {"change", nullptr}};
  if (view.change)
    json["change"] = {{"by", view.change->by},
                      {"reason", view.change->reason},
                      {"time", format_time(view.change->time)},
                      {"event", view.change->sequence}};
  return json.dump(2) + "\n";
}

}  // namespace stevie::app
