#pragma once
#include <algorithm>
#include <cmath>

#include "execution/bar_tape.h"
#include "execution/costs.h"

namespace stevie::execution {

/// An instrument's rates as fractions, worked out once so that the step loop divides nothing.
struct Rates {
  double taker_fee = 0, maker_fee = 0, liquidation_fee = 0;
  double taker_move = 0;  // half spread + slippage
  double range_share = 0, impact = 0;
  double participation_cap = 0, tick_size = 0, lot_size = 0, min_notional = 0;
  double leverage_limit = 1, maintenance_margin = 0;

  Rates() = default;
  explicit Rates(const Instrument& instrument);  // validates
};

/// Cash and one position. Spot, margined short and linear perpetual alike: equity = cash + units * price.
struct Account {
  double cash = 0;
  double units = 0;        // base currency, negative: short
  double entry_price = 0;  // average price of the open units after spread and slippage; 0 when flat

  double equity(double price) const { return cash + units * price; }
  /// Gain of the open position as a share of its entry value, before exit costs; 0 when flat.
  double unrealised_return(double price) const {
    if (units == 0) return 0;
    const double gain = price / entry_price - 1;
    return units > 0 ? gain : -gain;
  }
};

/// What happened to one order.
struct Fill {
  double quantity = 0;  // signed: > 0 bought
  double price = 0;
  double fee = 0;
  double slippage = 0;  // loss against the reference price: spread, slippage and tick rounding, >= 0
};

/// Share by which a taker fill of this size is moved against the trader, below 1.
inline double taker_move(const Rates& rates, const TapeBar& bar, double quantity) {
  double move = rates.taker_move + rates.range_share * bar.range;
  if (rates.impact != 0) {
    const double participation = bar.volume > 0 ? std::min(1.0, std::abs(quantity) / bar.volume) : 1.0;
    move += rates.impact * bar.range * std::sqrt(participation);
  }
  return std::min(move, 0.99);
}

/// `price` rounded to the tick against the side that trades, at least one tick.
inline double round_to_tick(const Rates& rates, double price, bool buy) {
  if (rates.tick_size == 0) return price;
  const double ticks = price / rates.tick_size;
  const double rounded = buy ? std::ceil(ticks - 1e-9) : std::floor(ticks + 1e-9);
  return std::max(1.0, rounded) * rates.tick_size;
}

/// Quantity towards zero to whole lots. Within 1e-9 lots of a whole number counts as whole.
inline double round_to_lot(const Rates& rates, double quantity) {
  if (rates.lot_size == 0) return quantity;
  const double lots = std::floor(std::abs(quantity) / rates.lot_size + 1e-9);
  return std::copysign(lots * rates.lot_size, quantity);
}

/// Books a fill. Units that return to flat are exactly zero when the quantity is exactly -units.
inline void apply_fill(Account& account, const Fill& fill) {
  const double before = account.units;
  const double after = before + fill.quantity;
  account.cash -= fill.quantity * fill.price + fill.fee;
  account.units = after;
  if (after == 0) {
    account.entry_price = 0;
  } else if (before == 0 || (before > 0) != (after > 0)) {
    account.entry_price = fill.price;
  } else if (std::abs(after) > std::abs(before)) {
    account.entry_price += (fill.price - account.entry_price) * (fill.quantity / after);
  }
}

/// Takes liquidity: fills at `reference` moved by half the spread and slippage, with the taker fee.
inline Fill taker_fill(const Rates& rates, const TapeBar& bar, double reference, double quantity) {
  const double move = taker_move(rates, bar, quantity);
  const bool buy = quantity > 0;
  const double price = round_to_tick(rates, reference * (buy ? 1 + move : 1 - move), buy);
  return {quantity, price, std::abs(quantity) * price * rates.taker_fee, quantity * (price - reference)};
}

/// Makes liquidity: a resting order fills at its own price, with the maker fee.
inline Fill maker_fill(const Rates& rates, double price, double quantity) {
  return {quantity, price, std::abs(quantity) * price * rates.maker_fee, 0};
}

/// Units to hold for a target exposure reached by a market order at the bar's open, so that position value /
/// equity equals the target AFTER the order's own costs (without the square-root impact, which depends on the
/// answer), in whole lots. A long of target 1 therefore never borrows. 0 where the equity is not positive.
inline double units_for_target(const Rates& rates, const TapeBar& bar, const Account& account,
                               double target) {
  const double price = bar.open;
  const double equity = account.equity(price);
  if (target == 0 || !(equity > 0)) return 0;
  const double move = std::min(rates.taker_move + rates.range_share * bar.range, 0.99);
  const bool buy = target * equity > account.units * price;
  const double cost = buy ? move + rates.taker_fee * (1 + move) : move + rates.taker_fee * (1 - move);
  const double signed_cost = buy ? cost : -cost;
  const double units =
      target * (equity + account.units * price * signed_cost) / (price * (1 + target * signed_cost));
  return round_to_lot(rates, units);
}

/// True where an order of this size is below the venue's minimum. An order that closes the position is
/// exempt.
inline bool below_minimum(const Rates& rates, double price, double quantity, bool closes) {
  return !closes && std::abs(quantity) * price < rates.min_notional;
}

/// The part of `wanted` (signed) that the participation cap lets one bar fill, in whole lots.
inline double capped_quantity(const Rates& rates, const TapeBar& bar, double wanted) {
  if (rates.participation_cap == 0) return wanted;
  const double most = rates.participation_cap * bar.volume;
  return std::abs(wanted) <= most ? wanted : round_to_lot(rates, std::copysign(most, wanted));
}

/// Market order at the bar's open that brings the account from its units to `wanted`, as far as the
/// participation cap lets it. Where all of it fills, the account holds exactly `wanted`. A quantity of 0
/// means that nothing filled.
inline Fill trade_towards(const Rates& rates, const TapeBar& bar, Account& account, double wanted) {
  const double missing = wanted - account.units;
  const double quantity = capped_quantity(rates, bar, missing);
  if (quantity == 0) return {};
  const Fill fill = taker_fill(rates, bar, bar.open, quantity);
  apply_fill(account, fill);
  if (quantity == missing) account.units = wanted;
  return fill;
}

/// Price at which equity equals the maintenance margin of the position: q the signed units, m the margin,
/// cash + q p = m |q| p. 0: no price can liquidate it (a long without borrowing, or flat).
inline double liquidation_price(const Rates& rates, const Account& account) {
  if (account.units == 0) return 0;
  const double side = account.units > 0 ? 1.0 : -1.0;
  return std::max(0.0, account.cash / (std::abs(account.units) * (rates.maintenance_margin - side)));
}

/// True where `price` is at or beyond the liquidation price of the position (0: none).
inline bool reaches_liquidation(const Account& account, double price, double liquidation) {
  return liquidation > 0 && (account.units > 0 ? price <= liquidation : price >= liquidation);
}

/// The forced close at a price: no spread and slippage, the liquidation fee.
inline Fill liquidation_fill(const Rates& rates, const Account& account, double price) {
  return {-account.units, price, std::abs(account.units) * price * rates.liquidation_fee, 0};
}

/// Funding due at one time: longs pay rate * value to shorts. Returns what the account paid (negative:
/// received).
inline double settle_funding(Account& account, double rate, double price) {
  const double paid = account.units * price * rate;
  account.cash -= paid;
  return paid;
}

}  // namespace stevie::execution
