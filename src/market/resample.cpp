#include "market/resample.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace stevie::market {
namespace {

/// 1970-01-01 was a Thursday: whole weeks start four days later, on Monday.
constexpr TimeMs week_ms = 7 * day_ms;
constexpr TimeMs first_monday_ms = 4 * day_ms;

TimeMs bucket_start(TimeMs time, TimeMs interval) {
  const TimeMs offset = interval % week_ms == 0 ? first_monday_ms : 0;
  TimeMs into = (time - offset) % interval;
  if (into < 0) into += interval;
  return time - into;
}

void merge_into(Bar& bucket, const Bar& bar) {
  bucket.high = std::max(bucket.high, bar.high);
  bucket.low = std::min(bucket.low, bar.low);
  bucket.close = bar.close;
  bucket.volume += bar.volume;
}

}  // namespace

Bars resample(const Bars& bars, TimeMs interval) {
  if (bars.interval <= 0 || interval < 2 * bars.interval || interval % bars.interval != 0) {
    throw Error("market.bad_interval",
                fmt::format("bars of {} cannot be made into bars of {}: choose a whole multiple, two or more",
                            format_duration(bars.interval), format_duration(interval)));
  }
  Bars result;
  result.symbol = bars.symbol;
  result.interval = interval;
  result.has_volume = bars.has_volume;
  result.reserve(bars.size() / static_cast<std::size_t>(interval / bars.interval) + 1);

  std::size_t i = 0;
  while (i < bars.size()) {
    const TimeMs start = bucket_start(bars.open_time[i], interval);
    const TimeMs end = start + interval;
    const bool entered_in_the_middle = i == 0 && bars.open_time[i] >= start + bars.interval;
    Bar bucket = bars[i];
    bucket.open_time = start;
    for (++i; i < bars.size() && bars.open_time[i] < end; ++i) merge_into(bucket, bars[i]);
    const bool left_in_the_middle = i == bars.size() && bars.open_time[i - 1] + bars.interval < end;
    if (!entered_in_the_middle && !left_in_the_middle) result.push_back(bucket);
  }
  if (result.empty()) {
    throw Error("market.no_bars",
                fmt::format("{} bars of {} do not fill one bar of {}: give more bars", bars.size(),
                            format_duration(bars.interval), format_duration(interval)));
  }
  return result;
}

}  // namespace stevie::market
