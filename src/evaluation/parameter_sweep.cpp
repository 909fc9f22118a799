#include "evaluation/parameter_sweep.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "evaluation/bar_scan.h"
#include "evaluation/evaluation.h"
#include "evaluation/sweep_layout.h"

namespace stevie::evaluation {
namespace {

using execution::Side;
using strategy::Parameter;

/// What a set asks of a candidate, by regime; only regime_count of the lanes are used.
struct Thresholds {
  std::array<double, scan_block> breakout{}, stretched{}, news{}, cost_bps{};

  explicit Thresholds(const strategy::ResolvedParameters& parameters) {
    for (std::size_t i = 0; i < strategy::regime_count; ++i) {
      const strategy::ParameterSet& set = parameters.by_regime[i];
      breakout[i] = set[Parameter::vol_pct_breakout];
      stretched[i] = set[Parameter::vol_pct_mean_revert];
      news[i] = set[Parameter::social_go];
      cost_bps[i] = set[Parameter::cost_cap_bps];
    }
  }
};

/// Traded notional over the mean of the days' last equities and a year.
double turnover_of(double traded_notional, const std::vector<double>& day_equity, double years) {
  const double sum = std::accumulate(day_equity.begin(), day_equity.end(), 0.0);
  const double mean = sum / static_cast<double>(day_equity.size());
  return mean > 0 ? traded_notional / mean / years : 0;
}

void add_totals(const execution::SimulationResult& result, SweepOutcome& outcome) {
  outcome.traded_notional = result.traded_notional;
  outcome.fees = result.total_fees;
  outcome.slippage = result.total_slippage;
  outcome.funding = result.total_funding;
  outcome.trades = static_cast<std::uint32_t>(result.trades.size());
  outcome.wins = static_cast<std::uint32_t>(std::ranges::count_if(
      result.trades, [](const execution::RoundTrip& trade) { return trade.profit_abs > 0; }));
}

/// One set going over the range.
class Run {
 public:
  Run(const SweepLayout& layout, const strategy::ResolvedParameters& parameters)
      : layout_(layout),
        parameters_(parameters),
        engine_(layout.config, execution::Recording::totals),
        thresholds_(parameters),
        drawdown_(layout.config.initial_equity),
        day_equity_(layout.days.size()) {}

  /// Goes on until the account stands at a bar behind `end`, or the range ends.
  void play(std::size_t end) {
    if (!started_) pass(0, 1);
    started_ = true;
    while (bar_ < end && bar_ + 1 < layout_.bars()) {
      decide(bar_);
      bar_ = advance(bar_);
    }
  }

  /// Once the range has ended.
  SweepOutcome finish() {
    engine_.close_at_end_of_data();
    const double equity = engine_.account().cash;
    drawdown_.add(equity);
    day_equity_.back() = equity;

    const double initial = layout_.config.initial_equity;
    outcome_.equity = equity;
    outcome_.total_return = equity / initial - 1;
    outcome_.max_drawdown = drawdown_.largest();
    outcome_.turnover = turnover_of(engine_.result().traded_notional, day_equity_, layout_.years);
    add_totals(engine_.result(), outcome_);
    outcome_.daily_returns = returns(initial);
    return std::move(outcome_);
  }

 private:
  /// The decision on the close of a bar. Without a candidate a flat account gets none, and a position gets
  /// none but the exit at the mean.
  void decide(std::size_t bar) {
    const execution::Account& account = engine_.account();
    held_.held = account.units != 0;
    held_.side = account.units > 0 ? Side::long_side : Side::short_side;
    if (held_.held) {
      if (held_.rule == strategy::Rule::mean_reversion && next_at_mean(bar) == bar) engine_.exit();
      return;
    }
    const std::size_t candidate = layout_.next_candidate[bar];
    if (layout_.candidates.bar[candidate] != bar) return;
    const strategy::RuleRow& row = layout_.candidates.row[candidate];
    const strategy::RuleDecision decision =
        strategy::decide_rules(row, layout_.inputs.stretch, parameters_[row.regime], layout_.cost, held_);
    if (decision.reason == strategy::RuleReason::cost_cap) ++outcome_.refused_by_cost;
    if (decision.action != strategy::RuleAction::enter) return;
    engine_.enter(decision.side, {execution::Stake::Kind::risk, decision.risk},
                  {decision.stop_loss, decision.take_profit});
    held_.rule = decision.rule;
  }

