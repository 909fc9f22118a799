#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/replay.h"
#include "execution/engine.h"
#include "market/bars.h"

namespace stevie::evaluation {

/// Decisions made elsewhere, one row per bar: row i is known at the close of bar i and acts on bar i+1.
/// Exactly one kind is present; the vectors of the others are empty.
struct Signals {
  std::vector<std::uint8_t> enter_long, exit_long, enter_short,
      exit_short;                             // (bars) 0 or 1; an absent column is empty
  std::vector<std::optional<double>> target;  // (bars) exposure to hold; nothing: as before
  std::vector<double> order_size;             // (bars) units to buy (> 0) or sell (< 0); 0: no order
};

/// Reads a CSV (gzip or not) with the column `timestamp` (as parse_time takes it; the OPEN time of the bar on
/// whose close the signal is known) and either any of enter_long, exit_long, enter_short, exit_short (0 or
/// 1), or target
/// (-1..1), or order_size (units). Other columns are ignored, bars without a row have no signal, an empty
/// field is no signal.
///
/// Throws Error with path:line as its place: "signals.no_column", "signals.two_kinds", "signals.few_columns",
/// "signals.bad_time", "signals.unsorted" (also duplicates), "signals.unknown_bar" (no bar opens then),
/// "signals.bad_value"; and what read_file throws.
Signals read_signals(const std::filesystem::path& path, const market::Bars& bars);

/// The same for text in memory; `place` stands for the path.
Signals parse_signals(std::string_view text, const std::string& place, const market::Bars& bars);

/// "0.5": half of the equity; "25": 25 units; above 1 means units. "2units" and "1.5x" (exposure) say it
/// outright. Throws Error "signals.bad_stake".
execution::Stake parse_stake(std::string_view text);

struct ReplayConfig {
  execution::EngineConfig engine;
  execution::Stake stake;  // of enter signals
};

/// Plays signals against bars; docs/backtest.md gives the sequence. A signal on the close of bar t acts at
/// the open of t+1; no enter signal acts on the last bar; an open position is closed at the last bar's OPEN
/// (end_of_data).
///   enter  opens a position where none is held. Ignored together with the exit of the same side or the entry
///   of the
///          other side, and while a position is held - unless that position leaves at the same open.
///   exit   closes a position of that side. Where the file has no exit column for the side held, an entry of
///   the other
///          side closes it.
/// detail: finer bars for IntrabarPolicy::detail; they may cover a part of the bars.
/// Throws what BarEngine throws, and Error "signals.no_detail" where that policy has no finer bars.
Replay replay_signals(const execution::BarTape& tape, const Signals& signals, const ReplayConfig& config,
                      const execution::BarTape* detail = nullptr);

/// The trades file: a header and one row per round trip, times in ISO 8601, numbers as the shortest decimals
/// that read back to the same doubles.
std::string format_trades(const std::vector<execution::RoundTrip>& trades);

}  // namespace stevie::evaluation
