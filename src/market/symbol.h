#pragma once
#include <string>
#include <string_view>

#include "core/time.h"

namespace stevie::market {

/// The way CCXT writes symbols: "btcusdt", "BTC_USDT", "BTC-USDT", "BTC/USDT" -> "BTC/USDT"; a perpetual
/// "BTCUSDT-PERP" or "BTC/USDT:USDT" -> "BTC/USDT:USDT". A text that does not end with a known quote currency
/// (USDT, USDC, USD, EUR, BTC, ...) comes back in upper case.
std::string canonical_symbol(std::string_view text);

/// The symbol a file name begins with: "BTCUSDT_1h_201708_202412.csv.gz", "BTC_USDT-1h.json" -> "BTC/USDT",
/// "BTCUSDT-PERP_1h_202010.csv" -> "BTC/USDT:USDT"; empty where it begins with none. Folders before it are
/// ignored.
std::string symbol_from_name(std::string_view file_name);

/// The interval a file name tells: "BTCUSDT_1h_201708.csv" -> one hour; 0 where there is none.
TimeMs interval_from_name(std::string_view file_name);

}  // namespace stevie::market
