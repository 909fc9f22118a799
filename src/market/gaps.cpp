#include "market/gaps.h"

namespace stevie::market {
namespace {

/// Bars missing between two stamps: their distance in intervals, rounded, less one.
std::size_t missing_between(TimeMs earlier, TimeMs later, TimeMs interval) {
  const TimeMs steps = (later - earlier + interval / 2) / interval;
  return steps > 1 ? static_cast<std::size_t>(steps - 1) : 0;
}

}  // namespace

std::vector<Gap> find_gaps(const Bars& bars) {
  std::vector<Gap> gaps;
  for (std::size_t i = 1; i < bars.size(); ++i) {
    const TimeMs before = bars.open_time[i - 1];
    const std::size_t missing = missing_between(before, bars.open_time[i], bars.interval);
    if (missing > 0) gaps.push_back({i, before + bars.interval, bars.open_time[i], missing});
  }
  return gaps;
}

std::vector<BarRange> segments(const Bars& bars, const GapPolicy& policy) {
  std::vector<BarRange> ranges;
  if (bars.empty()) return ranges;
  std::size_t begin = 0;
  for (const Gap& gap : find_gaps(bars)) {
    if (gap.missing_bars <= policy.max_missing_bars) continue;
    ranges.push_back({begin, gap.bar});
    begin = gap.bar;
  }
  ranges.push_back({begin, bars.size()});
  return ranges;
}

std::vector<std::uint8_t> long_gap_before(const Bars& bars, const GapPolicy& policy) {
  std::vector<std::uint8_t> gap_before(bars.size(), 0);
  for (const Gap& gap : find_gaps(bars)) {
    if (gap.missing_bars > policy.max_missing_bars) gap_before[gap.bar] = 1;
  }
  return gap_before;
}

}  // namespace stevie::market
