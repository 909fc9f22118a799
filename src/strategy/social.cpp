#include "strategy/social.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace stevie::strategy {
namespace {

/// Percentile rank of the value among sorted ones, ties counted half, mapped from [0, 1] to [-1, 1].
double rank_score(const std::vector<double>& sorted, double value) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
  const auto smaller = static_cast<double>(first - sorted.begin());
  const auto equal = static_cast<double>(last - first);
  return 2.0 * (smaller + 0.5 * equal) / static_cast<double>(sorted.size()) - 1.0;
}

const std::vector<double>& column_of(const SocialSource& source) {
  const market::SideSeries& series = source.series;
  const auto named = std::find(series.column_names.begin(), series.column_names.end(), source.column);
  if (named == series.column_names.end()) {
    throw Error("market.missing_column",
                fmt::format("the series {} has no column '{}', it has {}", series.name, source.column,
                            fmt::join(series.column_names, ", ")));
  }
  return series.columns[static_cast<std::size_t>(named - series.column_names.begin())];
}

TimeMs hours_to_ms(double hours) {
  return static_cast<TimeMs>(std::llround(hours * static_cast<double>(hour_ms)));
}

}  // namespace

void SocialConfig::validate() const {
  constexpr std::size_t fewest = 10;
  constexpr std::size_t most = 100'000;
  std::vector<std::string> faults;
  if (!(window_days >= 1 && window_days <= 3650)) {
    faults.push_back(fmt::format("window_days must lie between 1 and 3650, it is {}", window_days));
  }
  if (most_rows < fewest || most_rows > most) {
    faults.push_back(fmt::format("most_rows must lie between {} and {}, it is {}", fewest, most, most_rows));
  }
  if (least_rows < fewest || least_rows > most_rows) {
    faults.push_back(
        fmt::format("least_rows must lie between {} and most_rows, it is {}", fewest, least_rows));
  }
  if (!(fresh_hours >= 0 && fresh_hours <= 720)) {
    faults.push_back(fmt::format("fresh_hours must lie between 0 and 720, it is {}", fresh_hours));
  }
  if (!(stale_spacings >= 1 && stale_spacings <= 1000)) {
    faults.push_back(fmt::format("stale_spacings must lie between 1 and 1000, it is {}", stale_spacings));
  }
  if (!faults.empty()) throw Error("strategy.bad_social_config", fmt::format("{}", fmt::join(faults, "; ")));
}

SocialStream::SocialStream(std::vector<SocialClock> clocks, TimeMs bar_interval, const SocialConfig& config)
    : config_(config), window_(hours_to_ms(config.window_days * 24.0)) {
  config.validate();
  if (bar_interval <= 0) {
    throw Error("strategy.bad_social_config", "the interval of the bars must be above 0");
  }
  for (const SocialClock& clock : clocks) {
    if (clock.spacing <= 0) {
      throw Error("strategy.bad_social_config",
                  "the spacing of a source must be above 0: a series needs two rows or more");
    }
    if (clock.publication_delay < 0) {
      throw Error("strategy.bad_social_config",
                  "the publication delay of a source is negative: no value is known before its stamp");
    }
    Source source;
    source.clock = clock;
    source.stale_after =
        static_cast<TimeMs>(std::llround(config.stale_spacings * static_cast<double>(clock.spacing)));
    sources_.push_back(std::move(source));
  }
  // A row that became known on the bar before was new there already.
  fresh_before_ = std::max(bar_interval, hours_to_ms(config.fresh_hours));
}

void SocialStream::add_row(std::size_t source, TimeMs stamp, double value) {
  assert(source < sources_.size());
  Source& target = sources_[source];
  const auto refuse = [&](const std::string& why) {
    throw Error("strategy.bad_social_row",
                fmt::format("the row of {} of source {} {}", format_time(stamp), source, why));
  };
  if (!std::isfinite(value)) refuse("is not a finite number: leave it out");
  if (target.any && stamp <= target.last_stamp) refuse("does not come after the one before: sort the rows");
  if (closed_any_ && stamp + target.clock.publication_delay <= last_close_) {
    refuse("should have been known at a bar that has been answered: hand rows in before the bar");
  }
  target.waiting.push_back({stamp, value});
  target.last_stamp = stamp;
  target.any = true;
}

void SocialStream::make_known(Source& source, const Row& row) const {
  while (!source.window.empty() &&
         (source.window.front().stamp < row.stamp - window_ || source.window.size() >= config_.most_rows)) {
    const auto oldest =
        std::lower_bound(source.sorted.begin(), source.sorted.end(), source.window.front().value);
    source.sorted.erase(oldest);
    source.window.pop_front();
  }
  source.scored = source.sorted.size() >= config_.least_rows;
  if (source.scored) source.score = rank_score(source.sorted, row.value);
  source.sorted.insert(std::upper_bound(source.sorted.begin(), source.sorted.end(), row.value), row.value);
  source.window.push_back(row);
}

SocialState SocialStream::at_close(TimeMs close_time) {
  assert(!closed_any_ || close_time >= last_close_);
  last_close_ = close_time;
  closed_any_ = true;
  SocialState state;
  double total = 0;
  double known = 0;
  for (Source& source : sources_) {
    const TimeMs delay = source.clock.publication_delay;
    while (!source.waiting.empty() && source.waiting.front().stamp + delay <= close_time) {
      make_known(source, source.waiting.front());
      source.waiting.pop_front();
    }
    if (source.window.empty() || !source.scored) continue;
    const TimeMs age = close_time - (source.window.back().stamp + delay);
    if (age > source.stale_after) continue;
    total += source.score;
    known += 1.0;
    state.fresh = state.fresh || age < fresh_before_;
  }
  if (known > 0) {
    state.known = true;
    state.score = total / known;
  }
  return state;
}

SocialColumns make_social(std::span<const SocialSource> sources, const market::Bars& bars,
                          const SocialConfig& config) {
  config.validate();
  SocialColumns columns;
  columns.score.assign(bars.size(), 0.0);
  columns.known.assign(bars.size(), 0);
  columns.fresh.assign(bars.size(), 0);
  std::vector<SocialClock> clocks;
  std::vector<const std::vector<double>*> values;
  for (const SocialSource& source : sources) {
    values.push_back(&column_of(source));
    clocks.push_back({source.series.spacing, source.series.publication_delay});
  }
  if (bars.empty() || sources.empty()) return columns;
  SocialStream stream(std::move(clocks), bars.interval, config);
  for (std::size_t s = 0; s < sources.size(); ++s) {
    const std::vector<TimeMs>& stamps = sources[s].series.stamp;
    for (std::size_t row = 0; row < stamps.size(); ++row) stream.add_row(s, stamps[row], (*values[s])[row]);
  }
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const SocialState state = stream.at_close(bars.open_time[i] + bars.interval);
    columns.score[i] = state.score;
    columns.known[i] = state.known ? 1 : 0;
    columns.fresh[i] = state.fresh ? 1 : 0;
  }
  return columns;
}

}  // namespace stevie::strategy
