#include "market/symbol.h"

#include <array>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/printable.h"

namespace stevie::market {
namespace {

/// Longer ones before those they end with.
constexpr std::array<std::string_view, 18> quote_currencies{"FDUSD", "BUSD", "TUSD", "USDT", "USDC", "USDP",
                                                            "USD",   "EUR",  "GBP",  "JPY",  "AUD",  "TRY",
                                                            "BRL",   "KRW",  "BTC",  "ETH",  "BNB",  "DAI"};

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

bool is_quote(std::string_view text) {
  for (const std::string_view quote : quote_currencies) {
    if (text == quote) return true;
  }
  return false;
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
  }
  return true;
}

/// "BTCUSDT" -> "BTC/USDT".
std::optional<std::string> split_pair(std::string_view pair) {
  if (!is_name(pair)) return std::nullopt;
  for (const std::string_view quote : quote_currencies) {
    if (pair.size() > quote.size() && pair.ends_with(quote)) {
      return std::string(pair.substr(0, pair.size() - quote.size())) + "/" + std::string(quote);
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> tokens_of(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    tokens.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return tokens;
    text.remove_prefix(end + 1);
  }
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// The symbol of the first tokens of a text split at separators; nothing where they are none. `parted`: the
/// text itself divides base and quote, so that the base is not divided again: WBTC/USDT is not W/BTC.
std::optional<std::string> symbol_of_tokens(const std::vector<std::string_view>& tokens,
                                            bool parted = false) {
  std::optional<std::string> pair = parted ? std::nullopt : split_pair(tokens[0]);
  std::size_t used = 1;
  if (!pair && tokens.size() > 1 && is_name(tokens[0]) && is_quote(tokens[1])) {
    pair = std::string(tokens[0]) + "/" + std::string(tokens[1]);
    used = 2;
  }
  if (!pair) return std::nullopt;
  const std::string quote = pair->substr(pair->find('/') + 1);
  const bool perpetual = tokens.size() > used && (tokens[used] == "PERP" || tokens[used] == quote);
  return perpetual ? *pair + ":" + quote : *pair;
}

}  // namespace

std::string canonical_symbol(std::string_view text) {
  const std::string upper = upper_case(printable(text));
  const bool parted = upper.find('/') != std::string::npos;
  return symbol_of_tokens(tokens_of(upper, "/_-: "), parted).value_or(upper);
}

std::string symbol_from_name(std::string_view file_name) {
  const std::string upper = upper_case(base_name(file_name));
  return symbol_of_tokens(tokens_of(upper, "_-. ")).value_or("");
}

TimeMs interval_from_name(std::string_view file_name) {
  for (const std::string_view token : tokens_of(base_name(file_name), "_-. ")) {
    if (token.size() < 2) continue;
    try {
      return parse_duration(token);
    } catch (const Error&) {
      continue;
    }
  }
  return 0;
}

}  // namespace stevie::market
