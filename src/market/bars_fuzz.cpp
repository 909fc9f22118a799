#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "market/quality.h"
#include "market/readers.h"
#include "market/side_series.h"

/// Whatever the bytes, the readers give a sound result or throw stevie::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const market::Bars bars = market::parse_bars(text, "BTCUSDT_1h.csv");
    for (std::size_t i = 0; i < bars.size(); ++i) {
      if (!market::has_sound_values(bars[i])) __builtin_trap();
      if (i > 0 && bars.open_time[i] <= bars.open_time[i - 1]) __builtin_trap();
    }
    if (market::parse_bars(market::format_bars(bars), "BTCUSDT_1h.csv").close != bars.close) __builtin_trap();
  } catch (const Error&) {
  }
  try {
    market::check_quality(text, "BTCUSDT_1h.csv", {.outlier_window = 4});
  } catch (const Error&) {
  }
  try {
    market::parse_side_series(text, "series.csv", 0);
  } catch (const Error&) {
  }
  return 0;
}
