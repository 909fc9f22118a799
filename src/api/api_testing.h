#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "accounts/accounts.h"
#include "api/route.h"
#include "core/error.h"

namespace stevie::api {

/// For tests: the tokens viewer-token, operator-token and admin-token, and nothing else.
class FakeAccounts : public accounts::AccountStore {
 public:
  using Role = accounts::Role;
  using User = accounts::User;
  using Tokens = accounts::Tokens;

  std::vector<User> users() override { return known; }
  User add_user(const std::string&, const std::string&, Role) override { refuse(); }
  User set_password(const std::string&, const std::string&) override { refuse(); }
  User set_role(const std::string&, Role) override { refuse(); }
  User set_enabled(const std::string&, bool) override { refuse(); }
  void remove_user(const std::string&) override { refuse(); }
  std::optional<std::string> make_setup_token() override { return std::nullopt; }
  Tokens set_up(const std::string&, const std::string&, const std::string&) override { refuse(); }
  Tokens login(const std::string&, const std::string&, const std::string&) override { refuse(); }
  Tokens refresh(const std::string&) override { refuse(); }
  void logout(const std::string&) override {}
  std::optional<accounts::Principal> authenticate(std::string_view bearer) override {
    if (bearer == "viewer-token") return accounts::Principal{"viewer", Role::viewer, "access token"};
    if (bearer == "operator-token")
      return accounts::Principal{"operator", Role::operator_role, "access token"};
    if (bearer == "admin-token") return accounts::Principal{"admin", Role::admin, "API key ci"};
    return std::nullopt;
  }
  NewKey add_key(const std::string&, const std::string&, Role, std::optional<TimeMs>) override { refuse(); }
  std::vector<accounts::ApiKey> keys() override { return {}; }
  void remove_key(const std::string&) override { refuse(); }

  std::vector<User> known{{.name = "admin", .role = Role::admin}};

 private:
  [[noreturn]] static void refuse() { throw Error("accounts.bad_login", "not in a test"); }
};

/// For tests: a table with a list, a thing by id, a change, failures of every kind, and a secret. `calls`
/// takes the name of each thing made; it may be null.
inline RouteTable small_table(std::vector<std::string>* calls) {
  using accounts::Role;
  using Json = nlohmann::json;
  RouteTable table;
  table.schemas["Thing"] = R"({
    "type": "object", "required": ["name", "reason"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "reason": {"type": "string", "minLength": 3, "maxLength": 500},
      "count": {"type": "integer", "minimum": 0, "maximum": 100},
      "since": {"type": "string", "format": "date-time"},
      "kind": {"enum": ["small", "large"]},
      "nested": {"type": "object", "properties": {"weight": {"type": "number"},
                                                  "list": {"type": "array", "items": {"type": "integer"}}}}
    }})";
  const auto add = [&](Method method, std::string path, std::optional<Role> role) -> Route& {
    Route route;
    route.method = method;
    route.path = std::move(path);
    route.tag = "things";
    route.summary = "A route of the tests";
    route.role = role;
    route.responses = {{.status = 200, .description = "Done.", .schema = R"({"type":"object"})"}};
    table.routes.push_back(std::move(route));
    return table.routes.back();
  };
  const auto echo = [](const Request& request) {
    Json body = Json::object();
    for (const auto& [name, value] : request.query) body[name] = value;
    for (const auto& [name, value] : request.path_parameters) body[name] = value;
    return Response{.body = body.dump()};
  };
  Route& list = add(Method::get, "/api/things", Role::viewer);
  list.parameters = {{.name = "limit",
                      .description = "how many",
                      .schema = R"({"type":"integer","minimum":1,"maximum":500})",
                      .default_text = "50"},
                     {.name = "cursor", .description = "where to go on"}};
  list.handler = echo;
  Route& one = add(Method::get, "/api/things/{id}", Role::viewer);
  one.parameters = {{.name = "id", .description = "which", .schema = R"({"type":"string","maxLength":50})"}};
  one.handler = echo;
  add(Method::get, "/api/things/special", Role::viewer).handler = [](const Request&) {
    return Response{.body = R"({"id":"literal"})"};
  };
  Route& make = add(Method::post, "/api/things", Role::operator_role);
  make.changes = true;
  make.request_schema = R"({"$ref":"#/components/schemas/Thing"})";
  make.responses[0].status = 201;
  make.handler = [calls](const Request& request) {
    const std::string name = Json::parse(request.body)["name"];
    if (calls != nullptr) calls->push_back(name);
    return Response{.status = 201, .body = Json{{"made", name}}.dump()};
  };
  Route& fail = add(Method::post, "/api/fail", Role::operator_role);
  fail.changes = true;
  fail.faults = {404};
  fail.request_schema = R"({"type":"object","required":["what"],"properties":{"what":{"type":"string"}}})";
  fail.handler = [](const Request& request) -> Response {
    const std::string what = Json::parse(request.body)["what"];
    if (what == "inside") throw std::runtime_error("secret of the inside");
    throw Error(what, "it failed");
  };
  Route& secret = add(Method::post, "/api/secret", Role::operator_role);
  secret.changes = true;
  secret.secret = true;
  secret.request_schema =
      R"({"type":"object","required":["password"],"properties":{"password":{"type":"string"}}})";
  secret.handler = [](const Request&) { return Response{.body = R"({"key":"hunter2"})"}; };
  return table;
}

}  // namespace stevie::api
