#include "api/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "api/server_testing.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

TEST(Server, AnswersAndKeepsTheConnection) {
  LoopbackServer host;
  TestSocket client(host.server.port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(request_text("GET", "/api/things/" + std::to_string(i)));
    EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
    EXPECT_EQ(answer.body, R"({"id":")" + std::to_string(i) + "\"}");
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
  }
  const auto last = client.ask(request_text("GET", "/api/things/9", "", "Connection: close\r\n"));
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_EQ(client.receive_all(), "") << "and closes";
}

TEST(Server, SendsTheHeadersOfASafeServer) {
  LoopbackServer host;
  TestSocket client(host.server.port());
  const auto answer = client.ask(request_text("GET", "/health/live"));
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("Referrer-Policy"), "no-referrer");
  EXPECT_NE(answer.header("Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_FALSE(answer.header("X-Request-Id").empty());
  for (const char* absent : {"Server", "Date", "Access-Control-Allow-Origin", "Strict-Transport-Security"}) {
    EXPECT_EQ(answer.header(absent), "") << absent;
  }
}

TEST(Server, LeavesTheBodyOutForHead) {
  LoopbackServer host;
  TestSocket client(host.server.port());
  client.send(request_text("HEAD", "/api/things/1") + request_text("GET", "/api/things/2"));
  const auto head = client.answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "10");
  EXPECT_EQ(client.answer().body, R"({"id":"2"})") << "right behind the head of the first";
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  LoopbackServer host;
  TestSocket client(host.server.port());
  std::string many;
  for (int i = 0; i < 50; ++i) {
    // Fast and slow ones by turns.
    many += i % 2 == 0 ? request_text("GET", "/api/things/" + std::to_string(i))
                       : request_text("POST", "/api/things",
                                      R"({"name":")" + std::to_string(i) + R"(","reason":"why"})");
  }
  client.send(many);
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.answer();
    EXPECT_EQ(answer.body, (i % 2 == 0 ? R"({"id":")" : R"({"made":")") + std::to_string(i) + "\"}") << i;
  }
}

TEST(Server, TakesARequestInAnyPieces) {
  LoopbackServer host;
  TestSocket client(host.server.port());
  const std::string text = request_text("POST", "/api/things", R"({"name":"a","reason":"why"})");
  for (const char c : text) client.send({&c, 1});
  EXPECT_EQ(client.answer().status, 201);
  client.send(
      "POST /api/things HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer operator-token\r\nContent-Type: "
      "application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"name\":\"a\",\"rea\r\n");
  client.send("b\r\nson\":\"why\"}\r\n0\r\nAuthorization: Bearer viewer-token\r\n\r\n");
  EXPECT_EQ(client.answer().status, 201);
}

TEST(Server, AsksForABodyThatWaits) {
  LoopbackServer host;
  TestSocket client(host.server.port());
  const std::string body = R"({"name":"a","reason":"why"})";
  const std::string text = request_text("POST", "/api/things", body, "Expect: 100-continue\r\n");
  client.send(text.substr(0, text.size() - body.size()));
  EXPECT_EQ(client.answer().status, 100);
  client.send(body);
  EXPECT_EQ(client.answer().status, 201);
}

TEST(Server, RefusesWhatIsTooLarge) {
  LoopbackServer host;
  const auto code_of = [&](const std::string& text) {
    TestSocket client(host.server.port());
    client.send(text);
    const auto answer = client.answer();
    EXPECT_EQ(answer.header("Connection"), "close");
    return std::to_string(answer.status) + " " + Json::parse(answer.body).value("code", "");
  };
  EXPECT_EQ(code_of(request_text("POST", "/api/things", std::string(5000, 'x'))), "413 api.too_large");
  EXPECT_EQ(code_of("POST /api/things HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"),
            "413 api.too_large");
  EXPECT_EQ(
      code_of("POST /api/things HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"),
      "413 api.too_large");
  EXPECT_EQ(code_of(request_text("GET", "/health/live", "", "X-Long: " + std::string(3000, 'x') + "\r\n")),
            "431 api.header_too_large");
  EXPECT_EQ(code_of("GET /" + std::string(3000, 'x')), "431 api.header_too_large");
  const std::string chunked =
      "POST /api/things HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(code_of(chunked + "1;" + std::string(3000, 'x')), "431 api.header_too_large")
      << "a chunk's extension";
  EXPECT_EQ(code_of(chunked + "0\r\nA: " + std::string(3000, 'x')), "431 api.header_too_large")
      << "a trailer";
  EXPECT_EQ(TestSocket(host.server.port()).ask(request_text("GET", "/health/live")).status, 200);
}

TEST(Server, RefusesWhatIsNoHttp) {
  LoopbackServer host;
  for (const std::string& text : std::vector<std::string>{
           "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\nGET / HTTP/1.1\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na",
           "POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           std::string("GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 37)}) {
    TestSocket client(host.server.port());
    client.send(text);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json") << text;
    EXPECT_EQ(client.receive_all(), "") << "nothing behind it is taken for a request";
  }
}

