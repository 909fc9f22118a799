#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

/// A hole in the data. Bars bar - 1 and bar are further apart than one interval.
struct Gap {
  std::size_t bar = 0;           // index of the first bar AFTER the gap
  TimeMs first_missing = 0;      // open time of the first missing bar
  TimeMs resumes = 0;            // open time of bar `bar`
  std::size_t missing_bars = 0;  // >= 1
};

/// What a simulation may cross.
struct GapPolicy {
  /// A gap with more missing bars than this ends an episode (truncated) and splits the data. Default 3: short
  /// outages are crossed as one large bar-to-bar step, long ones never. 0 splits at every missing bar.
  std::size_t max_missing_bars = 3;
};

/// Every gap, oldest first. The number of missing bars is the distance in intervals, rounded, less one; where
/// that is zero (a stamp slightly off the grid) there is no gap.
std::vector<Gap> find_gaps(const Bars& bars);

/// The ranges between gaps longer than the policy allows: together they cover all bars, in order.
/// Empty for empty bars.
std::vector<BarRange> segments(const Bars& bars, const GapPolicy& policy = {});

/// (bars) 1 where a gap longer than the policy allows lies between bar i - 1 and bar i; [0] is 0. An episode
/// must end on bar i - 1 there.
std::vector<std::uint8_t> long_gap_before(const Bars& bars, const GapPolicy& policy = {});

}  // namespace stevie::market
