#pragma once
#include <cmath>
#include <filesystem>
#include <string>

#include "app/optimize.h"
#include "core/random.h"
#include "core/time.h"
#include "market/bars.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {

inline constexpr TimeMs testing_start = 1'577'836'800'000;  // 2020-01-01

/// For tests: hourly bars of a market in which the rules earn. Weeks of strong trends, which breakouts
/// follow, change with weeks in which a price pulled back to its mean is quiet.
inline market::Bars rewarding_market(std::size_t days, std::uint64_t seed, const std::string& symbol) {
  constexpr std::size_t hours = 24, week = 7 * hours;
  RandomStream random(seed, 0);
  market::Bars bars;
  bars.symbol = symbol;
  bars.interval = hour_ms;
  double level = std::log(100.0), pulled = 0, drift = 0;
  double close = 100;
  for (std::size_t i = 0; i < days * hours; ++i) {
    const bool trending = i / week % 2 == 1;
    if (i % week == 0) drift = (random.uniform() < 0.5 ? -1 : 1) * 0.002;
    level += trending ? drift + 0.004 * random.normal() : 0.0;
    pulled = 0.9 * pulled + (trending ? 0.0 : 0.0015 * random.normal());
    const double open = close;
    close = std::exp(level + pulled);
    const double high = std::max(open, close) * (1 + 0.0005 * random.uniform());
    const double low = std::min(open, close) * (1 - 0.0005 * random.uniform());
    bars.push_back({testing_start + static_cast<TimeMs>(i) * hour_ms, open, high, low, close, 10});
  }
  return bars;
}

/// For tests: a market in which nothing can be earned.
inline market::Bars martingale_market(std::size_t days, std::uint64_t seed) {
  market::SyntheticConfig config;
  config.model = market::SyntheticModel::martingale;
  config.bars = days * 24;
  config.seed = seed;
  return market::make_synthetic_market(config).bars;
}

/// For tests: a small request over these bars, with everything in `folder` and a clock that stands still.
inline OptimizeRequest small_request(const std::filesystem::path& folder,
                                     std::vector<std::filesystem::path> data) {
  OptimizeRequest request;
  request.scenario = find_scenario("quick_tune");
  request.scenario.episodes = 4;
  request.data = std::move(data);
  request.social.discover = false;
  request.runs_folder = folder / "runs";
  request.config.optimize.search.pairs = 4;
  request.config.optimize.windows.search_windows = 3;
  request.config.gate.replicates = 200;
  request.config.gate.idle_turnover = 2000;  // the made-up market is traded far more often than a real one
  request.config.ledger.url = "sqlite:///" + (folder / "stevie.db").string();
  request.now = [] { return testing_start + 1500 * day_ms; };
  return request;
}

}  // namespace stevie::app