TEST(Server, RefusesTheNameOfAnotherHost) {
  app::ServerConfig config = LoopbackServer::quick();
  config.host_names = {"trading.example"};
  LoopbackServer host(config);
  const auto status = [&](const std::string& name) {
    return TestSocket(host.server.port())
        .ask("GET /health/live HTTP/1.1\r\nHost: " + name + "\r\n\r\n")
        .status;
  };
  EXPECT_EQ(status("evil.example"), 400);
  EXPECT_EQ(status("localhost.evil.example:80"), 400);
  EXPECT_EQ(status("127.0.0.1:" + std::to_string(host.server.port())), 200);
  EXPECT_EQ(status("[::1]:8080"), 200);
  EXPECT_EQ(status("Trading.Example"), 200);
}

TEST(Server, EndsWhatIsTooSlow) {
  app::ServerConfig config = LoopbackServer::quick();
  config.header_timeout = 150;
  config.request_timeout = 300;
  config.idle_timeout = 150;
  LoopbackServer host(config);
  TestSocket silent(host.server.port()), dripping(host.server.port()), half(host.server.port()),
      waiting(host.server.port());
  half.send("POST /api/things HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(waiting.ask(request_text("GET", "/health/live")).status, 200);
  // A byte now and then does not keep it open: the time is for the whole header.
  std::string got;
  for (int i = 0; i < 100 && got.empty(); ++i) {
    dripping.send(i == 0 ? "GET /health/live HTTP/1.1\r\nX: " : "x");
    got = dripping.receive(milliseconds(20));
  }
  EXPECT_TRUE(got.starts_with("HTTP/1.1 408 ")) << got;
  EXPECT_EQ(half.answer().status, 408);
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(waiting.receive_all(), "");
  EXPECT_EQ(host.router.counts().timeouts.load(), 2u);
}

TEST(Server, EndsHalfOpenConnections) {
  app::ServerConfig config = LoopbackServer::quick();
  config.idle_timeout = 100;
  LoopbackServer host(config);
  {
    TestSocket client(host.server.port());
    client.send("GET /health/live HTTP/1.1\r\nHost: local");
    client.end_sending();
    EXPECT_EQ(client.receive_all(), "");
    // Whoever ends its side behind a whole request gets the answer.
    TestSocket polite(host.server.port());
    polite.send(request_text("GET", "/health/live"));
    polite.end_sending();
    EXPECT_TRUE(polite.receive_all().starts_with("HTTP/1.1 200 "));
  }
  for (int i = 0; i < 200 && host.router.counts().connections.load() > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(host.router.counts().connections.load(), 0);
}

TEST(Server, AnswersBesideManyIdleConnections) {
  LoopbackServer host;
  std::vector<std::unique_ptr<TestSocket>> idle;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(std::make_unique<TestSocket>(host.server.port()));
    ASSERT_TRUE(idle.back()->is_open());
    if (i % 2 == 0) idle.back()->send("GET /health");
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(TestSocket(host.server.port()).ask(request_text("GET", "/health/live")).status, 200);
  }
  EXPECT_EQ(idle.front()->ask("/live HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
}

TEST(Server, KeepsToItsNumberOfConnections) {
  app::ServerConfig config = LoopbackServer::quick();
  config.connections_per_address = 3;
  LoopbackServer host(config);
  std::vector<std::unique_ptr<TestSocket>> kept;
  for (int i = 0; i < 3; ++i) {
    kept.push_back(std::make_unique<TestSocket>(host.server.port()));
    EXPECT_EQ(kept.back()->ask(request_text("GET", "/health/live")).status, 200);
  }
  TestSocket another(host.server.port());
  another.send(request_text("GET", "/health/live"));
  EXPECT_EQ(another.receive_all(), "");
  kept.pop_back();
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    status = TestSocket(host.server.port()).ask(request_text("GET", "/health/live")).status;
  }
  EXPECT_EQ(status, 200) << "a place that is free is given again";
}

/// Handlers that wait until they are told to go on.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  bool is_open = false;

  RouteTable table() {
    RouteTable out = small_table(nullptr);
    Route slow;
    slow.path = "/slow";
    slow.summary = "Waits";
    slow.slow = true;
    slow.responses = {{.status = 200, .description = "Done."}};
    slow.handler = [this](const Request&) {
      std::unique_lock lock(mutex);
      ++inside;
      changed.notify_all();
      changed.wait(lock, [this] { return is_open; });
      return Response{.body = "{}"};
    };
    out.routes.push_back(slow);
    return out;
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside >= count; });
  }
  void open() {
    std::lock_guard lock(mutex);
    is_open = true;
    changed.notify_all();
  }
};

