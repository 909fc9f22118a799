#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "execution/account.h"
#include "execution/bar_tape.h"
#include "execution/exits.h"
#include "execution/simulation_result.h"

namespace stevie::execution {

/// How large an entry is.
struct Stake {
  enum class Kind : std::uint8_t {
    equity_share,  // exposure of `amount` after costs
    units,         // `amount` units of base currency
    risk  // as much as loses `amount` of the equity at the stop loss of the entry's bracket or, without
          // one, of ExitRules; nothing where neither has one
  };
  Kind kind = Kind::equity_share;
  double amount = 1.0;
};

/// A resting order. It is tried on every bar after the one it was submitted on until it has filled or is
/// cancelled.
struct Order {
  enum class Type : std::uint8_t {
    market,  // next open; the rest that the participation cap holds back waits for the following opens
    limit,   // at `price` or better, maker fee
    stop     // taker fill once the price reaches `price`; at the open of a bar that opens beyond it
  };
  Type type = Type::market;
  double quantity = 0;       // signed units
  double price = 0;          // of limit and stop orders
  bool reduce_only = false;  // never opens or enlarges a position
  bool cancel_rest = false;  // what one bar cannot fill is cancelled instead of waiting
};

struct EngineConfig {
  Instrument instrument;
  ExitRules exits;
  double initial_equity = 10'000.0;  // above 0, at most 1e15
  /// Throws Error "execution.bad_config" that lists the faults of every part.
  void validate() const;
};

/// Something a person should know about a run: an order that rounded to nothing, a cap that is off.
struct Notice {
  TimeMs time = 0;
  std::string text;
};

/// The finer bars that make up one bar, oldest first.
struct DetailBars {
  std::span<const TapeBar> bars;
  std::span<const TimeMs> open_time;
};

/// Which decision a fill carries out.
enum class Cause : std::uint8_t {
  none,        // nothing was decided yet
  target,      // set_target
  units,       // trade_units
  exit,        // exit
  entry,       // enter
  order,       // submit
  protective,  // a stop, take profit, minimal return or liquidation
  end_of_data
};

/// A fill of a bar, for a caller that books or shows each of them.
struct FillRecord {
  TimeMs time = 0;  // open of the bar
  Fill fill;
  double units_before = 0, units_after = 0;  // of the position
  Cause cause = Cause::none;
  ExitReason reason = ExitReason::exit_signal;  // of the part that closes; of no meaning where nothing does
  std::optional<RoundTrip> closed;              // the round trip that this fill ended
};

/// Decisions for the next open.
struct WaitingDecisions {
  bool exit = false, retarget = false;
  std::optional<Side> entry;
  Stake stake;
  std::optional<Bracket> bracket;
  double quantity = 0;

  bool any() const { return exit || retarget || entry || quantity != 0; }
};

/// The round trip that is under way.
struct OpenTrade {
  double entry_quantity = 0, entry_price = 0;  // all entries of the round trip, average price
  double exit_quantity = 0, exit_price = 0;    // all exits
  double fee = 0;                              // both sides and funding
};

/// Everything that decides what an engine does next. Rows, closed trades and notices are not in it: they lie
/// behind, and whoever keeps a state has taken them.
struct EngineState {
  Account account;
  WaitingDecisions waiting;
  std::vector<Order> orders;
  OpenTrade trade;
  HeldPosition held;
  std::optional<double> target;
  std::optional<Bracket> entry_bracket;  // of the position that the last decision opens
  double wanted_units = 0;
  Cause cause = Cause::none;  // behind wanted_units
  ExitReason closing_reason = ExitReason::exit_signal;
  bool volume_missing_reported = false;
  bool started = false;
  TapeBar bar;  // the last one
  TimeMs time = 0;
  double initial_equity = 0;
  double traded_notional = 0, total_fees = 0, total_slippage = 0, total_funding = 0;

  /// One sentence per value that no engine can have come to; empty where all is well.
  std::vector<std::string> faults() const;
};

/// What an engine keeps of the bars it goes over.
enum class Recording : std::uint8_t {
  rows,   // one row per bar in SimulationResult, the trades and the totals
  totals  // the trades and the totals only; who marks the account does so between the calls
};

/// Plays decisions for one symbol against its bars.
///
/// Use: take decisions on the closed bar t (set_target, enter, exit, trade_units, submit), then
/// process_bar(t+1). On a bar, in this order:
///   1. funding due at the open, on the position carried in; then liquidation if the bar opens beyond its
///   level
///   2. at the open: exits and orders decided on the close before; protective levels that the bar opens
///   beyond;
///      entries, which need a flat account
///   3. funding due inside the bar, on the position held now
///   4. inside the bar: liquidation, stop, take profit, minimal return and trailing stop in the sequence of
///   the
///      intrabar policy (docs/execution.md), then resting orders
///   5. the account is marked at the close
class BarEngine {
 public:
  explicit BarEngine(const EngineConfig& config, Recording recording = Recording::rows);

