#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "execution/engine.h"
#include "market/bars.h"
#include "strategy/rules.h"

namespace stevie::evaluation {

/// The bars on which some rule can qualify, in time order, padded as bar_scan.h asks. A parameter set is
/// compared with what each rule asks for alone; the decision itself is decide_rules() on the row.
struct SweepCandidates {
  AlignedVector<double> breakout;   // percentile where the close has left its channel, else -infinity
  AlignedVector<double> stretched;  // percentile where the close is stretched, else infinity
  AlignedVector<double> news;       // |score| where an event is fresh, else -infinity
  AlignedVector<double> cost_bps;   // of a round trip
  std::vector<std::uint8_t> regime;
  std::vector<std::uint32_t> bar;
  std::vector<strategy::RuleRow> row;  // without padding

  std::size_t size() const { return row.size(); }
};

/// What a sweep knows of the bars of its range ahead of any parameter set. Bars, candidates and days are
/// counted from the beginning of the range, in 32 bits to keep the columns small.
struct SweepLayout {
  using Index = std::uint32_t;

  /// Throws what ParameterSweep throws.
  SweepLayout(const execution::BarTape& tape, const strategy::RuleInputs& inputs,
              const execution::EngineConfig& config, market::BarRange range);

  std::size_t bars() const { return range.size(); }
  std::span<const execution::TapeBar> tape_bars(std::size_t begin, std::size_t end) const {
    return {tape.bars.data() + range.begin + begin, end - begin};
  }
  std::span<const TimeMs> times(std::size_t begin, std::size_t end) const {
    return {tape.open_time.data() + range.begin + begin, end - begin};
  }

  const execution::BarTape& tape;
  const strategy::RuleInputs& inputs;
  execution::EngineConfig config;
  market::BarRange range;
  strategy::RoundTripCost cost;
  double years = 0;

  AlignedVector<double> high, low, close;  // (bars), padded
  SweepCandidates candidates;              // none on the last bar, which brings no decision
  std::vector<Index> next_candidate;       // (bars) the first candidate on this bar or later
  std::array<std::vector<Index>, 2> mean;  // by side, (bars): the first bar from this one on on which a
                                           // position of mean reversion leaves; bars() where there is none
  std::vector<Index> next_funding;         // (bars) likewise for funding; empty without any
  std::vector<std::int64_t> days;          // (days) UTC days with a bar
  std::vector<double> day_close;           // (days) the day's last close
  std::vector<Index> first_ending;         // (bars + 1) the first day whose last bar is this one or later

 private:
  void lay_out_candidates();
  void lay_out_exits();
  void lay_out_days();
};

}  // namespace stevie::evaluation
