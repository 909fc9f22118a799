#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
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
    risk           // as much as loses `amount` of the equity at the stop loss; needs ExitRules::stop_loss
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
  double initial_equity = 10'000.0;
  /// Throws Error "execution.bad_config" that lists the faults of every part.
  void validate() const;
};

/// Something a person should know about a run: an order that rounded to nothing, a cap that is off.
struct Notice {
  TimeMs time = 0;
  std::string text;
};

/// Plays decisions for one symbol against its bars.
///
/// Use: take decisions on the closed bar t (set_target, enter, exit, trade_units, submit), then
/// process_bar(t+1). On a bar, in this order:
///   1. funding due at the open, on the position carried in; a liquidation level beyond the open
///   2. at the open: signal exit, then market orders and entries; protective levels beyond the open fill at
///   the open
///   3. funding due inside the bar, on the position held now
///   4. inside the bar: liquidation, stop, take profit, minimal return, trailing stop, resting orders, in the
///   sequence
///      the intrabar policy gives (docs/execution.md)
///   5. the account is marked at the close
class BarEngine {
 public:
  explicit BarEngine(const EngineConfig& config);

  /// Exposure (position value / equity, after costs) to hold from the next open. A target equal to the last
  /// one set trades nothing: the position drifts with the price until another target is set. |exposure| above
  /// the leverage limit is cut to it with a notice. Replaces an earlier, unfinished target.
  void set_target(double exposure);
  /// Opens a position at the next open unless one of that side is held; one of the other side is closed
  /// first.
  void enter(Side side, const Stake& stake);
  /// Closes the position at the next open.
  void exit(ExitReason reason = ExitReason::exit_signal);
  /// Buys (> 0) or sells (< 0) units at the next open.
  void trade_units(double quantity);
  void submit(const Order& order);
  void cancel_orders();

  /// Executes what was decided on the bar before and marks the account at this bar's close. detail: the finer
  /// bars that make up this one, oldest first, for IntrabarPolicy::detail; empty: this bar is taken as
  /// `worst`.
  void process_bar(const TapeBar& bar, TimeMs open_time, std::span<const TapeBar> detail = {});

  /// Ends the run: closes an open position at the OPEN of the last bar (the price at which one would have
  /// left, had the end been known), with reason end_of_data and all costs, and marks the last row again.
  void close_at_end_of_data();

  const Account& account() const { return account_; }
  /// Rows, trades and totals so far. The result's interval is for the caller to set.
  const SimulationResult& result() const { return result_; }
  SimulationResult take_result() { return std::move(result_); }
  const std::vector<Notice>& notices() const { return notices_; }

 private:
  struct OpenTrade {
    TimeMs entry_time = 0;
    Side side = Side::long_side;
    double entry_quantity = 0, entry_value = 0;  // all entries of the round trip
    double exit_quantity = 0, exit_value = 0;    // all exits
    double fee = 0;                              // both sides and funding
    double best_price = 0;                       // since the entry, for the trailing stop
  };
  struct Intent {  // the decision for the next open
    std::optional<ExitReason> exit;
    std::optional<Side> entry_side;
    Stake stake;
    double quantity = 0;
    bool retarget = false;
  };

  EngineConfig config_;
  Rates rates_;
  Account account_;
  SimulationResult result_;
  std::vector<Notice> notices_;
  std::vector<Order> orders_;
  Intent intent_;
  OpenTrade trade_;
  std::optional<double> target_;
  double pending_units_ = 0;
  TimeMs time_ = 0;
};

}  // namespace stevie::execution
