#include "market/side_series.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "market/csv.h"

namespace stevie::market {
namespace {

constexpr std::size_t max_columns = 256;

std::string series_name(const std::string& place) {
  const std::size_t slash = place.find_last_of('/');
  const std::string file = slash == std::string::npos ? place : place.substr(slash + 1);
  return file.substr(0, file.find('.'));
}

std::size_t find_stamp_column(const std::vector<std::string>& names, const std::string& place) {
  for (const std::string_view wanted : {"timestamp", "time", "datetime", "date"}) {
    const auto found = std::find(names.begin(), names.end(), wanted);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  throw Error(
      "market.missing_column",
      "no column named timestamp: a side series needs a header with timestamp and at least one named column",
      place);
}

/// Appends one line to the series.
class SideRowParser {
 public:
  SideRowParser(SideSeries& series, std::size_t stamp_column)
      : series_(series), stamp_column_(stamp_column) {}

  void parse(std::string_view line, const std::string& place) {
    const std::size_t wanted = series_.columns.size() + 1;
    if (const std::size_t count = split_fields(line, {fields_.data(), wanted}); count < wanted) {
      throw Error(
          "market.few_columns",
          fmt::format("this row has {} columns, the header has {}: complete or remove it", count, wanted),
          place);
    }
    append_stamp(fields_[stamp_column_], place);
    std::size_t column = 0;
    for (std::size_t i = 0; i < wanted; ++i) {
      if (i == stamp_column_) continue;
      const auto number = parse_number(fields_[i]);
      if (!number) {
        throw Error("market.bad_number",
                    fmt::format("'{}' in column {} is not a finite number: correct or remove this row",
                                fields_[i].substr(0, 40), series_.column_names[column]),
                    place);
      }
      series_.columns[column++].push_back(*number);
    }
  }

 private:
  void append_stamp(std::string_view field, const std::string& place) {
    const auto stamp = parse_stamp(field);
    if (!stamp) {
      throw Error("market.bad_time",
                  fmt::format("'{}' is not a time: correct or remove this row", field.substr(0, 40)), place);
    }
    if (!series_.stamp.empty() && *stamp == series_.stamp.back()) {
      throw Error("market.duplicate",
                  fmt::format("{} is there twice: remove one of the two rows", format_time(*stamp)), place);
    }
    if (!series_.stamp.empty() && *stamp < series_.stamp.back()) {
      throw Error("market.unsorted",
                  fmt::format("{} comes after {}: sort the rows by time, oldest first", format_time(*stamp),
                              format_time(series_.stamp.back())),
                  place);
    }
    series_.stamp.push_back(*stamp);
  }

  SideSeries& series_;
  std::size_t stamp_column_;
  std::vector<std::string_view> fields_ = std::vector<std::string_view>(max_columns);
};

}  // namespace

SideSeries parse_side_series(std::string_view text, const std::string& place, TimeMs publication_delay) {
  if (publication_delay < 0) {
    throw Error("market.bad_delay", "the publication delay is negative: no value is known before its stamp",
                place);
  }
  LineReader reader(text);
  const auto header = reader.next();
  if (!header) throw Error("market.no_rows", "the file is empty: fetch or write it again", place);
  const std::string header_place = fmt::format("{}:{}", place, reader.line());
  const std::vector<std::string> names = header_names(*header);
  const std::size_t stamp_column = find_stamp_column(names, header_place);
  if (names.size() < 2 || names.size() > max_columns) {
    throw Error("market.missing_column",
                fmt::format("a side series needs between 1 and {} columns beside the stamp", max_columns - 1),
                header_place);
  }
  SideSeries series;
  series.name = series_name(place);
  series.publication_delay = publication_delay;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != stamp_column) series.column_names.push_back(names[i]);
  }
  series.columns.resize(series.column_names.size());
  SideRowParser parser(series, stamp_column);
  while (const auto line = reader.next()) parser.parse(*line, fmt::format("{}:{}", place, reader.line()));
  if (series.stamp.empty()) throw Error("market.no_rows", "there is no row below the header", place);
  series.spacing = most_common_spacing(series.stamp);
  return series;
}

SideSeries read_side_series(const std::filesystem::path& path, TimeMs publication_delay) {
  return parse_side_series(read_file(path), path.string(), publication_delay);
}

JoinedColumn join_as_of(const SideSeries& series, std::string_view column, const Bars& bars, TimeMs max_age) {
  const auto named = std::find(series.column_names.begin(), series.column_names.end(), column);
  if (named == series.column_names.end()) {
    throw Error("market.missing_column",
                fmt::format("the series {} has no column '{}', it has {}", series.name, column,
                            fmt::join(series.column_names, ", ")));
  }
  const std::vector<double>& source =
      series.columns[static_cast<std::size_t>(named - series.column_names.begin())];
  constexpr TimeMs spacings_until_stale = 3;
  const TimeMs oldest = max_age > 0 ? max_age : spacings_until_stale * series.spacing;

  JoinedColumn joined;
  joined.values.assign(bars.size(), 0.0);
  joined.known.assign(bars.size(), 0);
  std::size_t published = 0;  // rows known so far
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const TimeMs close_time = bars.open_time[i] + bars.interval;
    while (published < source.size() && series.stamp[published] + series.publication_delay <= close_time)
      ++published;
    if (published == 0) continue;
    const TimeMs known_since = series.stamp[published - 1] + series.publication_delay;
    if (oldest > 0 && close_time - known_since > oldest) continue;
    joined.values[i] = source[published - 1];
    joined.known[i] = 1;
  }
  return joined;
}

}  // namespace stevie::market
