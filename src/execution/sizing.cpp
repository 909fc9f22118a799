#include "execution/sizing.h"

#include <algorithm>
#include <cmath>

namespace stevie::execution {

double exposure_for_risk(double risk, double entry_price, double stop_price, double leverage_limit) {
  const double distance = std::abs(entry_price - stop_price);
  if (!(distance > 0)) return 0;
  return std::min(risk * entry_price / distance, leverage_limit);
}

double exposure_for_volatility(double target_volatility, double volatility, double leverage_limit) {
  if (!std::isfinite(volatility) || volatility <= 0) return 0;
  return std::min(target_volatility / volatility, leverage_limit);
}

}  // namespace stevie::execution
