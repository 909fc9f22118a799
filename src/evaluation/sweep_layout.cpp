#include "evaluation/sweep_layout.h"

#include <cmath>

#include "core/error.h"
#include "evaluation/backtest.h"
#include "stats/metrics.h"

namespace stevie::evaluation {

using execution::Side;

SweepLayout::SweepLayout(const execution::BarTape& tape_, const strategy::RuleInputs& inputs_,
                         const execution::EngineConfig& config_, market::BarRange range_)
    : tape(tape_), inputs(inputs_), config(config_), range(range_), cost(config_.instrument) {
  config.validate();
  check_range(tape, range);
  if (inputs.open_time != tape.open_time)
    throw Error("evaluation.unaligned",
                "the rules' inputs do not belong to these bars: make them from the same file");
  for (std::size_t bar = 0; bar < bars(); ++bar) {
    const execution::TapeBar& at = tape.bars[range.begin + bar];
    high.push_back(at.high);
    low.push_back(at.low);
    close.push_back(at.close);
  }
  lay_out_candidates();
  lay_out_exits();
  lay_out_days();
  stats::EquityCurve span;
  span.interval = tape.interval;
  span.open_time = times(0, bars());
  years = stats::elapsed_years(span);
}

void SweepLayout::lay_out_candidates() {
  for (std::size_t bar = 0; bar < bars(); ++bar) {
    next_candidate.push_back(static_cast<Index>(candidates.size()));
    const strategy::RuleRow row = this->row(bar);
    const bool any = row.breakout != 0 || row.stretched != 0 || row.social_fresh;
    if (!row.ready || !any || bar + 1 == bars()) continue;
    SweepCandidate candidate;
    if (row.breakout != 0) candidate.breakout = row.volatility_percentile;
    if (row.stretched != 0) candidate.stretched = row.volatility_percentile;
    if (row.social_fresh) candidate.news = std::abs(row.social_score);
    candidate.cost_bps = cost.bps(row.range);
    candidate.bar = static_cast<Index>(bar);
    candidate.regime = static_cast<Index>(row.regime);
    candidates.push_back(candidate);
  }
}

void SweepLayout::lay_out_exits() {
  const auto none = static_cast<Index>(bars());
  bool funded = false;
  for (const execution::TapeBar& bar : tape_bars(0, bars()))
    funded |= bar.funding_at_open != 0 || bar.funding_inside != 0;
  if (funded) next_funding.assign(bars(), none);
  for (std::vector<Index>& column : mean) column.assign(bars(), none);
  for (std::size_t bar = bars(); bar-- > 0;) {
    const bool last = bar + 1 == bars();
    for (const Side side : {Side::long_side, Side::short_side}) {
      std::vector<Index>& column = mean[static_cast<std::size_t>(side)];
      const strategy::HeldRule held{true, side, strategy::Rule::mean_reversion};
      // the close of the last bar brings no decision
      column[bar] = last ? none : mean_reached(row(bar), held) ? static_cast<Index>(bar) : column[bar + 1];
    }
    if (!funded) continue;
    const execution::TapeBar& at = tape.bars[range.begin + bar];
    const bool due = at.funding_at_open != 0 || at.funding_inside != 0;
    next_funding[bar] = due ? static_cast<Index>(bar) : last ? none : next_funding[bar + 1];
  }
}

void SweepLayout::lay_out_days() {
  const std::span<const TimeMs> open = times(0, bars());
  for (std::size_t bar = 0; bar < bars(); ++bar) {
    first_ending.push_back(static_cast<Index>(days.size()));
    const std::int64_t day = utc_day(open[bar]);
    if (bar + 1 < bars() && utc_day(open[bar + 1]) == day) continue;
    days.push_back(day);
    day_close.push_back(close[bar]);
  }
  first_ending.push_back(static_cast<Index>(days.size()));
}

}  // namespace stevie::evaluation
