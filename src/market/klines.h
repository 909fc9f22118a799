#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "market/bars.h"

namespace stevie::market {

/// The most bars that Binance gives at once.
inline constexpr std::size_t largest_kline_page = 1000;

/// "1m", "1h", "1w"; empty where Binance has no such bars.
std::string_view kline_interval_name(TimeMs interval);
/// "1m, 3m, ... or 1w", for messages.
std::string kline_interval_names();

/// "BTC/USDT" -> "BTCUSDT"; nothing where this is no spot symbol.
std::optional<std::string> exchange_symbol(std::string_view symbol);

/// One page of GET /api/v3/klines.
struct KlineRequest {
  std::string base_url;  // "https://data-api.binance.vision"
  std::string symbol;    // "BTC/USDT"
  TimeMs interval = 0;
  TimeMs first = 0;            // bars open at or after this time
  std::optional<TimeMs> last;  // and at or before this one; default: up to the one that is forming
  std::size_t limit = largest_kline_page;

  std::string url() const;
};

/// The bars of an answer, oldest first, none where there are none; the newest may not have closed yet. Throws
/// Error "market.bad_answer" for what is no answer to this request: not JSON, another shape, out of order,
/// impossible prices, outside of what was asked for.
Bars parse_klines(const std::string& body, const KlineRequest& request);

/// The first words of an answer, on one line, for a message.
std::string answer_excerpt(const std::string& body);

}  // namespace stevie::market
