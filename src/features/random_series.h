#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/time.h"
#include "market/bars.h"

namespace stevie::features {

/// Seeded series for the property tests: ordinary ones and those that break careless formulas.
struct SeriesKind {
  std::string name;
  double first_price = 100;
  double volatility = 0.01;  // of the log return per bar
  double wick = 0.5;         // size of the wicks in units of volatility
  double volume = 50;        // median; 0: no volume at all
  double idle_share = 0;     // share of bars without a trade: flat, volume 0
  double gap_share = 0;      // share of bars before which some are missing
  double shock_share = 0;    // share of bars that move by up to a factor of a million
  double drift = 0;          // of the log price per bar
};

/// For the messages of GoogleTest.
inline void PrintTo(const SeriesKind& kind, std::ostream* out) {
  *out << kind.name;
}

inline std::vector<SeriesKind> series_kinds() {
  return {
      {.name = "ordinary"},
      {.name = "gaps", .gap_share = 0.05},
      {.name = "no_volume", .volume = 0},
      {.name = "idle", .idle_share = 0.6},
      {.name = "constant", .volatility = 0, .idle_share = 1},
      {.name = "constant_with_volume", .volatility = 0},
      {.name = "rising", .volatility = 0, .drift = 0.001},
      {.name = "falling", .volatility = 0, .wick = 0, .drift = -0.001},
      {.name = "shocks", .shock_share = 0.01},
      {.name = "shocks_then_idle", .idle_share = 0.99, .shock_share = 0.001},
      {.name = "tiny_price", .first_price = 3e-9, .volume = 1e13},
      {.name = "large_price", .first_price = 4e9, .volume = 1e-9},
      {.name = "stablecoin", .first_price = 1, .volatility = 1e-5, .idle_share = 0.3},
  };
}

inline market::Bars random_series(const SeriesKind& kind, std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 0);
  market::Bars bars;
  bars.symbol = "TEST/USDT";
  bars.interval = hour_ms;
  bars.has_volume = kind.volume > 0;
  bars.reserve(count);
  market::Bar bar;
  bar.open_time = parse_time("2021-01-01");
  double price = kind.first_price;
  for (std::size_t i = 0; i < count; ++i) {
    if (random.uniform() < kind.gap_share)
      bar.open_time += hour_ms * static_cast<TimeMs>(1 + random.below(60));
    const bool idle = random.uniform() < kind.idle_share;
    bar.open = price;
    if (!idle) price *= std::exp(kind.drift + kind.volatility * random.normal());
    if (random.uniform() < kind.shock_share)
      price = kind.first_price * std::pow(10.0, 12 * random.uniform() - 6);
    bar.close = price;
    const double wick = idle ? 0 : kind.wick * kind.volatility;
    bar.high = std::max(bar.open, bar.close) * std::exp(wick * random.uniform());
    bar.low = std::min(bar.open, bar.close) * std::exp(-wick * random.uniform());
    bar.volume = idle ? 0 : kind.volume * std::exp(random.normal());
    bars.push_back(bar);
    bar.open_time += hour_ms;
  }
  return bars;
}

}  // namespace stevie::features
