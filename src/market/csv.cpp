#include "market/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>

#include "core/error.h"

namespace stevie::market {
namespace {

bool is_padding(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '"';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  return text;
}

/// Where to look for the comma that ends the field: behind its closing quote where it is quoted (a doubled
/// quote stands for one), else at its beginning.
const char* behind_quotes(const char* position, const char* end) {
  while (position != end && *position == ' ') ++position;
  if (position == end || *position != '"') return position;
  ++position;
  while (position != end) {
    if (*position++ != '"') continue;
    if (position == end || *position != '"') return position;
    ++position;
  }
  return end;
}

/// "2019-07-01 12-AM": the hour on a clock of twelve.
std::optional<TimeMs> parse_half_day_stamp(std::string_view text) {
  constexpr std::size_t length = std::string_view("2019-07-01 12-AM").size();
  if (text.size() != length || text[10] != ' ' || text[13] != '-' || text[15] != 'M') return std::nullopt;
  const bool afternoon = text[14] == 'P';
  if (!afternoon && text[14] != 'A') return std::nullopt;
  int hour = 0;
  const auto [end, fault] = std::from_chars(text.data() + 11, text.data() + 13, hour);
  if (fault != std::errc{} || end != text.data() + 13 || hour < 1 || hour > 12) return std::nullopt;
  const auto day = parse_stamp(text.substr(0, 10));
  if (!day) return std::nullopt;
  return *day + (hour % 12 + (afternoon ? 12 : 0)) * hour_ms;
}

/// "1617235200.0" -> "1617235200", as data frames write whole numbers.
std::string_view without_zero_fraction(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || point == 0) return text;
  const bool only_digits_before = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(point),
                                              [](char c) { return c >= '0' && c <= '9'; });
  const bool only_zeros_behind = text.find_first_not_of('0', point + 1) == std::string_view::npos;
  return only_digits_before && only_zeros_behind ? text.substr(0, point) : text;
}

}  // namespace

LineReader::LineReader(std::string_view text) : rest_(text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
}

std::optional<std::string_view> LineReader::next() {
  while (!rest_.empty()) {
    ++line_;
    const void* found = std::memchr(rest_.data(), '\n', rest_.size());
    const std::size_t length =
        found ? static_cast<std::size_t>(static_cast<const char*>(found) - rest_.data()) : rest_.size();
    std::string_view line = rest_.substr(0, length);
    rest_.remove_prefix(found ? length + 1 : length);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) return line;
  }
  return std::nullopt;
}

std::size_t split_fields(std::string_view line, std::span<std::string_view> fields) {
  std::size_t count = 0;
  const char* position = line.data();
  const char* const end = position + line.size();
  while (count < fields.size()) {
    const char* const begin = position;
    position = behind_quotes(position, end);
    while (position != end && *position != ',') ++position;
    const std::string_view field(begin, static_cast<std::size_t>(position - begin));
    const bool padded = !field.empty() && (is_padding(field.front()) || is_padding(field.back()));
    fields[count++] = padded ? trim(field) : field;
    if (position == end) break;
    ++position;
  }
  return count;
}

std::vector<std::string> header_names(std::string_view line) {
  std::vector<std::string_view> fields(static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) +
                                       1);
  split_fields(line, fields);
  std::vector<std::string> names;
  for (const std::string_view field : fields) {
    std::string& name = names.emplace_back(field);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return names;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<TimeMs> parse_stamp(std::string_view text) {
  if (const auto time = parse_half_day_stamp(text)) return time;
  try {
    return parse_time(without_zero_fraction(text));
  } catch (const Error&) {
    return std::nullopt;
  }
}

TimeMs most_common_spacing(std::span<const TimeMs> stamps) {
  if (stamps.size() < 2) return 0;
  // Majority vote (Boyer and Moore 1981) first: nearly every series has a spacing of more than half of the
  // cases.
  TimeMs candidate = 0;
  std::size_t votes = 0;
  for (std::size_t i = 1; i < stamps.size(); ++i) {
    const TimeMs spacing = stamps[i] - stamps[i - 1];
    if (votes == 0) candidate = spacing;
    votes = spacing == candidate ? votes + 1 : votes - 1;
  }
  std::size_t count = 0;
  for (std::size_t i = 1; i < stamps.size(); ++i) count += stamps[i] - stamps[i - 1] == candidate;
  if (2 * count > stamps.size() - 1) return candidate;

  std::map<TimeMs, std::size_t> counts;
  for (std::size_t i = 1; i < stamps.size(); ++i) ++counts[stamps[i] - stamps[i - 1]];
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace stevie::market