  /// The first bar from this one on on which a position of mean reversion leaves.
  std::size_t next_at_mean(std::size_t bar) const {
    return layout_.mean[static_cast<std::size_t>(held_.side)][bar];
  }

  /// Goes on to the next bar whose close may bring a decision that changes something, and returns it.
  std::size_t advance(std::size_t bar) {
    if (!engine_.is_quiet()) return step(bar + 1);
    if (engine_.account().units == 0) {
      const std::size_t entry = next_entry(bar + 1);
      fetch_bar(entry + 1);
      pass(bar + 1, std::min(entry + 1, layout_.bars()));
      return entry;
    }
    std::size_t decision = layout_.bars();
    if (held_.rule == strategy::Rule::mean_reversion) decision = next_at_mean(bar + 1);
    const std::size_t until = std::min(decision + 1, layout_.bars());
    const std::size_t event = next_event(bar + 1, until);
    fetch_bar(event);
    pass(bar + 1, event);
    return event < until ? step(event) : decision;
  }

  /// The next bar from `begin` on whose close brings an entry; bars() where there is none. Counts the entries
  /// that cost too much.
  std::size_t next_entry(std::size_t begin) {
    const SweepCandidates& candidates = layout_.candidates;
    for (std::size_t i = layout_.next_candidate[begin]; i < candidates.size(); i += scan_block) {
      const std::uint8_t* regime = &candidates.regime[i];
      const LaneMask qualified =
          at_most(look_up(thresholds_.breakout, regime), load_lanes(&candidates.breakout[i])) |
          at_most(load_lanes(&candidates.stretched[i]), look_up(thresholds_.stretched, regime)) |
          at_most(look_up(thresholds_.news, regime), load_lanes(&candidates.news[i]));
      if (qualified == 0) continue;
      const LaneMask affordable =
          at_most(load_lanes(&candidates.cost_bps[i]), look_up(thresholds_.cost_bps, regime));
      const LaneMask entering = qualified & affordable;
      const auto lane = static_cast<std::size_t>(std::countr_zero(entering));
      const LaneMask before = entering == 0 ? ~LaneMask{0} : first_lanes(lane);
      outcome_.refused_by_cost += static_cast<std::uint64_t>(std::popcount(qualified & ~affordable & before));
      if (entering == 0) continue;
      __builtin_prefetch(&candidates.row[i + lane]);
      __builtin_prefetch(&candidates.row[i + lane].breakout);
      return candidates.bar[i + lane];
    }
    return layout_.bars();
  }

  /// The first bar of [begin, end) that touches a level of the position or on which funding is due.
  std::size_t next_event(std::size_t begin, std::size_t end) const {
    if (begin >= end) return end;
    if (!layout_.next_funding.empty()) end = std::min<std::size_t>(end, layout_.next_funding[begin]);
    const execution::ExitLevels levels = engine_.levels();
    const bool is_long = held_.side == Side::long_side;
    return first_touch(layout_.low.data(), layout_.high.data(), begin, end,
                       is_long ? levels.losing : levels.winning, is_long ? levels.winning : levels.losing);
  }

  /// Asks for the bar that the engine will need, while others are marked: it lies somewhere in megabytes.
  void fetch_bar(std::size_t bar) const {
    if (bar < layout_.bars()) __builtin_prefetch(&layout_.tape.bars[layout_.range.begin + bar]);
  }

  std::size_t step(std::size_t bar) {
    engine_.process_bar(layout_.tape_bars(bar, bar + 1)[0], layout_.times(bar, bar + 1)[0]);
    mark(bar, bar + 1);
    return bar;
  }

  /// Bars without an event. Of these the engine has to know none but the last of the range, at whose open it
  /// closes what is left.
  void pass(std::size_t begin, std::size_t end) {
    if (begin < end && end == layout_.bars())
      engine_.hold(layout_.tape_bars(end - 1, end), layout_.times(end - 1, end));
    mark(begin, end);
  }

  /// Marks bars that the account goes through unchanged. The last bar waits for the end of the run.
  void mark(std::size_t begin, std::size_t end) {
    end = std::min(end, layout_.bars() - 1);
    if (begin >= end) return;
    const execution::Account& account = engine_.account();
    if (account.units == 0 || end - begin == 1) {
      drawdown_.add(account.equity(layout_.close[begin]));
    } else {
      drawdown_.add(account.cash, account.units, layout_.close.data() + begin, end - begin);
    }
    for (std::size_t day = layout_.first_ending[begin]; day < layout_.first_ending[end]; ++day)
      day_equity_[day] = account.equity(layout_.day_close[day]);
  }

