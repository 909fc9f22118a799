#include "live/bar_sequencer.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace stevie::live {
namespace {

constexpr int pages_that_confirm_a_hole = 3;

bool same(const market::Bar& a, const market::Bar& b) {
  return a.open_time == b.open_time && a.open == b.open && a.high == b.high && a.low == b.low &&
         a.close == b.close && a.volume == b.volume;
}

}  // namespace

BarSequencer::BarSequencer(std::size_t symbols, TimeMs interval, std::size_t most_held)
    : interval_(interval), most_held_(most_held), tracks_(symbols) {}

void BarSequencer::start(std::size_t symbol, std::optional<TimeMs> after) {
  Track& track = tracks_[symbol];
  track = {};
  if (!after) return;
  track.wanted = *after + interval_;
  track.anchored = true;
}

BarVerdict BarSequencer::closed(std::size_t symbol, const market::Bar& bar, bool doubtful) {
  Track& track = tracks_[symbol];
  if (!track.wanted) track.wanted = bar.open_time;
  if (bar.open_time < *track.wanted) {
    if (!track.newest || track.newest->open_time != bar.open_time) return BarVerdict::out_of_order;
    return same(*track.newest, bar) ? BarVerdict::duplicate : BarVerdict::contradicts;
  }
  track.closed_before = std::max(track.closed_before, bar.open_time + interval_);
  if (const auto found = track.held.find(bar.open_time); found != track.held.end()) {
    if (same(found->second.bar, bar)) return BarVerdict::duplicate;
    if (!found->second.fetched) {
      track.held.erase(found);  // which of the two is right, a page must tell
      doubt(track, bar.open_time);
    }
    return BarVerdict::contradicts;
  }
  if (doubtful) doubt(track, bar.open_time);
  if (track.doubted.contains(bar.open_time)) return BarVerdict::in_doubt;
  track.held[bar.open_time] = {bar, false};
  trim(track);
  return BarVerdict::taken;
}

bool BarSequencer::forming(std::size_t symbol, TimeMs open) {
  Track& track = tracks_[symbol];
  if (!track.wanted) track.wanted = open;
  if (open < *track.wanted) return false;
  track.closed_before = std::max(track.closed_before, open);
  return true;
}

std::optional<BarSequencer::Range> BarSequencer::missing(std::size_t symbol) const {
  const Track& track = tracks_[symbol];
  if (!track.wanted || *track.wanted >= track.closed_before) return std::nullopt;
  const TimeMs first_held = track.held.empty() ? track.closed_before : track.held.begin()->first;
  if (first_held == *track.wanted) return std::nullopt;
  return Range{*track.wanted, std::min(first_held, track.closed_before)};
}

BarSequencer::PageResult BarSequencer::refute_all(Track& track) {
  PageResult result;
  result.refuted = track.held.size();
  track.held.clear();
  track.closed_before = 0;
  if (!track.anchored) track.wanted.reset();
  return result;
}

bool BarSequencer::hole_is_confirmed(Track& track, const Range& hole) {
  const bool again =
      track.suspicions > 0 && track.suspected.first == hole.first && track.suspected.end == hole.end;
  track.suspicions = again ? track.suspicions + 1 : 1;
  track.suspected = hole;
  return track.suspicions >= pages_that_confirm_a_hole;
}

BarSequencer::PageResult BarSequencer::page(std::size_t symbol, const market::Bars& rows, bool whole) {
  Track& track = tracks_[symbol];
  if (!track.wanted) return {};
  if (rows.empty()) return refute_all(track);
  PageResult result;
  const TimeMs newest = rows.open_time.back();
  if (whole) {  // nothing behind the newest row exists, and that row may still be forming
    const auto unknown = track.held.upper_bound(newest);
    result.refuted = static_cast<std::size_t>(std::distance(unknown, track.held.end()));
    track.held.erase(unknown, track.held.end());
    track.closed_before = newest;
    if (!track.held.empty()) {
      track.closed_before = std::max(newest, track.held.rbegin()->first + interval_);
    }
  } else {
    track.closed_before = std::max(track.closed_before, newest);
  }
  if (const TimeMs first = rows.open_time.front(); first != *track.wanted) {
    result.hole = Range{*track.wanted, first};
    // A bar that the stream had is no hole: this page is not the whole truth.
    const bool had = !track.held.empty() && track.held.begin()->first < first;
    if (had || !hole_is_confirmed(track, *result.hole)) return result;
    track.wanted = first;
    result.stepped_over = true;
  }
  track.suspicions = 0;
  TimeMs follows = *track.wanted;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {  // nothing says of the last row that it has closed
    if (rows.open_time[i] != follows) break;           // the next page begins here
    result.taken += track.held.try_emplace(follows, Held{rows[i], true}).second ? 1 : 0;
    follows += interval_;
  }
  trim(track);
  return result;
}

std::optional<BarSequencer::Ready> BarSequencer::pop(const std::vector<bool>& blocked) {
  std::optional<std::size_t> oldest;
  TimeMs held_back_from = std::numeric_limits<TimeMs>::max();
  for (std::size_t symbol = 0; symbol < tracks_.size(); ++symbol) {
    const Track& track = tracks_[symbol];
    if (!track.wanted) continue;
    if (missing(symbol) && !blocked[symbol]) held_back_from = std::min(held_back_from, *track.wanted);
    if (track.held.empty() || track.held.begin()->first != *track.wanted) continue;
    if (!oldest || *track.wanted < *tracks_[*oldest].wanted) oldest = symbol;
  }
  if (!oldest || *tracks_[*oldest].wanted > held_back_from) return std::nullopt;
  Track& track = tracks_[*oldest];
  const Held held = track.held.begin()->second;
  track.held.erase(track.held.begin());
  track.newest = held.bar;
  track.anchored = true;
  track.wanted = held.bar.open_time + interval_;
  track.doubted.erase(track.doubted.begin(), track.doubted.lower_bound(*track.wanted));
  return Ready{*oldest, held.bar, held.fetched};
}

void BarSequencer::doubt(Track& track, TimeMs open) const {
  track.doubted.insert(open);
  if (track.doubted.size() > most_held_) track.doubted.erase(std::prev(track.doubted.end()));
}

void BarSequencer::trim(Track& track) const {
  while (track.held.size() > most_held_) track.held.erase(std::prev(track.held.end()));
}

}  // namespace stevie::live
