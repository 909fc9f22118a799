#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "live/live_figures.h"
#include "live/live_records.h"

namespace stevie::app {

/// A round trip of the live account, from flat (or a flip) to flat (or a flip), put together from its fills.
struct LiveTrade {
  std::uint64_t number = 0;  // 1, 2, ... in order of entry, over the life of the account
  std::string symbol;
  execution::Side side = execution::Side::long_side;
  TimeMs entry_time = 0;    // open of the bar on which the first entry filled
  TimeMs exit_time = 0;     // open of the bar on which the last exit filled; 0: the position is still held
  double entry_price = 0;   // average, after spread and slippage
  double exit_price = 0;    // average of what has been left; 0: nothing yet
  double units = 0;         // of base currency that were entered, > 0
  double fees = 0;          // of both sides so far, account currency; funding in it once the trade is closed
  double slippage = 0;      // loss of its fills against their reference prices
  double profit = 0;        // net of everything; 0 while open
  double entry_value = 0;   // units * entry price; profit / entry_value is the trade's return
  std::string exit_reason;  // of the last fill: "stop_loss", "take_profit", "exit_signal", ...; empty: open
  std::optional<double> stop, take_profit;  // prices, as the entry set them
  // Of the decision to enter; 0 or empty where the record does not say.
  std::string order_id;
  std::uint64_t decision = 0;
  std::uint64_t parameter_version = 0;
  live::DecisionGist gist;

  bool open() const { return exit_time == 0; }
  double net_return() const { return entry_value > 0 ? profit / entry_value : 0; }
};

/// What a fill did to the position.
enum class FillKind : std::uint8_t { entry, exit, stop, take_profit, liquidation };
std::string_view to_string(FillKind kind);

/// A fill with what it belongs to.
struct LiveFill {
  broker::Fill fill;
  FillKind kind = FillKind::entry;  // by what it did to the position; a flip is an entry
  std::uint64_t trade = 0;          // number of the trade that it opened, grew or closed
  std::uint64_t decision = 0;       // behind it; for a protective exit that of the entry. 0: none
};

/// Cash and position of one symbol behind a fill.
struct BookStep {
  TimeMs time = 0;  // open of the bar it filled on
  double cash = 0, units = 0;
  double fees = 0, notional = 0;  // of all fills up to here
};

/// One symbol's part of the account: the initial equity shared equally between the symbols, and what its
/// fills made of it.
struct SymbolBook {
  double initial_cash = 0;
  std::vector<BookStep> steps;  // oldest first, one a bar with fills
};

/// A decision to enter, carried out or denied.
struct EntryDecision {
  std::uint64_t number = 0;
  std::string symbol;
  TimeMs time = 0;  // open of the bar on whose close it was taken
  std::string rule;
  bool is_long = true;
  live::Denial denial = live::Denial::none;
};

/// The whole life of the live account as its ledger tells it: fills, round trips, counts of decisions. A fold
/// over the events "live.step", oldest first; nothing but take() changes it.
///
/// Memory is bounded: of fills, trades and entry decisions the newest `most_kept` of each are kept at least;
/// how many older ones were left out is told. Books keep one row a bar with fills.
class LiveLife {
 public:
  explicit LiveLife(std::size_t most_kept = 100'000) : most_kept_(most_kept) {}

  void take(const live::StepRecord& step);

  bool traded() const { return traded_; }
  const std::vector<std::string>& symbols() const { return symbols_; }
  TimeMs interval() const { return interval_; }
  TimeMs now() const { return now_; }  // the feed's, at the newest event
  double initial_equity() const { return initial_equity_; }
  double equity() const { return equity_; }                // as of the newest event
  const std::string& session() const { return session_; }  // of the newest event
  std::uint64_t steps() const { return steps_; }
  std::uint64_t decisions() const { return decisions_; }

  /// By symbol; nullptr for one that is not traded.
  const SymbolBook* book(const std::string& symbol) const;
  /// Trades in order of their numbers, open ones too; number of the first is trades_left_out() + 1.
  const std::deque<LiveTrade>& trades() const { return trades_; }
  std::uint64_t trades_left_out() const { return trades_left_out_; }
  const std::deque<LiveFill>& fills() const { return fills_; }  // oldest first
  std::uint64_t fills_left_out() const { return fills_left_out_; }
  const std::deque<EntryDecision>& entries() const { return entries_; }  // oldest first
  std::uint64_t entries_left_out() const { return entries_left_out_; }
  /// Decisions by live::tally_key(); empty for an account of an older program.
  const std::map<std::string, std::uint64_t>& tally() const { return tally_; }
  /// Decisions that wanted something, by action; and those of them that were denied, by code.
  const std::map<std::string, std::uint64_t>& actions() const { return actions_; }
  const std::map<std::string, std::uint64_t>& denials() const { return denials_; }
  /// The account's equity at the events, in bounded memory.
  const live::EquityCurve& curve() const { return curve_; }

  /// Open time of the newest bar of a symbol at the first event, and the steps that had been played then:
  /// where the account began.
  struct Beginning {
    std::map<std::string, TimeMs> newest;
    std::uint64_t steps = 0;
  };
  const Beginning& beginning() const { return beginning_; }

 private:
  struct OpenTrade {
    std::uint64_t number = 0;  // 0: flat
    double entered = 0, entry_value = 0, left = 0, exit_value = 0, cash = 0;
  };
  struct State {  // of a symbol
    double cash = 0, units = 0, fees = 0, notional = 0, last_price = 0;
    OpenTrade open;
  };
  struct Behind {  // an order
    live::DecidedRecord decided;
    strategy::Decision decision;
  };

  void begin(const live::StepRecord& step);
  void take_decided(const live::StepRecord& step);
  void take_fill(const broker::Fill& fill, std::uint64_t version);
  void enter(const broker::Fill& fill, double units, double fee, State& state, std::uint64_t version);
  void leave(const broker::Fill& fill, double units, double fee, State& state);
  void accept(const live::StepRecord& step);
  void keep_book(const std::string& symbol, TimeMs time, const State& state);
  LiveTrade* trade(std::uint64_t number);
  const Behind* behind(const std::string& order_id) const;
  void bound();

  std::size_t most_kept_;
  bool traded_ = false;
  std::vector<std::string> symbols_;
  std::string session_;
  TimeMs interval_ = 0, now_ = 0;
  double initial_equity_ = 0, equity_ = 0;
  std::uint64_t steps_ = 0, decisions_ = 0, next_trade_ = 1;
  std::uint64_t trades_left_out_ = 0, fills_left_out_ = 0, entries_left_out_ = 0;
  std::deque<LiveTrade> trades_;
  std::deque<LiveFill> fills_;
  std::deque<EntryDecision> entries_;
  std::map<std::string, SymbolBook> books_;
  std::map<std::string, State> states_;
  std::map<std::string, Behind> behind_;  // newest orders and denials, by id
  std::deque<std::string> behind_order_;  // oldest first
  std::map<std::string, std::uint64_t> tally_, actions_, denials_;
  live::EquityCurve curve_;
  Beginning beginning_;
};

}  // namespace stevie::app
