#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/thread_pool.h"
#include "execution/bar_tape.h"
#include "execution/engine.h"
#include "market/bars.h"
#include "strategy/parameters.h"
#include "strategy/rule_inputs.h"

namespace stevie::evaluation {

struct SweepLayout;

/// What one parameter set did over the range: what run_backtest of a strategy::RuleStrategy with these
/// parameters and the metrics of stats give, bit for bit.
struct SweepOutcome {
  std::vector<double> daily_returns;  // (days) of the UTC days that have a bar, net; as stats::daily_returns
  double total_return = 0;            // equity at the end / initial equity - 1
  double max_drawdown = 0;  // over all bars' closes, 0 to 1 (above 1 where the equity turned negative)
  double equity = 0;        // at the end, account currency
  /// Traded notional over the mean of the equities at the ends of the days, per year of 365 days; 0 where
  /// that mean is not above 0. (stats::Performance::turnover divides by the mean over bars.)
  double turnover = 0;
  double traded_notional = 0, fees = 0, slippage = 0, funding = 0;  // as SimulationResult
  std::uint32_t trades = 0;                                         // round trips
  std::uint32_t wins = 0;                                           // with a profit above 0
  std::uint64_t refused_by_cost = 0;  // decisions in which a rule qualified and costCapBps refused it

  friend bool operator==(const SweepOutcome&, const SweepOutcome&) = default;
};

/// The same numbers out of a run that was recorded bar by bar, by the metrics of stats. refused_by_cost is
/// for the caller to set. Throws Error "stats.bad_input" as they do.
SweepOutcome summarise(const execution::SimulationResult& run);

/// Replays many parameter sets of the rules over the same bars.
///
/// What does not depend on the parameters is laid out once: the bars on which some rule can qualify at all,
/// the highs, lows and closes as columns, the bars on which mean reversion leaves, the ends of the days. A
/// set then goes from event to event - decisions, fills, levels, funding - which BarEngine and decide_rules()
/// play as they play everything else; the bars between change nothing and are only marked.
///
/// Any instrument and intrabar policy is served; `detail` without finer bars is `worst`, as in BarEngine. A
/// participation cap, a trailing stop or a minimal return makes bars eventful and the sweep slower.
class ParameterSweep {
 public:
  /// Borrows both; they must outlive the sweep. `range` as in run_backtest: the first decision falls on the
  /// close of range.begin, the last on that of the bar before the last; an open position is closed at the
  /// open of the last bar. Throws Error "evaluation.bad_range" as run_backtest does, "evaluation.unaligned"
  /// where tape and inputs have other bars, and what BarEngine throws.
  ParameterSweep(const execution::BarTape& tape, const strategy::RuleInputs& inputs,
                 const execution::EngineConfig& config, market::BarRange range);
  ~ParameterSweep();
  ParameterSweep(ParameterSweep&&) noexcept;
  ParameterSweep& operator=(ParameterSweep&&) noexcept;

  /// May be called from several threads at once.
  SweepOutcome evaluate(const strategy::ResolvedParameters& parameters) const;
  /// One outcome per set, in their order; the same with and without a pool.
  std::vector<SweepOutcome> evaluate(std::span<const strategy::ResolvedParameters> sets,
                                     ThreadPool* pool = nullptr) const;

  /// The UTC days (since 1970) of SweepOutcome::daily_returns.
  std::span<const std::int64_t> days() const;
  std::size_t bar_count() const;

 private:
  std::unique_ptr<const SweepLayout> layout_;
};

}  // namespace stevie::evaluation
