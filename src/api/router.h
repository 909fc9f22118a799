#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/assets.h"
#include "api/idempotency.h"
#include "api/metrics.h"
#include "api/route.h"

namespace stevie::api {

/// A request as the network gave it: hostile.
struct RawRequest {
  std::string method, target;  // "GET", "/api/x?y=1"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string address;
};

/// Something that must work for this server to be of use: a check of /health/ready.
struct HealthCheck {
  std::string name;                    // "ledger"
  std::function<std::string()> fault;  // a sentence, or empty where it is well; on a worker thread
};

/// What the log wants to know of a request; no secret is in it.
struct Trace {
  std::string_view route = "none";  // "/api/sessions/{id}", "asset", "none"
  std::string user;                 // empty: nobody
  std::string request_id;
  std::string code;  // of the problem; empty where it was answered
};

/// Turns raw requests into answers by the table. Thread-safe.
///
/// A changing call is on record before it acts: record(route, request, 0) comes first and, where it throws,
/// the answer is 503 and nothing was done; record(route, request, status) follows with the outcome. The
/// second one failing is counted (stevie_http_unrecorded_outcomes_total) and does not change the answer. Of a
/// caller without a login (a public route) only what took effect is recorded, afterwards.
class Router {
 public:
  struct Parts {
    RouteTable table;
    accounts::AccountStore* accounts = nullptr;
    /// Puts a changing call on record ("api.call": route, user, reason, status where it is not 0).
    std::function<void(const Route&, const Request&, int status)> record = {};
    std::function<TimeMs()> now = {};
    IdempotencyStore* idempotency = nullptr;  // nullptr: Idempotency-Key is refused with 503
    std::vector<HealthCheck> checks = {};
    /// Each gives lines of Prometheus' text format; on a worker thread.
    std::vector<std::function<std::string()>> metrics = {};
    std::vector<Asset> assets = {};  // of a dashboard; those of /api/docs are added
  };
  /// Adds the routes that every server has to the table: /api/openapi.json, /health/live, /health/ready,
  /// /metrics. Throws Error "api.bad_table" with every fault of the table: unparsable schema, a route without
  /// summary, two routes for one path, path parameters that are not described.
  explicit Router(Parts parts);
  ~Router();

  /// Whether this request's handler belongs on a worker thread.
  bool slow(const RawRequest& request) const;
  /// Always an answer; faults are problem+json. Never throws. The answer to HEAD is that to GET: whoever
  /// sends it leaves the body out.
  Response answer(const RawRequest& request, Trace* trace = nullptr) const;
  /// For what is refused before it is a request: counted and logged like any other answer.
  Response refuse(const std::string& code, std::string detail, Trace* trace = nullptr) const;

  const RouteTable& table() const;
  /// OpenAPI 3.1 of the whole table.
  const std::string& openapi() const;
  ServerCounts& counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::api
