#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

/// A series beside the bars: sentiment, funding, an index. Rows are oldest first with strictly increasing
/// stamps and finite values.
struct SideSeries {
  std::string name;                          // file name without its endings
  std::vector<std::string> column_names;     // without the stamp
  std::vector<TimeMs> stamp;                 // (rows)
  std::vector<std::vector<double>> columns;  // (column_names, rows)
  TimeMs spacing = 0;                        // most common difference of stamps; 0 for a single row
  /// How long after its stamp a row becomes known. A daily mean stamped at the day's start: one day. An
  /// hourly mean: one hour. An index published for the day at its start: zero.
  TimeMs publication_delay = 0;
};

/// Reads a CSV (also gzip) whose header has a stamp column (timestamp, time, date or datetime) and at least
/// one named number column. There is no default delay, for a wrong one is a look into the future: say it.
/// Throws Error with path:line: "market.missing_column", "market.bad_number", "market.bad_time",
/// "market.few_columns", "market.unsorted", "market.duplicate", "market.no_rows"; "market.bad_delay" for a
/// negative one.
SideSeries read_side_series(const std::filesystem::path& path, TimeMs publication_delay);
SideSeries parse_side_series(std::string_view text, const std::string& place, TimeMs publication_delay);

/// One column of a side series on the clock of bars.
struct JoinedColumn {
  std::vector<double> values;       // (bars) 0 where not known
  std::vector<std::uint8_t> known;  // (bars) 1 where some row was known at the bar's close and not too old
};

/// The value known when bar i closes: that of the last row with stamp + publication_delay <= open_time +
/// interval. A row older than max_age (close of the bar less the time the row became known) counts as
/// unknown; 0 means three times the spacing of the series, so that a series that has ended does not go on for
/// ever. Throws Error "market.missing_column" where the series has no such column.
JoinedColumn join_as_of(const SideSeries& series, std::string_view column, const Bars& bars,
                        TimeMs max_age = 0);

}  // namespace stevie::market
