#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "live/kline_frame.h"
#include "market/raw_bars.h"

// Any bytes are a sound kline, something else, or malformed with a reason; never a crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie::live;
  const ParsedFrame frame = parse_kline_frame({reinterpret_cast<const char*>(data), size});
  if ((frame.kind == FrameKind::malformed) == frame.fault.empty()) std::abort();
  if (frame.kind != FrameKind::kline) return 0;
  const KlineFrame& kline = frame.kline;
  const bool sound = stevie::market::has_sound_values(kline.bar) && kline.bar.open_time >= 0 &&
                     kline.close_time > kline.bar.open_time && kline.event_time >= kline.bar.open_time &&
                     (!kline.closed || kline.event_time >= kline.close_time) && !kline.symbol.empty();
  if (!sound) std::abort();
  return 0;
}
