#pragma once
#include <vector>

#include "app/bench.h"

namespace stevie::app {

/// Time of one decision of four policies (104-64-64-3), scaling, votes, weights and statistics included: row
/// `ensemble_decision`, the 99th percentile, against 20 microseconds; its words name the median.
BenchRow measure_ensemble_decision(double seconds);

}  // namespace stevie::app
