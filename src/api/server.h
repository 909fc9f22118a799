#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "accounts/accounts.h"
#include "api/router.h"
#include "app/news.h"
#include "core/config.h"

namespace stevie::api {

/// The section server of the configuration.
struct ServerConfig {
  std::string address = "127.0.0.1";
  std::uint64_t port = 8080;             // 0: any free one
  std::string tls_certificate, tls_key;  // PEM files; both or none
  std::uint64_t io_threads = 1;
  std::uint64_t workers = 2;             // threads for slow routes
  std::uint64_t largest_body = 1 << 20;  // bytes
  std::uint64_t largest_header = 16 << 10;
  std::uint64_t connections = 12'000;  // open at once
  std::uint64_t connections_per_address = 12'000;
  TimeMs header_timeout = 5 * second_ms;    // for a whole header
  TimeMs request_timeout = 30 * second_ms;  // for a whole request and its answer
  TimeMs idle_timeout = 60 * second_ms;     // kept-alive connection without a request
  bool json_logs = false;
};
void describe(ConfigBinder& binder, ServerConfig& config);

/// HTTP/1.1 and WebSocket over the router. Binds in the constructor: throws Error "api.cannot_bind",
/// "api.bad_tls", and "api.unsafe_address" for an address other than loopback without TLS and a user.
class Server {
 public:
  struct Parts {
    ServerConfig config;
    const Router* router = nullptr;
    accounts::AccountStore* accounts = nullptr;
    app::NewsHub* news = nullptr;
  };
  explicit Server(Parts parts);
  ~Server();  // stops

  void start();             // its threads
  void stop();              // answers what is under way, two seconds at most
  std::string url() const;  // "http://127.0.0.1:8080"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::api
