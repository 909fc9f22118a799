#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "api/connection.h"
#include "api/socket_protocol.h"
#include "core/error.h"

namespace stevie::api {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t batch_items = 100;         // read from the hub at a time
constexpr milliseconds authority_check{10'000};  // between two looks whether the token still holds
constexpr milliseconds close_time{1000};         // for the peer's answer to a close

// Why a connection ends: docs/server.md.
constexpr std::uint16_t not_authenticated = 4001, not_allowed = 4003, no_hello = 4008;

template <class Stream>
class WebSocketPeer : public Peer {
 public:
  WebSocketPeer(Shared& shared, IoThread& thread, Stream stream, std::shared_ptr<asio::ssl::context> tls,
                std::unique_ptr<Seat> seat, std::string received)
      : shared_(shared),
        thread_(thread),
        tls_(std::move(tls)),
        seat_(std::move(seat)),
        received_(std::move(received)),
        socket_(std::move(stream)) {
    shared_.counts->web_sockets.fetch_add(1, std::memory_order_relaxed);
  }
  ~WebSocketPeer() override { shared_.counts->web_sockets.fetch_sub(1, std::memory_order_relaxed); }

  void begin() {
    thread_.peers.insert(shared_from_this());
    const app::ServerConfig& config = shared_.parts.config;
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = milliseconds(config.header_timeout);
    limits.idle_timeout = milliseconds(config.idle_timeout);
    limits.keep_alive_pings = true;
    socket_.set_option(limits);
    socket_.read_message_max(largest_client_message);
    hello_due_ = steady_clock::now() + milliseconds(config.header_timeout);
    socket_.async_accept(asio::buffer(received_), [self = self()](error_code error) {
      self->received_ = {};
      if (error) return self->end_now();
      self->socket_.text(true);
      self->read();
    });
  }

  void check_time(SteadyTime now) override {
    if (is_ended_) return;
    if (is_closing_ && now > close_due_) return end_now();
    if (is_writing_ && now > write_due_) {
      shared_.counts->slow_readers.fetch_add(1, std::memory_order_relaxed);
      return end_now();  // it takes nothing: a close message would wait behind the rest
    }
    if (!principal_ && now > hello_due_) return fail("api.timeout", "no hello came in time", no_hello);
    if (principal_ && now > authority_due_) check_authority();
  }

  void news() override { pull(); }
  void end_softly() override { close(websocket::close_code::service_restart, "the server ends"); }

  void end_now() override {
    if (is_ended_) return;
    is_ended_ = true;
    error_code ignored;
    auto& lowest = beast::get_lowest_layer(socket_);
    lowest.shutdown(tcp::socket::shutdown_both, ignored);
    lowest.close(ignored);
    thread_.peers.erase(shared_from_this());
  }

 private:
  std::shared_ptr<WebSocketPeer> self() {
    return std::static_pointer_cast<WebSocketPeer>(shared_from_this());
  }

  void read() {
    socket_.async_read(buffer_, [self = self()](error_code error, std::size_t) {
      if (self->is_ended_) return;
      if (error) return self->end_now();
      if (!self->socket_.got_text()) return self->fail("api.bad_message", "messages are text", 1003);
      self->take(beast::buffers_to_string(self->buffer_.data()));
      self->buffer_.consume(self->buffer_.size());
      if (!self->is_ended_) self->read();
    });
  }

  void take(const std::string& text) {
    if (is_closing_) return;
    try {
      ClientMessage message = parse_client_message(text);
      // A peer that asks faster than it reads is not answered: its queue would grow as it likes.
      const bool is_full = queue_.size() >= batch_items;
      if (message.type == ClientMessage::Type::hello) {
        if (is_full)
          return fail("api.too_many_requests", "hellos come faster than their answers are read", 1008);
        return greet(std::move(message));
      }
      if (!principal_) return fail("api.unauthenticated", "the first message is a hello", not_authenticated);
      if (message.type == ClientMessage::Type::ping && !is_full) say(R"({"type":"pong"})");
    } catch (const Error& error) {
      fail(error.code(), error.message(), error.code() == "api.forbidden" ? not_allowed : 1008);
    }
  }

  void greet(ClientMessage message) {
    auto principal = shared_.parts.accounts->authenticate(message.token);
    if (!principal) {
      return fail("api.unauthenticated", "the token or key is unknown, expired or revoked",
                  not_authenticated);
    }
    topics_ = chosen_topics(message.topics, principal->role);
    const bool is_first = !principal_;
    principal_ = std::move(principal);
    token_ = std::move(message.token);
    authority_due_ = steady_clock::now() + authority_check;
    const std::uint64_t newest = shared_.parts.news->newest();
    if (message.last_event) {
      last_ = std::min(*message.last_event, newest);
    } else if (is_first) {
      last_ = newest;
    }
    say(welcome_message(newest, topics_));
    // A number that was never given out is of another run of the server.
    if (message.last_event && *message.last_event > newest) say(missed_message(newest));
    pull();
  }

  void check_authority() {
    authority_due_ = steady_clock::now() + authority_check;
    const auto principal = shared_.parts.accounts->authenticate(token_);
    if (!principal || principal->role < principal_->role) {
      fail("api.unauthenticated", "the token or key has expired or was revoked", not_authenticated);
    }
  }

  /// Takes from the hub what this reader wants, when everything before is sent: a slow one falls behind
  /// there, where old items go by themselves, and holds no memory here.
  void pull() {
    if (!principal_ || is_closing_ || is_ended_ || is_writing_) return;
    while (queue_.empty()) {
      const app::NewsHub::Batch batch = shared_.parts.news->after(last_, batch_items);
      if (batch.missed) {
        last_ = shared_.parts.news->newest();
        queue_.push_back(missed_message(last_));
        break;
      }
      if (batch.items.empty()) return;
      for (const app::NewsItem& item : batch.items) {
        last_ = item.id;
        if (std::binary_search(topics_.begin(), topics_.end(), item.topic))
          queue_.push_back(event_message(item));
      }
    }
    write();
  }

  void say(std::string message) {
    queue_.push_back(std::move(message));
    write();
  }

  void write() {
    if (is_writing_ || is_ended_ || queue_.empty()) return;
    is_writing_ = true;
    write_due_ = steady_clock::now() + milliseconds(shared_.parts.config.request_timeout);
    out_ = std::move(queue_.front());
    queue_.pop_front();
    socket_.async_write(asio::buffer(out_), [self = self()](error_code error, std::size_t bytes) {
      self->is_writing_ = false;
      if (self->is_ended_) return;
      if (error) return self->end_now();
      self->shared_.counts->bytes_out.fetch_add(bytes, std::memory_order_relaxed);
      self->shared_.counts->messages_out.fetch_add(1, std::memory_order_relaxed);
      if (!self->queue_.empty()) return self->write();
      if (self->is_closing_) return self->send_close();
      self->pull();
    });
  }

  void fail(const std::string& code, const std::string& detail, std::uint16_t close_code) {
    if (is_closing_ || is_ended_) return;
    queue_.clear();
    queue_.push_back(error_message(code, detail));
    close(close_code, code);
  }

  /// Closes behind what is queued.
  void close(std::uint16_t code, std::string_view reason) {
    if (is_closing_ || is_ended_) return;
    is_closing_ = true;
    close_due_ = steady_clock::now() + close_time;
    reason_.code = code;
    reason_.reason.assign(reason.data(), std::min<std::size_t>(reason.size(), 100));
    if (is_writing_) return;
    if (queue_.empty()) return send_close();
    write();
  }

  void send_close() {
    if (!socket_.is_open()) return end_now();
    socket_.async_close(reason_, [self = self()](error_code) { self->end_now(); });
  }

  Shared& shared_;
  IoThread& thread_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::unique_ptr<Seat> seat_;
  std::string received_;
  websocket::stream<Stream> socket_;
  beast::flat_buffer buffer_;
  std::optional<accounts::Principal> principal_;
  std::string token_, out_;
  std::vector<std::string> topics_;
  std::deque<std::string> queue_;
  std::uint64_t last_ = 0;
  websocket::close_reason reason_;
  SteadyTime hello_due_{}, authority_due_{}, write_due_{}, close_due_{};
  bool is_writing_ = false, is_closing_ = false, is_ended_ = false;
};

}  // namespace

void serve_web_socket(Shared& shared, IoThread& thread, tcp::socket socket, std::unique_ptr<Seat> seat,
                      std::string received) {
  std::make_shared<WebSocketPeer<tcp::socket>>(shared, thread, std::move(socket), nullptr, std::move(seat),
                                               std::move(received))
      ->begin();
}

void serve_web_socket(Shared& shared, IoThread& thread, std::unique_ptr<TlsStream> stream,
                      std::shared_ptr<asio::ssl::context> tls, std::unique_ptr<Seat> seat,
                      std::string received) {
  std::make_shared<WebSocketPeer<TlsStream>>(shared, thread, std::move(*stream), std::move(tls),
                                             std::move(seat), std::move(received))
      ->begin();
}

}  // namespace stevie::api
