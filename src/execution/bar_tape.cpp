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
  const std::string fault = fault_of(bar);
  if (fault.empty()) return;
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

/// Adds the payments of a constant rate that are due behind the bar before and up to this bar's end.
void add_constant_funding(TapeBar& bar, TimeMs open_time, const TimeMs* before, TimeMs interval,
                          const Instrument& instrument) {
  const TimeMs step = instrument.funding_interval;
  const TimeMs since = before == nullptr ? open_time : *before + interval;
  const TimeMs past = ((since % step) + step) % step;
  for (TimeMs time = past == 0 ? since : since + (step - past); time < open_time + interval; time += step)
    (time <= open_time ? bar.funding_at_open : bar.funding_inside) += instrument.funding_rate_bps * 1e-4;
}

}  // namespace

std::string fault_of(const market::Bar& bar) {
  const bool prices = is_price(bar.open) && is_price(bar.high) && is_price(bar.low) && is_price(bar.close);
  const bool ordered = bar.high >= std::max(bar.open, bar.close) && bar.low <= std::min(bar.open, bar.close);
  const bool volume = std::isfinite(bar.volume) && bar.volume >= 0;
  if (!prices) return "a price is undefined or not positive";
  if (!ordered) return "high and low do not enclose open and close";
  return volume ? "" : "the volume is undefined or negative";
}

TapeBar make_tape_bar(const market::Bar& bar, const market::Bar* before, TimeMs interval, bool has_volume,
                      const Instrument& instrument) {
  TapeBar laid_out;
  laid_out.open = bar.open;
  laid_out.high = bar.high;
  laid_out.low = bar.low;
  laid_out.close = bar.close;
  if (has_volume) laid_out.volume = bar.volume;
  if (before != nullptr) laid_out.range = (before->high - before->low) / before->close;
  if (instrument.perpetual)
    add_constant_funding(laid_out, bar.open_time, before == nullptr ? nullptr : &before->open_time, interval,
                         instrument);
  return laid_out;
}

BarTape make_bar_tape(const market::Bars& bars, const Instrument& instrument, const FundingSeries* funding,
                      const std::string& source) {
  instrument.validate();
  Instrument constant = instrument;
  constant.perpetual = instrument.perpetual && funding == nullptr;
  BarTape tape;
  tape.interval = bars.interval;
  tape.has_volume = bars.has_volume;
  tape.open_time = bars.open_time;
  tape.bars.resize(bars.size());
  market::Bar before;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const market::Bar bar = bars[i];
    require_defined(bar, i, source);
    tape.bars[i] = make_tape_bar(bar, i == 0 ? nullptr : &before, bars.interval, bars.has_volume, constant);
    before = bar;
  }
  if (instrument.perpetual && funding != nullptr && !bars.empty()) lay_out_payments(tape, *funding);
  return tape;
}

}  // namespace stevie::execution
