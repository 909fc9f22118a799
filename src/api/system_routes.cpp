#include "api/system_routes.h"

#include <exception>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace stevie::api {
namespace {

Response ready(const std::vector<HealthCheck>& checks, const Request& request) {
  nlohmann::ordered_json body{{"ready", true}, {"checks", nlohmann::ordered_json::object()}};
  for (const HealthCheck& check : checks) {
    std::string fault;
    try {
      fault = check.fault();
    } catch (const Error& error) {
      fault = error.message();
    } catch (const std::exception&) {
      fault = "the check itself failed";
    }
    if (!fault.empty()) body["ready"] = false;
    // Why is for those who may look; anybody may know whether.
    body["checks"][check.name] = fault.empty() ? "ok" : request.principal ? fault : "failed";
  }
  Response response;
  response.status = body["ready"].get<bool>() ? 200 : 503;
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return response;
}

constexpr const char* ready_schema = R"({
  "type": "object", "required": ["ready", "checks"],
  "properties": {
    "ready": {"type": "boolean"},
    "checks": {"type": "object", "additionalProperties": {"type": "string"},
               "description": "ok or failed; to those who are logged in: why"}
  }
})";

}  // namespace

std::vector<Route> system_routes(const SystemParts& parts) {
  std::vector<Route> routes;
  Route live;
  live.path = "/health/live";
  live.tag = "server";
  live.summary = "Whether the process answers";
  live.responses = {
      {.status = 200,
       .description = "It does.",
       .schema = R"({"type":"object","required":["live"],"properties":{"live":{"const":true}}})"}};
  live.handler = [](const Request&) { return Response{.body = R"({"live":true})"}; };
  routes.push_back(std::move(live));

  Route is_ready;
  is_ready.path = "/health/ready";
  is_ready.tag = "server";
  is_ready.summary = "Whether everything that this server stands on works";
  is_ready.description =
      "One entry for each part. What is wrong with a part is told to those who are logged in.";
  is_ready.slow = true;
  is_ready.responses = {
      {.status = 200, .description = "All parts work.", .schema = ready_schema},
      {.status = 503, .description = "At least one part does not.", .schema = ready_schema}};
  is_ready.handler = [checks = parts.checks](const Request& request) { return ready(*checks, request); };
  routes.push_back(std::move(is_ready));

  Route metrics;
  metrics.path = "/metrics";
  metrics.tag = "server";
  metrics.summary = "Counts and times in Prometheus' text format";
  metrics.role = accounts::Role::viewer;
  metrics.slow = true;
  metrics.responses = {
      {.status = 200, .description = "One line a value.", .content_type = "text/plain; version=0.0.4"}};
  metrics.handler = [write = parts.metrics](const Request&) {
    return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = write()};
  };
  routes.push_back(std::move(metrics));

  Route openapi;
  openapi.path = "/api/openapi.json";
  openapi.tag = "server";
  openapi.summary = "This document";
  openapi.responses = {{.status = 200, .description = "OpenAPI 3.1.", .schema = R"({"type":"object"})"}};
  openapi.handler = [text = parts.openapi](const Request&) {
    Response response;
    response.shared_body = text();
    return response;
  };
  routes.push_back(std::move(openapi));
  return routes;
}

}  // namespace stevie::api
