#include "execution/bar_tape.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace stevie::execution {
namespace {

bool is_price(double value) {
  return std::isfinite(value) && value > 0;
}

void require_defined(const market::Bar& bar, std::size_t row, const std::string& source) {
  const bool prices = is_price(bar.open) && is_price(bar.high) && is_price(bar.low) && is_price(bar.close);
  const bool ordered = bar.high >= std::max(bar.open, bar.close) && bar.low <= std::min(bar.open, bar.close);
  const bool volume = std::isfinite(bar.volume) && bar.volume >= 0;
  if (prices && ordered && volume) return;
  const std::string fault = !prices    ? "a price is undefined or not positive"
                            : !ordered ? "high and low do not enclose open and close"
                                       : "the volume is undefined or negative";
  throw Error("execution.undefined_price", fault + "; mend or remove the bar",
              (source.empty() ? std::string("bars") : source) + ": bar " + std::to_string(row) + " at " +
                  format_time(bar.open_time));
}

/// Adds every payment to the bar that holds its time. A payment in a gap between bars is due at the next
/// open.
void lay_out_payments(BarTape& tape, const FundingSeries& funding) {
  if (funding.time.size() != funding.rate.size()) {
    throw Error("execution.bad_funding", "the funding series has different numbers of times and rates",
                "funding");
  }
  std::size_t bar = 0;
  for (std::size_t i = 0; i < funding.time.size(); ++i) {
    const TimeMs time = funding.time[i];
    if (!std::isfinite(funding.rate[i]) || (i > 0 && time <= funding.time[i - 1])) {
      throw Error("execution.bad_funding", "a funding rate is undefined or its times do not increase",
                  "funding: row " + std::to_string(i) + " at " + format_time(time));
    }
    while (bar < tape.size() && tape.open_time[bar] + tape.interval <= time) ++bar;
    if (bar == tape.size()) break;
    if (bar == 0 && time < tape.open_time[0]) continue;
    (time <= tape.open_time[bar] ? tape.bars[bar].funding_at_open : tape.bars[bar].funding_inside) +=
        funding.rate[i];
  }
}

/// The payments of a constant rate over the time the bars cover.
FundingSeries constant_payments(const BarTape& tape, const Instrument& instrument) {
  FundingSeries funding;
  const TimeMs step = instrument.funding_interval;
  const TimeMs first = (tape.open_time.front() + step - 1) / step * step;
  for (TimeMs time = first; time < tape.open_time.back() + tape.interval; time += step) {
    funding.time.push_back(time);
    funding.rate.push_back(instrument.funding_rate_bps * 1e-4);
  }
  return funding;
}

}  // namespace

BarTape make_bar_tape(const market::Bars& bars, const Instrument& instrument, const FundingSeries* funding,
                      const std::string& source) {
  instrument.validate();
  BarTape tape;
  tape.interval = bars.interval;
  tape.has_volume = bars.has_volume;
  tape.open_time = bars.open_time;
  tape.bars.resize(bars.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    require_defined(bars[i], i, source);
    TapeBar& bar = tape.bars[i];
    bar.open = bars.open[i];
    bar.high = bars.high[i];
    bar.low = bars.low[i];
    bar.close = bars.close[i];
    if (bars.has_volume) bar.volume = bars.volume[i];
    if (i > 0) bar.range = (bars.high[i - 1] - bars.low[i - 1]) / bars.close[i - 1];
  }
  if (!instrument.perpetual || bars.empty()) return tape;
  lay_out_payments(tape, funding != nullptr ? *funding : constant_payments(tape, instrument));
  return tape;
}

}  // namespace stevie::execution
