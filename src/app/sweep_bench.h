#pragma once
#include <vector>

#include "app/bench.h"
#include "market/bars.h"

namespace stevie::app {

/// How fast random parameter sets, each drawn from all that the schema allows, are replayed over these bars
/// on one core, in parameter-set-bars a second of processor time:
///   param_sweep                where a round trip costs 1 bp, so that no set is kept from trading
///   param_sweep_default_costs  at the default costs of 24 bps, which about half of the sets refuse
/// The yardstick is the engine run bar by bar in the same rounds; sets of every round are compared with it
/// bit for bit. Throws Error "bench.sweep_differs" where they differ, and what measuring the rules' inputs
/// throws.
std::vector<BenchRow> measure_parameter_sweep(const market::Bars& bars, double seconds);

}  // namespace stevie::app