TEST(Server, AnswersFastRoutesWhileSlowOnesWait) {
  Gate gate;
  app::ServerConfig config = LoopbackServer::quick();
  config.workers = 1;
  config.queue = 1;
  LoopbackServer host(config, gate.table());
  TestSocket first(host.server.port()), second(host.server.port()), third(host.server.port());
  first.send(request_text("GET", "/slow"));
  gate.wait_for(1);
  second.send(request_text("GET", "/slow"));
  while (host.router.counts().queued.load() < 1) std::this_thread::yield();
  const auto refused = third.ask(request_text("GET", "/slow"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(third.ask(request_text("GET", "/health/live")).status, 200) << "on the same connection";
  gate.open();
  EXPECT_EQ(first.answer().status, 200);
  EXPECT_EQ(second.answer().status, 200);
}

TEST(Server, SaysThatItStillWorks) {
  Gate gate;
  app::ServerConfig config = LoopbackServer::quick();
  config.request_timeout = 100;
  LoopbackServer host(config, gate.table());
  TestSocket client(host.server.port());
  const auto answer = client.ask(request_text("GET", "/slow"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(Json::parse(answer.body)["code"], "api.still_working");
  gate.open();
  EXPECT_EQ(client.receive_all(), "") << "one answer only";
}

TEST(Server, AnswersWhatIsUnderWayWhenItStops) {
  Gate gate;
  LoopbackServer host(LoopbackServer::quick(), gate.table());
  TestSocket client(host.server.port()), idle(host.server.port());
  EXPECT_EQ(idle.ask(request_text("GET", "/health/live")).status, 200);
  client.send(request_text("GET", "/slow"));
  gate.wait_for(1);
  std::thread stopping([&] { host.server.stop(); });
  EXPECT_EQ(idle.receive_all(), "");
  gate.open();
  EXPECT_EQ(client.answer().status, 200);
  stopping.join();
  EXPECT_FALSE(TestSocket(host.server.port()).is_open());
}

TEST(Server, RefusesAnAddressThatOthersReach) {
  FakeAccounts accounts;
  Router router({.table = small_table(nullptr), .accounts = &accounts});
  const auto code_of = [&](const std::string& address) -> std::string {
    app::ServerConfig config = LoopbackServer::quick();
    config.address = address;
    try {
      Server server({.config = config, .router = &router, .accounts = &accounts});
      return "bound";
    } catch (const Error& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code_of("0.0.0.0"), "api.unsafe_address");
  EXPECT_EQ(code_of("::"), "api.unsafe_address");
  EXPECT_EQ(code_of("nowhere"), "api.cannot_bind");
  EXPECT_EQ(code_of("203.0.113.1"), "api.unsafe_address");
  EXPECT_EQ(code_of("localhost"), "bound");
  LoopbackServer host;
  app::ServerConfig taken = LoopbackServer::quick();
  taken.port = host.server.port();
  EXPECT_THROW(Server({.config = taken, .router = &router, .accounts = &accounts}), Error);
}

TEST(Server, LogsALineARequestWithoutSecrets) {
  app::ServerConfig config = LoopbackServer::quick();
  config.json_logs = true;
  LoopbackServer host(config);
  TestSocket client(host.server.port());
  client.ask(request_text("GET", "/api/things?cursor=private-value"));
  client.ask(request_text("GET", "/private-path"));
  client.ask(request_text("POST", "/api/secret", R"({"password":"correct horse"})"));
  std::lock_guard lock(host.log_mutex);
  std::istringstream lines(host.log);
  std::vector<Json> entries;
  for (std::string line; std::getline(lines, line);) entries.push_back(Json::parse(line));
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0]["route"], "/api/things");
  EXPECT_EQ(entries[0]["user"], "operator");
  EXPECT_EQ(entries[0]["status"], 200);
  EXPECT_EQ(entries[1]["code"], "api.not_found");
  EXPECT_EQ(entries[2]["method"], "POST");
  for (const char* secret : {"private", "token", "horse", "hunter2"}) {
    EXPECT_EQ(host.log.find(secret), std::string::npos) << host.log;
  }
}

/// A route that answers with much.
RouteTable with_large_body(std::shared_ptr<const std::string> body) {
  RouteTable table = small_table(nullptr);
  Route large;
  large.path = "/large";
  large.summary = "Much";
  large.responses = {{.status = 200, .description = "Much."}};
  large.handler = [body](const Request&) { return Response{.shared_body = body}; };
  table.routes.push_back(large);
  return table;
}

TEST(Server, SendsALargeBodyWhole) {
  const auto body = std::make_shared<const std::string>(32 << 20, 'x');
  LoopbackServer host(LoopbackServer::quick(), with_large_body(body));
  TestSocket client(host.server.port());
  EXPECT_EQ(client.ask(request_text("GET", "/large")).body.size(), body->size());
  EXPECT_EQ(client.ask(request_text("GET", "/health/live")).status, 200);
}

TEST(Server, SurvivesReadersThatTakeNothing) {
  app::ServerConfig config = LoopbackServer::quick();
  config.request_timeout = 200;
  const auto body = std::make_shared<const std::string>(32 << 20, 'x');
  LoopbackServer host(config, with_large_body(body));
  TestSocket lazy(host.server.port(), 4096);
  lazy.send(request_text("GET", "/large"));
  for (int i = 0; i < 400 && host.router.counts().timeouts.load() == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(host.router.counts().timeouts.load(), 1u);
  TestSocket eager(host.server.port());
  EXPECT_EQ(eager.ask(request_text("GET", "/health/live")).status, 200);
}

}  // namespace
}  // namespace stevie::api
