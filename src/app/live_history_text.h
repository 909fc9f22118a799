#pragma once
#include <span>
#include <string>

#include "app/live_statistics.h"

namespace stevie::app {

// The account's life for people, in the terminal.

/// Newest first.
std::string trades_text(std::span<const LiveTrade> newest_first);
std::string performance_text(const LivePerformance& performance, std::size_t open);
std::string periods_text(std::span<const PeriodRow> newest_first, PeriodLength length);
std::string groups_text(const TradeGroups& groups, GroupBy by);
std::string confidence_text(const ConfidenceCheck& check);
std::string decisions_text(const DecisionQuality& quality);

}  // namespace stevie::app
