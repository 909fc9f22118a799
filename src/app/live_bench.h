#pragma once
#include <vector>

#include "app/bench.h"
#include "market/bars.h"

namespace stevie::app {

/// Row `hot_swap`: bars a second of the whole trading loop - rules, paper account, risk engine, journal and a
/// SQLite ledger - over the newest bars at full speed while 10,000 versions of the parameters are published,
/// beside the same without. Throws Error "bench.lost_bar" where a bar is missing or there twice, and
/// "bench.torn_version" where a decision saw anything but one whole version.
BenchRow measure_hot_swap(const market::Bars& bars, double seconds);

/// Rows `decision_latency` (from the hand-over of a bar to the order at the broker) and `step_latency` (until
/// the step is on the SQLite ledger, one event each): microseconds, 99th percentile, of a loop that gets a
/// bar each 2 ms. `..._training`: with a parameter search at idle priority on every core. Yardstick: how late
/// a thread wakes that only sleeps, in the same seconds; the goal is below 1000 us.
std::vector<BenchRow> measure_decision_latency(const market::Bars& bars, double seconds);

}  // namespace stevie::app
