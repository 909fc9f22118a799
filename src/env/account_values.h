#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "execution/account.h"
#include "features/observation.h"

namespace stevie::env {

/// Bound of exposure, unrealised return and drawdown in the observation.
inline constexpr double account_value_limit = 10.0;
/// Bars after which the time in position reads one half.
inline constexpr double position_age_half_bars = 24.0;

/// Writes the account_value_count values that follow the market values in the observation. The training
/// environment, the backtest and live trading all call this, so that a policy meets the same numbers
/// everywhere.
///
/// price: close of the bar. peak: highest equity of the episode so far, > 0. bars_held: bars since the
/// position was opened or flipped (1 at the close of the bar it was opened on); not read when flat.
///   exposure           position value / equity, clamped to +-10; +-10 where the equity is not positive
///   unrealised return  10 * gain of the open position on its entry, clamped to +-10
///   drawdown           10 * (1 - equity / peak), at most 10
///   time in position   bars_held / (bars_held + 24); 0 when flat
inline void write_account_values(const execution::Account& account, double price, double peak,
                                 std::uint64_t bars_held, float* out) {
  const auto bounded = [](double value) {
    return std::clamp(value, -account_value_limit, account_value_limit);
  };
  const double equity = account.equity(price);
  out[features::drawdown] = static_cast<float>(bounded(10 * (1 - equity / peak)));
  if (account.units == 0) {
    out[features::exposure] = out[features::unrealised_return] = out[features::time_in_position] = 0;
    return;
  }
  const double value = account.units * price;
  const double held = static_cast<double>(bars_held);
  const double exposure = equity > 0 ? bounded(value / equity) : std::copysign(account_value_limit, value);
  out[features::exposure] = static_cast<float>(exposure);
  out[features::unrealised_return] = static_cast<float>(bounded(10 * account.unrealised_return(price)));
  out[features::time_in_position] = static_cast<float>(held / (held + position_age_half_bars));
}

}  // namespace stevie::env
