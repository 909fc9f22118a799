#pragma once
#include <string>
#include <vector>

#include "app/live_statistics.h"

namespace stevie::app {

// What API and command line say of the account's life, as JSON without a line feed: docs/api.md.

std::string to_json(const LiveTrade& trade);  // schema Trade
/// `open`: trades that are not closed yet. Schema PerformanceSummary.
std::string to_json(const LivePerformance& performance, const std::string& symbol, std::size_t open);
std::string to_json(const PeriodRow& row, PeriodLength length);  // schema PerformancePeriod
std::string to_json(const TradeGroups& groups, GroupBy by);      // schema PerformanceGroups
std::string to_json(const ConfidenceCheck& check);               // schema PerformanceCalibration
std::string to_json(const DecisionQuality& quality);             // schema PerformanceDecisions

/// "2026-01-02" or "2026-01".
std::string period_name(const PeriodRow& row, PeriodLength length);

}  // namespace stevie::app
