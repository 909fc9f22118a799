#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/time.h"

namespace stevie::market {

struct HttpAnswer {
  int status = 0;  // HTTP status; 0 where no whole answer arrived
  std::string body;
  std::string fault;                  // why no whole answer arrived; empty otherwise
  std::optional<TimeMs> retry_after;  // how long the server asks to wait
};

/// GET requests over one kept-open connection. Follows a few redirects; an answer over 16 MiB counts as a
/// fault.
class HttpClient {
 public:
  /// timeout: limit of one request, connection included. give_up: asked meanwhile, about once a second at
  /// least; true ends the request with a fault.
  explicit HttpClient(TimeMs timeout, std::function<bool()> give_up = {});
  ~HttpClient();

  /// Never throws for what the network or the server does: see HttpAnswer.
  HttpAnswer get(const std::string& url);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace stevie::market
