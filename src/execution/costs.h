#pragma once
#include <string>
#include <vector>

#include "core/time.h"

namespace stevie::execution {

/// What trading one instrument costs and which orders its venue takes. Rates named _bps are hundredths of a
/// percent. A value of 0 switches a rule off unless it says otherwise.
struct Instrument {
  /// Exchange fee on the notional of a fill that takes liquidity: market orders and stops. Default 10 bps.
  double taker_fee_bps = 10.0;
  /// Fee on a resting limit or take-profit order that fills. Default 2 bps.
  double maker_fee_bps = 2.0;
  /// Half of the bid-ask spread: a taker fill is moved this far against the trader. Default 1 bp.
  double half_spread_bps = 1.0;
  /// Slippage of every taker fill on top of the spread. Default 1 bp.
  double slippage_bps = 1.0;
  /// Further slippage as a share of the last closed bar's (high - low) / close. Default 0; 0.05 makes a
  /// market order on a bar after a 2 % range cost 10 bps more.
  double slippage_volatility_share = 0.0;
  /// Square-root impact: slippage grows by impact * range * sqrt(quantity / volume of the bar), range as
  /// above. Default 0; about 1 is usual in the literature (Almgren et al. 2005). Without volume it is 0.
  double impact = 0.0;
  /// Largest share of a bar's volume one account fills; the rest waits for the next bar or is cancelled.
  /// Default 0: no cap. Bars without volume switch it off, which is reported once.
  double participation_cap = 0.0;

  /// Prices are multiples of this; fills round against the trader. Default 0: no rounding.
  double tick_size = 0.0;
  /// Quantities are multiples of this, rounded towards zero. Default 0: fractional units.
  double lot_size = 0.0;
  /// Orders below this notional are refused and reported; closing a whole position is exempt. Default 0.
  double min_notional = 0.0;

  /// Largest |position value| / equity an order may lead to. Default 1: no borrowing beyond a fully covered
  /// short.
  double leverage_limit = 1.0;
  /// The position is liquidated where equity falls to this share of its value. Default 0.005.
  double maintenance_margin = 0.005;
  /// Fee on the notional of a liquidation, instead of the taker fee. Default 50 bps.
  double liquidation_fee_bps = 50.0;

  /// Perpetual contract: longs pay shorts funding_rate_bps of the position's value at every multiple of
  /// funding_interval since midnight UTC, unless a series of real rates is given to BarTape. Default: spot,
  /// none.
  bool perpetual = false;
  double funding_rate_bps = 1.0;
  TimeMs funding_interval = 8 * hour_ms;

  /// One sentence per value out of range; empty when all is well.
  std::vector<std::string> faults() const;
  /// Throws Error "execution.bad_instrument" that lists all faults.
  void validate() const;
};

/// Instrument without fees, spread and slippage, for comparisons with programs that have none.
Instrument free_of_costs();

/// Real funding payments of a perpetual: at time[i] longs pay rate[i] of the position's value to shorts
/// (negative: they receive it). Times strictly increase.
struct FundingSeries {
  std::vector<TimeMs> time;
  std::vector<double> rate;
};

}  // namespace stevie::execution
