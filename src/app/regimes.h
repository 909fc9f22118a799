#pragma once
#include <filesystem>
#include <string>

#include "strategy/regime.h"

namespace stevie::app {

/// Labels a file of bars. `out` gets "timestamp,regime,known", one row a bar;
/// empty: not written. Returns a table for people: share of each regime by year, and what the market did
/// under each label. Throws what market::read_bars and strategy::make_regimes throw.
std::string label_regimes(const std::filesystem::path& bars, const std::filesystem::path& out,
                          const strategy::RegimeConfig& config = {});

}  // namespace stevie::app
