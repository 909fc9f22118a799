#include "live/limit_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "ledger/ledger.h"
#include "live/live_records.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;

constexpr std::string_view section = "risk.";
constexpr std::string_view orders_per_minute = "orders_per_minute";

constexpr std::array shares{std::pair{"order_notional_share", &RiskLimits::order_notional_share},
                            std::pair{"symbol_notional_share", &RiskLimits::symbol_notional_share},
                            std::pair{"exposure_share", &RiskLimits::exposure_share},
                            std::pair{"price_collar_share", &RiskLimits::price_collar_share},
                            std::pair{"stale_intervals", &RiskLimits::stale_intervals},
                            std::pair{"daily_loss_share", &RiskLimits::daily_loss_share},
                            std::pair{"drawdown_share", &RiskLimits::drawdown_share}};

double RiskLimits::*share_of(std::string_view name) {
  const auto found = std::ranges::find_if(shares, [name](const auto& share) { return share.first == name; });
  return found == shares.end() ? nullptr : found->second;
}

std::vector<LimitField> described_fields() {
  RiskLimits limits;
  ConfigBinder binder;
  describe(binder, limits);
  std::vector<LimitField> fields;
  for (const ConfigField& field : binder.fields()) {
    fields.push_back({.name = field.key.substr(section.size()),
                      .minimum = field.notes.minimum,
                      .maximum = field.notes.maximum,
                      .above_minimum = field.notes.above_minimum,
                      .whole = field.type == "integer",
                      .unit = field.notes.unit,
                      .help = field.notes.help});
  }
  return fields;
}

std::string fault_of(const std::string& name, double value) {
  const std::vector<LimitField>& fields = limit_fields();
  const auto found = std::ranges::find(fields, name, &LimitField::name);
  if (found == fields.end()) {
    std::vector<std::string_view> names;
    for (const LimitField& field : fields) names.push_back(field.name);
    const std::string_view nearest = nearest_name(name, names);
    constexpr std::size_t most_quoted = 64;
    return fmt::format("there is no limit \"{}\"{}", printable(name.substr(0, most_quoted)),
                       nearest.empty() ? "" : fmt::format(": did you mean {}?", nearest));
  }
  const bool low = found->above_minimum ? value > found->minimum : value >= found->minimum;
  if (std::isfinite(value) && low && value <= found->maximum && (!found->whole || value == std::floor(value)))
    return {};
  return fmt::format("{} is {}: it must be {}{} {} and at most {}", name, value,
                     found->whole ? "a whole number, " : "", found->above_minimum ? "above" : "at least",
                     found->minimum, found->maximum);
}

}  // namespace

const std::vector<LimitField>& limit_fields() {
  static const std::vector<LimitField> fields = described_fields();
  return fields;
}

double limit_value(const RiskLimits& limits, const std::string& name) {
  if (name == orders_per_minute) return static_cast<double>(limits.orders_per_minute);
  double RiskLimits::*share = share_of(name);
  return share == nullptr ? std::numeric_limits<double>::quiet_NaN() : limits.*share;
}

std::string limits_json(const RiskLimits& limits) {
  std::string json;
  for (const LimitField& field : limit_fields())
    json += fmt::format(R"({}"{}":{})", json.empty() ? "{" : ",", field.name,
                        json_number(limit_value(limits, field.name)));
  return json + "}";
}

RiskLimits with_overrides(const RiskLimits& configured, const LimitOverrides& overrides) {
  RiskLimits limits = configured;
  std::vector<std::string> faults;
  for (const auto& [name, value] : overrides) {
    std::string fault = fault_of(name, value);
    if (!fault.empty()) {
      faults.push_back(std::move(fault));
    } else if (name == orders_per_minute) {
      limits.orders_per_minute = static_cast<std::size_t>(value);
    } else {
      limits.*share_of(name) = value;
    }
  }
  if (!faults.empty()) throw Error("live.bad_limits", fmt::format("{}", fmt::join(faults, "; ")));
  limits.validate();
  return limits;
}

std::optional<LimitChange> limit_change_of(const ledger::Event& event) {
  if (event.kind != "risk.limits_changed") return std::nullopt;
  const Json body = Json::parse(event.body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  const auto reason = body.find("reason"), overrides = body.find("overrides");
  if (reason == body.end() || !reason->is_string() || reason->get<std::string>().empty()) return std::nullopt;
  if (overrides == body.end() || !overrides->is_object()) return std::nullopt;
  LimitChange change{
      .overrides = {}, .by = event.author, .reason = *reason, .time = event.time, .sequence = event.sequence};
  for (const auto& [name, value] : overrides->items()) {
    if (!value.is_number()) return std::nullopt;
    change.overrides[name] = value.get<double>();
  }
  try {
    with_overrides(RiskLimits{}, change.overrides);
  } catch (const Error&) {
    return std::nullopt;
  }
  return change;
}

std::optional<LimitChange> newest_limit_change(const ledger::Ledger& ledger, std::uint64_t newest) {
  std::optional<LimitChange> change;
  constexpr std::uint64_t last = std::numeric_limits<std::int64_t>::max();
  for (std::uint64_t before = std::min(newest, last - 1) + 1; !change;) {
    const std::vector<ledger::Event> found =
        ledger.read({.kind = "risk.limits_changed", .last = 1, .before = before});
    if (found.empty() || before <= 1) break;
    change = limit_change_of(found.front());  // one that could not hold is as if it were not there
    before = found.front().sequence;
  }
  return change;
}

}  // namespace stevie::live
