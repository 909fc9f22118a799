#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "accounts/accounts.h"
#include "api/router.h"
#include "app/news.h"
#include "app/server_config.h"

namespace stevie::api {

using ServerConfig = app::ServerConfig;  // the section server of the configuration

/// HTTP/1.1 and WebSocket over the router. Binds in the constructor: throws Error "api.cannot_bind",
/// "api.bad_tls", and "api.unsafe_address" for an address other than loopback without TLS and a user.
class Server {
 public:
  struct Parts {
    ServerConfig config;
    const Router* router = nullptr;
    accounts::AccountStore* accounts = nullptr;
    app::NewsHub* news = nullptr;
    /// Takes a line of the log where config.json_logs says so, on any thread; absent: stderr.
    std::function<void(std::string_view line)> log = {};
  };
  explicit Server(Parts parts);
  ~Server();  // stops

  void start();             // its threads
  void stop();              // answers what is under way, two seconds at most
  std::string url() const;  // "http://127.0.0.1:8080"
  std::uint16_t port() const;
  /// Reads certificate and key again, for connections from now on. Throws Error "api.bad_tls" and goes on
  /// with those it has.
  void reload_tls();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::api
