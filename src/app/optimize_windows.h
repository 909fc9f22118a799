#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "app/optimize_config.h"
#include "app/rule_market.h"
#include "core/time.h"
#include "strategy/rule_inputs.h"

namespace stevie::app {

/// Open times from `from` on, up to and without `to`; whole UTC days.
struct TimeRange {
  TimeMs from = 0, to = 0;
  TimeMs length() const { return to - from; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

struct Windows {
  std::vector<TimeRange> search;  // oldest first
  TimeRange gate;                 // behind all of them
  TimeMs embargo = 0;             // at least so much lies between any two of these
};

/// Time over which the rules look back: the longest of channel, mean and five memories of the ATR, and the
/// span of the volatility. The year against which a volatility is ranked is left out: it is a yardstick of
/// past values, the same for every candidate, and it says nothing about what comes behind it.
TimeMs look_back(const strategy::RuleSettings& settings, TimeMs interval);

/// Divides what all symbols have in common, from the first bar on which all their rules can decide to the
/// last bar. Throws Error "app.short_history" that says what there is and what is needed, and
/// "app.no_overlap" where the symbols have no common time.
Windows make_windows(std::span<const RuleMarket> markets, const WindowConfig& config);

/// "2020-01-01 to 2020-06-30": the last day is in the range.
std::string to_text(const TimeRange& range);

}  // namespace stevie::app
