#include "api/openapi.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "api/json_schema.h"
#include "api/problem.h"

namespace stevie::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view reference_prefix = "#/components/schemas/";

const char* problem_schema = R"({
  "type": "object",
  "description": "What is wrong and what to do about it (RFC 9457).",
  "required": ["type", "title", "status", "code", "detail", "what_to_do", "request_id"],
  "properties": {
    "type": {"type": "string", "description": "where the code is explained"},
    "title": {"type": "string"},
    "status": {"type": "integer", "minimum": 400, "maximum": 599},
    "code": {"type": "string", "description": "stable; for programs", "examples": ["api.bad_body"]},
    "detail": {"type": "string", "description": "what is wrong with this request"},
    "what_to_do": {"type": "string"},
    "request_id": {"type": "string", "description": "as in the log of the server"},
    "faults": {"type": "array", "items": {"type": "string"}, "description": "each of several faults"}
  }
})";

void collect_references(const Json& schema, const std::map<std::string, Json>& components,
                        std::set<std::string>& found) {
  if (schema.is_structured()) {
    for (const auto& [key, value] : schema.items()) {
      if (key == "$ref" && value.is_string()) {
        const std::string reference = value.get<std::string>();
        if (!reference.starts_with(reference_prefix)) continue;
        const std::string name = reference.substr(reference_prefix.size());
        const auto target = components.find(name);
        if (target != components.end() && found.insert(name).second) {
          collect_references(target->second, components, found);
        }
      } else {
        collect_references(value, components, found);
      }
    }
  }
}

/// "POST /api/sessions/{id}/stop" -> "post_api_sessions_id_stop".
std::string operation_id(const Route& route) {
  std::string id;
  for (const char c : std::string(to_string(route.method)) + route.path) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word) {
      id += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!id.empty() && id.back() != '_') {
      id += '_';
    }
  }
  while (!id.empty() && id.back() == '_') id.pop_back();
  return id;
}

Json parameters_of(const Route& route) {
  Json parameters = Json::array();
  const std::vector<std::string> in_path = path_parameter_names(route.path);
  for (const ParameterSpec& spec : route.parameters) {
    const bool is_path = std::find(in_path.begin(), in_path.end(), spec.name) != in_path.end();
    Json schema = Json::parse(spec.schema);
    if (!spec.default_text.empty()) {
      schema["default"] =
          Json::parse(typed_value(spec.default_text, nlohmann::json::parse(spec.schema)).dump());
    }
    Json parameter{
        {"name", spec.name}, {"in", is_path ? "path" : "query"}, {"description", spec.description}};
    if (is_path || spec.required) parameter["required"] = true;
    parameter["schema"] = std::move(schema);
    if (!spec.example.empty()) {
      parameter["example"] =
          Json::parse(typed_value(spec.example, nlohmann::json::parse(spec.schema)).dump());
    }
    parameters.push_back(std::move(parameter));
  }
  if (route.changes && route.role) parameters.push_back({{"$ref", "#/components/parameters/IdempotencyKey"}});
  return parameters;
}

Json responses_of(const Route& route) {
  std::map<int, Json> by_status;
  for (const ResponseSpec& spec : route.responses) {
    Json& response = by_status[spec.status];  // one more content type where the status is there already
    if (!response.contains("description")) response["description"] = spec.description;
    if (!spec.schema.empty()) {
      Json media{{"schema", Json::parse(spec.schema)}};
      if (!spec.example.empty()) media["example"] = Json::parse(spec.example);
      response["content"][spec.content_type] = std::move(media);
    } else if (spec.content_type != "application/json") {
      response["content"][spec.content_type] = {{"schema", {{"type", "string"}}}};
    }
  }
  for (const int status : fault_statuses(route)) {
    by_status.try_emplace(status, Json{{"$ref", "#/components/responses/Problem" + std::to_string(status)}});
  }
  Json responses = Json::object();
  for (auto& [status, response] : by_status) responses[std::to_string(status)] = std::move(response);
  return responses;
}

bool takes_empty_body(const Route& route, const RouteTable& table) {
  return JsonSchema(route.request_schema, table.schemas).faults(nlohmann::json::object(), "body").empty();
}

