#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "api/server_testing.h"
#include "api/socket_protocol.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using Json = nlohmann::json;

std::string upgrade_text(const std::string& more = {}) {
  return "GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         more + "\r\n";
}

/// A client that writes frames by hand (RFC 6455, section 5.2).
class SocketClient {
 public:
  explicit SocketClient(std::uint16_t port, int receive_buffer = 0) : socket(port, receive_buffer) {
    socket.send(upgrade_text());
    status = socket.answer().status;
    bytes_ = socket.rest();
  }

  void send(const std::string& text, unsigned char first = 0x81) {
    std::string frame(1, static_cast<char>(first));
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 255);
    }
    frame += std::string(4, '\0');  // a mask that changes nothing
    socket.send(frame + text);
  }
  /// The next message; a close is told as {"closed": code}, the end as null.
  Json next() {
    while (true) {
      if (bytes_.size() >= 2) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes_[i]); };
        std::size_t size = byte(1) & 127u, head = 2;
        if (size == 126 && bytes_.size() >= 4) {
          size = byte(2) * 256u + byte(3);
          head = 4;
        }
        if (size != 126 && size != 127 && bytes_.size() >= head + size) {
          const unsigned kind = byte(0) & 15u;
          const std::string body = bytes_.substr(head, size);
          bytes_.erase(0, head + size);
          if (kind == 8) {
            return {{"closed", size < 2 ? 0
                                        : static_cast<unsigned char>(body[0]) * 256 +
                                              static_cast<unsigned char>(body[1])}};
          }
          if (kind == 1) return Json::parse(body);
          continue;
        }
      }
      const std::string piece = socket.receive();
      if (piece.empty()) return nullptr;
      bytes_ += piece;
    }
  }
  Json hello(const std::string& more = {}) {
    send(R"({"type":"hello","token":"viewer-token")" + more + "}");
    return next();
  }

  TestSocket socket;
  int status = 0;

 private:
  std::string bytes_;
};

TEST(SocketProtocol, ReadsWhatAClientMaySay) {
  const ClientMessage hello =
      parse_client_message(R"({"type":"hello","token":"t","topics":["live"],"last_event":7})");
  EXPECT_EQ(hello.type, ClientMessage::Type::hello);
  EXPECT_EQ(hello.token, "t");
  EXPECT_EQ(hello.topics, std::vector<std::string>{"live"});
  EXPECT_EQ(hello.last_event, 7u);
  EXPECT_EQ(parse_client_message(R"({"type":"ping"})").type, ClientMessage::Type::ping);
  for (const std::string bad :
       {"", "{", "[]", "7", R"({"type":"shout"})", R"({"type":"hello"})", R"({"type":"hello","token":1})",
        R"({"type":"hello","token":"t","topics":"live"})", R"({"type":"hello","token":"t","topics":[1]})",
        R"({"type":"hello","token":"t","last_event":-1})", R"({"type":"hello","token":"t","extra":1})",
        "\xff"}) {
    EXPECT_THROW(parse_client_message(bad), Error) << bad;
  }
  EXPECT_THROW(parse_client_message(R"({"type":"hello","token":")" + std::string(5000, 't') + "\"}"), Error);
}

TEST(SocketProtocol, GivesTopicsByRole) {
  using accounts::Role;
  EXPECT_EQ(topics_of(Role::admin).size(), topics_of(Role::viewer).size() + 1);
  EXPECT_EQ(chosen_topics({"live", "fills", "live"}, Role::viewer),
            (std::vector<std::string>{"fills", "live"}));
  EXPECT_THROW(chosen_topics({"accounts"}, Role::operator_role), Error);
  EXPECT_EQ(chosen_topics({"accounts"}, Role::admin).size(), 1u);
  EXPECT_THROW(chosen_topics({"gossip"}, Role::admin), Error);
}

