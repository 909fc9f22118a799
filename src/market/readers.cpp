#include "market/readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/file.h"
#include "market/csv.h"
#include "market/raw_bars.h"

namespace stevie::market {
namespace {

[[noreturn]] void throw_first_fault(const FaultList& faults, const std::string& place) {
  const RowFault& fault = faults.earliest();
  std::string message = fault.message;
  if (faults.total() > 1) {
    message += fmt::format(" ({} faults in all: 'stevie data check' lists them)", faults.total());
  }
  throw Error(error_code(fault.kind), message, fmt::format("{}:{}", place, fault.line));
}

}  // namespace

void name_bars(Bars& bars, const std::string& place, const ReadOptions& options) {
  if (!options.symbol.empty()) {
    bars.symbol = options.symbol;
  } else if (bars.symbol.empty()) {
    bars.symbol = symbol_from_name(place);
  }
  bars.interval = options.interval;
  if (bars.interval == 0) bars.interval = most_common_spacing(bars.open_time);
  if (bars.interval == 0) bars.interval = interval_from_name(place);
  if (bars.interval <= 0) {
    throw Error(
        "market.no_interval",
        "a single bar does not tell its interval: give more bars or name the file like BTCUSDT_1h.csv",
        place);
  }
}

Bars parse_bars(std::string_view text, const std::string& place, const ReadOptions& options) {
  RawBars raw = parse_raw_bars(text, place);
  const FaultList faults = find_faults(raw);
  if (faults.total() > 0) throw_first_fault(faults, place);
  name_bars(raw.rows, place, options);
  return std::move(raw.rows);
}

Bars read_bars(const std::filesystem::path& path, const ReadOptions& options) {
  return parse_bars(read_file(path), path.string(), options);
}

std::string format_bars(const Bars& bars, const WriteOptions& options) {
  std::string text = "timestamp,open,high,low,close";
  if (bars.has_volume) text += ",volume";
  if (options.with_symbol) text += ",symbol";
  text += '\n';
  std::string symbol = bars.symbol;  // may come from a file that holds anything
  std::ranges::replace_if(
      symbol, [](char letter) { return letter == ',' || letter == '"'; }, '_');
  constexpr std::size_t usual_row_length = 64;
  text.reserve(text.size() + bars.size() * usual_row_length);
  auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    fmt::format_to(out, "{},{},{},{},{}", bars.open_time[i], bars.open[i], bars.high[i], bars.low[i],
                   bars.close[i]);
    if (bars.has_volume) fmt::format_to(out, ",{}", bars.volume[i]);
    if (options.with_symbol) fmt::format_to(out, ",{}", symbol);
    text += '\n';
  }
  return text;
}

void write_bars(const std::filesystem::path& path, const Bars& bars, const WriteOptions& options) {
  const std::string text = format_bars(bars, options);
  write_file(path, path.extension() == ".gz" ? gzip(text) : text);
}

}  // namespace stevie::market
