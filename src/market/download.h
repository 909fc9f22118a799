#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/time.h"

namespace stevie::market {

struct DownloadConfig {
  std::string symbol;           // "BTC/USDT"; "BTCUSDT" is understood too
  TimeMs interval = hour_ms;    // one that Binance offers: 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w
  TimeMs since = 0;             // first bar wanted
  std::optional<TimeMs> until;  // bars that open before this time; default: up to the last closed bar
  /// Where the bars go (.csv or .csv.gz). An existing file of the same symbol and interval is continued after
  /// its last bar. Default empty: data/<SYMBOL>_<interval>.csv.gz.
  std::filesystem::path out;
  /// Default Binance's public market data host, which needs no key.
  std::string base_url = "https://data-api.binance.vision";
  /// Pause between requests. Default 100 ms: about 1,200 of the 6,000 weight a minute that Binance allows.
  TimeMs request_pause = 100;
  /// Limit of one request, connection included. Default 30 s.
  TimeMs request_timeout = 30 * second_ms;
  /// Tries for one page before giving up, and the pause after the first failure, doubled each time up to a
  /// minute. A Retry-After of the server (429, 418) takes its place. Defaults 8 and 1 s: about two minutes of
  /// patience.
  int attempts = 8;
  TimeMs first_backoff = second_ms;
  /// Pages of 1000 bars between two savings of the file. Default 50. What is saved survives a crash.
  std::size_t pages_per_save = 50;

  /// Throws Error "market.bad_download" naming all faults.
  void validate() const;
  /// `out`, or its default where that is empty.
  std::filesystem::path output_path() const;
};

struct DownloadProgress {
  std::size_t bars = 0;  // in the file so far, earlier ones included
  TimeMs first = 0;      // start of what was asked for
  TimeMs reached = 0;    // close of the newest bar
  TimeMs last = 0;       // end of what was asked for
  std::string waiting;   // why nothing comes just now; empty while all goes well
};

/// The outside world, passed in so that tests need neither time nor a network.
struct DownloadSurroundings {
  std::function<TimeMs()> now;
  std::function<void(TimeMs)> sleep;
  std::function<void(const DownloadProgress&)> progress = [](const DownloadProgress&) {};
  /// Asked between requests; true saves what is there and returns.
  std::function<bool()> stop_requested = [] { return false; };
};
/// The machine's clock and real sleeping.
DownloadSurroundings real_surroundings();

struct DownloadResult {
  std::filesystem::path file;
  std::size_t bars_before = 0;  // found in the file at the start
  std::size_t bars = 0;         // in the file now
  std::size_t requests = 0;
  bool complete = false;  // false where stop_requested ended it: run it again to continue
};

/// Fetches bars page by page from GET /api/v3/klines and stores them as project CSV. A bar that has not
/// closed yet is left out. A download that was interrupted and continued gives the same file as one in a
/// single go. Retried: no connection, a cut one, a timeout, 429 and 418 (after Retry-After) and 5xx. Throws
/// Error "market.download_failed" (attempts used up), "market.download_refused" (another HTTP status, with
/// what the server says), "market.bad_answer" (not JSON, another shape, out of order, impossible prices),
/// "market.other_bars" (the existing file has another symbol or interval); what was fetched until then is
/// saved first.
DownloadResult download_binance(const DownloadConfig& config, const DownloadSurroundings& surroundings);

}  // namespace stevie::market
