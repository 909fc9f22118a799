#include "features/bar_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "market/raw_bars.h"

namespace stevie::features {
namespace {

bool usable(const BarColumns& bars, std::size_t i) {
  return market::has_sound_values(bars.open[i], bars.high[i], bars.low[i], bars.close[i], bars.volume[i]);
}

[[noreturn]] void refuse(const std::string& what, TimeMs time) {
  throw Error("features.unusable_bar", what + "; check the data, for example with 'stevie data check'",
              "bar " + format_time(time));
}

void check(const BarColumns& bars, bool is_first, TimeMs last_time) {
  bool good = true;
  for (std::size_t i = 0; i < bars.size; ++i) good &= usable(bars, i);
  good &= is_first || bars.size == 0 || bars.open_time[0] > last_time;
  for (std::size_t i = 1; i < bars.size; ++i) good &= bars.open_time[i] > bars.open_time[i - 1];
  if (good) return;
  for (std::size_t i = 0; i < bars.size; ++i) {
    if (!usable(bars, i)) {
      refuse(fmt::format("prices must lie within {} and {} with open and close between low and high, volume "
                         "within 0 and {}",
                         market::smallest_price, market::largest_price, market::largest_volume),
             bars.open_time[i]);
    }
    const bool follows =
        i > 0 ? bars.open_time[i] > bars.open_time[i - 1] : is_first || bars.open_time[0] > last_time;
    if (!follows) refuse("the bar is not later than the one before it", bars.open_time[i]);
  }
}

}  // namespace

BarHistory::BarHistory() : values_(column_count * capacity, 0.0), time_(capacity, 0) {
  std::fill_n(at(sigma, 0), history_bars, volatility_floor);
  std::fill_n(at(inverse_sigma, 0), history_bars, 1 / volatility_floor);
}

void BarHistory::make_room(std::size_t size) {
  if (end_ + size <= capacity) return;
  const std::size_t first = end_ - history_bars;
  for (std::size_t column = 0; column < column_count; ++column) {
    double* values = at(static_cast<Column>(column), 0);
    std::memmove(values, values + first, history_bars * sizeof(double));
  }
  std::memmove(time_.data(), time_.data() + first, history_bars * sizeof(TimeMs));
  end_ = history_bars;
}

void BarHistory::derive(std::size_t size) {
  constexpr Column plain[] = {open, high, low, close};
  constexpr Column logs[] = {log_open, log_high, log_low, log_close};
  if (bars_seen_ == 0) first_log_close_ = std::log(*at(close, end_));
  for (std::size_t k = 0; k < 4; ++k) {
    const double* price = at(plain[k], end_);
    double* log_price = at(logs[k], end_);
    for (std::size_t i = 0; i < size; ++i) log_price[i] = std::log(price[i]) - first_log_close_;
  }
  const double* now = at(log_close, end_);
  double* change = at(log_return, end_);
  for (std::size_t i = 0; i < size; ++i) change[i] = now[i] - (now - 1)[i];
  double* deviation = at(sigma, end_);
  double* inverse = at(inverse_sigma, end_);
  for (std::size_t i = 0; i < size; ++i) deviation[i] = square_return_.push(change[i] * change[i]);
  for (std::size_t i = 0; i < size; ++i) {
    deviation[i] = std::max(std::sqrt(deviation[i]), volatility_floor);
    inverse[i] = 1 / deviation[i];
  }
}

BarBlock BarHistory::append(const BarColumns& bars) {
  check(bars, bars_seen_ == 0, time_[end_ - 1]);
  make_room(bars.size);
  const std::size_t bytes = bars.size * sizeof(double);
  std::memcpy(at(open, end_), bars.open, bytes);
  std::memcpy(at(high, end_), bars.high, bytes);
  std::memcpy(at(low, end_), bars.low, bytes);
  std::memcpy(at(close, end_), bars.close, bytes);
  std::memcpy(at(volume, end_), bars.volume, bytes);
  std::memcpy(time_.data() + end_, bars.open_time, bars.size * sizeof(TimeMs));
  derive(bars.size);

  BarBlock block;
  block.size = bars.size;
  block.first_bar = bars_seen_;
  block.open_time = time_.data() + end_;
  block.open = at(open, end_);
  block.high = at(high, end_);
  block.low = at(low, end_);
  block.close = at(close, end_);
  block.volume = at(volume, end_);
  block.log_open = at(log_open, end_);
  block.log_high = at(log_high, end_);
  block.log_low = at(log_low, end_);
  block.log_close = at(log_close, end_);
  block.log_return = at(log_return, end_);
  block.volatility = at(sigma, end_);
  block.inverse_volatility = at(inverse_sigma, end_);
  end_ += bars.size;
  bars_seen_ += bars.size;
  return block;
}

}  // namespace stevie::features
