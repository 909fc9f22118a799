#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/api_testing.h"
#include "api/router.h"
#include "api/server.h"

namespace stevie::api {

/// For tests: a plain socket to a server on this machine, which sends and receives any bytes.
class TestSocket {
 public:
  explicit TestSocket(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_open_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestSocket() { ::close(socket_); }
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;

  bool is_open() const { return is_open_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// Whatever comes next; empty: the server closed, or nothing came in `patience`.
  std::string receive(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    pollfd waited{socket_, POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(patience.count())) <= 0) return {};
    char piece[16384];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    return got <= 0 ? std::string() : std::string(piece, static_cast<std::size_t>(got));
  }
  /// Everything until the server closes.
  std::string receive_all() {
    std::string all = std::exchange(rest_, {});
    for (std::string piece = receive(); !piece.empty(); piece = receive()) all += piece;
    return all;
  }
  /// One answer: its head, and its body by Content-Length (none for HEAD).
  struct Answer {
    int status = 0;
    std::string head, body;
    std::string header(const std::string& name) const {
      const std::size_t at = head.find("\r\n" + name + ": ");
      if (at == std::string::npos) return {};
      const std::size_t from = at + name.size() + 4;
      return head.substr(from, head.find("\r\n", from) - from);
    }
  };
  Answer answer(bool is_head = false) {
    Answer answer;
    std::size_t end = 0;
    while ((end = rest_.find("\r\n\r\n")) == std::string::npos) {
      const std::string piece = receive();
      if (piece.empty()) return answer;
      rest_ += piece;
    }
    answer.head = rest_.substr(0, end + 2);
    rest_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    const std::string length = answer.header("Content-Length");
    const std::size_t size = is_head || length.empty() ? 0 : std::stoul(length);
    while (rest_.size() < size) {
      const std::string piece = receive();
      if (piece.empty()) break;
      rest_ += piece;
    }
    answer.body = rest_.substr(0, size);
    rest_.erase(0, size);
    return answer;
  }
  Answer ask(std::string_view bytes) {
    send(bytes);
    return answer();
  }
  std::string rest() { return std::exchange(rest_, {}); }
  int handle() const { return socket_; }

 private:
  int socket_;
  bool is_open_ = false;
  std::string rest_;
};

/// For tests: a server over a small table, or any other, on a free port.
struct LoopbackServer {
  explicit LoopbackServer(app::ServerConfig config = quick(), RouteTable table = small_table(nullptr))
      : router({.table = std::move(table), .accounts = &accounts}),
        server({.config = std::move(config),
                .router = &router,
                .accounts = &accounts,
                .news = &news,
                .log = [this](std::string_view line) {
                  std::lock_guard lock(log_mutex);
                  log += line;
                }}) {
    server.start();
  }

  /// Limits that a test reaches.
  static app::ServerConfig quick() {
    app::ServerConfig config;
    config.port = 0;
    config.largest_body = 4096;
    config.largest_header = 2048;
    return config;
  }

  FakeAccounts accounts;
  app::NewsHub news{100};
  std::mutex log_mutex;
  std::string log;
  Router router;
  Server server;
};

inline std::string request_text(const std::string& method, const std::string& target,
                                const std::string& body = {}, const std::string& more = {}) {
  std::string text =
      method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer operator-token\r\n";
  if (!body.empty()) {
    text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + more + "\r\n" + body;
}

}  // namespace stevie::api
