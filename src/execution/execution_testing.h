#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.h"
#include "execution/bar_tape.h"
#include "execution/engine.h"

namespace stevie::execution {

/// For tests: a bar of these prices without volume, range or funding.
inline TapeBar bar_of(double open, double high, double low, double close) {
  TapeBar bar;
  bar.open = open;
  bar.high = high;
  bar.low = low;
  bar.close = close;
  return bar;
}

inline EngineConfig free_config() {
  EngineConfig config;
  config.instrument = free_of_costs();
  return config;
}

/// For tests: plays bars one hour apart, each after a decision.
struct Play {
  explicit Play(const EngineConfig& config) : engine(config) {}
  void bar(const TapeBar& next) { engine.process_bar(next, hour_ms * hour++); }
  void bar(double open, double high, double low, double close) { bar(bar_of(open, high, low, close)); }
  const std::vector<RoundTrip>& trades() const { return engine.result().trades; }

  BarEngine engine;
  TimeMs hour = 0;
};

/// Random bars without gaps between close and open, and with ranges wide enough for exits.
inline std::vector<TapeBar> random_bars(RandomStream& random, std::size_t count) {
  std::vector<TapeBar> bars;
  double price = 100;
  double range = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double open = price * std::exp(0.005 * random.normal());
    price = open * std::exp(0.02 * random.normal());
    const double high = std::max(open, price) * (1 + 0.01 * random.uniform());
    const double low = std::min(open, price) * (1 - 0.01 * random.uniform());
    bars.push_back(bar_of(open, high, low, price));
    bars.back().volume = 50 * random.uniform();
    bars.back().range = range;
    bars.back().funding_at_open = i % 8 == 0 ? 1e-3 * random.normal() : 0.0;
    bars.back().funding_inside = i % 5 == 0 ? 1e-3 * random.normal() : 0.0;
    range = (high - low) / price;
  }
  return bars;
}

}  // namespace stevie::execution
