#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

enum class SourceFormat : std::uint8_t { project_csv, binance_klines, cryptodatadownload, ccxt_json };
/// "project CSV", "Binance klines", ...
std::string_view to_string(SourceFormat format);

/// What can make a row unusable. The readers stop at these, `stevie data check` lists them.
enum class FaultKind : std::uint8_t {
  few_columns,  // a row shorter than its header
  bad_number,   // text, NaN or infinity where a number must be
  bad_time,
  unsorted,   // a stamp before its predecessor's
  duplicate,  // a stamp equal to its predecessor's
  bad_price,  // zero or negative
  bad_range,  // high < low, or open or close outside [low, high]
  bad_volume  // negative
};
inline constexpr std::size_t fault_kind_count = 8;
/// The code of the Error a reader throws: "market.few_columns", "market.bad_number", ...
std::string error_code(FaultKind kind);
/// For people: "duplicate stamps".
std::string_view to_string(FaultKind kind);

struct RowFault {
  FaultKind kind = FaultKind::bad_number;
  std::size_t line = 0;  // 1-based, in the unpacked text
  std::string message;   // one sentence with what to do
};

/// Every fault is counted; of each kind the first `kept_per_kind` are described.
struct FaultList {
  static constexpr std::size_t kept_per_kind = 10;
  std::array<std::size_t, fault_kind_count> counts{};
  std::vector<RowFault> first;  // in order of discovery

  void add(FaultKind kind, std::size_t line, const std::string& message);
  bool keeps(FaultKind kind) const { return count(kind) < kept_per_kind; }
  std::size_t count(FaultKind kind) const { return counts[static_cast<std::size_t>(kind)]; }
  std::size_t total() const;
  /// The one with the lowest line. Requires total() > 0.
  const RowFault& earliest() const;
};

/// The rows of a file as they stand there, except that newest-first formats are turned round. Rows whose text
/// could not be read are missing here and are listed in `unreadable`. None of the promises of Bars hold yet
/// except equal column lengths and finite numbers.
struct RawBars {
  SourceFormat format = SourceFormat::project_csv;
  Bars rows;                         // symbol as far as a column tells; interval not set
  std::vector<std::uint32_t> lines;  // (rows) 1-based line of each row
  FaultList unreadable;
};

/// Reads text of any known format (see readers.h). Throws Error only for what concerns the whole text:
/// "market.no_bars", "market.missing_column", "market.double_column", "market.bad_text", "market.bad_json".
RawBars parse_raw_bars(std::string_view text, const std::string& place);

/// Beyond these, ratios and squares of prices or sums of volumes leave the range of a double.
inline constexpr double smallest_price = 1e-15;
inline constexpr double largest_price = 1e15;
inline constexpr double largest_volume = 1e18;

/// The prices, their order and the volume are what a Bar promises; a NaN or infinity never is. Without a
/// branch, for loops over all bars.
constexpr bool has_sound_values(double open, double high, double low, double close, double volume) {
  return (low >= smallest_price) & (high <= largest_price) & (low <= open) & (low <= close) & (open <= high) &
         (close <= high) & (volume >= 0) & (volume <= largest_volume);
}
constexpr bool has_sound_values(const Bar& bar) {
  return has_sound_values(bar.open, bar.high, bar.low, bar.close, bar.volume);
}

/// Everything that breaks a promise of Bars, in one pass: order, duplicates, prices, ranges, volume; the
/// unreadable rows are included.
FaultList find_faults(const RawBars& raw);

}  // namespace stevie::market
