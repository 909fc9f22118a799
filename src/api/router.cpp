#include "api/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <unordered_map>

#include "api/dashboard.h"
#include "api/json_schema.h"
#include "api/openapi.h"
#include "api/problem.h"
#include "api/request_text.h"
#include "api/system_routes.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "live/json_text.h"

namespace stevie::api {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_target = 8192;
constexpr std::size_t longest_key = 200;
constexpr std::size_t method_count = 5;

/// A fault that is an answer already.
struct Refused {
  Problem problem;
  std::string allow = {};  // the header Allow
};

[[noreturn]] void refuse_with(std::string_view code, std::string detail,
                              std::vector<std::string> faults = {}) {
  throw Refused{make_problem(code, std::move(detail), std::move(faults))};
}

struct Parameter {
  const ParameterSpec* spec = nullptr;
  JsonSchema schema;
};

/// A route made ready for matching and checking.
struct Compiled {
  const Route* route = nullptr;
  std::vector<std::string> segments;  // "{id}" for a parameter
  std::vector<Parameter> path, query;
  std::unique_ptr<JsonSchema> body;
  bool takes_empty_body = false;
  std::set<int> statuses;  // documented
  RouteCounts counts;

  bool slow() const { return route->slow || route->changes; }
};

/// The routes of one path, by method.
struct Place {
  std::array<Compiled*, method_count> by_method{};

