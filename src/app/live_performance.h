#pragma once
#include <cstddef>

#include "core/time.h"
#include "stats/metrics.h"

namespace stevie::app {

/// What the live account, or one symbol of it, came to: measure_life() of live_statistics.h.
struct LivePerformance {
  TimeMs from = 0, to = 0;  // open of the first bar, close of the last
  std::size_t bars = 0;
  double initial_equity = 0, final_equity = 0;
  double fees = 0, traded_notional = 0;
  stats::Performance live, buy_and_hold;  // with intervals where the days are enough
  double level = 0.95;                    // of the intervals
};

}  // namespace stevie::app
