#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "live/risk_engine.h"

namespace stevie::ledger {
class Ledger;
struct Event;
}  // namespace stevie::ledger

namespace stevie::live {

/// Limits that a person set while the program runs, by their names in the section risk. What is not named
/// follows the configuration.
using LimitOverrides = std::map<std::string, double>;

/// A limit as a person sees it.
struct LimitField {
  std::string name;
  double minimum = 0, maximum = 0;
  bool above_minimum = false;  // the minimum itself is refused
  bool whole = false;          // no fractions
  std::string unit;            // "orders", "bars"; empty: a share
  std::string help;
};
/// As describe() names them, in its order.
const std::vector<LimitField>& limit_fields();
/// `name` must be one of limit_fields().
double limit_value(const RiskLimits& limits, const std::string& name);
/// {"order_notional_share":1.5,...}
std::string limits_json(const RiskLimits& limits);

/// The configured limits with those instead of theirs. Throws Error "live.bad_limits" with every fault: a
/// name that there is not, a value out of the bounds that the configuration has too.
RiskLimits with_overrides(const RiskLimits& configured, const LimitOverrides& overrides);

/// What a person asks of limits.
struct LimitRequest {
  std::map<std::string, std::optional<double>> values;  // nothing: that of the configuration
  /// Number of the newest change that the person had read, 0 where there was none: refused where there is
  /// another by now. Absent: whatever holds.
  std::optional<std::uint64_t> base = {};
};

/// An event "risk.limits_changed".
struct LimitChange {
  LimitOverrides overrides;  // all that hold from then on; empty: everything is as configured
  std::string by, reason;
  TimeMs time = 0;
  std::uint64_t sequence = 0;
};
/// Nothing where it is no such event, nobody gave a reason, or its values could not hold.
std::optional<LimitChange> limit_change_of(const ledger::Event& event);
/// The newest one up to and with event `newest`.
std::optional<LimitChange> newest_limit_change(const ledger::Ledger& ledger, std::uint64_t newest);

}  // namespace stevie::live
