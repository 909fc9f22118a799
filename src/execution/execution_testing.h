#pragma once
#include "execution/bar_tape.h"

namespace stevie::execution {

/// For tests: a bar of these prices without volume, range or funding.
inline TapeBar bar_of(double open, double high, double low, double close) {
  TapeBar bar;
  bar.open = open;
  bar.high = high;
  bar.low = low;
  bar.close = close;
  return bar;
}

}  // namespace stevie::execution
