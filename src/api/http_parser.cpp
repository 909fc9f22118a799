#include "api/http_parser.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/verb.hpp>
#include <optional>

#include "api/request_text.h"

namespace stevie::api {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

/// Puts what is parsed into a RawRequest whose strings are used again.
class Sink : public http::basic_parser<true> {
 public:
  explicit Sink(RawRequest& request) : request_(&request) {}

  int version() const { return version_; }  // 11 for HTTP/1.1

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    version_ = version;
    request_->method.assign(method.data(), method.size());
    request_->target.assign(target.data(), target.size());
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    if (header_done_) return;  // of a trailer
    if (headers_ == request_->headers.size()) request_->headers.emplace_back();
    auto& header = request_->headers[headers_++];
    header.first.assign(name.data(), name.size());
    header.second.assign(value.data(), value.size());
  }
  void on_header_impl(error_code&) override {
    request_->headers.resize(headers_);
    header_done_ = true;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override {
    request_->body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    request_->body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  RawRequest* request_;
  std::size_t headers_ = 0;
  int version_ = 11;
  bool header_done_ = false;
};

}  // namespace

struct HttpParser::Core {
  std::optional<Sink> sink;
  bool header_checked = false;
};

HttpParser::HttpParser(std::size_t largest_header, std::size_t largest_body)
    : largest_header_(largest_header), largest_body_(largest_body), core_(std::make_unique<Core>()) {
  restart();
}
HttpParser::~HttpParser() = default;

void HttpParser::restart() {
  core_->sink.emplace(request_);
  core_->sink->header_limit(static_cast<std::uint32_t>(largest_header_));
  core_->sink->body_limit(largest_body_);
  core_->sink->eager(true);
  core_->header_checked = false;
  request_.body.clear();
  // One large body must not be held for the rest of a connection's life.
  if (request_.body.capacity() > 64 << 10) request_.body = {};
  state_ = State::header;
  keep_alive_ = true;
  upgrade_ = expects_continue_ = false;
  host_.clear();
  fault_code_.clear();
  fault_.clear();
}

void HttpParser::refuse(std::string code, std::string sentence) {
  state_ = State::refused;
  keep_alive_ = false;
  fault_code_ = std::move(code);
  fault_ = std::move(sentence);
}

std::size_t HttpParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  Sink& sink = *core_->sink;
  while (state_ == State::header || state_ == State::body) {
    error_code error;
    const std::size_t used =
        taken < bytes.size()
            ? sink.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), error)
            : 0;
    taken += used;
    if (error && error != http::error::need_more) {
      if (error == http::error::header_limit) {
        refuse("api.header_too_large", fmt::format("the header has more than {} bytes", largest_header_));
      } else if (error == http::error::body_limit) {
        refuse("api.too_large", fmt::format("the body has more than {} bytes", largest_body_));
      } else {
        refuse("api.bad_request", fmt::format("this is not HTTP/1.1: {}", error.message()));
      }
      return taken;
    }
    if (sink.is_header_done()) {
      if (!core_->header_checked) check_header();
      if (state_ == State::refused) return taken;
      state_ = sink.is_done() ? State::complete : State::body;
    }
    if (used == 0 || taken == bytes.size()) break;
  }
  // Beast limits the header, but neither a chunk's extension nor a trailer.
  if (state_ == State::body && bytes.size() - taken > largest_header_) {
    refuse("api.header_too_large",
           fmt::format("a chunk's extension or the trailer has more than {} bytes", largest_header_));
  }
  return taken;
}

void HttpParser::check_header() {
  core_->header_checked = true;
  const Sink& sink = *core_->sink;
  keep_alive_ = sink.keep_alive();
  std::size_t hosts = 0, tokens = 0, types = 0, keys = 0, lengths = 0, encodings = 0;
  bool is_chunked = false;
  for (const auto& [name, value] : request_.headers) {
    if (equal_ignoring_case(name, "Host")) {
      ++hosts;
      host_ = value;
    }
    tokens += equal_ignoring_case(name, "Authorization");
    types += equal_ignoring_case(name, "Content-Type");
    keys += equal_ignoring_case(name, "Idempotency-Key");
    lengths += equal_ignoring_case(name, "Content-Length");
    if (equal_ignoring_case(name, "Transfer-Encoding")) {
      ++encodings;
      is_chunked = equal_ignoring_case(value, "chunked");
    }
    if (equal_ignoring_case(name, "Expect") && equal_ignoring_case(value, "100-continue"))
      expects_continue_ = true;
    if (equal_ignoring_case(name, "Upgrade") && equal_ignoring_case(value, "websocket")) upgrade_ = true;
  }
  if (hosts > 1 || (hosts == 0 && sink.version() >= 11)) {
    refuse("api.bad_request", "a request has exactly one header Host");
  } else if (tokens > 1 || types > 1 || keys > 1 || lengths > 1) {
    refuse("api.bad_header",
           "Authorization, Content-Type, Content-Length and Idempotency-Key may stand once");
  } else if (lengths > 0 && encodings > 0) {
    refuse("api.bad_request", "a request has either Content-Length or Transfer-Encoding");
  } else if (encodings > 1 || (encodings == 1 && !(is_chunked && sink.version() >= 11))) {
    // Where two programs could disagree on where it ends, what follows may be a request of somebody else.
    refuse("api.bad_request", "the only Transfer-Encoding is chunked, of HTTP/1.1");
  }
}

}  // namespace stevie::api
