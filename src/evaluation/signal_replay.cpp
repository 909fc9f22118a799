#include "evaluation/signal_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/file.h"
#include "market/csv.h"

namespace stevie::evaluation {
namespace {

using execution::Side;

constexpr std::size_t most_columns = 256;
constexpr std::size_t absent = most_columns;
constexpr std::array<std::string_view, 6> signal_names{"enter_long", "exit_long", "enter_short",
                                                       "exit_short", "target",    "order_size"};
enum SignalColumn : std::size_t { enter_long, exit_long, enter_short, exit_short, target, order_size };

[[noreturn]] void fail(const char* code, const std::string& message, const std::string& place,
                       std::size_t line) {
  throw Error(code, message, place + ":" + std::to_string(line));
}

/// Where the columns are. `absent` where there is none.
struct Layout {
  std::size_t timestamp = absent;
  std::array<std::size_t, signal_names.size()> signals{absent, absent, absent, absent, absent, absent};
  std::size_t needed = 0;  // columns a row must have

  bool has(SignalColumn column) const { return signals[column] != absent; }
  bool has_side_signals() const {
    return has(enter_long) || has(exit_long) || has(enter_short) || has(exit_short);
  }
};

Layout read_header(std::string_view header, const std::string& place, std::size_t line) {
  Layout layout;
  const std::vector<std::string> names = market::header_names(header);
  const auto position = [&](std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end() && std::find(found + 1, names.end(), name) != names.end()) {
      fail("signals.two_kinds", "column " + std::string(name) + " is there twice: keep one", place, line);
    }
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (found != names.end()) layout.needed = std::max(layout.needed, index + 1);
    return found == names.end() ? absent : index;
  };
  if (names.size() > most_columns) {
    fail("signals.no_column", "the header has more than " + std::to_string(most_columns) + " columns", place,
         line);
  }
  layout.timestamp = position("timestamp");
  if (layout.timestamp == absent) {
    fail("signals.no_column", "there is no column 'timestamp': add the open time of each signal's bar", place,
         line);
  }
  for (std::size_t i = 0; i < signal_names.size(); ++i) layout.signals[i] = position(signal_names[i]);
  const int kinds = int{layout.has_side_signals()} + int{layout.has(target)} + int{layout.has(order_size)};
  if (kinds == 0) {
    fail("signals.no_column",
         "there is no signal column: give enter_long, exit_long, enter_short, exit_short, or target, or "
         "order_size",
         place, line);
  }
  if (kinds > 1) {
    fail("signals.two_kinds", "enter/exit columns, target and order_size exclude each other: keep one kind",
         place, line);
  }
  return layout;
}

bool parse_flag(std::string_view text, std::string_view name, const std::string& place, std::size_t line) {
  if (text.empty() || text == "False" || text == "false") return false;
  if (text == "True" || text == "true") return true;
  const auto number = market::parse_number(text);
  if (!number || (*number != 0 && *number != 1)) {
    fail("signals.bad_value", std::string(name) + " is '" + std::string(text) + "': it must be 0 or 1", place,
         line);
  }
  return *number == 1;
}

double parse_value(std::string_view text, std::string_view name, double limit, const std::string& place,
                   std::size_t line) {
  const auto number = market::parse_number(text);
  if (!number) {
    fail("signals.bad_value", std::string(name) + " is '" + std::string(text) + "': it must be a number",
         place, line);
  }
  if (std::abs(*number) > limit) {
    fail("signals.bad_value",
         fmt::format("{} is {}: it must lie between -{} and {}", name, text, limit, limit), place, line);
  }
  return *number;
}

/// The index of the bar that opens at this time, searched from `from` on.
std::size_t find_bar(const market::Bars& bars, TimeMs time, std::size_t from, const std::string& place,
                     std::size_t line) {
  const auto found = std::lower_bound(bars.open_time.begin() + static_cast<std::ptrdiff_t>(from),
                                      bars.open_time.end(), time);
  if (found == bars.open_time.end() || *found != time) {
    fail(
        "signals.unknown_bar",
        "no bar opens at " + format_time(time) + ": a signal carries the open time of a bar of the bars file",
        place, line);
  }
  return static_cast<std::size_t>(found - bars.open_time.begin());
}

/// What the enter and exit columns of one row ask for, given the side held at its close.
struct SideDecision {
  bool exit = false;
  std::optional<Side> entry;
};

SideDecision decide_sides(const Signals& signals, std::size_t row, double units) {
  const auto flag = [row](const std::vector<std::uint8_t>& column) {
    return !column.empty() && column[row] != 0;
  };
  const bool in_long = flag(signals.enter_long), out_long = flag(signals.exit_long);
  const bool in_short = flag(signals.enter_short), out_short = flag(signals.exit_short);
  const bool wants_long = in_long && !out_long && !in_short;
  const bool wants_short = in_short && !out_short && !in_long;
  SideDecision decision;
  if (wants_long) decision.entry = Side::long_side;
  if (wants_short) decision.entry = Side::short_side;
  if (units > 0) decision.exit = (out_long && !in_long) || (signals.exit_long.empty() && wants_short);
  if (units < 0) decision.exit = (out_short && !in_short) || (signals.exit_short.empty() && wants_long);
  return decision;
}

/// Hands the decision known at the close of bar `row` to the engine.
void decide(execution::BarEngine& engine, const Signals& signals, std::size_t row,
            const execution::Stake& stake, bool entries_allowed) {
  if (!signals.target.empty()) {
    if (signals.target[row]) engine.set_target(*signals.target[row]);
  } else if (!signals.order_size.empty()) {
    if (signals.order_size[row] != 0) engine.trade_units(signals.order_size[row]);
  } else {
    const SideDecision decision = decide_sides(signals, row, engine.account().units);
    if (decision.exit) engine.exit();
    if (decision.entry && entries_allowed) engine.enter(*decision.entry, stake);
  }
}

}  // namespace

