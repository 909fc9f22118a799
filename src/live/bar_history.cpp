#include "live/bar_history.h"

#include <algorithm>
#include <utility>

namespace stevie::live {

BarHistory::BarHistory(const Feed& feed, std::size_t most_bars)
    : symbols_(feed.symbols()),
      interval_(feed.interval()),
      most_bars_(most_bars),
      series_(symbols_.size()),
      pending_(symbols_.size()) {
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    series_[i].all = feed.all_bars(i);
    series_[i].own.symbol = symbols_[i];
    series_[i].own.interval = interval_;
  }
}

void BarHistory::warm_up(std::size_t symbol, const market::Bars& bars, const std::optional<TimeMs>& newest) {
  const bool kept_by_feed = series_[symbol].all != nullptr;  // never changes
  const std::lock_guard lock(pending_mutex_);
  Pending& pending = pending_[symbol];
  pending.newest = newest;
  if (kept_by_feed) return;
  for (std::size_t i = 0; i < bars.size(); ++i) pending.bars.push_back(bars[i]);
}

void BarHistory::played(std::size_t symbol, const market::Bar& bar) {
  const bool kept_by_feed = series_[symbol].all != nullptr;
  const std::lock_guard lock(pending_mutex_);
  pending_[symbol].newest = bar.open_time;
  if (!kept_by_feed) pending_[symbol].bars.push_back(bar);
}

std::optional<std::size_t> BarHistory::find(const std::string& symbol) const {
  const auto found = std::ranges::find(symbols_, symbol);
  if (found == symbols_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - symbols_.begin());
}

BarHistory::Series& BarHistory::up_to_date(std::size_t symbol) const {
  Series& series = series_[symbol];
  Pending pending;
  {
    const std::lock_guard lock(pending_mutex_);
    pending.newest = pending_[symbol].newest;
    pending.bars.swap(pending_[symbol].bars);
  }
  if (series.all != nullptr) {
    const auto& times = series.all->open_time;
    if (pending.newest) {
      series.known =
          static_cast<std::size_t>(std::ranges::upper_bound(times, *pending.newest) - times.begin());
    }
    series.index.extend(*series.all, series.all->size());
    return series;
  }
  for (const market::Bar& bar : pending.bars) {
    if (series.own.empty() || bar.open_time > series.own.open_time.back()) series.own.push_back(bar);
  }
  trim(series);
  series.known = series.own.size();
  series.index.extend(series.own, series.known);
  return series;
}

/// Forgets the oldest third once there are half as many again as are to be kept.
void BarHistory::trim(Series& series) const {
  if (series.own.size() < most_bars_ + most_bars_ / 2) return;
  series.own = series.own.slice(series.own.size() - most_bars_, series.own.size());
  series.index = {};
}

market::CandleChart BarHistory::candles(std::size_t symbol, const market::CandleRequest& request) const {
  const std::lock_guard lock(reader_mutex_);
  const Series& series = up_to_date(symbol);
  return market::make_candles(series.all != nullptr ? *series.all : series.own, series.known, series.index,
                              request);
}

void BarHistory::read(std::size_t symbol,
                      const std::function<void(const market::Bars&, std::size_t)>& read) const {
  const std::lock_guard lock(reader_mutex_);
  const Series& series = up_to_date(symbol);
  read(series.all != nullptr ? *series.all : series.own, series.known);
}

}  // namespace stevie::live
