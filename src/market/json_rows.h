#pragma once
#include <string>
#include <string_view>

#include "market/raw_bars.h"

namespace stevie::market {

/// Reads [[time, open, high, low, close, volume, ...], ...] where each value is a number or a text of one;
/// further values of a row are ignored. This is what CCXT and freqtrade store and what Binance's REST
/// interface answers. Line numbers are row numbers, the first row being 1. Throws Error "market.bad_json".
RawBars parse_json_rows(std::string_view text, const std::string& place);

}  // namespace stevie::market
