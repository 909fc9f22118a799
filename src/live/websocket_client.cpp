#include "live/websocket_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"

namespace stevie::live {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Fault = beast::error_code;
using Done = std::function<void(Fault)>;

constexpr std::chrono::milliseconds drain_time{200};

/// One connection, plain or encrypted. Each operation calls its Done on the thread that runs the context.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual void connect(const Tcp::resolver::results_type& endpoints, Done done) = 0;
  virtual void secure(const std::string& host, Done done) = 0;  // does nothing where it is plain
  virtual void shake_hands(const std::string& host, const std::string& target, Done done) = 0;
  virtual void read(beast::flat_buffer& buffer, Done done) = 0;
  virtual bool got_text() const = 0;
  virtual void close() = 0;  // ends whatever is going on
  virtual std::string close_reason() const = 0;
};

template <class Layer>
class ChannelOver final : public Channel {
 public:
  template <class... Arguments>
  explicit ChannelOver(std::size_t largest_message, Arguments&&... arguments)
      : stream_(std::forward<Arguments>(arguments)...) {
    stream_.read_message_max(largest_message);
    stream_.set_option(websocket::stream_base::decorator(
        [](websocket::request_type& request) { request.set(beast::http::field::user_agent, "stevie"); }));
  }

  void connect(const Tcp::resolver::results_type& endpoints, Done done) override {
    beast::get_lowest_layer(stream_).async_connect(
        endpoints, [done = std::move(done)](Fault fault, const Tcp::endpoint&) { done(fault); });
  }
  void secure(const std::string& host, Done done) override {
    if constexpr (is_encrypted) {
      auto& layer = stream_.next_layer();
      if (SSL_set_tlsext_host_name(layer.native_handle(), host.c_str()) != 1) {
        return done(Fault(static_cast<int>(::ERR_get_error()), asio::error::get_ssl_category()));
      }
      layer.set_verify_mode(asio::ssl::verify_peer);
      layer.set_verify_callback(asio::ssl::host_name_verification(host));
      layer.async_handshake(asio::ssl::stream_base::client, std::move(done));
    } else {
      done({});
    }
  }
  void shake_hands(const std::string& host, const std::string& target, Done done) override {
    stream_.async_handshake(answer_, host, target, [this, done = std::move(done)](Fault fault) {
      refused_with_ = fault == websocket::error::upgrade_declined ? answer_.result_int() : 0;
      done(fault);
    });
  }
  void read(beast::flat_buffer& buffer, Done done) override {
    stream_.async_read(buffer, [done = std::move(done)](Fault fault, std::size_t) { done(fault); });
  }
  bool got_text() const override { return stream_.got_text(); }
  void close() override { beast::get_lowest_layer(stream_).close(); }
  std::string close_reason() const override {
    if (refused_with_ != 0) return fmt::format("the handshake was answered with HTTP {}", refused_with_);
    const websocket::close_reason& reason = stream_.reason();
    return reason.code == websocket::close_code::none
               ? std::string()
               : fmt::format("the exchange closed it with code {}", static_cast<int>(reason.code));
  }

 private:
  static constexpr bool is_encrypted = !std::is_same_v<Layer, beast::tcp_stream>;
  websocket::stream<Layer> stream_;
  websocket::response_type answer_;
  unsigned refused_with_ = 0;
};

}  // namespace