TEST(SocketProtocol, WritesTimesWithMilliseconds) {
  EXPECT_EQ(time_text(1'700'000'000'000), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(time_text(1'700'000'000'007), "2023-11-14T22:13:20.007Z");
}

TEST(WebSocket, PushesWhatChangesInOrder) {
  LoopbackServer host;
  SocketClient client(host.server.port());
  ASSERT_EQ(client.status, 101);
  const Json welcome = client.hello(R"(,"topics":["live"])");
  EXPECT_EQ(welcome["type"], "welcome");
  EXPECT_EQ(welcome["newest"], 0);
  host.news.publish("live", "live.step", R"({"step":1})");
  host.news.publish("risk", "risk.state", "{}");
  host.news.publish("live", "live.step", R"({"step":2})");
  const Json first = client.next(), second = client.next();
  EXPECT_EQ(first["id"], 1);
  EXPECT_EQ(first["data"]["step"], 1);
  EXPECT_EQ(first["topic"], "live");
  EXPECT_EQ(second["id"], 3) << "only the topics asked for";
  client.send(R"({"type":"ping"})");
  EXPECT_EQ(client.next()["type"], "pong");
}

TEST(WebSocket, GoesOnBehindTheLastEvent) {
  LoopbackServer host;
  for (int i = 1; i <= 50; ++i)
    host.news.publish("live", "live.step", R"({"step":)" + std::to_string(i) + "}");
  SocketClient client(host.server.port());
  EXPECT_EQ(client.hello(R"(,"last_event":48)")["newest"], 50);
  EXPECT_EQ(client.next()["id"], 49);
  EXPECT_EQ(client.next()["id"], 50);
  for (int i = 0; i < 200; ++i) host.news.publish("risk", "risk.state", "{}");
  SocketClient late(host.server.port());
  late.hello(R"(,"last_event":1)");
  EXPECT_EQ(late.next()["type"], "missed") << "a hundred are kept";
  SocketClient other_run(host.server.port());
  other_run.hello(R"(,"last_event":100000)");
  EXPECT_EQ(other_run.next()["type"], "missed");
}

TEST(WebSocket, EndsWithWhoeverMayNotWatch) {
  LoopbackServer host;
  const auto end_of = [&](const std::string& first_message) {
    SocketClient client(host.server.port());
    client.send(first_message);
    const Json error = client.next();
    EXPECT_EQ(error.value("type", ""), "error") << error;
    return error.value("code", "") + " " + client.next().value("closed", Json()).dump();
  };
  EXPECT_EQ(end_of(R"({"type":"hello","token":"wrong"})"), "api.unauthenticated 4001");
  EXPECT_EQ(end_of(R"({"type":"ping"})"), "api.unauthenticated 4001");
  EXPECT_EQ(end_of(R"({"type":"hello","token":"viewer-token","topics":["accounts"]})"), "api.forbidden 4003");
  EXPECT_EQ(end_of("nonsense"), "api.bad_message 1008");
  SocketClient large(host.server.port());
  large.send(std::string(5000, 'x'));
  EXPECT_EQ(large.next()["closed"], 1009);
  SocketClient binary(host.server.port());
  binary.send("x", 0x82);
  EXPECT_EQ(binary.next()["code"], "api.bad_message");
  EXPECT_EQ(binary.next()["closed"], 1003);
}

TEST(WebSocket, WaitsForAHelloOnlySoLong) {
  app::ServerConfig config = LoopbackServer::quick();
  config.header_timeout = 100;
  LoopbackServer host(config);
  SocketClient client(host.server.port());
  EXPECT_EQ(client.next()["code"], "api.timeout");
  EXPECT_EQ(client.next()["closed"], 4008);
}

TEST(WebSocket, IsRefusedToPagesOfOtherHosts) {
  LoopbackServer host;
  const auto status = [&](const std::string& more) {
    return TestSocket(host.server.port()).ask(upgrade_text(more)).status;
  };
  EXPECT_EQ(status("Origin: http://evil.example\r\n"), 403);
  EXPECT_EQ(status("Origin: null\r\n"), 403);
  EXPECT_EQ(status("Origin: http://localhost\r\n"), 101);
  EXPECT_EQ(TestSocket(host.server.port()).ask(request_text("GET", "/api/ws")).status, 400);
}

TEST(WebSocket, DropsAReaderThatTakesNothing) {
  app::ServerConfig config = LoopbackServer::quick();
  config.request_timeout = 200;
  LoopbackServer host(config);
  SocketClient client(host.server.port(), 4096);
  ASSERT_EQ(client.hello()["type"], "welcome");
  const std::string body = R"({"x":")" + std::string(200'000, 'x') + "\"}";
  for (int i = 0; i < 400 && host.router.counts().slow_readers.load() == 0; ++i) {
    host.news.publish("live", "live.step", body);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(host.router.counts().slow_readers.load(), 1u);
  for (int i = 0; i < 200 && host.router.counts().web_sockets.load() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(host.router.counts().web_sockets.load(), 0);
}

TEST(WebSocket, EndsWithWhoeverSaysHelloWithoutListening) {
  LoopbackServer host;
  SocketClient client(host.server.port(), 4096);
  ASSERT_EQ(client.hello()["type"], "welcome");
  constexpr int hellos = 100'000;  // the buffers of the network take tens of thousands of answers
  for (int i = 0; i < hellos; ++i) client.send(R"({"type":"hello","token":"viewer-token","last_event":999})");
  for (int i = 0; i < 1000 && host.router.counts().web_sockets.load() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(host.router.counts().web_sockets.load(), 0);
  EXPECT_EQ(host.router.counts().slow_readers.load(), 0u);
}

TEST(WebSocket, IsToldThatTheServerEnds) {
  LoopbackServer host;
  SocketClient client(host.server.port());
  client.hello();
  std::thread stopping([&] { host.server.stop(); });
  EXPECT_EQ(client.next()["closed"], 1012);
  client.send("\x03\xf4", 0x88);
  stopping.join();
  host.news.publish("live", "live.step", "{}");  // the hub may outlive the server
}

}  // namespace
}  // namespace stevie::api