  /// As stats::daily_returns: after a ruin the account stays at nothing.
  std::vector<double> returns(double base) const {
    std::vector<double> returns(day_equity_.size());
    for (std::size_t day = 0; day < returns.size(); ++day) {
      const bool ruined = base <= 0;
      returns[day] = (ruined ? 1 : std::max(day_equity_[day] / base, 0.0)) - 1;
      base = ruined ? 0 : std::max(day_equity_[day], 0.0);
    }
    return returns;
  }

  const SweepLayout& layout_;
  const strategy::ResolvedParameters& parameters_;
  execution::BarEngine engine_;
  strategy::HeldRule held_;
  Thresholds thresholds_;
  Drawdown drawdown_;
  std::vector<double> day_equity_;
  SweepOutcome outcome_;
  std::size_t bar_ = 0;  // at whose close the account stands
  bool started_ = false;
};

// Several sets go through a window of bars before any goes on to the next, so that its columns stay in the
// nearer caches.
constexpr std::size_t sets_together = 32;
constexpr std::size_t window_bars = 4096;

void play_together(const SweepLayout& layout, std::span<const strategy::ResolvedParameters> sets,
                   std::span<SweepOutcome> outcomes) {
  std::vector<Run> runs;
  runs.reserve(sets.size());
  for (const strategy::ResolvedParameters& set : sets) runs.emplace_back(layout, set);
  for (std::size_t end = window_bars; end < layout.bars() + window_bars; end += window_bars)
    for (Run& run : runs) run.play(end);
  for (std::size_t i = 0; i < runs.size(); ++i) outcomes[i] = runs[i].finish();
}

}  // namespace

SweepOutcome summarise(const execution::SimulationResult& run) {
  std::vector<double> profits;
  const stats::EquityCurve curve = equity_curve(run, profits);
  SweepOutcome outcome;
  outcome.daily_returns = stats::simple_returns(stats::daily_returns(curve));
  if (run.equity.empty()) return outcome;
  const std::vector<double> losses = stats::drawdown_series(run.initial_equity, run.equity);
  outcome.max_drawdown = *std::ranges::max_element(losses);
  outcome.equity = run.equity.back();
  outcome.total_return = outcome.equity / run.initial_equity - 1;
  std::vector<double> day_equity;
  for (std::size_t i = 0; i < run.equity.size(); ++i)
    if (i + 1 == run.equity.size() || utc_day(run.open_time[i]) != utc_day(run.open_time[i + 1]))
      day_equity.push_back(run.equity[i]);
  outcome.turnover = turnover_of(run.traded_notional, day_equity, stats::elapsed_years(curve));
  add_totals(run, outcome);
  return outcome;
}

ParameterSweep::ParameterSweep(const execution::BarTape& tape, const strategy::RuleInputs& inputs,
                               const execution::EngineConfig& config, market::BarRange range)
    : layout_(std::make_unique<const SweepLayout>(tape, inputs, config, range)) {}
ParameterSweep::~ParameterSweep() = default;
ParameterSweep::ParameterSweep(ParameterSweep&&) noexcept = default;
ParameterSweep& ParameterSweep::operator=(ParameterSweep&&) noexcept = default;

SweepOutcome ParameterSweep::evaluate(const strategy::ResolvedParameters& parameters) const {
  SweepOutcome outcome;
  play_together(*layout_, {&parameters, 1}, {&outcome, 1});
  return outcome;
}

std::vector<SweepOutcome> ParameterSweep::evaluate(std::span<const strategy::ResolvedParameters> sets,
                                                   ThreadPool* pool) const {
  std::vector<SweepOutcome> outcomes(sets.size());
  const std::size_t threads = pool == nullptr ? 1 : pool->threads();
  const std::size_t group = std::clamp<std::size_t>(sets.size() / threads, 1, sets_together);
  const auto play = [&](std::size_t i) {
    const std::size_t begin = i * group, count = std::min(group, sets.size() - begin);
    play_together(*layout_, sets.subspan(begin, count), std::span(outcomes).subspan(begin, count));
  };
  const std::size_t groups = (sets.size() + group - 1) / group;
  if (pool != nullptr) {
    pool->parallel_for(groups, play);
  } else {
    for (std::size_t i = 0; i < groups; ++i) play(i);
  }
  return outcomes;
}

std::span<const std::int64_t> ParameterSweep::days() const {
  return layout_->days;
}

std::size_t ParameterSweep::bar_count() const {
  return layout_->bars();
}

}  // namespace stevie::evaluation
