#include "execution/costs.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "core/error.h"
#include "execution/account.h"

namespace stevie::execution {
namespace {

constexpr double basis_point = 1e-4;

}  // namespace

std::vector<std::string> Instrument::faults() const {
  std::vector<std::string> faults;
  const auto between = [&](double value, double low, double high, std::string_view name,
                           std::string_view range) {
    if (!(std::isfinite(value) && value >= low && value <= high)) {
      faults.push_back(fmt::format("{} is {}: it must be {}", name, value, range));
    }
  };
  constexpr double any = 1e300;
  between(taker_fee_bps, 0, 5000, "taker_fee_bps", "from 0 to 5000");
  between(maker_fee_bps, -5000, 5000, "maker_fee_bps", "from -5000 to 5000");
  between(half_spread_bps, 0, 5000, "half_spread_bps", "from 0 to 5000");
  between(slippage_bps, 0, 4000, "slippage_bps", "from 0 to 4000");
  between(slippage_volatility_share, 0, 10, "slippage_volatility_share", "from 0 to 10");
  between(impact, 0, 100, "impact", "from 0 to 100");
  between(participation_cap, 0, 1, "participation_cap", "from 0 (no cap) to 1");
  between(tick_size, 0, any, "tick_size", "0 (no rounding) or above");
  between(lot_size, 0, any, "lot_size", "0 (fractional units) or above");
  between(min_notional, 0, any, "min_notional", "0 or above");
  between(leverage_limit, 1e-6, 1000, "leverage_limit", "above 0 and at most 1000");
  between(maintenance_margin, 0, 0.99, "maintenance_margin", "from 0 to 0.99");
  between(liquidation_fee_bps, 0, 5000, "liquidation_fee_bps", "from 0 to 5000");
  between(funding_rate_bps, -5000, 5000, "funding_rate_bps", "from -5000 to 5000");
  if (perpetual && (funding_interval <= 0 || day_ms % funding_interval != 0)) {
    faults.push_back("funding_interval must divide a day");
  }
  return faults;
}

void Instrument::validate() const {
  std::string all;
  for (const std::string& fault : faults()) all += (all.empty() ? "" : "; ") + fault;
  if (!all.empty()) throw Error("execution.bad_instrument", all, "instrument");
}

Instrument free_of_costs() {
  Instrument instrument;
  instrument.taker_fee_bps = instrument.maker_fee_bps = 0;
  instrument.half_spread_bps = instrument.slippage_bps = 0;
  instrument.liquidation_fee_bps = 0;
  return instrument;
}

Rates::Rates(const Instrument& instrument)
    : taker_fee(instrument.taker_fee_bps * basis_point),
      maker_fee(instrument.maker_fee_bps * basis_point),
      liquidation_fee(instrument.liquidation_fee_bps * basis_point),
      taker_move((instrument.half_spread_bps + instrument.slippage_bps) * basis_point),
      range_share(instrument.slippage_volatility_share),
      impact(instrument.impact),
      participation_cap(instrument.participation_cap),
      tick_size(instrument.tick_size),
      lot_size(instrument.lot_size),
      min_notional(instrument.min_notional),
      leverage_limit(instrument.leverage_limit),
      maintenance_margin(instrument.maintenance_margin) {
  instrument.validate();
}

}  // namespace stevie::execution
