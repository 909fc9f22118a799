#pragma once
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/accounts.h"

namespace stevie::api {

enum class Method : std::uint8_t { get, post, put, patch, del };
std::string_view to_string(Method method);  // "GET"

/// A request that has passed parsing, limits, authentication, role and schema.
struct Request {
  Method method = Method::get;
  std::string path;  // decoded
  std::map<std::string, std::string> path_parameters;
  std::map<std::string, std::string> query;      // only documented ones, defaults filled in
  std::string body;                              // JSON that its schema accepts; empty where none is asked
  std::optional<accounts::Principal> principal;  // absent only on public routes
  std::string address;                           // of the peer
  std::string id;                                // X-Request-Id
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> shared_body;  // instead of body: sent without a copy
};

/// One parameter in path or query.
struct ParameterSpec {
  std::string name;
  std::string description;
  std::string schema = R"({"type":"string"})";  // JSON Schema
  std::string default_text;                     // query only; empty: none
  bool required = false;                        // query only; path parameters always are
  std::string example;                          // as it stands in the URL, decoded; may be empty
};

struct ResponseSpec {
  int status = 200;
  std::string description;
  std::string schema;  // JSON Schema, or {"$ref":"#/components/schemas/X"}; empty: no JSON body
  std::string content_type = "application/json";
  std::string example;  // JSON; may be empty
};

/// Everything there is to know of a route: routing, checks, documentation and tests are made from it.
struct Route {
  Method method = Method::get;
  std::string path;                    // "/api/rl-training/scenarios/{id}/start"
  std::string tag;                     // "training"
  std::string summary;                 // one line
  std::string description;             // a paragraph, may be empty
  std::optional<accounts::Role> role;  // least role; absent: public
  std::vector<ParameterSpec> parameters;
  std::string request_schema;           // JSON Schema of the body; empty: no body
  std::vector<ResponseSpec> responses;  // successes; faults that the framework can give are added
  /// Further statuses the handler can give: 404, 409, 422. An Error whose status (problem.h) is not among
  /// them is answered as 400, so that no answer is undocumented.
  std::vector<int> faults;
  bool changes =
      false;          // leaves an event "api.call", takes Idempotency-Key where it has a role; implies slow
  bool slow = false;  // password hashing, database, files: runs on a worker thread
  std::function<Response(const Request&)> handler;  // throws Error: becomes problem+json (problem.h)
  bool secret = false;          // request or answer holds a secret: a repeated call is not answered again
  std::string request_example;  // JSON; may be empty
  /// Makes things safer, and so acts even while the call cannot be put on record, or its key be looked up;
  /// the handler says then what is not on record.
  bool acts_unrecorded = false;
};

/// All routes and the named schemas they refer to.
struct RouteTable {
  std::vector<Route> routes;
  std::map<std::string, std::string> schemas;  // components.schemas: name -> JSON Schema
};

}  // namespace stevie::api