/// Everything runs on the thread that calls, in run_until(); other threads only post to the context.
struct WebSocketClient::Inside {
  explicit Inside(WebSocketOptions given) : options(std::move(given)), guard(context.get_executor()) {
    tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                    asio::ssl::context::no_tlsv1_1);
    if (options.ca_file.empty()) {
      tls.set_default_verify_paths();
      return;
    }
    Fault fault;
    tls.load_verify_file(options.ca_file, fault);
    if (fault) {
      throw Error("live.bad_ca_file", fmt::format("no certificate can be read from it ({})", fault.message()),
                  options.ca_file);
    }
  }
  ~Inside() { drop(); }

  /// Runs until an operation that sets `done` is over, the time has come or wake() was called.
  void run_until(const bool& done, Clock::time_point end) {
    while (!done && !woken && Clock::now() < end) context.run_one_until(end);
  }

  /// Starts an operation and waits for it. False: it was not over in time, or wake() came first.
  bool complete(Clock::time_point end, const std::function<void(Done)>& start, Fault& fault) {
    struct Outcome {
      bool done = false;
      Fault fault;
    };
    const auto outcome = std::make_shared<Outcome>();  // a look-up of a name may end long after this
    begin(start, [outcome](Fault given) {
      outcome->fault = given;
      outcome->done = true;
    });
    run_until(outcome->done, end);
    fault = outcome->fault;
    return outcome->done;
  }

  /// Counts the operation as long as it is on.
  void begin(const std::function<void(Done)>& start, Done done) {
    ++pending;
    start([this, done = std::move(done)](Fault fault) {
      --pending;
      done(fault);
    });
  }

  /// Ends the connection and lets its operations end, so that nothing refers to it any more.
  void drop() {
    connected = false;
    resolver.cancel();
    if (channel) channel->close();
    const Clock::time_point end = Clock::now() + drain_time;
    while (pending > 0 && Clock::now() < end) context.run_one_until(end);
    if (pending == 0) abandoned.clear();
    if (channel && pending > 0) abandoned.push_back(std::move(channel));  // something may still refer to it
    channel.reset();
    reading = false;
    read_done = false;
    buffer.clear();
  }

  std::string connect(const WebSocketUrl& url) {
    const Clock::time_point end = Clock::now() + std::chrono::milliseconds(options.connect_timeout);
    Fault fault;
    auto endpoints = std::make_shared<Tcp::resolver::results_type>();
    const auto failure = [&](bool over, const char* step) -> std::string {
      if (over && !fault) return {};
      std::string reason = channel ? channel->close_reason() : std::string();
      if (reason.empty()) {
        reason = over ? fmt::format("{} failed: {}", step, fault.message())
                      : fmt::format("{} took too long", step);
      }
      drop();
      return reason;
    };
    const auto look_up = [&](Done done) {
      resolver.async_resolve(url.host, url.port,
                             [endpoints, done = std::move(done)](Fault outcome, const auto& found) {
                               *endpoints = found;
                               done(outcome);
                             });
    };
    if (auto reason = failure(complete(end, look_up, fault), "looking up the host"); !reason.empty()) {
      return reason;
    }
    if (url.secure) {
      channel = std::make_unique<ChannelOver<beast::ssl_stream<beast::tcp_stream>>>(options.largest_message,
                                                                                    context, tls);
    } else {
      channel = std::make_unique<ChannelOver<beast::tcp_stream>>(options.largest_message, context);
    }
    const std::pair<const char*, std::function<void(Done)>> steps[] = {
        {"connecting", [&](Done done) { channel->connect(*endpoints, std::move(done)); }},
        {"the TLS handshake", [&](Done done) { channel->secure(url.host, std::move(done)); }},
        {"the WebSocket handshake",
         [&](Done done) { channel->shake_hands(url.host_header(), url.target, std::move(done)); }},
    };
    for (const auto& step : steps) {
      if (auto reason = failure(complete(end, step.second, fault), step.first); !reason.empty()) {
        return reason;
      }
    }
    connected = true;
    return {};
  }

  SocketRead read(TimeMs patience) {
    if (!connected) return {SocketRead::What::closed, {}, "there is no connection"};
    if (!reading) {
      reading = true;
      read_done = false;
      begin([this](Done done) { channel->read(buffer, std::move(done)); },
            [this](Fault fault) {
              read_fault = fault;
              read_done = true;
            });
    }
    run_until(read_done, Clock::now() + std::chrono::milliseconds(patience));
    woken = false;
    if (!read_done) return {};
    reading = read_done = false;
    if (read_fault) {
      const bool oversized =
          read_fault == websocket::error::message_too_big || read_fault == websocket::error::buffer_overflow;
      std::string reason = channel->close_reason();
      if (reason.empty()) reason = fmt::format("it broke: {}", read_fault.message());
      drop();
      return {oversized ? SocketRead::What::oversized : SocketRead::What::closed, {}, std::move(reason)};
    }
    SocketRead result{channel->got_text() ? SocketRead::What::text : SocketRead::What::binary,
                      beast::buffers_to_string(buffer.data()),
                      {}};
    buffer.clear();
    return result;
  }

  WebSocketOptions options;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  Tcp::resolver resolver{context};
  std::unique_ptr<Channel> channel;
  std::vector<std::unique_ptr<Channel>> abandoned;
  beast::flat_buffer buffer;
  bool connected = false;
  bool reading = false;  // a read is on
  bool read_done = false;
  Fault read_fault;
  bool woken = false;
  int pending = 0;
};

