#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/time.h"

namespace stevie::market {

/// One bar. `open_time` is the bar's OPEN, UTC; the bar is known only when it has closed, at open_time +
/// interval. Prices are in quote currency, volume in base currency.
struct Bar {
  TimeMs open_time = 0;
  double open = 0, high = 0, low = 0, close = 0, volume = 0;
};

/// The bars of one symbol as columns of equal length, oldest first.
///
/// Always: open_time strictly increases; prices are finite and > 0; volume is finite and >= 0. Bars may be
/// missing (gaps); nothing is filled in. The readers establish this, everyone else relies on it.
struct Bars {
  std::string symbol;   // "BTC/USDT"; empty where the source does not tell
  TimeMs interval = 0;  // distance of neighbouring bars on the grid
  std::vector<TimeMs> open_time;
  std::vector<double> open, high, low, close, volume;
  bool has_volume = true;  // false where the source has no volume, or zero throughout

  std::size_t size() const { return open_time.size(); }
  bool empty() const { return open_time.empty(); }
  Bar operator[](std::size_t i) const {
    return {open_time[i], open[i], high[i], low[i], close[i], volume[i]};
  }
  void push_back(const Bar& bar) {
    open_time.push_back(bar.open_time);
    open.push_back(bar.open);
    high.push_back(bar.high);
    low.push_back(bar.low);
    close.push_back(bar.close);
    volume.push_back(bar.volume);
  }
  void reserve(std::size_t count) {
    open_time.reserve(count);
    for (auto* column : {&open, &high, &low, &close, &volume}) column->reserve(count);
  }
  /// A copy of bars [begin, end) with the same symbol and interval.
  Bars slice(std::size_t begin, std::size_t end) const {
    Bars part;
    part.symbol = symbol;
    part.interval = interval;
    part.has_volume = has_volume;
    part.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) part.push_back((*this)[i]);
    return part;
  }
};

/// Half-open range of bar indices.
struct BarRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

}  // namespace stevie::market
