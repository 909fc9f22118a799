#include "market/raw_bars.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "core/printable.h"
#include "market/csv.h"
#include "market/json_rows.h"
#include "market/symbol.h"

namespace stevie::market {
namespace {

constexpr std::size_t no_column = static_cast<std::size_t>(-1);
constexpr std::size_t max_columns = 64;
constexpr std::size_t binance_columns = 12;

enum Role : std::size_t { role_open, role_high, role_low, role_close, role_volume, number_roles };

/// Which column holds what.
struct Columns {
  std::size_t time = no_column;
  std::array<std::size_t, number_roles> numbers{no_column, no_column, no_column, no_column, no_column};
  std::size_t symbol = no_column;
  std::size_t needed = 0;  // columns a row must have

  bool has_volume() const { return numbers[role_volume] != no_column; }
};

std::size_t find_column(const std::vector<std::string>& names,
                        std::initializer_list<std::string_view> wanted) {
  for (const std::string_view name : wanted) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  return no_column;
}

/// CryptoDataDownload has "Volume BTC" and "Volume USD", in either order: the one in base currency is wanted.
std::size_t find_volume(const std::vector<std::string>& names) {
  const std::size_t plain = find_column(names, {"volume", "vol", "volume_base", "base_volume"});
  if (plain != no_column) return plain;
  std::size_t first = no_column;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].starts_with("volume ") && !names[i].starts_with("volume_")) continue;
    const std::string currency = names[i].substr(std::string_view("volume ").size());
    const bool is_fiat =
        currency.starts_with("usd") || currency == "eur" || currency == "gbp" || currency == "jpy";
    if (!is_fiat) return i;
    if (first == no_column) first = i;
  }
  return first;
}

void refuse_doubles(const std::vector<std::string>& names, const Columns& columns, const std::string& place) {
  for (const std::size_t column : columns.numbers) {
    if (column == no_column || std::count(names.begin(), names.end(), names[column]) == 1) continue;
    throw Error("market.double_column",
                fmt::format("two columns are named {}: remove or rename one of them", names[column]), place);
  }
}

Columns columns_of_header(std::string_view header, const std::string& place) {
  const std::vector<std::string> names = header_names(header);
  Columns columns;
  columns.time = find_column(
      names, {"timestamp", "unix", "open_time", "open time", "opentime", "time", "datetime", "date"});
  constexpr std::array<std::string_view, 4> prices{"open", "high", "low", "close"};
  std::string missing = columns.time == no_column ? "timestamp" : "";
  for (std::size_t role = role_open; role <= role_close; ++role) {
    columns.numbers[role] = find_column(names, {prices[role]});
    if (columns.numbers[role] != no_column) continue;
    if (!missing.empty()) missing += ", ";
    missing += prices[role];
  }
  columns.numbers[role_volume] = find_volume(names);
  columns.symbol = find_column(names, {"symbol", "pair", "ticker"});
  if (!missing.empty()) {
    throw Error(
        "market.missing_column",
        fmt::format("no column named {}; the header reads '{}': bars need timestamp, open, high, low, close "
                    "and, if there is one, volume, separated by commas",
                    missing, header.substr(0, 100)),
        place);
  }
  refuse_doubles(names, columns, place);
  columns.needed = columns.time + 1;
  for (const std::size_t column : columns.numbers) {
    if (column != no_column) columns.needed = std::max(columns.needed, column + 1);
  }
  if (columns.needed > max_columns) {
    throw Error("market.missing_column",
                fmt::format("a needed column is the {}th, the limit is {}: remove columns", columns.needed,
                            max_columns),
                place);
  }
  return columns;
}

Columns binance_column_order() {
  Columns columns;
  columns.time = 0;
  columns.numbers = {1, 2, 3, 4, 5};
  columns.needed = 6;
  return columns;
}

/// Turns lines into rows.
class RowParser {
 public:
  RowParser(const Columns& columns, RawBars& raw) : columns_(columns), raw_(raw) {}

  void parse(std::string_view line, std::size_t line_number) {
    const std::size_t wanted =
        raw_.rows.symbol.empty() && columns_.symbol != no_column ? max_columns : columns_.needed;
    const std::size_t count = split_fields(line, {fields_.data(), std::min(wanted, max_columns)});
    if (count < columns_.needed) {
      raw_.unreadable.add(FaultKind::few_columns, line_number,
                          fmt::format("this row has {} columns where {} are needed: complete or remove it",
                                      count, columns_.needed));
      return;
    }
    const auto time = parse_stamp(fields_[columns_.time]);
    if (!time) {
      raw_.unreadable.add(
          FaultKind::bad_time, line_number,
          fmt::format("'{}' is not a time: give unix seconds, milliseconds or microseconds, or ISO "
                      "8601 such as 2024-01-31T12:00:00Z",
                      fields_[columns_.time].substr(0, 40)));
      return;
    }
    std::array<double, number_roles> numbers{};
    for (std::size_t role = 0; role < number_roles; ++role) {
      if (columns_.numbers[role] == no_column) continue;
      const std::string_view field = fields_[columns_.numbers[role]];
      const auto number = parse_number(field);
      if (!number) return bad_number(field, role, line_number);
      numbers[role] = *number;
    }
    if (wanted == max_columns && count > columns_.symbol) {
      raw_.rows.symbol = canonical_symbol(fields_[columns_.symbol].substr(0, 40));
    }
    raw_.rows.push_back({*time, numbers[role_open], numbers[role_high], numbers[role_low],
                         numbers[role_close], numbers[role_volume]});
    raw_.lines.push_back(static_cast<std::uint32_t>(line_number));
  }

