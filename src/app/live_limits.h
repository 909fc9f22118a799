#pragma once
#include <optional>
#include <string>

#include "live/limit_changes.h"

namespace stevie::app {

/// The risk limits as the configuration has them, and as they hold.
struct LimitsView {
  live::RiskLimits configured, in_force;
  std::optional<live::LimitChange> change;  // the newest; absent: nobody has changed any
};
/// By the ledger: a running loop obeys a change between two steps. Throws as the ledger does, and Error
/// "live.bad_limits".
LimitsView read_limits(const ledger::Ledger& ledger, const live::RiskLimits& configured);

/// A table for people, and a JSON object for programs.
std::string limits_text(const LimitsView& view);
std::string limits_json(const LimitsView& view);

}  // namespace stevie::app
