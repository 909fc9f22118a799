#include "core/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "core/error.h"

namespace stevie {
namespace {

constexpr std::int64_t earliest_s = 1'000'000'000;  // 2001-09-09
constexpr std::int64_t latest_s = 9'999'999'999;    // 2286-11-20

[[noreturn]] void bad_stamp(std::string_view text) {
  throw Error(
      "time.bad_stamp",
      fmt::format("'{}' is not a time: give unix seconds, milliseconds or microseconds, or ISO 8601 such as "
                  "2024-01-31T12:00:00Z",
                  text.substr(0, 60)));
}

std::optional<TimeMs> from_unix_number(std::int64_t number) {
  for (const std::int64_t units_per_second : {1LL, 1'000LL, 1'000'000LL, 1'000'000'000LL}) {
    const std::int64_t seconds = number / units_per_second;
    if (seconds < earliest_s || seconds > latest_s) continue;
    return units_per_second == 1 ? number * 1000 : number / (units_per_second / 1000);
  }
  return std::nullopt;
}

/// Walks over the text of an ISO 8601 stamp.
class IsoCursor {
 public:
  explicit IsoCursor(std::string_view text) : text_(text) {}

  bool done() const { return position_ == text_.size(); }
  bool accept(char wanted) {
    if (done() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }
  std::optional<int> digits(std::size_t count) {
    if (position_ + count > text_.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = text_[position_ + i];
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    position_ += count;
    return value;
  }
  /// The digits after a decimal point, as milliseconds; further digits are cut off.
  int fraction_ms() {
    int value = 0;
    int scale = 100;
    while (const auto digit = digits(1)) {
      value += *digit * scale;
      scale /= 10;
    }
    return value;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

std::optional<TimeMs> parse_iso(std::string_view text) {
  using namespace std::chrono;
  IsoCursor cursor(text);
  const auto year_number = cursor.digits(4);
  if (!year_number || !cursor.accept('-')) return std::nullopt;
  const auto month_number = cursor.digits(2);
  if (!month_number || !cursor.accept('-')) return std::nullopt;
  const auto day_number = cursor.digits(2);
  if (!day_number) return std::nullopt;
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number))};
  if (!date.ok()) return std::nullopt;
  TimeMs time = sys_days(date).time_since_epoch().count() * day_ms;
  if (cursor.done()) return time;

  if (!cursor.accept('T') && !cursor.accept(' ')) return std::nullopt;
  const auto hours_number = cursor.digits(2);
  if (!hours_number || *hours_number > 23 || !cursor.accept(':')) return std::nullopt;
  const auto minutes_number = cursor.digits(2);
  if (!minutes_number || *minutes_number > 59) return std::nullopt;
  time += *hours_number * hour_ms + *minutes_number * minute_ms;
  if (cursor.accept(':')) {
    const auto seconds_number = cursor.digits(2);
    if (!seconds_number || *seconds_number > 59) return std::nullopt;
    time += *seconds_number * second_ms;
    if (cursor.accept('.')) time += cursor.fraction_ms();
  }
  if (cursor.done()) return time;
  if (cursor.accept('Z')) return cursor.done() ? std::optional(time) : std::nullopt;

  const bool ahead_of_utc = cursor.accept('+');
  if (!ahead_of_utc && !cursor.accept('-')) return std::nullopt;
  const auto offset_hours = cursor.digits(2);
  if (!offset_hours || *offset_hours > 14) return std::nullopt;
  cursor.accept(':');
  const auto offset_minutes = cursor.digits(2);
  if (!offset_minutes || *offset_minutes > 59 || !cursor.done()) return std::nullopt;
  const TimeMs offset = *offset_hours * hour_ms + *offset_minutes * minute_ms;
  return ahead_of_utc ? time - offset : time + offset;
}

}  // namespace

TimeMs parse_time(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc{} && end == text.data() + text.size()) {
    if (const auto time = from_unix_number(number)) return *time;
    bad_stamp(text);
  }
  if (const auto time = parse_iso(text)) return *time;
  bad_stamp(text);
}

TimeMs parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::array<std::pair<std::string_view, TimeMs>, 6> units{
      {{"ms", 1}, {"s", second_ms}, {"m", minute_ms}, {"h", hour_ms}, {"d", day_ms}, {"w", 7 * day_ms}}};
  if (fault == std::errc{} && count >= 0 && count < 1'000'000'000) {
    for (const auto& [name, length] : units) {
      if (unit == name) return count * length;
    }
  }
  throw Error("time.bad_duration",
              fmt::format("'{}' is not a duration: give a number and a unit, such as 30s, 5m, 1h, 1d or 2w",
                          text.substr(0, 60)));
}

CivilDate civil_date(TimeMs time) {
  using namespace std::chrono;
  const year_month_day date{sys_days(days(utc_day(time)))};
  return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day()))};
}

std::string format_date(TimeMs time) {
  const CivilDate date = civil_date(time);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string format_time(TimeMs time) {
  const TimeMs of_day = time - utc_day(time) * day_ms;
  const std::string seconds = fmt::format("{}T{:02}:{:02}:{:02}", format_date(time), of_day / hour_ms,
                                          of_day / minute_ms % 60, of_day / second_ms % 60);
  const TimeMs milliseconds = of_day % second_ms;
  return milliseconds == 0 ? seconds + "Z" : fmt::format("{}.{:03}Z", seconds, milliseconds);
}

std::string format_duration(TimeMs duration) {
  constexpr std::array<std::pair<std::string_view, TimeMs>, 4> units{
      {{"d", day_ms}, {"h", hour_ms}, {"m", minute_ms}, {"s", second_ms}}};
  for (const auto& [name, length] : units) {
    if (duration != 0 && duration % length == 0) return fmt::format("{}{}", duration / length, name);
  }
  return fmt::format("{}ms", duration);
}

}  // namespace stevie
