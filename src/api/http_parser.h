#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "api/router.h"

namespace stevie::api {

/// HTTP/1.0 and 1.1 requests out of bytes, by Boost.Beast's parser with the limits of a server.
class HttpParser {
 public:
  HttpParser(std::size_t largest_header, std::size_t largest_body);
  ~HttpParser();

  enum class State {
    header,    // more bytes of the header are wanted
    body,      // more bytes of the body are wanted
    complete,  // request() is whole
    refused    // fault_code() and fault() say why; the connection is of no further use
  };
  /// Takes what it can use of `bytes` and returns how much that was. What is not taken must come again in
  /// front of further bytes.
  std::size_t feed(std::string_view bytes);
  State state() const { return state_; }

  /// Filled as far as it was read; valid until restart(), moved from at will once complete.
  RawRequest& request() { return request_; }
  bool keep_alive() const { return keep_alive_; }
  bool upgrade() const { return upgrade_; }                    // asks for WebSocket
  bool expects_continue() const { return expects_continue_; }  // waits for "100 Continue"
  std::string_view host() const { return host_; }
  const std::string& fault_code() const { return fault_code_; }  // "api.too_large"
  const std::string& fault() const { return fault_; }

  /// For the next request of the connection.
  void restart();

 private:
  struct Core;
  void refuse(std::string code, std::string sentence);
  void check_header();
  void take_error(int kind);

  std::size_t largest_header_, largest_body_;
  std::unique_ptr<Core> core_;
  State state_ = State::header;
  RawRequest request_;
  bool keep_alive_ = true, upgrade_ = false, expects_continue_ = false;
  std::string host_, fault_code_, fault_;
};

}  // namespace stevie::api
