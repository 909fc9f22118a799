#include "app/sweep_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "app/bench_timing.h"
#include "core/error.h"
#include "core/random.h"
#include "evaluation/backtest.h"
#include "evaluation/parameter_sweep.h"
#include "strategy/regime.h"
#include "strategy/rule_strategy.h"

namespace stevie::app {
namespace {

constexpr std::size_t set_count = 512;
constexpr std::size_t checked_a_round = 4;
constexpr std::uint64_t seed = 1;

/// One event a day with a score drawn evenly, and the market's regime: every rule has something to do.
std::shared_ptr<const strategy::RuleInputs> bench_inputs(const market::Bars& bars) {
  std::vector<double> score;
  std::vector<std::uint8_t> fresh;
  RandomStream random(seed, 0);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const bool event = i == 0 || utc_day(bars.open_time[i]) != utc_day(bars.open_time[i - 1]);
    score.push_back(event ? 2 * random.uniform() - 1 : score.back());
    fresh.push_back(event ? 1 : 0);
  }
  const strategy::RegimeColumns regimes = strategy::make_regimes(bars);
  return std::make_shared<const strategy::RuleInputs>(
      strategy::make_rule_inputs(bars, {}, {score, fresh, regimes.regime}));
}

/// Half of the sets are the same in every regime, the others differ in each.
std::vector<strategy::ResolvedParameters> random_sets() {
  std::vector<strategy::ResolvedParameters> sets(set_count);
  for (std::size_t i = 0; i < set_count; ++i) {
    RandomStream random(seed, 1 + i);
    for (strategy::ParameterSet& set : sets[i].by_regime)
      for (std::size_t p = 0; p < set.values.size(); ++p) {
        const strategy::ParameterInfo& info = strategy::parameter_schema()[p];
        set.values[p] = info.minimum + (info.maximum - info.minimum) * random.uniform();
      }
    if (i % 2 == 0) sets[i].by_regime.fill(sets[i].by_regime[0]);
  }
  return sets;
}

struct SweepTask {
  const market::Bars& bars;
  std::shared_ptr<const strategy::RuleInputs> inputs;
  std::vector<strategy::ResolvedParameters> sets;
  market::BarRange range;  // from the first bar on which the rules can decide
};

BenchRow measure_at(const SweepTask& task, const std::string& name, const std::string& costs,
                    const execution::Instrument& instrument, double seconds) {
  execution::EngineConfig config;
  config.instrument = instrument;
  const execution::BarTape tape = execution::make_bar_tape(task.bars, instrument);
  const evaluation::ParameterSweep sweep(tape, *task.inputs, config, task.range);
  const auto bars = static_cast<double>(task.range.size());
  std::vector<double> rates, plain_rates;
  std::vector<evaluation::SweepOutcome> outcomes;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto evaluate = [&] {
      outcomes = sweep.evaluate(task.sets);
      return bars * static_cast<double>(outcomes.size());
    };
    rates.push_back(rate_of(seconds / rounds, evaluate, processor_now));
    double plain_seconds = 0;
    for (std::size_t i = 0; i < checked_a_round; ++i) {
      const std::size_t checked =
          (round * checked_a_round + i) * task.sets.size() / (rounds * checked_a_round);
      strategy::RuleStrategy rules(task.inputs, task.sets[checked], instrument);
      const double start = processor_now();
      const execution::SimulationResult run = evaluation::run_backtest(rules, tape, task.range, config);
      plain_seconds += processor_now() - start;
      evaluation::SweepOutcome plain = evaluation::summarise(run);
      plain.refused_by_cost = rules.counts().all_refused_by_cost();
      if (plain != outcomes[checked])
        throw Error("bench.sweep_differs",
                    fmt::format("set {} gives other numbers in the sweep than bar by bar", checked));
    }
    plain_rates.push_back(bars * checked_a_round / plain_seconds);
  }
  double trades = 0;
  for (const evaluation::SweepOutcome& outcome : outcomes) trades += outcome.trades;
  const double plain = median(plain_rates);
  return {
      name, median(rates), "set-bars/s",
      fmt::format("{:.1f} million by the engine bar by bar; {} sets over {} bars, {:.0f} trades a set at {}, "
                  "{} sets compared",
                  plain * 1e-6, task.sets.size(), task.range.size(),
                  trades / static_cast<double>(outcomes.size()), costs, rounds * checked_a_round),
      median(rates) / plain};
}

}  // namespace

std::vector<BenchRow> measure_parameter_sweep(const market::Bars& bars, double seconds) {
  SweepTask task{bars, bench_inputs(bars), random_sets(), {0, bars.size()}};
  const std::vector<std::uint8_t>& ready = task.inputs->ready;
  task.range.begin = static_cast<std::size_t>(std::ranges::find(ready, std::uint8_t{1}) - ready.begin());
  execution::Instrument cheap;
  cheap.taker_fee_bps = cheap.maker_fee_bps = 0;
  cheap.half_spread_bps = cheap.slippage_bps = 0.25;
  return {measure_at(task, "param_sweep", "1 bp a round trip", cheap, seconds),
          measure_at(task, "param_sweep_default_costs", "24 bps a round trip", {}, seconds)};
}

}  // namespace stevie::app