WebSocketClient::WebSocketClient(WebSocketOptions options)
    : inside_(std::make_unique<Inside>(std::move(options))) {}
WebSocketClient::~WebSocketClient() = default;

std::string WebSocketClient::connect(const std::string& url) {
  const WebSocketUrl parts = WebSocketUrl::parse(url);
  inside_->drop();
  std::string reason = inside_->connect(parts);
  inside_->woken = false;
  return reason;
}

bool WebSocketClient::connected() const {
  return inside_->connected;
}
SocketRead WebSocketClient::read(TimeMs patience) {
  return inside_->read(patience);
}
void WebSocketClient::drop() {
  inside_->drop();
}

void WebSocketClient::pause(TimeMs duration) {
  const bool never = false;
  inside_->context.poll();
  inside_->run_until(never, Clock::now() + std::chrono::milliseconds(duration));
  inside_->woken = false;
}

void WebSocketClient::wake() {
  asio::post(inside_->context, [this] { inside_->woken = true; });
}

WebSocketUrl WebSocketUrl::parse(const std::string& url) {
  WebSocketUrl result;
  const auto refuse = [&](const char* why) { throw Error("live.bad_url", why, url); };
  std::string rest;
  if (url.starts_with("wss://")) {
    result.secure = true;
    rest = url.substr(6);
  } else if (url.starts_with("ws://")) {
    rest = url.substr(5);
  } else {
    refuse("a stream's address begins with wss:// or, on this machine alone, ws://");
  }
  const bool printable = std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; });
  if (!printable || url.find('#') != std::string::npos) refuse("an address has no blanks and no '#'");
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string authority = rest.substr(0, slash);
  result.target = rest.substr(slash);
  if (result.target.empty() || result.target.front() != '/') result.target.insert(0, "/");
  if (authority.find('@') != std::string::npos) refuse("an address has no user name here");
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  result.host = authority.substr(0, colon);
  result.port = colon == std::string::npos ? (result.secure ? "443" : "80") : authority.substr(colon + 1);
  if (bracket != std::string::npos && result.host.front() == '[') {
    result.host = result.host.substr(1, result.host.size() - 2);
  }
  const bool digits = std::ranges::all_of(result.port, [](char c) { return c >= '0' && c <= '9'; });
  if (result.port.empty() || result.port.size() > 5 || !digits || std::stoi(result.port) > 65535 ||
      std::stoi(result.port) == 0) {
    refuse("its port is not a number from 1 to 65535");
  }
  if (result.host.empty()) refuse("it names no host");
  return result;
}

std::string WebSocketUrl::host_header() const {
  const std::string name = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  return port == (secure ? "443" : "80") ? name : fmt::format("{}:{}", name, port);
}

bool WebSocketUrl::is_loopback() const {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

}  // namespace stevie::live
