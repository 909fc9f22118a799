#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "market/bars.h"

namespace stevie::live {

/// What Binance's stream `<symbol>@kline_<interval>` says of a bar.
struct KlineFrame {
  std::string symbol;     // "BTCUSDT"
  std::string interval;   // "1m"
  TimeMs event_time = 0;  // by the exchange's clock; not before the bar's open
  TimeMs close_time = 0;  // last millisecond of the bar
  bool closed = false;    // false: the bar is still forming
  market::Bar bar;        // sound prices and volume
};

enum class FrameKind : std::uint8_t {
  kline,
  other,     // well-formed, of another kind: an answer to a request, a notice, an event of another stream
  malformed  // anything else
};

struct ParsedFrame {
  FrameKind kind = FrameKind::malformed;
  KlineFrame kline;
  std::string fault;  // why it is malformed
};

/// The longest frame that is read; those of klines have about 400 bytes.
inline constexpr std::size_t largest_frame_bytes = 64 << 10;

/// Reads a frame of a combined stream, {"stream": "...", "data": {...}}, as it may come from anywhere. A
/// kline whose fields contradict one another (stream and symbol, times, high and low, closed before its end)
/// is malformed. Format: Binance spot API, "Kline/Candlestick Streams for UTC".
ParsedFrame parse_kline_frame(std::string_view text);

}  // namespace stevie::live
