#include "app/optimize_windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace stevie::app {
namespace {

constexpr std::size_t atr_memories = 5;  // Wilder's average then weighs older bars by less than 1 %

TimeMs day_floor(TimeMs time) {
  return utc_day(time) * day_ms;
}
TimeMs day_ceiling(TimeMs time) {
  return day_floor(time + day_ms - 1);
}

std::string days_text(TimeMs time) {
  return fmt::format("{} days", std::max<TimeMs>(time, 0) / day_ms);
}

std::string files_of(std::span<const RuleMarket> markets) {
  std::string text;
  for (const RuleMarket& market : markets) text += (text.empty() ? "" : ", ") + market.file.string();
  return text;
}

TimeMs days_of(double days) {
  return static_cast<TimeMs>(days * static_cast<double>(day_ms));
}

}  // namespace

TimeMs look_back(const strategy::RuleSettings& settings, TimeMs interval) {
  const std::size_t bars =
      std::max({settings.channel_bars, settings.mean_bars, atr_memories * settings.atr_bars});
  return static_cast<TimeMs>(bars) * interval + settings.volatility_span;
}

Windows make_windows(std::span<const RuleMarket> markets, const WindowConfig& config) {
  const TimeMs shortest = days_of(config.shortest_days), holding = days_of(config.longest_holding_days);
  Windows windows;
  TimeMs from = 0, to = 0;
  for (const RuleMarket& market : markets) {
    const market::Bars& bars = market.bars;
    const TimeMs first = bars.open_time[market.first_ready()];
    const TimeMs end = bars.open_time.back() + bars.interval;
    from = &market == &markets.front() ? first : std::max(from, first);
    to = &market == &markets.front() ? end : std::min(to, end);
    windows.embargo = std::max(windows.embargo, look_back(market.config.rules, bars.interval) + holding);
  }
  windows.embargo = day_ceiling(windows.embargo);
  from = day_ceiling(from);
  to = day_floor(to);
  if (to <= from && markets.size() > 1)
    throw Error("app.no_overlap", "these files have no time in common on which all rules can decide",
                files_of(markets));

  windows.gate = {day_ceiling(to - static_cast<TimeMs>(config.gate_share * static_cast<double>(to - from))),
                  to};
  const TimeMs search_end = windows.gate.from - windows.embargo;
  if (windows.gate.length() < shortest || search_end - from < shortest) {
    const double most = std::max(static_cast<double>(shortest) / config.gate_share,
                                 static_cast<double>(shortest + windows.embargo) / (1 - config.gate_share));
    throw Error(
        "app.short_history",
        fmt::format("the rules can decide on {} of these bars; a search with an unseen part behind it "
                    "needs at least {}: give more history",
                    days_text(to - from), days_text(day_ceiling(static_cast<TimeMs>(most)) + day_ms)),
        files_of(markets));
  }
  std::size_t count = config.search_windows;
  const auto length = [&](std::size_t windows_wanted) {
    const auto wanted = static_cast<TimeMs>(windows_wanted);
    return day_floor((search_end - from - (wanted - 1) * windows.embargo) / wanted);
  };
  while (count > 1 && length(count) < shortest) --count;
  for (std::size_t i = 0; i < count; ++i) {
    const TimeMs begin = from + static_cast<TimeMs>(i) * (length(count) + windows.embargo);
    windows.search.push_back({begin, begin + length(count)});
  }
  return windows;
}

std::string to_text(const TimeRange& range) {
  return format_date(range.from) + " to " + format_date(range.to - day_ms);
}

}  // namespace stevie::app