Signals parse_signals(std::string_view text, const std::string& place, const market::Bars& bars) {
  market::LineReader lines(text);
  const auto header = lines.next();
  if (!header)
    throw Error("signals.no_column", "the file is empty: it needs a header with 'timestamp'", place);
  const Layout layout = read_header(*header, place, lines.line());

  Signals signals;
  const std::array<std::vector<std::uint8_t>*, 4> flags{&signals.enter_long, &signals.exit_long,
                                                        &signals.enter_short, &signals.exit_short};
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (layout.signals[i] != absent) flags[i]->resize(bars.size(), 0);
  }
  if (layout.has(target)) signals.target.resize(bars.size());
  if (layout.has(order_size)) signals.order_size.resize(bars.size(), 0.0);

  std::vector<std::string_view> fields(layout.needed);
  std::optional<TimeMs> previous;
  std::size_t bar = 0;
  while (const auto line = lines.next()) {
    if (market::split_fields(*line, fields) < layout.needed) {
      fail("signals.few_columns", "the row has fewer columns than the header needs", place, lines.line());
    }
    const auto time = market::parse_stamp(fields[layout.timestamp]);
    if (!time) {
      fail("signals.bad_time", "'" + std::string(fields[layout.timestamp]) + "' is no time stamp", place,
           lines.line());
    }
    if (previous && *time <= *previous) {
      fail("signals.unsorted",
           "the time stamp does not lie after the one before: sort the rows and drop duplicates", place,
           lines.line());
    }
    previous = *time;
    bar = find_bar(bars, *time, bar, place, lines.line());
    for (std::size_t i = 0; i < flags.size(); ++i) {
      if (layout.signals[i] == absent) continue;
      (*flags[i])[bar] = parse_flag(fields[layout.signals[i]], signal_names[i], place, lines.line());
    }
    if (layout.has(target) && !fields[layout.signals[target]].empty()) {
      signals.target[bar] = parse_value(fields[layout.signals[target]], "target", 1.0, place, lines.line());
    }
    if (layout.has(order_size) && !fields[layout.signals[order_size]].empty()) {
      signals.order_size[bar] =
          parse_value(fields[layout.signals[order_size]], "order_size", 1e15, place, lines.line());
    }
  }
  if (!previous) throw Error("signals.no_rows", "the file has a header but no rows", place);
  return signals;
}

Signals read_signals(const std::filesystem::path& path, const market::Bars& bars) {
  return parse_signals(read_file(path), path.string(), bars);
}

execution::Stake parse_stake(std::string_view text) {
  using Kind = execution::Stake::Kind;
  std::string_view number = text;
  const auto strip = [&number](std::string_view suffix) {
    if (!number.ends_with(suffix)) return false;
    number.remove_suffix(suffix.size());
    return true;
  };
  const bool units = strip("units");
  const bool exposure = !units && strip("x");
  const auto amount = market::parse_number(number);
  if (!amount || *amount <= 0) {
    throw Error("signals.bad_stake",
                "'" + std::string(text) +
                    "' is no stake: give a share of the equity up to 1 (0.5), or units (25, "
                    "0.1units), or an exposure (1.5x)");
  }
  if (exposure || (!units && *amount <= 1)) return {Kind::equity_share, *amount};
  return {Kind::units, *amount};
}

Replay replay_signals(const execution::BarTape& tape, const Signals& signals, const ReplayConfig& config,
                      const execution::BarTape* detail) {
  if (config.engine.exits.intrabar == execution::IntrabarPolicy::detail && detail == nullptr) {
    throw Error("signals.no_detail",
                "the intrabar policy 'detail' needs finer bars: give --detail-bars FILE");
  }
  execution::BarEngine engine(config.engine);
  DetailCursor cursor(detail);
  for (std::size_t i = 0; i < tape.size(); ++i) {
    const TimeMs open_time = tape.open_time[i];
    engine.process_bar(tape.bars[i], open_time, cursor.within(open_time, open_time + tape.interval));
    decide(engine, signals, i, config.stake, i + 2 < tape.size());
  }
  return finish(engine, tape.interval);
}

std::string format_trades(const std::vector<execution::RoundTrip>& trades) {
  std::string text =
      "entry_time,exit_time,side,entry_price,exit_price,quantity,fee,profit_abs,profit_ratio,exit_reason\n";
  for (const execution::RoundTrip& trade : trades) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", format_time(trade.entry_time),
                        format_time(trade.exit_time), execution::to_string(trade.side), trade.entry_price,
                        trade.exit_price, trade.quantity, trade.fee, trade.profit_abs, trade.profit_ratio,
                        execution::to_string(trade.exit_reason));
  }
  return text;
}

}  // namespace stevie::evaluation