  std::string allowed() const {
    std::vector<std::string> names;
    for (const Compiled* compiled : by_method) {
      if (compiled == nullptr) continue;
      names.emplace_back(to_string(compiled->route->method));
      if (compiled->route->method == Method::get) names.emplace_back("HEAD");
    }
    names.emplace_back("OPTIONS");
    return fmt::format("{}", fmt::join(names, ", "));
  }
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

std::string_view header(const RawRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

bool is_token(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_parameter(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{';
}

/// Without parameters' names, so that "/a/{x}" and "/a/{y}" are one path.
std::string shape_of(const std::vector<std::string>& segments) {
  std::string shape;
  for (const std::string& segment : segments) shape += "/" + (is_parameter(segment) ? "{}" : segment);
  return shape;
}

}  // namespace

struct Router::Impl {
  Parts parts;
  std::vector<std::unique_ptr<Compiled>> routes;
  ByText<Place> literal;  // by path, routes without parameters
  std::map<std::size_t, std::vector<std::pair<std::vector<std::string>, Place>>> patterns;  // by segments
  ByText<const Asset*> assets;
  DocumentationAssets documentation;
  Dashboard dashboard;
  std::shared_ptr<const std::string> openapi;
  mutable RouteCounts unmatched, asset_counts;
  mutable ServerCounts counts;
  mutable std::atomic<std::uint64_t> unrecorded{0}, next_id{1};
  std::string id_prefix;

  explicit Impl(Parts all);
  void compile();
  void compile_one(const Route& route, std::vector<std::string>& faults);
  void index();
  std::string metrics() const;

  /// What a target leads to; path parameters in `values`, not decoded.
  const Place* find(std::string_view path, std::vector<std::string_view>* values) const;
  std::optional<accounts::Principal> principal(const RawRequest& raw) const;
  Response route_answer(const RawRequest& raw, Trace& trace, RouteCounts*& counted) const;
  /// Pages and what they load: /api/docs, the dashboard.
  std::optional<Response> page_answer(std::string_view path, const RawRequest& raw) const;
  Request checked(const Compiled& compiled, const RawRequest& raw, std::string_view path,
                  const std::vector<std::string_view>& values, Request request) const;
  void check_query(const Compiled& compiled, std::string_view query, Request& request,
                   std::vector<std::string>& faults) const;
  void check_body(const Compiled& compiled, const RawRequest& raw, Request& request,
                  std::vector<std::string>& faults) const;
  Response act(const Compiled& compiled, const Request& request, bool& acted, bool& unknown,
               Trace& trace) const;
  Response changing(const Compiled& compiled, const RawRequest& raw, const Request& request,
                    Trace& trace) const;
  Response recorded(const Compiled& compiled, const Request& request, bool& acted, bool& unknown,
                    Trace& trace) const;
  std::string request_id(const RawRequest& raw) const;
  Response problem_answer(const Problem& problem, Trace& trace) const;
};

Router::Impl::Impl(Parts all) : parts(std::move(all)), dashboard(dashboard_files()) {
  if (!parts.now) parts.now = system_time;
  id_prefix = fmt::format("{:08x}-", std::random_device{}());
  SystemParts system{&parts.checks, [this] { return metrics(); }, [this] { return openapi; }};
  for (Route& route : system_routes(system)) {
    const auto same = [&](const Route& other) {
      return other.path == route.path && other.method == route.method;
    };
    if (std::none_of(parts.table.routes.begin(), parts.table.routes.end(), same)) {
      parts.table.routes.push_back(std::move(route));
    }
  }
  compile();
  openapi = std::make_shared<const std::string>(openapi_document(parts.table));
  documentation = documentation_assets(parts.table.routes);
  for (const auto* list : {&documentation.assets, &parts.assets}) {
    for (const Asset& asset : *list) assets[asset.path] = &asset;
  }
}

void Router::Impl::compile_one(const Route& route, std::vector<std::string>& faults) {
  const std::string name = fmt::format("{} {}", to_string(route.method), route.path);
  const auto fault = [&](const std::string& text) { faults.push_back(fmt::format("{}: {}", name, text)); };
  const auto schema = [&](const std::string& text, const std::string& what) -> std::unique_ptr<JsonSchema> {
    try {
      return std::make_unique<JsonSchema>(text, parts.table.schemas);
    } catch (const Error& error) {
      fault(fmt::format("the schema of {} is not usable: {}", what, error.message()));
      return nullptr;
    }
  };
  auto compiled = std::make_unique<Compiled>();
  compiled->route = &route;
  if (route.summary.empty()) fault("there is no summary");
  if (!route.handler) fault("there is no handler");
  if (route.responses.empty()) fault("there is no response");
  const auto segments = split_path(route.path);
  if (!segments) {
    fault("the path does not begin with /");
    return;
  }
  for (const std::string_view segment : *segments) compiled->segments.emplace_back(segment);
  const std::vector<std::string> in_path = path_parameter_names(route.path);
  std::set<std::string> described;
  for (const ParameterSpec& spec : route.parameters) {
    if (!described.insert(spec.name).second)
      fault(fmt::format("the parameter {} is described twice", spec.name));
    if (spec.description.empty()) fault(fmt::format("the parameter {} has no description", spec.name));
    auto made = schema(spec.schema, spec.name);
    if (!made) continue;
    const bool is_path = std::find(in_path.begin(), in_path.end(), spec.name) != in_path.end();
    if (!spec.default_text.empty() &&
        !made->faults(typed_value(spec.default_text, made->expanded()), "it").empty()) {
      fault(fmt::format("the default of {} does not fit its schema", spec.name));
    }
    (is_path ? compiled->path : compiled->query).push_back({&spec, std::move(*made)});
  }
  for (const std::string& parameter : in_path) {
    if (!described.contains(parameter))
      fault(fmt::format("the path parameter {} is not described", parameter));
  }
  if (!route.request_schema.empty()) {
    compiled->body = schema(route.request_schema, "the body");
    if (compiled->body) compiled->takes_empty_body = compiled->body->faults(Json::object(), "it").empty();
  }
  for (const ResponseSpec& response : route.responses) {
    compiled->statuses.insert(response.status);
    if (response.description.empty()) fault(fmt::format("response {} has no description", response.status));
    if (!response.schema.empty()) schema(response.schema, fmt::format("response {}", response.status));
    if (!response.example.empty() && !Json::accept(response.example)) fault("an example is not JSON");
  }
  if (!route.request_example.empty()) {
    const Json example = Json::parse(route.request_example, nullptr, false);
    if (example.is_discarded() || (compiled->body && !compiled->body->faults(example, "it").empty())) {
      fault("the example of the body does not fit its schema");
    }
  }
  for (const int status : fault_statuses(route)) compiled->statuses.insert(status);
  routes.push_back(std::move(compiled));
}

void Router::Impl::compile() {
  std::vector<std::string> faults;
  for (const auto& [name, text] : parts.table.schemas) {
    try {
      JsonSchema(text, parts.table.schemas);
    } catch (const Error& error) {
      faults.push_back(fmt::format("schema {}: {}", name, error.message()));
    }
  }
  std::map<std::string, std::string> seen;
  for (const Route& route : parts.table.routes) {
    compile_one(route, faults);
    const auto parts_of_path = split_path(route.path);
    if (!parts_of_path) continue;
    const std::vector<std::string> segments(parts_of_path->begin(), parts_of_path->end());
    const std::string shape = fmt::format("{} {}", to_string(route.method), shape_of(segments));
    const auto [entry, is_new] = seen.emplace(shape, route.path);
    if (!is_new) faults.push_back(fmt::format("{} and {} are one path", entry->second, route.path));
  }
  if (!faults.empty()) {
    throw Error("api.bad_table", fmt::format("the table of routes has faults: {}", fmt::join(faults, "; ")));
  }
  index();
}

void Router::Impl::index() {
  for (const auto& compiled : routes) {
    const auto method = static_cast<std::size_t>(compiled->route->method);
    if (std::none_of(compiled->segments.begin(), compiled->segments.end(), is_parameter)) {
      literal[compiled->route->path].by_method[method] = compiled.get();
      continue;
    }
    auto& list = patterns[compiled->segments.size()];
    const std::string shape = shape_of(compiled->segments);
    auto found = std::find_if(list.begin(), list.end(),
                              [&](const auto& entry) { return shape_of(entry.first) == shape; });
    if (found == list.end()) found = list.insert(list.end(), {compiled->segments, {}});
    found->second.by_method[method] = compiled.get();
  }
  // Where several match, the one whose first differing segment is literal.
  for (auto& [size, list] : patterns) {
    std::stable_sort(list.begin(), list.end(), [](const auto& left, const auto& right) {
      for (std::size_t i = 0; i < left.first.size(); ++i) {
        const bool is_left = is_parameter(left.first[i]), is_right = is_parameter(right.first[i]);
        if (is_left != is_right) return is_right;
      }
      return false;
    });
  }
}

const Place* Router::Impl::find(std::string_view path, std::vector<std::string_view>* values) const {
  if (const auto found = literal.find(path); found != literal.end()) return &found->second;
  const auto segments = split_path(path);
  if (!segments) return nullptr;
  const auto list = patterns.find(segments->size());
  if (list == patterns.end()) return nullptr;
  for (const auto& [pattern, place] : list->second) {
    bool matches = true;
    for (std::size_t i = 0; matches && i < pattern.size(); ++i) {
      matches = is_parameter(pattern[i]) ? !(*segments)[i].empty() : pattern[i] == (*segments)[i];
    }
    if (!matches) continue;
    if (values != nullptr) {
      for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_parameter(pattern[i])) values->push_back((*segments)[i]);
      }
    }
    return &place;
  }
  return nullptr;
}

std::optional<accounts::Principal> Router::Impl::principal(const RawRequest& raw) const {
  std::string_view value = header(raw, "Authorization");
  if (parts.accounts == nullptr || value.size() < 8 || value.size() > 1000) return std::nullopt;
  if (!equal_ignoring_case(value.substr(0, 7), "Bearer ")) return std::nullopt;
  return parts.accounts->authenticate(trimmed(value.substr(7)));
}

void Router::Impl::check_query(const Compiled& compiled, std::string_view query, Request& request,
                               std::vector<std::string>& faults) const {
  const auto pairs = split_query(query);
  if (!pairs) {
    refuse_with(
        "api.bad_query",
        "the query holds a % that is not followed by two hexadecimal digits, or bytes that are no text");
  }
  std::vector<std::string_view> names;
  for (const Parameter& parameter : compiled.query) names.push_back(parameter.spec->name);
  for (const auto& [name, value] : *pairs) {
    const auto known = std::find_if(compiled.query.begin(), compiled.query.end(),
                                    [&key = name](const Parameter& p) { return p.spec->name == key; });
    if (known == compiled.query.end()) {
      const std::string shown = name.substr(0, 100);
      const std::string_view near = nearest_name(shown, names);
      faults.push_back(
          !near.empty() ? fmt::format("the parameter '{}' is not known: did you mean '{}'?", shown, near)
          : names.empty()
              ? fmt::format("the parameter '{}' is not known: this route takes none", shown)
              : fmt::format("the parameter '{}' is not known; known are: {}", shown, fmt::join(names, ", ")));
      continue;
    }
    if (!request.query.emplace(name, value).second) {
      faults.push_back(fmt::format("the parameter '{}' is given twice", name));
      continue;
    }
    for (std::string& fault : known->schema.faults(typed_value(value, known->schema.expanded()), name)) {
      faults.push_back(std::move(fault));
    }
  }
  for (const Parameter& parameter : compiled.query) {
    if (request.query.contains(parameter.spec->name)) continue;
    if (parameter.spec->required) {
      faults.push_back(fmt::format("the parameter '{}' is missing", parameter.spec->name));
    } else if (!parameter.spec->default_text.empty()) {
      request.query.emplace(parameter.spec->name, parameter.spec->default_text);
    }
  }
}

void Router::Impl::check_body(const Compiled& compiled, const RawRequest& raw, Request& request,
                              std::vector<std::string>& faults) const {
  const std::string_view type = header(raw, "Content-Type");
  if (!compiled.body) {
    if (raw.body.empty() || (compiled.route->method != Method::get && raw.body == "{}")) return;
    refuse_with("api.bad_body", "this route takes no body");
  }
  if (raw.body.empty() && compiled.takes_empty_body) {
    request.body = "{}";
    return;
  }
  if (!is_json_type(type)) {
    refuse_with("api.unsupported_media_type",
                type.empty() ? std::string("the request has no Content-Type")
                             : fmt::format("the Content-Type is '{}'", printable(type.substr(0, 100))));
  }
  Json body;
  try {
    body = live::parse_object(raw.body, raw.body.size(), "api.bad_json", "");
  } catch (const Error& error) {
    refuse_with("api.bad_json", fmt::format("the body: {}", error.message()));
  }
  for (std::string& fault : compiled.body->faults(body, "the body")) faults.push_back(std::move(fault));
  request.body = raw.body;
}

Request Router::Impl::checked(const Compiled& compiled, const RawRequest& raw, std::string_view path,
                              const std::vector<std::string_view>& values, Request request) const {
  std::vector<std::string> faults;
  std::size_t next = 0;
  if (!values.empty()) {
    const auto whole = decode_percent(path);
    if (!whole)
      refuse_with(
          "api.bad_path",
          "the path holds a % that is not followed by two hexadecimal digits, or bytes that are no text");
    request.path = *whole;
  } else {
    request.path = path;
  }
  for (const std::string& name : compiled.segments) {
    if (!is_parameter(name)) continue;
    const std::string key = name.substr(1, name.size() - 2);
    const std::string value = decode_percent(values[next++]).value_or("");
    const auto known = std::find_if(compiled.path.begin(), compiled.path.end(),
                                    [&](const Parameter& p) { return p.spec->name == key; });
    if (value == "." || value == "..") faults.push_back(fmt::format("'{}' cannot be '{}'", key, value));
    for (std::string& fault : known->schema.faults(typed_value(value, known->schema.expanded()), key)) {
      faults.push_back(std::move(fault));
    }
    request.path_parameters.emplace(key, value);
  }
  const std::size_t question = raw.target.find('?');
  const bool has_query = question != std::string::npos;
  if (has_query || !compiled.query.empty()) {
    check_query(compiled, has_query ? std::string_view(raw.target).substr(question + 1) : std::string_view(),
                request, faults);
  }
  const bool parameters_are_sound = faults.empty();
  check_body(compiled, raw, request, faults);
  if (!faults.empty()) {
    std::string detail =
        faults.size() == 1 ? faults.front() : fmt::format("{} things are wrong; see faults", faults.size());
    refuse_with(parameters_are_sound ? "api.bad_body" : "api.bad_parameter", std::move(detail),
                std::move(faults));
  }
  return request;
}

Response Router::Impl::problem_answer(const Problem& problem, Trace& trace) const {
  trace.code = problem.code;
  return to_response(problem, trace.request_id);
}

/// Runs the handler. `acted`: it may have changed something; `unknown`: nobody knows whether it did.
Response Router::Impl::act(const Compiled& compiled, const Request& request, bool& acted, bool& unknown,
                           Trace& trace) const {
  acted = true;
  Problem problem;
  try {
    return compiled.route->handler(request);
  } catch (const Error& error) {
    problem = problem_of(error);
    unknown = error.code().ends_with(".outcome_unknown");
    acted = problem.status < 500 || unknown;
  } catch (const std::exception&) {
    // The text is not for strangers; what() may quote anything.
    problem = make_problem("api.internal", "something went wrong inside the server");
    unknown = true;
  }
  if (!compiled.statuses.contains(problem.status)) problem.status = problem.status < 500 ? 400 : 503;
  return problem_answer(problem, trace);
}

Response Router::Impl::recorded(const Compiled& compiled, const Request& request, bool& acted, bool& unknown,
                                Trace& trace) const {
  acted = false;
  // A stranger's calls that come to nothing are not recorded: nobody could bound how much they add.
  const bool is_stranger = !request.principal;
  if (parts.record && !is_stranger) {
    try {
      parts.record(*compiled.route, request, 0);
    } catch (const std::exception& error) {
      const auto* known = dynamic_cast<const Error*>(&error);
      if (!compiled.route->acts_unrecorded) {
        const std::string detail = known != nullptr ? known->message() : "the ledger cannot be written";
        return problem_answer(make_problem("api.not_recorded", detail), trace);
      }
      unrecorded.fetch_add(1, std::memory_order_relaxed);
    }
  }
  Response response = act(compiled, request, acted, unknown, trace);
  if (parts.record && !(is_stranger && response.status >= 400 && !unknown)) {
    try {
      parts.record(*compiled.route, request, response.status);
    } catch (const std::exception&) {
      unrecorded.fetch_add(1, std::memory_order_relaxed);
    }
  }
  return response;
}

Response Router::Impl::changing(const Compiled& compiled, const RawRequest& raw, const Request& request,
                                Trace& trace) const {
  bool acted = false, unknown = false;
  const std::string key(header(raw, "Idempotency-Key"));
  if (key.empty() || !request.principal) return recorded(compiled, request, acted, unknown, trace);
  if (key.size() > longest_key ||
      !std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    refuse_with("api.bad_header", "Idempotency-Key must be 1 to 200 visible ASCII characters");
  }
  if (parts.idempotency == nullptr)
    refuse_with("api.unavailable", "this server keeps no record of repeated calls");

  const Route& route = *compiled.route;
  const std::string scope =
      fmt::format("{}\n{} {}", request.principal->user, to_string(route.method), route.path);
  // A secret's digest would be one to guess at: such a key stands for whatever was sent with it first.
  const std::string same = route.secret ? std::string() : raw.target + "\n" + request.body;
  EarlierCall earlier;
  try {
    earlier = parts.idempotency->begin(scope, key, same);
  } catch (const Error&) {
    if (!route.acts_unrecorded) throw;
    return recorded(compiled, request, acted, unknown, trace);
  }
  switch (earlier.state) {
    case EarlierCall::State::none:
      break;
    case EarlierCall::State::under_way:
      refuse_with("api.in_progress", "the first request with this key is still being worked on");
    case EarlierCall::State::unknown:
      refuse_with("api.outcome_unknown",
                  "the server ended while it worked on the first request with this key");
    case EarlierCall::State::secret:
      refuse_with("api.shown_once", "this call was answered before");
    case EarlierCall::State::other:
      refuse_with("api.idempotency_mismatch",
                  "the key was used for a request with another path, query or body");
    case EarlierCall::State::answered: {
      Response response = earlier.answer;
      response.headers.emplace_back("Idempotency-Replayed", "true");
      return response;
    }
  }
  Response response = recorded(compiled, request, acted, unknown, trace);
  try {
    if (unknown) {
      parts.idempotency->give_up(scope, key);
    } else if (!acted) {
      parts.idempotency->forget(scope, key);
    } else {
      parts.idempotency->finish(scope, key, response, route.secret && response.status < 400);
    }
  } catch (const std::exception&) {
    // The mark of the beginning stays: a repeat is told that the outcome is unknown.
    unrecorded.fetch_add(1, std::memory_order_relaxed);
  }
  return response;
}

std::optional<Response> Router::Impl::page_answer(std::string_view path, const RawRequest& raw) const {
  const std::string_view encoding = header(raw, "Accept-Encoding"), match = header(raw, "If-None-Match");
  std::optional<Response> response;
  if (const auto asset = assets.find(path); asset != assets.end()) {
    response = answer_asset(*asset->second, encoding, match);
  } else {
    response = dashboard.answer(path, encoding, match);
  }
  if (!response || raw.method == "GET" || raw.method == "HEAD") return response;
  if (raw.method == "OPTIONS") return Response{.status = 204, .headers = {{"Allow", "GET, HEAD, OPTIONS"}}};
  throw Refused{make_problem("api.method_not_allowed", "this is a page"), "GET, HEAD, OPTIONS"};
}

Response Router::Impl::route_answer(const RawRequest& raw, Trace& trace, RouteCounts*& counted) const {
  if (raw.target.size() > longest_target) refuse_with("api.bad_path", "the path and query are too long");
  const std::string_view path = std::string_view(raw.target).substr(0, raw.target.find('?'));
  std::vector<std::string_view> values;
  const Place* place = find(path, &values);
  if (place == nullptr) {
    if (std::optional<Response> page = page_answer(path, raw)) {
      trace.route = "asset";
      counted = &asset_counts;
      return *std::move(page);
    }
    refuse_with("api.not_found", fmt::format("there is no {}", printable(path.substr(0, 200))));
  }
  if (raw.method == "OPTIONS") return {.status = 204, .headers = {{"Allow", place->allowed()}}};
  const auto method = raw.method == "HEAD" ? std::optional(Method::get) : parse_method(raw.method);
  Compiled* compiled = method ? place->by_method[static_cast<std::size_t>(*method)] : nullptr;
  if (compiled == nullptr) {
    throw Refused{make_problem("api.method_not_allowed",
                               fmt::format("{} is not for this path", printable(raw.method.substr(0, 20)))),
                  place->allowed()};
  }
  trace.route = compiled->route->path;
  counted = &compiled->counts;

  Request request;
  request.method = *method;
  request.address = raw.address;
  request.id = trace.request_id;
  request.principal = principal(raw);
  if (request.principal) trace.user = request.principal->user;
  if (const auto least = compiled->route->role) {
    if (!request.principal) {
      refuse_with("api.unauthenticated", header(raw, "Authorization").empty()
                                             ? "the request has no Authorization"
                                             : "the token or key is unknown, expired or revoked");
    }
    if (request.principal->role < *least) {
      refuse_with("api.forbidden", fmt::format("this needs the role {}; {} has {}", to_string(*least),
                                               request.principal->user, to_string(request.principal->role)));
    }
  }
  request = checked(*compiled, raw, path, values, std::move(request));
  if (compiled->route->changes) return changing(*compiled, raw, request, trace);
  bool acted = false, unknown = false;
  return act(*compiled, request, acted, unknown, trace);
}

std::string Router::Impl::request_id(const RawRequest& raw) const {
  const std::string_view given = header(raw, "X-Request-Id");
  if (is_token(given, 64)) return std::string(given);
  return fmt::format("{}{:x}", id_prefix, next_id.fetch_add(1, std::memory_order_relaxed));
}

std::string Router::Impl::metrics() const {
  std::string out =
      "# HELP stevie_http_requests_total requests answered\n# TYPE stevie_http_requests_total counter\n";
  const auto each = [&](auto write) {
    for (const auto& compiled : routes) {
      write(out, std::string(to_string(compiled->route->method)), compiled->route->path, compiled->counts);
    }
    write(out, "GET", "asset", asset_counts);
    write(out, "any", "none", unmatched);
  };
  each(write_requests);
  out +=
      "# HELP stevie_http_request_seconds time from the whole request to its answer\n"
      "# TYPE stevie_http_request_seconds histogram\n";
  each(write_seconds);
  write_metric(out, "stevie_http_unrecorded_outcomes_total", "counter",
               "changing calls whose outcome could not be recorded after they acted",
               static_cast<double>(unrecorded.load(std::memory_order_relaxed)));
  out += server_metrics(counts) + process_metrics();
  for (const auto& source : parts.metrics) {
    try {
      out += source();
    } catch (const std::exception&) {
      out += "# a source of metrics failed\n";
    }
  }
  return out;
}

Router::Router(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Router::~Router() = default;

bool Router::slow(const RawRequest& request) const {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const Place* place = impl_->find(path, nullptr);
  const auto method = request.method == "HEAD" ? std::optional(Method::get) : parse_method(request.method);
  if (place == nullptr || !method) return false;
  const Compiled* compiled = place->by_method[static_cast<std::size_t>(*method)];
  return compiled != nullptr && compiled->slow();
}

Response Router::answer(const RawRequest& request, Trace* trace) const {
  const auto begin = std::chrono::steady_clock::now();
  Trace own;
  Trace& filled = trace != nullptr ? *trace : own;
  RouteCounts* counted = &impl_->unmatched;
  Response response;
  try {
    filled.request_id = impl_->request_id(request);
    try {
      response = impl_->route_answer(request, filled, counted);
    } catch (const Refused& refused) {
      response = impl_->problem_answer(refused.problem, filled);
      if (!refused.allow.empty()) response.headers.emplace_back("Allow", refused.allow);
    } catch (const Error& error) {
      response = impl_->problem_answer(problem_of(error), filled);
    }
    response.headers.emplace_back("X-Request-Id", filled.request_id);
  } catch (const std::exception&) {
    filled.code = "api.internal";
    response = to_response(make_problem("api.internal", "something went wrong inside the server"), "");
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  counted->add(response.status, seconds.count());
  return response;
}

Response Router::refuse(const std::string& code, std::string detail, Trace* trace) const {
  Trace own;
  Trace& filled = trace != nullptr ? *trace : own;
  filled.request_id = impl_->request_id({});
  Response response = impl_->problem_answer(make_problem(code, std::move(detail)), filled);
  response.headers.emplace_back("X-Request-Id", filled.request_id);
  impl_->unmatched.add(response.status, 0);
  impl_->counts.refused_requests.fetch_add(1, std::memory_order_relaxed);
  return response;
}

const RouteTable& Router::table() const {
  return impl_->parts.table;
}
const std::string& Router::openapi() const {
  return *impl_->openapi;
}
ServerCounts& Router::counts() const {
  return impl_->counts;
}

}  // namespace stevie::api
