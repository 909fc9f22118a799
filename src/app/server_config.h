#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/time.h"

namespace stevie::app {

/// Where and within which limits `stevie serve` answers: the section server of the configuration.
struct ServerConfig {
  /// An IP address or "localhost". Any but loopback is refused without TLS and at least one user.
  std::string address = "127.0.0.1";
  std::uint64_t port = 8080;             // 0: any free one
  std::string tls_certificate, tls_key;  // PEM files; both or none
  /// Names that the header Host may hold beside the address itself and localhost. On loopback any other is
  /// refused (a page of a stranger whose name leads here); elsewhere empty means any.
  std::vector<std::string> host_names = {};
  std::uint64_t io_threads = 1;          // each has its own connections
  std::uint64_t workers = 2;             // threads for slow routes
  std::uint64_t queue = 128;             // slow requests that may wait; further ones are answered 503
  std::uint64_t largest_body = 1 << 20;  // bytes
  std::uint64_t largest_header = 16 << 10;
  std::uint64_t connections = 12'000;  // open at once
  std::uint64_t connections_per_address = 12'000;
  std::uint64_t web_sockets = 1'000;        // of these: upgraded at once
  TimeMs header_timeout = 5 * second_ms;    // for a whole header, a TLS handshake, the hello of a WebSocket
  TimeMs request_timeout = 30 * second_ms;  // for a whole request, and as long again for its answer
  TimeMs idle_timeout = 60 * second_ms;     // kept-alive connection without a request
  bool json_logs = false;                   // one line for each request on stderr
  /// Where answered calls are kept for their Idempotency-Key, as ledger.url.
  std::string calls_url = "sqlite:///stevie-calls.db";
};
void describe(ConfigBinder& binder, ServerConfig& config);

}  // namespace stevie::app
