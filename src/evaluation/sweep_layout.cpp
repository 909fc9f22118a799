#include "evaluation/sweep_layout.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "evaluation/backtest.h"
#include "evaluation/bar_scan.h"
#include "stats/metrics.h"

namespace stevie::evaluation {

using execution::Side;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

SweepLayout::SweepLayout(const execution::BarTape& tape_, const strategy::RuleInputs& inputs_,
                         const execution::EngineConfig& config_, market::BarRange range_)
    : tape(tape_), inputs(inputs_), config(config_), range(range_), cost(config_.instrument) {
  config.validate();
  check_range(tape, range);
  if (inputs.open_time != tape.open_time)
    throw Error("evaluation.unaligned",
                "the rules' inputs do not belong to these bars: make them from the same file");
  for (const execution::TapeBar& bar : tape_bars(0, bars())) {
    high.push_back(bar.high);
    low.push_back(bar.low);
    close.push_back(bar.close);
  }
  high.resize(bars() + scan_block, -infinity);
  low.resize(bars() + scan_block, infinity);
  close.resize(bars() + scan_block, close.back());
  lay_out_candidates();
  lay_out_exits();
  lay_out_days();
  stats::EquityCurve span;
  span.interval = tape.interval;
  span.open_time = times(0, bars());
  years = stats::elapsed_years(span);
}

void SweepLayout::lay_out_candidates() {
  const auto add = [this](double breakout, double stretched, double news) {
    candidates.breakout.push_back(breakout);
    candidates.stretched.push_back(stretched);
    candidates.news.push_back(news);
  };
  for (std::size_t bar = 0; bar < bars(); ++bar) {
    next_candidate.push_back(static_cast<Index>(candidates.size()));
    const strategy::RuleRow row = inputs[range.begin + bar];
    const bool any = row.breakout != 0 || row.stretched != 0 || row.social_fresh;
    if (!row.ready || !any || bar + 1 == bars()) continue;
    add(row.breakout != 0 ? row.volatility_percentile : -infinity,
        row.stretched != 0 ? row.volatility_percentile : infinity,
        row.social_fresh ? std::abs(row.social_score) : -infinity);
    candidates.cost_bps.push_back(cost.bps(row.range));
    candidates.regime.push_back(static_cast<std::uint8_t>(row.regime));
    candidates.bar.push_back(static_cast<Index>(bar));
    candidates.row.push_back(row);
  }
  for (std::size_t i = 0; i < scan_block; ++i) add(-infinity, infinity, -infinity);
  candidates.cost_bps.resize(candidates.size() + scan_block, infinity);
  candidates.regime.resize(candidates.size() + scan_block, 0);
  candidates.bar.resize(candidates.size() + scan_block, static_cast<Index>(bars()));
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
      column[bar] = last                                            ? none
                    : mean_reached(inputs[range.begin + bar], held) ? static_cast<Index>(bar)
                                                                    : column[bar + 1];
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
