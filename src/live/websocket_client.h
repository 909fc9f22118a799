#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/time.h"

namespace stevie::live {

struct WebSocketOptions {
  TimeMs connect_timeout = 10 * second_ms;              // name, connection, TLS and handshake together
  std::size_t largest_message = std::size_t{64} << 10;  // a longer one ends the connection
  std::string ca_file;  // PEM file of the authorities that are trusted; empty: the system's
};

struct SocketRead {
  enum class What : std::uint8_t {
    text,
    binary,
    nothing,    // patience is over or wake() was called
    closed,     // there is no connection (any more)
    oversized,  // a message over the limit; the connection is ended
  };
  What what = What::nothing;
  std::string bytes;   // of a message
  std::string reason;  // why it closed
};

/// A WebSocket client for one thread; ws:// and wss://. With wss:// the server's certificate must be valid
/// and of the host's name. Answers pings by itself while it reads.
class WebSocketClient {
 public:
  explicit WebSocketClient(WebSocketOptions options);
  ~WebSocketClient();

  /// Ends an earlier connection first. Returns why it failed; empty: it is connected.
  std::string connect(const std::string& url);
  bool connected() const;
  /// The next message, waiting `patience` at most. Without a connection: closed, at once.
  SocketRead read(TimeMs patience);
  /// Waits, with the connection as it is.
  void pause(TimeMs duration);
  /// Ends the connection, without waiting for the other side.
  void drop();
  /// Ends connect(), read() or pause() early, the next one where none is on; from any thread.
  void wake();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// The parts of "wss://host:port/target".
struct WebSocketUrl {
  bool secure = false;
  std::string host, port, target;

  /// Throws Error "live.bad_url".
  static WebSocketUrl parse(const std::string& url);
  std::string host_header() const;
  /// Only this machine: "localhost", "127.0.0.1" or "::1".
  bool is_loopback() const;
};

}  // namespace stevie::live