 private:
  void bad_number(std::string_view field, std::size_t role, std::size_t line_number) {
    constexpr std::array<std::string_view, number_roles> names{"open", "high", "low", "close", "volume"};
    raw_.unreadable.add(FaultKind::bad_number, line_number,
                        fmt::format("'{}' in column {} is not a finite number: correct or remove this row",
                                    field.substr(0, 40), names[role]));
  }

  const Columns& columns_;
  RawBars& raw_;
  std::array<std::string_view, max_columns> fields_;
};

bool is_headerless_binance(std::string_view line) {
  std::array<std::string_view, binance_columns + 1> fields;
  if (split_fields(line, fields) != binance_columns) return false;
  return parse_number(fields[0]).has_value();
}

bool is_address(std::string_view line) {
  return line.find("://") != std::string_view::npos ||
         line.find("ryptoDataDownload") != std::string_view::npos;
}

void reserve_rows(RawBars& raw, std::string_view text) {
  constexpr std::size_t shortest_row = std::string_view("1502942400,1,1,1,1").size();
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const std::size_t rows = std::min(lines, text.size() / shortest_row + 1);
  raw.rows.reserve(rows);
  raw.lines.reserve(rows);
}

void reverse_rows(RawBars& raw) {
  std::reverse(raw.rows.open_time.begin(), raw.rows.open_time.end());
  for (auto* column : {&raw.rows.open, &raw.rows.high, &raw.rows.low, &raw.rows.close, &raw.rows.volume}) {
    std::reverse(column->begin(), column->end());
  }
  std::reverse(raw.lines.begin(), raw.lines.end());
}

void refuse_other_encodings(std::string_view first_line, const std::string& place) {
  if (first_line.starts_with("\xff\xfe") || first_line.starts_with("\xfe\xff")) {
    throw Error("market.bad_text", "the text is UTF-16: save it as UTF-8", place);
  }
  if (first_line.find('\r') != std::string_view::npos) {
    throw Error("market.bad_text", "the lines end in carriage returns alone: save the file with line feeds",
                place);
  }
}

RawBars parse_csv(std::string_view text, const std::string& place) {
  LineReader reader(text);
  std::optional<std::string_view> line = reader.next();
  refuse_other_encodings(*line, place);
  RawBars raw;
  Columns columns;
  if (is_address(*line)) {
    raw.format = SourceFormat::cryptodatadownload;
    line = reader.next();
    if (!line) throw Error("market.no_bars", "the file ends after its first line: fetch it again", place);
  }
  if (is_headerless_binance(*line)) {
    raw.format = SourceFormat::binance_klines;
    columns = binance_column_order();
  } else {
    columns = columns_of_header(*line, fmt::format("{}:{}", place, reader.line()));
    std::array<std::string_view, binance_columns + 1> fields;
    const bool has_binance_header = split_fields(*line, fields) == binance_columns && columns.time == 0 &&
                                    columns.numbers[role_volume] == 5;
    if (has_binance_header) raw.format = SourceFormat::binance_klines;
    line = reader.next();
  }
  reserve_rows(raw, text);
  RowParser parser(columns, raw);
  for (; line; line = reader.next()) parser.parse(*line, reader.line());
  raw.rows.has_volume = columns.has_volume();

  const auto& stamps = raw.rows.open_time;
  const bool newest_first = stamps.size() > 1 && stamps.front() > stamps.back();
  if (raw.format == SourceFormat::cryptodatadownload && newest_first) reverse_rows(raw);
  return raw;
}

