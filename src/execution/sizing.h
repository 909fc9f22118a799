#pragma once
#include <string>

namespace stevie::execution {

/// Exposure (position value / equity, > 0) at which a fall from entry to stop loses `risk` of the equity:
/// risk / |entry - stop| * entry, at most leverage_limit. risk is baseRiskPct / 100. 0 where entry equals
/// stop.
double exposure_for_risk(double risk, double entry_price, double stop_price, double leverage_limit);

/// Exposure at which a position of this volatility has the target volatility (both per the same time), at
/// most leverage_limit. 0 where the volatility is not finite and positive.
double exposure_for_volatility(double target_volatility, double volatility, double leverage_limit);

}  // namespace stevie::execution
