#pragma once
#include <limits>
#include <string>
#include <vector>

#include "core/aligned.h"
#include "execution/costs.h"
#include "market/bars.h"

namespace stevie::execution {

/// Everything the fill rules read of one bar, in one cache line.
struct alignas(64) TapeBar {
  double open = 0, high = 0, low = 0, close = 0;
  double volume =
      std::numeric_limits<double>::infinity();  // base currency; infinity where the source has none
  double range = 0;            // (high - low) / close of the bar before, which is closed when this one opens
  double funding_at_open = 0;  // rate due at the bar's open: paid by the position carried into the bar
  double funding_inside = 0;   // rates due later in the bar: paid by the position held after the open's fills
};
static_assert(sizeof(TapeBar) == 64);

/// The bars of one symbol, checked and laid out for execution.
struct BarTape {
  AlignedVector<TapeBar> bars;
  std::vector<TimeMs> open_time;
  TimeMs interval = 0;
  bool has_volume = true;

  std::size_t size() const { return bars.size(); }
};

/// What keeps a bar from being traded on, as a sentence: a price that is not finite and positive, high or low
/// that do not enclose open and close, a volume that is negative or not finite. Empty where it is sound.
std::string fault_of(const market::Bar& bar);

/// One bar as make_bar_tape() lays it out: range from the bar before, nullptr where there is none, and the
/// instrument's constant funding. The bar must be sound and open behind the one before.
TapeBar make_tape_bar(const market::Bar& bar, const market::Bar* before, TimeMs interval, bool has_volume,
                      const Instrument& instrument);

/// Lays out bars. Throws Error "execution.undefined_price" where a price is not finite and positive, high or
/// low do not enclose open and close, or a volume is negative or NaN; `source` (the file's path) and the
/// bar's row and time are its place. Funding is taken from `funding` where given, else from the instrument;
/// spot has none.
BarTape make_bar_tape(const market::Bars& bars, const Instrument& instrument,
                      const FundingSeries* funding = nullptr, const std::string& source = {});

}  // namespace stevie::execution
