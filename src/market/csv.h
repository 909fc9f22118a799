#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stevie::market {

/// Walks over the lines of a text without copying. Takes \n and \r\n; skips blank lines and a byte-order
/// mark.
class LineReader {
 public:
  explicit LineReader(std::string_view text);

  /// The next line that is not blank, without its end; nothing at the end of the text.
  std::optional<std::string_view> next();
  /// 1-based number of the line next() gave last; 0 before.
  std::size_t line() const { return line_; }

 private:
  std::string_view rest_;
  std::size_t line_ = 0;
};

/// Splits at commas into at most fields.size() views, each without surrounding spaces and quotes, and returns
/// how many there are; what lies behind the last view that fits is not looked at. A comma between quotes
/// belongs to its field.
std::size_t split_fields(std::string_view line, std::span<std::string_view> fields);

/// The fields of a header, in lower case.
std::vector<std::string> header_names(std::string_view line);

/// A finite decimal number that fills the whole text; nothing otherwise (also for "nan" and "inf").
std::optional<double> parse_number(std::string_view text);

/// What parse_time takes, and also "1617235200.0" and CryptoDataDownload's "2019-07-01 12-AM"; nothing
/// otherwise.
std::optional<TimeMs> parse_stamp(std::string_view text);

/// The most common difference of neighbours, the smaller one of equally common ones; 0 for fewer than two
/// stamps. Requires stamps in ascending order.
TimeMs most_common_spacing(std::span<const TimeMs> stamps);

}  // namespace stevie::market
