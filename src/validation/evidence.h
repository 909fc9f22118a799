#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stevie::validation {

/// One arm of the comparison, replayed over the windows that the search never saw.
struct Arm {
  std::string parameters_hash;  // of the canonical parameters: 1 to 128 letters or digits
  /// What it was replayed on. Any text, as long as equal text means equal content: a hash of the bars and
  /// windows, the description of the instrument's costs.
  std::string path;
  std::string costs;
  std::uint64_t seed = 0;

  std::vector<std::int64_t> days;             // utc_day, strictly increasing
  std::vector<double> returns;                // (days) simple return of the day, net of all costs, >= -1
  std::vector<double> doubled_costs_returns;  // (days) the same replay with every cost doubled
  double turnover = 0;                        // traded notional / mean equity, per year
  std::size_t trades = 0;                     // closed round trips
  std::optional<double> win_rate;             // share of them that won; absent without trades
};

/// How stepping through the bars compared with the batch.
struct CausalityCheck {
  bool done = false;
  bool identical = false;  // every decision and every row bit for bit
  std::string detail;      // what was compared; what differed and where
};

/// UTC days first .. last, both in it.
struct DayRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// Everything judge() decides from. It recomputes every figure it uses from the daily returns.
struct Evidence {
  Arm running;
  Arm proposed;
  CausalityCheck causality;
  std::vector<DayRange> searched;  // days that the search learned from: no judged day may lie in one

  /// (candidates, days) daily returns, as Arm::returns, of every candidate that was looked at on these days.
  /// The proposed arm is one of them, bit for bit: a proposal out of nowhere has one candidate, itself.
  std::vector<std::vector<double>> candidates;
  /// Every trial ever made on the whole data, pruned ones and those never replayed on these days too; at
  /// least the number of candidates. Only the deflated Sharpe ratio uses it.
  std::size_t trials = 0;

  /// Proposals that were judged on these days before this one, at most a million, and which of them (1 is the
  /// first) were promoted. A candidate of an earlier search counts here or in `candidates`, not in both.
  std::size_t judged_before = 0;
  std::vector<std::size_t> promoted_before;  // strictly increasing, each in 1 .. judged_before

  /// One sentence for each way in which this is not what the comments above say; empty: it can be judged.
  std::vector<std::string> faults() const;
};

}  // namespace stevie::validation
