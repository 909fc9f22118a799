#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/route.h"

namespace stevie::api {

/// A request as the network gave it: hostile.
struct RawRequest {
  std::string method, target;  // "GET", "/api/x?y=1"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string address;
};

/// Turns raw requests into answers by the table. Thread-safe.
class Router {
 public:
  struct Parts {
    RouteTable table;
    accounts::AccountStore* accounts = nullptr;
    /// Puts a changing call on record ("api.call": route, user, reason, status); throws where it cannot,
    /// and the call is then answered 503 before its handler runs.
    std::function<void(const Route&, const Request&, int status)> record;
    std::function<TimeMs()> now;
  };
  /// Throws Error "api.bad_table" with every fault of the table: unparsable schema, a route without summary,
  /// two routes for one path, path parameters that are not described.
  explicit Router(Parts parts);
  ~Router();

  /// Whether this request's handler belongs on a worker thread.
  bool slow(const RawRequest& request) const;
  /// Always an answer; faults are problem+json. Never throws.
  Response answer(const RawRequest& request) const;

  const RouteTable& table() const;
  /// OpenAPI 3.1 of the whole table.
  const std::string& openapi() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::api
