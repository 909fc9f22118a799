#pragma once
/// broker: where orders go, and where the money is.
///
/// A Broker holds the account: cash, positions, waiting orders. The live loop hands it orders that the risk
/// engine let pass and shows it each closed bar. Start with:
///   broker.h         Order, Fill, Position and the interface every broker has
///   paper_broker.h   an account that exists only here, filled by the rules of src/execution
///   json.h           orders, fills and accounts as JSON, for ledger, journal and API
///   conformance.h    what every broker must keep, as a test
///
/// In: orders, closed bars. Out: fills and the account as it stands; a text from which the same account can
/// be made again.
///
/// What always holds:
///   - an order id acts once, however often it is submitted, also after a restart;
///   - an order submitted on the close of a bar is filled on the next bar, never on that one;
///   - after restore(save()) a broker does what the first one would have done, bit for bit.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "execution/simulation_result.h"
#include "market/bars.h"
#include "strategy/strategy.h"

namespace stevie::broker {

/// A decision on its way to the market.
struct Order {
  std::string id;               // unique for ever: order_id()
  std::string symbol;           // "BTC/USDT"
  strategy::Decision decision;  // enter, target or exit
  TimeMs decided = 0;           // open_time of the bar on whose close it was decided
  double reference_price = 0;   // close of that bar
  double units = 0;             // signed change of the position it is expected to make at reference_price
};

/// "BTC/USDT@1609459200000": one order a bar and symbol.
std::string order_id(const std::string& symbol, TimeMs decided);

/// Units by which a decision is expected to change a position, at this price and without costs: what an
/// order's `units` are. 0 where it would trade nothing, as an entry while a position is held. `equity`: that
/// the symbol is sized by.
double expected_units(const strategy::Decision& decision, double units_held, double equity, double price,
                      double leverage_limit);

/// A change of a position.
struct Fill {
  std::string order_id;  // of the order behind it; of the entry, where a protective exit filled
  std::string symbol;
  TimeMs time = 0;         // open of the bar it happened on
  double units = 0;        // signed: > 0 bought
  double price = 0;        // after spread and slippage
  double fee = 0;          // account currency
  double slippage = 0;     // loss against the reference price, in account currency
  double units_after = 0;  // of the position
  std::string reason;      // "entry", "target", or an execution::ExitReason: "stop_loss", "exit_signal", ...
  std::optional<execution::RoundTrip> closed;  // the round trip that this fill ended, net of everything
};

struct Position {
  std::string symbol;
  double units = 0;  // signed, not 0
  double entry_price = 0;
  double mark_price = 0;                    // close of the newest bar
  double unrealised = 0;                    // account currency, before exit costs
  TimeMs opened = 0;                        // open of the bar the entry filled on
  std::string order_id;                     // of the entry
  std::optional<double> stop, take_profit;  // prices at which it closes by itself
};

/// The account at one moment.
struct AccountView {
  double cash = 0;
  double equity = 0;                // cash and positions at their mark prices
  std::vector<Position> positions;  // by symbol; only those that are held
  std::vector<Order> waiting;       // orders that have not filled yet, oldest first
};

/// Not for several threads at once.
class Broker {
 public:
  virtual ~Broker() = default;
  virtual std::string name() const = 0;  // "paper"

  /// Takes an order for the next bar of its symbol; an id seen before: nothing happens. Throws Error
  /// "broker.unknown_symbol", "broker.bad_order".
  virtual void submit(const Order& order) = 0;
  /// Withdraws the waiting orders of a symbol, of all where it is empty; returns their ids.
  virtual std::vector<std::string> cancel(const std::string& symbol = {}) = 0;
  /// Closes every position with an order at the next bar of its symbol; returns the ids of these orders.
  /// `time`: for their ids.
  virtual std::vector<std::string> flatten(TimeMs time) = 0;

  /// A bar of a symbol has closed: what filled on it. Bars must follow one another; throws Error
  /// "broker.bad_bar" for one that does not open after the one before or has no sound prices, and changes
  /// nothing.
  virtual std::vector<Fill> on_bar(const std::string& symbol, const market::Bar& bar) = 0;

  virtual AccountView account() const = 0;
  /// What orders of a symbol are sized by, in account currency: the part of the equity that is this symbol's
  /// own, where a broker keeps one for each; else all of it.
  virtual double sizing_equity(const std::string& symbol) const {
    (void)symbol;
    return account().equity;
  }

  /// Everything this broker knows of its account, as one line of JSON; restore() throws Error
  /// "broker.bad_state" for what is no such text, and leaves the broker as it was.
  virtual std::string save() const = 0;
  virtual void restore(const std::string& state) = 0;
};

}  // namespace stevie::broker
