#include "live/live_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "live/live_records.h"

namespace stevie::live {
namespace {

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\n") == std::string::npos;
}

bool is_plain(const std::string& text, std::size_t most_bytes) {
  return text.size() <= most_bytes && printable(text) == text &&
         text.find_first_of("\n\t") == std::string::npos;
}

std::string stale_text(const std::optional<LimitChange>& newest) {
  if (!newest) return "nothing was done: nobody has changed a limit, but you name a change that you had read";
  return fmt::format("nothing was done: {} changed the limits since you read them (event {}): {}", newest->by,
                     newest->sequence, newest->reason);
}

}  // namespace

void require_signature(const Signature& person) {
  constexpr std::size_t most_name = 200, most_reason = 2'000;
  std::vector<std::string> faults;
  if (is_blank(person.name)) faults.emplace_back("say who you are (a name)");
  if (is_blank(person.reason)) faults.emplace_back("say why (a reason)");
  if (!is_plain(person.name, most_name))
    faults.push_back(fmt::format("the name must be one line of plain text of at most {} bytes", most_name));
  if (!is_plain(person.reason, most_reason))
    faults.push_back(
        fmt::format("the reason must be one line of plain text of at most {} bytes", most_reason));
  if (!faults.empty())
    throw Error("live.refused_command", fmt::format("nothing was done: {}", fmt::join(faults, "; ")));
}

ledger::Event write_kill(ledger::Ledger& ledger, const Signature& person, bool flatten, TimeMs time) {
  require_signature(person);
  return ledger.append("risk.killed",
                       fmt::format(R"({{"reason":{},"flatten":{}}})", json_string(person.reason), flatten),
                       person.name, time);
}

ledger::Event write_rearm(ledger::Ledger& ledger, const Signature& person, TimeMs time) {
  require_signature(person);
  return ledger.append("risk.rearmed", fmt::format(R"({{"reason":{}}})", json_string(person.reason)),
                       person.name, time);
}

ledger::Event write_acceptance(ledger::Ledger& ledger, const Signature& person, const std::string& session,
                               TimeMs time) {
  require_signature(person);
  return ledger.append(
      "live.reconciliation",
      fmt::format(R"({{"session":{},"agrees":true,"differences":[],"accepted_by":{},"reason":{}}})",
                  json_string(session), json_string(person.name), json_string(person.reason)),
      person.name, time);
}

ledger::Event write_limits(ledger::Ledger& ledger, const Signature& person, const RiskLimits& configured,
                           const LimitRequest& request, TimeMs time) {
  require_signature(person);
  // Inside the transaction, so that of two persons at once neither loses what the other set.
  const auto decide = [&]() -> std::vector<ledger::NewEvent> {
    constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
    const std::optional<LimitChange> newest = newest_limit_change(ledger, any);
    const LimitOverrides before = newest ? newest->overrides : LimitOverrides();
    LimitOverrides after = before;
    const std::uint64_t base = newest ? newest->sequence : 0;
    if (request.base && *request.base != base) throw Error("live.stale_limits", stale_text(newest));
    for (const auto& [name, value] : request.values) {
      // A name that there is not is refused below, also where it is to be forgotten.
      after[name] = value.value_or(limit_value(configured, name));
    }
    const RiskLimits limits = with_overrides(configured, after);
    for (const auto& [name, value] : request.values) {
      if (!value) after.erase(name);
    }
    if (after == before)
      throw Error("live.refused_command", "nothing was done: the limits are as you want them already");
    std::string overrides;
    for (const auto& [name, value] : after)
      overrides += fmt::format(R"({}"{}":{})", overrides.empty() ? "" : ",", name, json_number(value));
    return {{"risk.limits_changed",
             fmt::format(R"({{"reason":{},"base":{},"overrides":{{{}}},"before":{},"limits":{}}})",
                         json_string(person.reason), base, overrides,
                         limits_json(with_overrides(configured, before)), limits_json(limits)),
             person.name, time}};
  };
  return ledger.append_decided(decide).front();
}

}  // namespace stevie::live
