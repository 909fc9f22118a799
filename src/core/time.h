#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace stevie {

/// Milliseconds since 1970-01-01 00:00 UTC. Durations are in milliseconds too.
using TimeMs = std::int64_t;

inline constexpr TimeMs second_ms = 1000;
inline constexpr TimeMs minute_ms = 60 * second_ms;
inline constexpr TimeMs hour_ms = 60 * minute_ms;
inline constexpr TimeMs day_ms = 24 * hour_ms;

/// Reads a time stamp: unix seconds, milliseconds, microseconds or nanoseconds (told apart by magnitude: the
/// result must lie between 2001 and 2286), or ISO 8601 ("2024-01-31", "2024-01-31 12:00[:30[.5]]", with "T"
/// or a space, with "Z", "+02:00" or nothing, which means UTC). Throws Error "time.bad_stamp" that quotes the
/// text.
TimeMs parse_time(std::string_view text);

/// Reads a duration such as "90s", "5m", "1h", "1d", "2w". Throws Error "time.bad_duration".
TimeMs parse_duration(std::string_view text);

/// "2024-01-31T12:00:00Z"; milliseconds are printed where they are not zero.
std::string format_time(TimeMs time);

/// "2024-01-31".
std::string format_date(TimeMs time);

/// The largest unit that divides the duration: "1h", "90s", "250ms".
std::string format_duration(TimeMs duration);

/// Number of the UTC day that holds this time; floors for times before 1970.
constexpr std::int64_t utc_day(TimeMs time) {
  return time >= 0 ? time / day_ms : -((-time + day_ms - 1) / day_ms);
}

/// UTC calendar date.
struct CivilDate {
  int year;
  int month;  // 1-12
  int day;    // 1-31
};
CivilDate civil_date(TimeMs time);

}  // namespace stevie
