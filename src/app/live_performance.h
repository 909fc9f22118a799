#pragma once
#include <string>
#include <vector>

#include "broker/broker.h"
#include "stats/metrics.h"

namespace stevie::app {

/// The close of a bar on which the live loop decided.
struct ClosePoint {
  TimeMs open_time = 0;
  double close = 0;
};

/// What one symbol of the live account did over a stretch of bars.
struct LiveTrades {
  std::vector<ClosePoint> closes;  // oldest first, open times increase
  TimeMs interval = 0;
  std::vector<broker::Fill> fills;  // of this symbol, oldest first; those before the first close are left out
  double units_now = 0;             // of the position behind the last close, signed
  double initial_equity = 0;        // that the symbol had at the first close, > 0
};

struct LivePerformance {
  TimeMs from = 0, to = 0;  // open of the first bar, close of the last
  std::size_t bars = 0;
  double initial_equity = 0, final_equity = 0;
  double fees = 0, traded_notional = 0;
  stats::Performance live, buy_and_hold;  // with intervals where the days are enough
  double level = 0.95;                    // of the intervals
};

/// Rebuilds the symbol's equity on each close from its fills and measures it; buy and hold pays no costs.
/// Throws Error "app.no_bars" where there is no close.
LivePerformance measure_live(const LiveTrades& trades);

}  // namespace stevie::app
