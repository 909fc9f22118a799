#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "live/trading_step.h"

namespace stevie::ledger {
struct Event;
}  // namespace stevie::ledger

namespace stevie::live {

// Texts of what happens while trading, as ledger and journal keep them; orders and fills are those of
// broker/json.h. Doubles are the shortest decimals
// that read back to the same bits, so that equal texts are equal values.

std::string json_string(std::string_view text);  // with quotes
std::string json_number(double value);           // null where it is not finite
std::string json_strings(const std::vector<std::string>& texts);

/// ["BTC/USDT",open_time,open,high,low,close,volume,late]
std::string to_json(const std::string& symbol, const ClosedBar& closed);
/// {"equity":...,"fills":[...],"decisions":[...],"orders":[...],...}: everything but the latencies.
std::string to_json(const StepOutcome& outcome);
std::string to_json(const LiveCommand& command);

// The reverse; each throws Error `code` at `place` for what is no such text.
struct RecordPlace {
  std::string code, place;
};
DecisionRecord parse_decision(const nlohmann::json& json, const RecordPlace& at);
LiveCommand parse_command(const nlohmann::json& json, const RecordPlace& at);
/// `symbols`: of the journal; the bar's symbol must be one of them.
ClosedBar parse_closed_bar(const nlohmann::json& json, const std::vector<std::string>& symbols,
                           const RecordPlace& at);

/// How much of a journal is on the disk for certain.
struct JournalMark {
  std::uint64_t part = 1;   // number of the newest file
  std::uint64_t bytes = 0;  // of it
  std::string hash;         // of its last line; 64 hex digits

  friend bool operator==(const JournalMark&, const JournalMark&) = default;
};

/// A decision that wanted something, as the ledger keeps it beside its order or denial.
struct DecidedRecord {
  std::uint64_t number = 0;
  std::string symbol;
  TimeMs time = 0;  // open of the bar on whose close it was taken
  std::string order_id;
  std::string action;  // "enter", "exit", "target"
  std::uint64_t parameter_version = 0;
  Denial denial = Denial::none;
  DecisionGist gist;
};

/// The body of a ledger event "live.step".
struct StepRecord {
  std::string session;
  std::uint64_t record = 0;  // 1, 2, ... in this session
  std::uint64_t step = 0;    // of the account's life
  TimeMs now = 0;            // by the feed's clock
  std::vector<std::string> symbols;
  TimeMs interval = 0;
  std::string why;  // "change", "checkpoint", "command", "end"
  std::vector<std::pair<std::string, TimeMs>> bars;
  std::vector<broker::Order> orders;
  std::vector<std::pair<std::string, Denial>> denials;
  std::vector<std::string> cancelled, flattening;
  std::vector<broker::Fill> fills;
  std::vector<DecidedRecord> decided;             // of this step; none in events of older programs
  std::map<std::string, std::uint64_t> tally;     // decisions of the account's life: tally_key(); see decided
  std::string account, risk;                      // JSON objects
  std::map<std::string, std::string> strategies;  // symbol to JSON object
  std::map<std::string, double> positions;        // by the record: sums of the fills, none that is 0
  std::vector<std::string> waiting;               // ids of orders, by the record
  std::map<std::string, TimeMs> newest;           // open time of the newest bar of each symbol
  std::uint64_t decisions = 0, order_count = 0, fill_count = 0;
  double equity = 0, initial_equity = 0;
  std::uint64_t parameter_version = 0;
  std::uint64_t obeyed = 0;  // ledger number of the newest command that was carried out
  std::optional<JournalMark> journal;
};
std::string to_json(const StepRecord& record);
/// Throws Error "live.damaged_step" with the event as its place.
StepRecord parse_step_record(const ledger::Event& event);
/// The same without the states that a restart needs (account, risk, strategies), which costs less.
StepRecord parse_step_history(const ledger::Event& event);

/// Under what a decision is counted: "reason" or "reason/rule", "cost_cap/breakout"; its action where the
/// strategy gives no reason.
std::string tally_key(const DecisionRecord& decision);

/// A command out of "risk.killed", "risk.rearmed" or an accepting "live.reconciliation"; nothing for others.
/// A kill that cannot be read is a kill all the same.
std::optional<LiveCommand> command_of(const ledger::Event& event);

Denial parse_denial(std::string_view name, const RecordPlace& at);

}  // namespace stevie::live
