#include "app/live_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "core/time.h"
#include "market/symbol.h"

namespace stevie::app {
namespace {

/// What a Binance kline stream offers; docs of the exchange, "Kline/Candlestick Streams".
constexpr std::array<const char*, 14> stream_intervals{"1m", "3m", "5m", "15m", "30m", "1h", "2h",
                                                       "4h", "6h", "8h", "12h", "1d",  "3d", "1w"};

std::string fault_of_time(const std::string& text) {
  if (text.empty()) return {};
  try {
    parse_time(text);
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

std::string fault_of_symbols(const std::vector<std::string>& symbols) {
  std::set<std::string> seen;
  for (const std::string& symbol : symbols) {
    const std::string canonical = market::canonical_symbol(symbol);
    if (canonical.find('/') == std::string::npos)
      return fmt::format("\"{}\" is no symbol that is known: write it as BTC/USDT", symbol);
    if (!seen.insert(canonical).second) return canonical + " is there twice";
  }
  return {};
}

std::string fault_of_url(const std::string& url, std::string_view secure, std::string_view open) {
  if (url.starts_with(secure) || url.starts_with(open)) return {};
  return fmt::format("must begin with {} ({} is for tests on this machine)", secure, open);
}

}  // namespace

void describe(ConfigBinder& binder, LiveConfig& config) {
  constexpr double most_speed = 1e9;
  binder.choice<std::string>("live.feed", config.feed,
                             {{"replay", "replay"}, {"binance", "binance"}, {"none", "none"}},
                             {.help = "replay: the bars of files; binance: bars of the exchange as they "
                                      "close; none: no trading, the rest runs"});
  binder.field("live.data", config.data,
               {.help = "replay: one bar file a symbol; training sessions that name none search on these"});
  binder.field("live.speed", config.speed,
               {.minimum = 0,
                .maximum = most_speed,
                .help = "replay: seconds of market in a second of the clock, 1 or more; 0: as fast as "
                        "possible"});
  binder.rule("live.speed", [&config] {
    return config.speed > 0 && config.speed < 1 ? std::string("must be 0, as fast as possible, or 1 and more")
                                                : std::string();
  });
  binder.field("live.from", config.from,
               {.help = "replay: trade no bar before this time; empty: as soon as the rules can decide"});
  binder.rule("live.from", [&config] { return fault_of_time(config.from); });
  binder.field("live.symbols", config.symbols, {.help = "binance: what is traded, such as BTC/USDT"});
  binder.rule("live.symbols", [&config] { return fault_of_symbols(config.symbols); });
  binder.field("live.interval", config.interval, {.help = "binance: length of a bar, 1m to 1w"});
  binder.rule("live.interval", [&config] {
    return std::ranges::find(stream_intervals, config.interval) == stream_intervals.end()
               ? fmt::format("must be one of {}", fmt::join(stream_intervals, ", "))
               : std::string();
  });
  binder.field("live.social", config.social,
               {.help = "replay: side series with social scores of the first symbol, FILE[:COLUMN][@DELAY]"});
  binder.field(
      "live.discover_social", config.discover_social,
      {.help = "replay: without live.social, look for them in the folder sentiment beside the bars"});
  binder.field("live.initial_equity", config.initial_equity,
               {.minimum = 0,
                .maximum = 1e12,
                .above_minimum = true,
                .help = "of a new paper account, shared equally by the symbols; an account that is there "
                        "keeps what it has"});
  binder.field("live.folder", config.folder,
               {.help = "journals, one folder a session; one server at a time"});
  binder.rule("live.folder", [&config] {
    return config.folder.empty() ? std::string("must name a folder") : std::string();
  });
  binder.field("live.checkpoint_steps", config.checkpoint_steps,
               {.minimum = 1,
                .maximum = 1e6,
                .unit = "steps",
                .help = "without an event, after which the account is put on the ledger anyway"});
  binder.field("live.stream_url", config.stream_url, {.help = "binance: where bars are pushed from"});
  binder.rule("live.stream_url", [&config] { return fault_of_url(config.stream_url, "wss://", "ws://"); });
  binder.field("live.rest_url", config.rest_url, {.help = "binance: where missing bars are asked for"});
  binder.rule("live.rest_url", [&config] { return fault_of_url(config.rest_url, "https://", "http://"); });
}

}  // namespace stevie::app
