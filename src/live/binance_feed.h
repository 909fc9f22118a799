#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "live/feed.h"

namespace stevie::live {

struct BinanceFeedConfig {
  std::vector<std::string> symbols;  // "BTC/USDT"; spot
  TimeMs interval = minute_ms;       // one that Binance offers, up to 1d
  /// Where the bars are streamed from; wss://, or ws:// on this machine alone. Default Binance's public
  /// market data, which needs no key.
  std::string stream_url = "wss://data-stream.binance.vision";
  /// Where bars are fetched from; https://, or http:// on this machine alone.
  std::string rest_url = "https://data-api.binance.vision";
  /// PEM file of the authorities that the stream's certificate may come from. Default empty: the system's.
  std::string ca_file;
  /// Without a sound message for so long the feed counts as stale. Default 20 s.
  TimeMs stale_after = 20 * second_ms;
  /// ... and is connected anew. Default 60 s: with intervals of a minute or more a quiet market may have none
  /// for nearly that long.
  TimeMs reconnect_after = minute_ms;
  TimeMs connect_timeout = 10 * second_ms;
  TimeMs request_timeout = 10 * second_ms;  // of one page
  /// Pause before the first new try to connect or to fetch, doubled on each failure in a row up to the
  /// longest; the second half of each is drawn at random, so that many programs do not come at once. Defaults
  /// 0.5 s and 30 s. A Retry-After of the server counts where it is longer.
  TimeMs first_backoff = 500;
  TimeMs longest_backoff = 30 * second_ms;
  /// Pause between two pages. Default 100 ms: about 1,200 of the 6,000 weight a minute that Binance allows.
  TimeMs request_pause = 100;
  /// How long after a bar should have closed it is asked for where the stream says nothing. Default 5 s.
  TimeMs probe_after = 5 * second_ms;
  /// A bar that closes later than this after the system's time is not taken from the stream but fetched.
  /// Default 5 s.
  TimeMs clock_tolerance = 5 * second_ms;
  /// Bars that wait for next(). Further ones are fetched when there is room again. Default 4096.
  std::size_t queue_bars = 4096;
  std::uint64_t seed = 1;  // of the random pauses

  /// Throws Error "live.bad_feed" naming all faults.
  void validate() const;
};

/// Why a message of the stream was not taken.
enum class Rejection : std::uint8_t {
  malformed,
  oversized,
  binary,
  not_asked_for,  // another symbol, interval or kind of event
  duplicate,
  contradicts,  // a bar that is there with another content, or that the exchange's pages do not know of
  out_of_order,
  in_doubt,  // closes in the future of the system's clock: the bar is fetched instead
};
inline constexpr std::size_t rejection_count = 8;
std::string_view to_string(Rejection rejection);

/// Closed bars from Binance's public stream, with what the stream lost fetched by REST. For each symbol bars
/// come in order of time, once each, without a hole that the exchange does not confirm itself; a symbol's
/// bars wait until those before them are there, however long that takes, and status() says why.
///
/// A thread of its own reads the stream from start() on. A fault of the network or the exchange never ends
/// it and is never thrown; next() then gives nothing.
class BinanceFeed final : public Feed {
 public:
  /// clock: the system's time. It may step; bars are late by it, but whether they have closed is decided by
  /// what the exchange says. Throws Error "live.bad_feed", "live.bad_url", "live.bad_ca_file".
  explicit BinanceFeed(BinanceFeedConfig config, std::function<TimeMs()> clock = system_time);
  ~BinanceFeed() override;

  std::string name() const override;
  const std::vector<std::string>& symbols() const override;
  TimeMs interval() const override;
  TimeMs now() const override;
  /// Fetched by REST on the caller's thread, 8 tries a page. Only bars that have closed. Throws what
  /// market::parse_klines throws and Error "market.download_failed", "market.download_refused".
  market::Bars history(std::size_t symbol, TimeMs before, std::size_t count) override;
  void start(const std::vector<std::optional<TimeMs>>& after) override;
  std::optional<FeedStep> next(TimeMs patience) override;
  void interrupt() override;
  FeedStatus status() const override;

  /// How many messages were rejected, by Rejection. From any thread.
  std::array<std::uint64_t, rejection_count> rejections() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace stevie::live
