#include "notify/http_post.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "notify/address_guard.h"
#include "notify/notify_testing.h"
#include "notify/wire.h"

namespace stevie::notify {
namespace {

/// A server on 127.0.0.1 that answers every request with the same bytes and keeps what it was sent.
class Receiver {
 public:
  explicit Receiver(std::string answer, bool is_silent = false)
      : answer_(std::move(answer)), is_silent_(is_silent), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 8) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Receiver() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::string url(const std::string& path = "/hook") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static bool readable(int descriptor) {
    constexpr int look_up_ms = 10;
    pollfd waiting{descriptor, POLLIN, 0};
    return ::poll(&waiting, 1, look_up_ms) > 0;
  }
  static bool whole(const std::string& request) {
    const std::size_t header = request.find("\r\n\r\n");
    const std::size_t length = request.find("Content-Length: ");
    return header != std::string::npos && length != std::string::npos &&
           request.size() >= header + 4 + std::stoul(request.substr(length + 16));
  }
  void serve() {
    while (!stopping_) {
      if (!readable(listener_)) continue;
      const int peer = ::accept(listener_, nullptr, nullptr);
      std::string request;
      std::string buffer(4096, '\0');
      while (!stopping_ && !whole(request)) {
        if (!readable(peer)) continue;
        const ssize_t count = ::recv(peer, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(count));
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      while (is_silent_ && !stopping_) readable(listener_);
      for (std::size_t sent = 0; sent < answer_.size();) {
        const ssize_t count = ::send(peer, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::close(peer);
    }
  }

  std::string answer_;
  bool is_silent_;
  int listener_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

HttpPost post_to(const std::string& url) {
  return {.url = url,
          .headers = {{"Content-Type", "application/json"}, {"Stevie-Event", "kill"}},
          .body = R"({"event":"kill"})",
          .allow_private = true,
          .timeout = 5 * second_ms};
}

TEST(HttpPost, BringsHeadersAndBody) {
  const Receiver receiver("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const PostAnswer answer = http_post(post_to(receiver.url()));
  EXPECT_EQ(answer.status, 200) << answer.fault;
  EXPECT_EQ(answer.body, "ok");
  const std::string request = receiver.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /hook HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Stevie-Event: kill\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"event\":\"kill\"}")) << request;
}

TEST(HttpPost, GoesToNoAddressOfThisMachineUnlessAllowed) {
  const Receiver receiver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const std::string port = receiver.url("").substr(receiver.url("").rfind(':'));
  for (const std::string& host :
       {std::string("127.0.0.1"), std::string("localhost"), std::string("0x7f000001"),
        std::string("2130706433"), std::string("127.1"), std::string("0"), std::string("[::1]"),
        std::string("[::ffff:127.0.0.1]")}) {
    HttpPost post = post_to("http://" + host + port + "/hook");
    post.allow_private = false;
    const PostAnswer answer = http_post(post);
    EXPECT_EQ(answer.status, 0) << host;
    EXPECT_TRUE(answer.refused) << host << ": " << answer.fault;
  }
  EXPECT_TRUE(receiver.requests().empty());
}

TEST(HttpPost, FollowsNoRedirect) {
  const Receiver inner("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
  const Receiver outer(fmt::format(
      "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", inner.url()));
  const PostAnswer answer = http_post(post_to(outer.url()));
  EXPECT_EQ(answer.status, 307);
  EXPECT_TRUE(inner.requests().empty());
}

TEST(HttpPost, TakesNoProxyFromTheSurroundings) {
  const Receiver proxy("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const Receiver receiver("HTTP/1.1 204 No Content\r\n\r\n");
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  const PostAnswer answer = http_post(post_to(receiver.url()));
  ::unsetenv("http_proxy");
  EXPECT_EQ(answer.status, 204);
  EXPECT_TRUE(proxy.requests().empty());
}

TEST(HttpPost, ReadsABoundedAnswer) {
  const Receiver receiver("HTTP/1.1 200 OK\r\n\r\n" + std::string(8 << 20, 'x'));
  const PostAnswer answer = http_post(post_to(receiver.url()));
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.fault, "the answer is larger than 64 KiB");
}

TEST(HttpPost, EndsWithItsTimeOrWhenAskedTo) {
  const Receiver receiver("", true);
  HttpPost post = post_to(receiver.url("/path-that-is-secret"));
  post.timeout = 100;
  const PostAnswer late = http_post(post);
  EXPECT_EQ(late.status, 0);
  EXPECT_FALSE(late.fault.empty());
  EXPECT_EQ(late.fault.find("secret"), std::string::npos);
  post.timeout = minute_ms;
  EXPECT_EQ(http_post(post, [] { return true; }).fault, "the program ends");
}

TEST(HttpPost, ToldOfABrokenAnswerItHasAFault) {
  for (const char* text :
       {"", "nonsense", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "HTTP/9.9 abc\r\n\r\n"}) {
    const Receiver receiver(text);
    const PostAnswer answer = http_post(post_to(receiver.url()));
    EXPECT_EQ(answer.status, 0) << text;
    EXPECT_FALSE(answer.fault.empty()) << text;
  }
}

TEST(HttpPost, ATelegramBotIsReachedUnderAnAddressOfOnesOwn) {
  const Receiver bot("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}");
  NotifyConfig config;
  config.allow_private = true;
  config.telegram_url = bot.url("");
  const Envelope envelope{.id = "1", .repeated = 0, .message = {.title = "hello", .time = 0}};
  const PostAnswer answer = http_post(make_post(telegram(), envelope, config, 0));
  EXPECT_TRUE(judge(telegram(), answer).delivered);
  EXPECT_TRUE(bot.requests().at(0).starts_with("POST /bot" + telegram().token + "/sendMessage HTTP/1.1"));
}

TEST(AddressGuard, KnowsWhatIsNoAddressOfThePublicInternet) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.255",
                              "0.0.0.0",
                              "10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "100.127.255.255",
                              "192.0.2.1",
                              "198.18.0.1",
                              "198.51.100.7",
                              "203.0.113.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "240.0.0.1",
                              "::1",
                              "::",
                              "fe80::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "ff02::1",
                              "::ffff:10.0.0.1",
                              "::ffff:127.0.0.1",
                              "64:ff9b::a00:1",
                              "2002:7f00:1::",
                              "2001:db8::1",
                              "2001::1",
                              "fec0::1",
                              "::127.0.0.1",
                              "100::1"})
    EXPECT_NE(refused_address(address), "") << address;
  for (const char* address : {"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255",
                              "100.128.0.0", "149.154.167.220", "2606:4700::1111", "2a00:1450::1",
                              "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"})
    EXPECT_EQ(refused_address(address), "") << address;
  EXPECT_EQ(refused_address("no address"), "no address");
}

}  // namespace
}  // namespace stevie::notify
