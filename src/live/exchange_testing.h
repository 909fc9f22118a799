#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "market/bars.h"

namespace stevie::live {

/// What the test exchange does with a handshake instead of accepting it.
enum class HandshakeFault : std::uint8_t { none, refuse, drop, hang, garbage };

/// What it does when a bar of a symbol has closed, besides or instead of saying so.
enum class StreamFault : std::uint8_t {
  none,
  skip,         // the bar is never mentioned
  duplicate,    // said twice
  reorder,      // said after the next bar of any symbol
  delay,        // said a moment later
  contradict,   // the bar two before, if it was said on this connection, comes again with another price
  future_bar,   // a bar far in the future is called closed
  far_forming,  // a bar far in the future is said to be forming
  garbage,      // frames that are no JSON, no object, nested too deep, impossible
  binary,       // a binary frame
  other_symbol,
  other_interval,
  impossible,  // the next bar, with a high below its low
  huge,        // a frame over every limit
  ping,
  cut_mid_frame,  // half a frame, then the end of the connection
  drop,           // the end of the connection without a word
  going_away,     // closed with code 1001, as after 24 hours
  policy,         // closed with code 1008
  stall,          // nothing more comes on this connection
};
inline constexpr std::uint64_t stream_fault_count = 20;

/// What it does with a request for bars instead of answering it well.
enum class RestFault : std::uint8_t {
  none,
  too_many,       // 429
  too_many_wait,  // 429 with Retry-After: 1
  banned,         // 418
  server_error,   // 503
  truncated,      // fewer bytes than announced
  cut_json,       // whole, but the JSON ends in the middle
  garbage,
  wrong_shape,
  empty,       // "[]"
  hole,        // without its first row
  inner_hole,  // without a row in the middle
  other_bars,  // bars before those asked for
  impossible,  // a negative price
  drop,
  stall,
  bad_request,  // 400
};
inline constexpr std::uint64_t rest_fault_count = 17;

/// A certificate for 127.0.0.1 and localhost, and the authority that signed it.
struct TestCertificate {
  std::string certificate, key, authority;  // PEM
};
TestCertificate make_test_certificate(const std::string& host);

/// For tests: an exchange on 127.0.0.1 that streams and serves klines the way Binance does, from bars that
/// are given, and misbehaves as it is told. Its time is that of its bars: advance() closes one bar of every
/// symbol.
class TestExchange {
 public:
  struct Script {
    // Asked on the exchange's threads, one at a time.
    std::function<HandshakeFault(std::size_t connection)> handshake;
    std::function<StreamFault(std::size_t connection, std::size_t bar, std::size_t symbol)> stream;
    std::function<RestFault(std::size_t request)> rest;
  };
  /// truth: the bars of all symbols with the same open times; the first `closed` of them have closed. Their
  /// open times may have holes.
  TestExchange(std::vector<market::Bars> truth, std::size_t closed, Script script = {},
               const TestCertificate* certificate = nullptr);
  ~TestExchange();

  std::string stream_url() const;  // ws:// or wss://127.0.0.1:port
  std::string rest_url() const;
  /// The next bar closes; false: it was the last but one, and the last goes on forming.
  bool advance();
  std::size_t closed() const;
  TimeMs now() const;  // a second after the newest close

  /// Sends this text to whoever is connected.
  void say(const std::string& text);
  std::size_t connections() const;  // handshakes so far
  std::size_t connected() const;    // streams that are open
  std::size_t requests() const;     // for bars
  std::size_t pongs() const;
  std::vector<std::string> targets() const;  // of handshakes and requests

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// A frame as Binance writes it.
std::string kline_frame(const std::string& exchange_symbol, TimeMs interval, const market::Bar& bar,
                        bool closed, TimeMs event_time);

}  // namespace stevie::live
