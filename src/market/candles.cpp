#include "market/candles.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stevie::market {
namespace {

constexpr TimeMs week_ms = 7 * day_ms;
constexpr TimeMs monday = 4 * day_ms;  // 1970-01-05; 1970 began on a Thursday
constexpr std::array<TimeMs, 30> round_widths{
    second_ms,     5 * second_ms, 10 * second_ms, 15 * second_ms, 30 * second_ms, minute_ms,
    2 * minute_ms, 3 * minute_ms, 5 * minute_ms,  10 * minute_ms, 15 * minute_ms, 30 * minute_ms,
    hour_ms,       2 * hour_ms,   3 * hour_ms,    4 * hour_ms,    6 * hour_ms,    8 * hour_ms,
    12 * hour_ms,  day_ms,        2 * day_ms,     3 * day_ms,     week_ms,        2 * week_ms,
    4 * week_ms,   8 * week_ms,   13 * week_ms,   26 * week_ms,   52 * week_ms,   104 * week_ms};

TimeMs begin_of(TimeMs time, TimeMs width) {
  const TimeMs offset = width % week_ms == 0 ? monday : 0;
  const TimeMs from_offset = time - offset;
  const TimeMs whole = from_offset / width - (from_offset % width < 0 ? 1 : 0);
  return whole * width + offset;
}

std::size_t first_at_or_after(const Bars& bars, std::size_t count, TimeMs time) {
  const auto end = bars.open_time.begin() + static_cast<std::ptrdiff_t>(count);
  return static_cast<std::size_t>(std::lower_bound(bars.open_time.begin(), end, time) -
                                  bars.open_time.begin());
}

BarRange asked_range(const Bars& bars, std::size_t count, const CandleRequest& request) {
  BarRange range{0, count};
  if (request.to) range.end = first_at_or_after(bars, count, *request.to + 1);
  range.begin = request.from ? first_at_or_after(bars, count, *request.from)
                             : range.end - std::min(range.end, request.points);
  range.end = std::max(range.begin, range.end);
  return range;
}

/// Least width with which the grid cuts the span into at most `points` candles.
TimeMs fitting_width(const Bars& bars, BarRange range, std::size_t points) {
  if (range.size() <= points) return bars.interval;
  const TimeMs first = bars.open_time[range.begin], last = bars.open_time[range.end - 1];
  const auto candles = [&](TimeMs width) {
    return static_cast<std::uint64_t>((begin_of(last, width) - begin_of(first, width)) / width + 1);
  };
  TimeMs width =
      round_candle_width(bars.interval, std::max<TimeMs>(1, (last - first) / static_cast<TimeMs>(points)));
  while (candles(width) > points) {
    const TimeMs wider = round_candle_width(bars.interval, width + 1);
    // Two candles may be left where the span lies across a border of every grid.
    if (points == 1 && wider > 2 * (last - first)) return 0;
    width = wider;
  }
  return width;
}

}  // namespace

TimeMs round_candle_width(TimeMs interval, TimeMs least) {
  for (const TimeMs width : round_widths) {
    if (width >= least && width % interval == 0) return width;
  }
  const TimeMs unit = interval > round_widths.back() ? interval : round_widths.back();
  TimeMs width = round_widths.back() % interval == 0 ? unit : interval;
  while (width < least) width *= 2;
  return width;
}

void CandleIndex::extend(const Bars& bars, std::size_t count) {
  blocks_.reserve(count / block_bars);
  while ((blocks_.size() + 1) * block_bars <= count) {
    const std::size_t begin = blocks_.size() * block_bars;
    Block block{bars.high[begin], bars.low[begin], 0};
    for (std::size_t i = begin; i < begin + block_bars; ++i) {
      block.high = std::max(block.high, bars.high[i]);
      block.low = std::min(block.low, bars.low[i]);
      block.volume += bars.volume[i];
    }
    blocks_.push_back(block);
  }
}

Candle CandleIndex::merge(const Bars& bars, BarRange range, TimeMs open_time) const {
  Candle candle{open_time,
                bars.open[range.begin],
                bars.high[range.begin],
                bars.low[range.begin],
                bars.close[range.end - 1],
                0,
                range.size()};
  for (std::size_t i = range.begin; i < range.end;) {
    const std::size_t block = i / block_bars;
    const bool whole = i % block_bars == 0 && i + block_bars <= range.end && block < blocks_.size();
    candle.high = std::max(candle.high, whole ? blocks_[block].high : bars.high[i]);
    candle.low = std::min(candle.low, whole ? blocks_[block].low : bars.low[i]);
    candle.volume += whole ? blocks_[block].volume : bars.volume[i];
    i += whole ? block_bars : 1;
  }
  return candle;
}

CandleChart make_candles(const Bars& bars, std::size_t count, const CandleIndex& index,
                         const CandleRequest& request) {
  CandleChart chart;
  const BarRange range = asked_range(bars, count, request);
  chart.width = bars.interval;
  chart.has_volume = bars.has_volume;
  if (count > 0) {
    chart.first = bars.open_time.front();
    chart.last = bars.open_time[count - 1];
  }
  if (range.size() == 0) return chart;
  chart.width = fitting_width(bars, range, request.points);
  if (chart.width == bars.interval) {  // also bars that do not lie on the grid
    for (std::size_t i = range.begin; i < range.end; ++i)
      chart.candles.push_back(index.merge(bars, {i, i + 1}, bars.open_time[i]));
    return chart;
  }
  if (chart.width == 0) {  // one candle was asked for
    chart.candles.push_back(index.merge(bars, range, bars.open_time[range.begin]));
    chart.width = bars.open_time[range.end - 1] - bars.open_time[range.begin] + bars.interval;
    return chart;
  }
  for (std::size_t begin = range.begin; begin < range.end;) {
    const TimeMs open = begin_of(bars.open_time[begin], chart.width);
    const std::size_t end = std::min(range.end, first_at_or_after(bars, range.end, open + chart.width));
    chart.candles.push_back(index.merge(bars, {begin, end}, open));
    begin = end;
  }
  return chart;
}

}  // namespace stevie::market
