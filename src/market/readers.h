#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "market/bars.h"
#include "market/symbol.h"

namespace stevie::market {

/// What the caller knows better than the file.
struct ReadOptions {
  /// Symbol of the bars. Default empty: taken from the file's symbol column, else from its name
  /// ("BTCUSDT_1h_2021.csv", "BTC_USDT-1h.json" -> "BTC/USDT"), else left empty.
  std::string symbol;
  /// Distance of the bars. Default 0: the most common difference of neighbouring stamps. A file of a single
  /// bar has none, so its name must tell ("..._1h_...") or this must be set.
  TimeMs interval = 0;
};

/// Reads a file of bars, gzip or not. The format is recognised by content, not by name:
///   - project CSV: a header with timestamp (or time, date, datetime, open_time), open, high, low, close and,
///   if it
///     has it, volume, in any order and case; further columns are ignored;
///   - Binance klines: 12 columns, with or without a header, stamps in ms or us;
///   - CryptoDataDownload: a first line with a URL, then a header; newest first is turned round;
///   - CCXT and freqtrade JSON: rows [ms, open, high, low, close, volume].
/// Time stamps as in parse_time. A file with no volume, or with zero volume throughout, has has_volume =
/// false and zeros in the volume column.
///
/// Throws Error with path:line as its place: "market.no_bars", "market.missing_column", "market.bad_number",
/// "market.bad_time", "market.few_columns", "market.unsorted", "market.duplicate", "market.bad_price",
/// "market.bad_range" (high < low, or open or close outside), "market.bad_volume", "market.no_interval",
/// "market.bad_json"; and what read_file throws. Where several rows are at fault the first is named and the
/// rest counted; `stevie data check` lists them.
Bars read_bars(const std::filesystem::path& path, const ReadOptions& options = {});

/// The same for text in memory (not gzip). `place` stands for the path: in errors, and for symbol and
/// interval.
Bars parse_bars(std::string_view text, const std::string& place, const ReadOptions& options = {});

/// Sets symbol and interval of rows just parsed, as read_bars does. Requires ascending stamps.
/// Throws Error "market.no_interval".
void name_bars(Bars& bars, const std::string& place, const ReadOptions& options);

struct WriteOptions {
  /// Adds a column with the symbol, so that the bars keep it whatever the file is called. Default false: the
  /// name of the file tells it.
  bool with_symbol = false;
};

/// The bars as project CSV. Numbers are the shortest decimals that read back to the same doubles.
/// The volume column is left out where has_volume is false.
std::string format_bars(const Bars& bars, const WriteOptions& options = {});

/// Writes project CSV, gzipped where the name ends in ".gz". Throws what write_file throws.
void write_bars(const std::filesystem::path& path, const Bars& bars, const WriteOptions& options = {});

}  // namespace stevie::market