Json operation_of(const Route& route, const RouteTable& table) {
  Json operation{{"operationId", operation_id(route)}, {"summary", route.summary}};
  if (!route.tag.empty()) operation["tags"] = Json::array({route.tag});
  std::string description = route.description;
  if (route.role) {
    description +=
        (description.empty() ? "" : "\n\n") + ("Least role: " + std::string(to_string(*route.role)) + ".");
    operation["security"] = Json::array({{{"bearer", Json::array()}}});
  } else {
    operation["security"] = Json::array();
  }
  if (!description.empty()) operation["description"] = description;
  if (Json parameters = parameters_of(route); !parameters.empty()) {
    operation["parameters"] = std::move(parameters);
  }
  if (!route.request_schema.empty()) {
    Json schema = Json::parse(route.request_schema);
    close_objects(schema);
    Json media{{"schema", std::move(schema)}};
    if (!route.request_example.empty()) media["example"] = Json::parse(route.request_example);
    operation["requestBody"] = {{"required", !takes_empty_body(route, table)},
                                {"content", {{"application/json", std::move(media)}}}};
  }
  operation["responses"] = responses_of(route);
  return operation;
}

}  // namespace

std::vector<std::string> path_parameter_names(const std::string& path) {
  std::vector<std::string> names;
  std::size_t from = 0;
  while ((from = path.find('{', from)) != std::string::npos) {
    const std::size_t end = path.find('}', from);
    if (end == std::string::npos) break;
    names.push_back(path.substr(from + 1, end - from - 1));
    from = end;
  }
  return names;
}

std::vector<int> fault_statuses(const Route& route) {
  // 400: any route refuses an unknown query parameter. 408, 413, 431, 503: the server refuses what is too
  // slow, too large or too much before it looks at the route.
  std::set<int> statuses{400, 408, 413, 431, 500, 503};
  statuses.insert(route.faults.begin(), route.faults.end());
  if (route.role) statuses.insert({401, 403});
  if (!route.request_schema.empty()) statuses.insert(415);
  if (route.changes && route.role) statuses.insert({409, 422});
  return {statuses.begin(), statuses.end()};
}

std::string openapi_document(const RouteTable& table) {
  std::map<std::string, Json> components;
  for (const auto& [name, text] : table.schemas) components[name] = Json::parse(text);
  std::set<std::string> in_requests;
  for (const Route& route : table.routes) {
    if (!route.request_schema.empty()) {
      collect_references(Json::parse(route.request_schema), components, in_requests);
    }
  }
  for (const std::string& name : in_requests) close_objects(components[name]);
  components["Problem"] = Json::parse(problem_schema);

  Json document{{"openapi", "3.1.0"}};
  document["info"] = {
      {"title", "Stevie"},
      {"version", "1"},
      {"description",
       "Control of the live algorithm and of training. Faults are application/problem+json with a stable "
       "code, listed at /api/docs/errors. Send `Authorization: Bearer` with an access token or an API key. "
       "What changes is pushed over the WebSocket /api/ws."},
      {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}};
  document["servers"] = Json::array({{{"url", "/"}, {"description", "this server"}}});
  std::set<std::string> tags;
  Json paths = Json::object();
  std::set<int> statuses;
  for (const Route& route : table.routes) {
    std::string method(to_string(route.method));
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c | 0x20); });
    paths[route.path][method] = operation_of(route, table);
    for (const int status : fault_statuses(route)) statuses.insert(status);
    if (!route.tag.empty() && tags.insert(route.tag).second)
      document["tags"].push_back({{"name", route.tag}});
  }
  document["paths"] = std::move(paths);
  Json& parts = document["components"];
  parts["securitySchemes"]["bearer"] = {
      {"type", "http"}, {"scheme", "bearer"}, {"description", "an access token or an API key"}};
  parts["parameters"]["IdempotencyKey"] = {
      {"name", "Idempotency-Key"},
      {"in", "header"},
      {"description",
       "A repeated call with the same key acts once and is answered as the first, for 24 hours."},
      {"schema",
       {{"type", "string"}, {"minLength", 1}, {"maxLength", 200}, {"pattern", "^[\\x21-\\x7e]+$"}}}};
  for (const auto& [name, schema] : components) parts["schemas"][name] = schema;
  for (const int status : statuses) {
    Json& response = parts["responses"]["Problem" + std::to_string(status)];
    response["description"] = reason_phrase(status);
    response["content"]["application/problem+json"]["schema"]["$ref"] = "#/components/schemas/Problem";
    if (status == 503 || status == 429) {
      response["headers"]["Retry-After"] = {{"description", "seconds to wait"},
                                            {"schema", {{"type", "integer"}}}};
    }
  }
  return document.dump();
}

}  // namespace stevie::api
