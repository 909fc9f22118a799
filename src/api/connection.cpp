#include "api/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "api/problem.h"
#include "api/request_text.h"

namespace stevie::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t first_buffer = 2048;
constexpr std::size_t most_drained = 4 << 20;  // bytes of a refused request that are read and dropped
constexpr milliseconds drain_time{1000};
constexpr std::string_view socket_path = "/api/ws";
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

void append_number(std::string& out, std::size_t number) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return equal_ignoring_case(header.first, name); });
}

/// The head of an answer and, where it is not shared, its body.
void write_response(std::string& out, const Response& response, bool is_head, bool keep_alive, bool is_tls) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  const std::string& body = response.shared_body ? *response.shared_body : response.body;
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\nContent-Length: ";
    append_number(out, body.size());
    out += "\r\n";
  }
  if (!has_header(response, "Cache-Control")) out += "Cache-Control: no-store\r\n";
  if (!has_header(response, "Content-Security-Policy")) {
    out += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  }
  out += "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
  if (is_tls) out += "Strict-Transport-Security: max-age=31536000\r\n";
  for (const auto& [name, value] : response.headers) {
    out += name;
    out += ": ";
    for (const char c : value) {
      if (c != '\r' && c != '\n') out += c;
    }
    out += "\r\n";
  }
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (has_body && !is_head && !response.shared_body) out += body;
}

template <class Stream>
class Connection : public Peer {
 public:
  static constexpr bool is_tls = std::is_same_v<Stream, TlsStream>;

  Connection(Shared& shared, IoThread& thread, std::unique_ptr<Stream> stream, std::unique_ptr<Seat> seat,
             std::shared_ptr<asio::ssl::context> tls)
      : shared_(shared),
        thread_(thread),
        tls_(std::move(tls)),
        seat_(std::move(seat)),
        stream_(std::move(stream)),
        parser_(shared.parts.config.largest_header, shared.parts.config.largest_body) {}

  void begin() {
    thread_.peers.insert(shared_from_this());
    error_code ignored;
    stream_->lowest_layer().set_option(tcp::no_delay(true), ignored);
    stream_->lowest_layer().non_blocking(true, ignored);
    if constexpr (is_tls) {
      expect(State::handshake, shared_.parts.config.header_timeout);
      stream_->async_handshake(asio::ssl::stream_base::server, [self = self()](error_code error) {
        if (error) return self->close();
        self->expect(State::idle, self->shared_.parts.config.idle_timeout);
        self->read();
      });
    } else {
      expect(State::idle, shared_.parts.config.idle_timeout);
      read();
    }
  }

  void check_time(SteadyTime now) override {
    if (now < deadline_ || state_ == State::closed) return;
    if (state_ == State::idle || state_ == State::draining) return close();
    shared_.counts->timeouts.fetch_add(1, std::memory_order_relaxed);
    if (state_ == State::reading) {
      return refuse("api.timeout", "the request did not come to an end in time");
    }
    if (state_ == State::working) {
      // Its handler goes on; what it answers is dropped.
      ++generation_;
      return refuse("api.still_working", "the answer took longer than server.request_timeout");
    }
    close();
  }

  void end_softly() override {
    keep_alive_ = false;
    if (state_ == State::idle || state_ == State::handshake || state_ == State::reading) close();
  }
  void end_now() override { close(); }

 private:
  enum class State { handshake, idle, reading, working, writing, draining, closed };

  std::shared_ptr<Connection> self() { return std::static_pointer_cast<Connection>(shared_from_this()); }

  void expect(State state, TimeMs milliseconds_left) {
    state_ = state;
    deadline_ = steady_clock::now() + milliseconds(milliseconds_left);
  }