void find_order_faults(const RawBars& raw, FaultList& faults) {
  const std::vector<TimeMs>& stamps = raw.rows.open_time;
  for (std::size_t i = 1; i < stamps.size(); ++i) {
    if (stamps[i] > stamps[i - 1]) continue;
    if (stamps[i] == stamps[i - 1]) {
      faults.add(FaultKind::duplicate, raw.lines[i],
                 fmt::format("{} is there twice: remove one of the two rows", format_time(stamps[i])));
    } else {
      faults.add(FaultKind::unsorted, raw.lines[i],
                 fmt::format("{} comes after {}: sort the rows by time, oldest first", format_time(stamps[i]),
                             format_time(stamps[i - 1])));
    }
  }
  if (faults.count(FaultKind::unsorted) == 0) return;

  // In an unsorted file equal stamps need not be neighbours.
  std::vector<std::size_t> order(stamps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return stamps[a] < stamps[b]; });
  for (std::size_t k = 1; k < order.size(); ++k) {
    const bool equal = stamps[order[k]] == stamps[order[k - 1]];
    const bool reported = order[k] == order[k - 1] + 1;
    if (!equal || reported) continue;
    faults.add(FaultKind::duplicate, raw.lines[order[k]],
               fmt::format("{} is there already in line {}: remove one of the two rows",
                           format_time(stamps[order[k]]), raw.lines[order[k - 1]]));
  }
}

void describe_value_fault(const Bar& bar, std::size_t line, FaultList& faults) {
  for (const double price : {bar.open, bar.high, bar.low, bar.close}) {
    if (price >= smallest_price && price <= largest_price) continue;
    faults.add(
        FaultKind::bad_price, line,
        fmt::format("a price of {} cannot be: prices are above zero (and between {} and {}); correct or "
                    "remove this row",
                    price, smallest_price, largest_price));
    return;
  }
  if (bar.low > std::min(bar.open, bar.close) || bar.high < std::max(bar.open, bar.close)) {
    faults.add(
        FaultKind::bad_range, line,
        fmt::format("open {}, high {}, low {}, close {} contradict each other: high must be the largest and "
                    "low the smallest; correct or remove this row",
                    bar.open, bar.high, bar.low, bar.close));
  }
  if (!(bar.volume >= 0 && bar.volume <= largest_volume)) {
    faults.add(
        FaultKind::bad_volume, line,
        fmt::format("a volume of {} cannot be: it must be zero or more (and at most {}); correct or remove "
                    "this row",
                    bar.volume, largest_volume));
  }
}

}  // namespace

std::string_view to_string(SourceFormat format) {
  switch (format) {
    case SourceFormat::project_csv:
      return "project CSV";
    case SourceFormat::binance_klines:
      return "Binance klines";
    case SourceFormat::cryptodatadownload:
      return "CryptoDataDownload CSV";
    case SourceFormat::ccxt_json:
      return "CCXT JSON";
  }
  return "";
}

std::string error_code(FaultKind kind) {
  constexpr std::array<std::string_view, fault_kind_count> codes{"few_columns", "bad_number", "bad_time",
                                                                 "unsorted",    "duplicate",  "bad_price",
                                                                 "bad_range",   "bad_volume"};
  return fmt::format("market.{}", codes[static_cast<std::size_t>(kind)]);
}

std::string_view to_string(FaultKind kind) {
  constexpr std::array<std::string_view, fault_kind_count> names{
      "rows with too few columns", "values that are not numbers",
      "unreadable times",          "unsorted rows",
      "duplicate stamps",          "impossible prices",
      "contradictory OHLC rows",   "impossible volumes"};
  return names[static_cast<std::size_t>(kind)];
}

void FaultList::add(FaultKind kind, std::size_t line, const std::string& message) {
  if (count(kind) < kept_per_kind) first.push_back({kind, line, printable(message)});
  ++counts[static_cast<std::size_t>(kind)];
}

std::size_t FaultList::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

const RowFault& FaultList::earliest() const {
  return *std::min_element(first.begin(), first.end(),
                           [](const RowFault& a, const RowFault& b) { return a.line < b.line; });
}

RawBars parse_raw_bars(std::string_view text, const std::string& place) {
  const std::optional<std::string_view> first_line = LineReader(text).next();
  if (!first_line) throw Error("market.no_bars", "the file is empty: fetch or write it again", place);
  const char first = (*first_line)[first_line->find_first_not_of(" \t")];
  RawBars raw = first == '[' || first == '{' ? parse_json_rows(text, place) : parse_csv(text, place);
  if (raw.rows.empty() && raw.unreadable.total() == 0) {
    throw Error("market.no_bars", "there is not one bar in this file: fetch or write it again", place);
  }
  const auto& volume = raw.rows.volume;
  raw.rows.has_volume =
      raw.rows.has_volume && std::any_of(volume.begin(), volume.end(), [](double v) { return v != 0.0; });
  return raw;
}

FaultList find_faults(const RawBars& raw) {
  FaultList faults = raw.unreadable;
  for (std::size_t i = 0; i < raw.rows.size(); ++i) {
    const Bar bar = raw.rows[i];
    if (!has_sound_values(bar)) describe_value_fault(bar, raw.lines[i], faults);
  }
  find_order_faults(raw, faults);
  return faults;
}

}  // namespace stevie::market