  /// Exposure (position value / equity, after costs) to hold from the next open. A target equal to the last
  /// one set trades nothing: the position drifts with the price until another target is set. |exposure| above
  /// the leverage limit is cut to it with a notice. After a liquidation every target counts as new.
  void set_target(double exposure);
  /// Opens a position at the next open, where the account is flat by then; ignored where it is not, or where
  /// a position of the same side has only just left there.
  void enter(Side side, const Stake& stake);
  /// The same with a stop loss and take profit of its own instead of those of EngineConfig::exits, whose
  /// trailing stop and minimal return stay. The position keeps them until it closes, whatever is decided
  /// later. Throws Error "execution.bad_bracket" for a level that is not finite or below 0.
  void enter(Side side, const Stake& stake, const Bracket& bracket);
  /// Closes the position at the next open, before any entry there.
  void exit();
  /// Buys (> 0) or sells (< 0) units at the next open.
  void trade_units(double quantity);
  void submit(const Order& order);
  void cancel_orders() { orders_.clear(); }
  /// Gives up what the participation cap has left of a decision; a target set again counts as new. The rest
  /// of a protective exit stays. True where there was something to give up.
  bool cancel_rest();

  /// Executes what was decided on the bar before and marks the account at this bar's close. `detail` serves
  /// IntrabarPolicy::detail; without it that policy takes the bar as `worst`.
  void process_bar(const TapeBar& bar, TimeMs open_time, const DetailBars& detail = {});

  /// How many of these bars, from the first on, pass without any event: no decision and no order waits and,
  /// where a position is held, no level is touched, no funding is due, and neither trailing stop nor minimal
  /// return is in use.
  std::size_t quiet_bars(std::span<const TapeBar> bars) const;
  /// Whether bars without funding that touch no level pass without any event.
  bool is_quiet() const;
  /// process_bar on each of these bars, which must all be quiet (asserted), with the same rows bit for bit.
  void hold(std::span<const TapeBar> bars, std::span<const TimeMs> open_time);

  /// Ends the run: closes an open position at the OPEN of the last bar, with reason end_of_data and all
  /// costs, and marks the last row again.
  void close_at_end_of_data();

  const Account& account() const { return account_; }
  /// At which the open position would be closed; of no meaning where none is held.
  ExitLevels levels() const { return exit_levels(config_.exits, held_); }
  /// Rows, trades and totals so far. The result's interval is for the caller to set.
  const SimulationResult& result() const { return result_; }
  SimulationResult take_result() { return std::move(result_); }
  const std::vector<Notice>& notices() const { return notices_; }

  /// Every fill from now on is appended to `fills`, which must outlive its use; nullptr: none is.
  void report_fills_to(std::vector<FillRecord>* fills) { fills_ = fills; }
  /// The round trips that ended since the last call, and the notices; the engine forgets them.
  std::vector<RoundTrip> take_trades() { return std::exchange(result_.trades, {}); }
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
  /// Units that the last decision aims at, and its cause; not the account's while a part of it waits.
  double wanted_units() const { return wanted_units_; }
  Cause cause() const { return cause_; }
  /// Decided and not executed yet.
  const WaitingDecisions& waiting() const { return intents_; }
  /// The position as the exit rules know it; of no meaning where none is held.
  const HeldPosition& held() const { return held_; }

  EngineState state() const;
  /// Goes on where `state` was taken, bit for bit where configuration and bars are the same; rows, trades and
  /// notices begin anew. Throws Error "execution.bad_state", and changes nothing, for one that has faults().
  void restore(const EngineState& state);

 private:
  void report_missing_volume(const TapeBar& bar);
  void pay_funding(double rate, double price);
  void execute_open(const TapeBar& bar);
  void decide_entry(const TapeBar& bar, const WaitingDecisions& intents);
  double within_leverage(const TapeBar& bar, double wanted);
  void trade_at_open(const TapeBar& bar);
  void execute_inside(const TapeBar& bar, TimeMs open_time, IntrabarPolicy policy);
  void execute_detail(const DetailBars& detail);
  void close_on(const TapeBar& bar, const ExitHit& hit);
  void try_orders(const TapeBar& bar, bool at_open);
  bool try_order(Order& order, const TapeBar& bar, bool at_open);
  void record(double units_before, const Fill& fill, ExitReason reason);
  void start_trade(double quantity, const Fill& fill, double fee);
  void finish_trade(ExitReason reason);
  void mark(const TapeBar& bar);
  void notify(std::string text);

  EngineConfig config_;
  Recording recording_;
  Rates rates_;
  Account account_;
  SimulationResult result_;
  std::vector<Notice> notices_;
  std::vector<Order> orders_;
  WaitingDecisions intents_;
  OpenTrade trade_;
  HeldPosition held_;
  std::optional<double> target_;
  std::optional<Bracket> entry_bracket_;  // of the position that the last decision opens
  double wanted_units_ = 0;  // what the last decision aims at; differs from the account's while it waits
  ExitReason closing_reason_ = ExitReason::exit_signal;
  Cause cause_ = Cause::none;  // of wanted_units_
  bool volume_missing_reported_ = false;
  bool started_ = false;
  std::vector<FillRecord>* fills_ = nullptr;
  TapeBar bar_;  // the last one
  TimeMs time_ = 0;
};

}  // namespace stevie::execution