  void close() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    error_code ignored;
    if (stream_) {
      stream_->lowest_layer().shutdown(tcp::socket::shutdown_both, ignored);
      stream_->lowest_layer().close(ignored);
    }
    thread_.peers.erase(shared_from_this());
  }

  /// At most one read at a time: one that was pending when a sweep answered goes on by itself.
  void read() {
    if (is_reading_) return;
    is_reading_ = true;
    if (begin_ == end_) begin_ = end_ = 0;
    if (in_.empty()) in_.resize(first_buffer);
    if (end_ == in_.size()) {
      if (begin_ > 0) {
        std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  in_.begin() + static_cast<std::ptrdiff_t>(end_), in_.begin());
        end_ -= begin_;
        begin_ = 0;
      } else {
        in_.resize(in_.size() * 2);
      }
    }
    stream_->async_read_some(
        asio::buffer(in_.data() + end_, in_.size() - end_),
        [self = self()](error_code error, std::size_t bytes) { self->on_read(error, bytes); });
  }

  void on_read(error_code error, std::size_t bytes) {
    is_reading_ = false;
    if (state_ == State::closed) return;
    if (state_ == State::draining) {
      drained_ += bytes;
      begin_ = end_ = 0;
      return error || drained_ > most_drained ? close() : read();
    }
    // A sweep has answered meanwhile.
    if (state_ != State::idle && state_ != State::reading) return;
    if (error) return close();
    end_ += bytes;
    process();
  }

  /// Answers one request after the other out of what was received.
  void process() {
    while (state_ == State::idle || state_ == State::reading) {
      if (begin_ == end_) {
        if (state_ == State::idle && shared_.stopping) return close();
        return read();
      }
      if (state_ == State::idle) {
        expect(State::reading, shared_.parts.config.header_timeout);
        started_ = steady_clock::now();
      }
      const HttpParser::State before = parser_.state();
      const std::size_t taken = parser_.feed({in_.data() + begin_, end_ - begin_});
      const std::size_t from = begin_;
      begin_ += taken;
      switch (parser_.state()) {
        case HttpParser::State::refused:
          return refuse(parser_.fault_code(), parser_.fault());
        case HttpParser::State::header:
          return read();
        case HttpParser::State::body:
          if (before == HttpParser::State::header) expect_body();
          if (state_ == State::reading) read();
          return;
        case HttpParser::State::complete:
          if (!dispatch(from)) return;
      }
    }
  }

  void expect_body() {
    deadline_ = started_ + milliseconds(shared_.parts.config.request_timeout);
    if (!parser_.expects_continue()) return;
    if constexpr (is_tls) {
      out_ = continue_line;
      state_ = State::writing;
      asio::async_write(*stream_, asio::buffer(out_), [self = self()](error_code error, std::size_t) {
        if (self->state_ == State::closed) return;
        if (error) return self->close();
        self->out_.clear();
        self->state_ = State::reading;
        self->read();
      });
    } else {
      error_code ignored;
      stream_->write_some(asio::buffer(continue_line), ignored);
    }
  }

  /// True where the answer is out already and the next request may be looked at.
  bool dispatch(std::size_t header_from) {
    RawRequest& raw = parser_.request();
    raw.address = seat_->address();
    keep_alive_ = parser_.keep_alive() && !shared_.stopping;
    is_head_ = raw.method == "HEAD";
    if (!shared_.is_known_host(parser_.host())) {
      refuse("api.bad_host", "the header Host names another server");
      return false;
    }
    if (std::string_view(raw.target).substr(0, raw.target.find('?')) == socket_path && raw.method == "GET") {
      return upgrade(header_from);
    }
    if (shared_.parts.router->slow(raw)) return work();
    Trace trace;
    const Response response = shared_.parts.router->answer(raw, &trace);
    return send(response, trace);
  }

  bool upgrade(std::size_t header_from) {
    const RawRequest& raw = parser_.request();
    Trace trace;
    if (!parser_.upgrade() || shared_.parts.news == nullptr || shared_.parts.accounts == nullptr) {
      return send(shared_.parts.router->refuse("api.bad_request", "this path speaks WebSocket only", &trace),
                  trace);
    }
    for (const auto& [name, value] : raw.headers) {
      const std::size_t host = value.find("://");
      if (equal_ignoring_case(name, "Origin") &&
          (host == std::string::npos || !equal_ignoring_case(value.substr(host + 3), parser_.host()))) {
        return send(
            shared_.parts.router->refuse("api.forbidden", "a page of another host may not connect", &trace),
            trace);
      }
    }
    if (static_cast<std::uint64_t>(shared_.counts->web_sockets.load()) >= shared_.parts.config.web_sockets) {
      return send(shared_.parts.router->refuse("api.unavailable", "too many WebSockets are open", &trace),
                  trace);
    }
    state_ = State::closed;
    thread_.peers.erase(shared_from_this());
    std::string received(in_.data() + header_from, end_ - header_from);
    if constexpr (is_tls) {
      serve_web_socket(shared_, thread_, std::move(stream_), std::move(tls_), std::move(seat_),
                       std::move(received));
    } else {
      serve_web_socket(shared_, thread_, std::move(*stream_), std::move(seat_), std::move(received));
    }
    return false;
  }

  bool work() {
    expect(State::working, shared_.parts.config.request_timeout);
    auto raw = std::make_shared<RawRequest>(std::move(parser_.request()));
    method_ = raw->method;
    const std::uint64_t generation = ++generation_;
    shared_.counts->queued.fetch_add(1, std::memory_order_relaxed);
    const bool taken = shared_.workers->submit([self = self(), raw, generation] {
      Shared& shared = self->shared_;
      shared.counts->queued.fetch_sub(1, std::memory_order_relaxed);
      auto trace = std::make_shared<Trace>();
      auto response = std::make_shared<Response>(shared.parts.router->answer(*raw, trace.get()));
      asio::post(self->thread_.context, [self, response, trace, generation] {
        if (self->generation_ != generation || self->state_ != State::working) return;
        if (self->send(*response, *trace)) self->process();
      });
    });
    if (taken) return false;
    shared_.counts->queued.fetch_sub(1, std::memory_order_relaxed);
    Trace trace;
    return send(shared_.parts.router->refuse("api.unavailable", "too many requests wait already", &trace),
                trace);
  }

  void refuse(const std::string& code, const std::string& detail) {
    Trace trace;
    const Response response = shared_.parts.router->refuse(code, detail, &trace);
    keep_alive_ = false;
    if (send(response, trace)) process();
  }

  bool send(const Response& response, const Trace& trace) {
    if (shared_.stopping) keep_alive_ = false;
    if (shared_.parts.config.json_logs) {
      shared_.log(trace, method_.empty() ? parser_.request().method : method_, response, seat_->address(),
                  std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - started_));
    }
    out_.clear();
    write_response(out_, response, is_head_, keep_alive_, is_tls);
    shared_body_ = is_head_ ? nullptr : response.shared_body;
    state_ = State::writing;
    std::size_t sent = 0;
    if constexpr (!is_tls) {
      error_code error;
      sent =
          shared_body_
              ? stream_->write_some(
                    std::array<asio::const_buffer, 2>{asio::buffer(out_), asio::buffer(*shared_body_)}, error)
              : stream_->write_some(asio::buffer(out_), error);
      if (error && error != asio::error::would_block && error != asio::error::try_again) {
        close();
        return false;
      }
      shared_.counts->bytes_out.fetch_add(sent, std::memory_order_relaxed);
      if (sent == out_.size() + (shared_body_ ? shared_body_->size() : 0)) return finish();
    }
    expect(State::writing, shared_.parts.config.request_timeout);
    const std::size_t of_out = std::min(sent, out_.size());
    std::array<asio::const_buffer, 2> rest{asio::buffer(out_) + of_out, asio::const_buffer()};
    if (shared_body_) rest[1] = asio::buffer(*shared_body_) + (sent - of_out);
    asio::async_write(*stream_, rest, [self = self()](error_code error, std::size_t bytes) {
      if (self->state_ == State::closed) return;
      self->shared_.counts->bytes_out.fetch_add(bytes, std::memory_order_relaxed);
      if (error) return self->close();
      if (self->finish()) self->process();
    });
    return false;
  }

  /// The answer is out. True where another request may follow.
  bool finish() {
    shared_body_.reset();
    if (out_.capacity() > 64 << 10) out_ = {};
    method_.clear();
    is_head_ = false;
    if (!keep_alive_) {
      drain();
      return false;
    }
    parser_.restart();
    if (in_.size() > 64 << 10 && begin_ == end_) in_ = {};
    begin_ = begin_ == end_ ? end_ = 0 : begin_;
    expect(State::idle, shared_.parts.config.idle_timeout);
    return true;
  }

  /// Closing with unread bytes would take the answer from the peer: what still comes is read for a moment.
  void drain() {
    expect(State::draining, drain_time.count());
    error_code ignored;
    if constexpr (is_tls) {
      if (is_reading_) return close();
      stream_->async_shutdown([self = self()](error_code) {
        if (self->state_ != State::closed) self->close();
      });
    } else {
      stream_->shutdown(tcp::socket::shutdown_send, ignored);
      read();
    }
  }

  Shared& shared_;
  IoThread& thread_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::unique_ptr<Seat> seat_;
  std::unique_ptr<Stream> stream_;
  HttpParser parser_;
  State state_ = State::idle;
  SteadyTime deadline_{}, started_{};
  std::vector<char> in_;
  std::size_t begin_ = 0, end_ = 0, drained_ = 0;
  std::string out_, method_;
  std::shared_ptr<const std::string> shared_body_;
  std::uint64_t generation_ = 0;
  bool keep_alive_ = true, is_head_ = false, is_reading_ = false;
};

}  // namespace

void serve_connection(Shared& shared, IoThread& thread, tcp::socket socket, std::unique_ptr<Seat> seat,
                      std::shared_ptr<asio::ssl::context> tls) {
  if (tls) {
    auto stream = std::make_unique<TlsStream>(std::move(socket), *tls);
    std::make_shared<Connection<TlsStream>>(shared, thread, std::move(stream), std::move(seat),
                                            std::move(tls))
        ->begin();
  } else {
    auto stream = std::make_unique<tcp::socket>(std::move(socket));
    std::make_shared<Connection<tcp::socket>>(shared, thread, std::move(stream), std::move(seat), nullptr)
        ->begin();
  }
}

}  // namespace stevie::api
