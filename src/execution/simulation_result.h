#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stevie::execution {

enum class Side : std::uint8_t { long_side, short_side };

enum class ExitReason : std::uint8_t {
  exit_signal,
  stop_loss,
  trailing_stop,
  roi,
  take_profit,
  liquidation,
  end_of_data
};
/// The names of the trades file: "exit_signal", "stop_loss", ...
std::string_view to_string(ExitReason reason);
std::string_view to_string(Side side);

/// One closed round trip: from flat (or a flip) to flat (or a flip).
struct RoundTrip {
  TimeMs entry_time = 0;  // open of the bar the entry filled on
  TimeMs exit_time = 0;   // open of the bar the exit filled on
  Side side = Side::long_side;
  double entry_price = 0;   // average, after spread and slippage
  double exit_price = 0;    // average, after spread and slippage
  double quantity = 0;      // units of base currency, > 0
  double fee = 0;           // both sides and funding, account currency
  double profit_abs = 0;    // account currency, net of everything
  double profit_ratio = 0;  // profit_abs / entry notional
  ExitReason exit_reason = ExitReason::exit_signal;
};

/// What a run over bars left behind: one row per bar, marked to market at the bar's close, net of all costs.
struct SimulationResult {
  double initial_equity = 0;
  std::vector<TimeMs> open_time;  // (bars)
  std::vector<double> equity;     // (bars) account currency
  std::vector<double> exposure;   // (bars) position value / equity at the close, signed
  std::vector<double> price;      // (bars) the close the row was marked at
  std::vector<RoundTrip> trades;  // in order of exit
  TimeMs interval = 0;
  double traded_notional = 0;  // sum of |quantity| * fill price over all fills
  double total_fees = 0;       // exchange fees
  double total_slippage = 0;   // loss to spread and slippage against the bar's price
  double total_funding = 0;    // paid (+) or received (-)
};

}  // namespace stevie::execution
