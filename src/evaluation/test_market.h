#pragma once
/// A small made-up market and strategies that the tests of this folder share.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "evaluation/backtest.h"
#include "evaluation/baselines.h"
#include "evaluation/evaluation.h"

namespace stevie::evaluation::test {

/// Hourly bars from 2024-01-01 on that walk at random in steps that every machine rounds alike.
inline market::Bars random_bars(std::uint64_t seed, std::size_t count) {
  RandomStream random(seed, 0);
  market::Bars bars;
  bars.symbol = "TEST/USD";
  bars.interval = hour_ms;
  double price = 100;
  for (std::size_t i = 0; i < count; ++i) {
    const double open = price;
    const double close = open * (1 + 0.02 * (random.uniform() - 0.4985));
    const double spread = 0.002 * random.uniform();
    bars.push_back({parse_time("2024-01-01") + static_cast<TimeMs>(i) * hour_ms, open,
                    std::max(open, close) * (1 + spread), std::min(open, close) * (1 - spread), close,
                    1 + random.uniform()});
    price = close;
  }
  return bars;
}

/// Market values that say nothing but differ from bar to bar; no warm-up.
inline env::MarketData make_market(const market::Bars& bars) {
  env::MarketData market;
  market.tape = execution::make_bar_tape(bars, {});
  market.features.rows = bars.size();
  market.features.values.resize(bars.size() * market.features.columns);
  RandomStream random(1, 1);
  for (float& value : market.features.values) value = random.uniform_float();
  return market;
}

/// Plays a list of targets and keeps what it saw.
class Scripted final : public strategy::Strategy {
 public:
  explicit Scripted(std::vector<double> targets) : targets_(std::move(targets)) {}
  std::string name() const override { return "scripted"; }
  bool observes() const override { return true; }
  strategy::Decision decide(const strategy::Situation& situation) override {
    seen.emplace_back(situation.observation.begin(), situation.observation.end());
    return strategy::Decision::target(targets_.at(seen.size() - 1));
  }
  std::vector<std::vector<float>> seen;

 private:
  std::vector<double> targets_;
};

/// A hundred days of a strategy that changes its position every 31 hours: long, flat, short, ...
inline Evaluation small_evaluation() {
  const market::Bars bars = random_bars(21, 24 * 100);
  const env::MarketData market = make_market(bars);
  const market::BarRange range{0, bars.size()};
  std::vector<double> targets;
  for (std::size_t i = 0; i + 1 < bars.size(); ++i) targets.push_back(1.0 - static_cast<double>(i / 31 % 3));
  Scripted strategy(std::move(targets));
  execution::SimulationResult run = run_backtest(strategy, market, range, {});
  std::vector<NamedRun> baselines = make_baselines(run, market.tape, range, {});
  Description description;
  description.title = "Scripted strategy on TEST/USD 1h";
  description.model = "script of 31 hours";
  description.data = "random_bars(21)";
  description.configuration = {{"taker fee", "10 bps"}, {"exposures", "-1, 0, 1"}};
  stats::BootstrapConfig bootstrap;
  bootstrap.replicates = 200;
  return evaluate({"strategy", "Scripted", std::move(run)}, std::move(baselines), bars, description,
                  bootstrap);
}

}  // namespace stevie::evaluation::test
