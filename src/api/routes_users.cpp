#include <fmt/format.h>

#include <algorithm>

#include "api/route_account_desk.h"
#include "api/route_context.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using accounts::AccountStore;
using accounts::ApiKey;
using accounts::Role;

Json name_schema(std::string_view meaning) {
  using namespace schema;
  return example(pattern(meaning, "^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", 64), "anna");
}

Json role_schema() {
  return schema::choice("Each may do what those before it may", {"viewer", "operator", "admin"});
}

std::vector<schema::Member> key_members() {
  using namespace schema;
  return {{"id", text("Public part, in front of the secret")},
          {"user", text("In whose name it acts")},
          {"name", text("What it is for")},
          {"role", role_schema()},
          {"created", time("When")},
          {"expires", nullable(time("null: never"))},
          {"last_used", nullable(time("null: not yet"))}};
}

Json new_key_schema() {
  std::vector<schema::Member> members = key_members();
  members.push_back(
      {"secret", schema::text("The whole key, for the header Authorization: Bearer; shown once")});
  return schema::object(members);
}

Json key_json(const ApiKey& key) {
  return {{"id", key.id},
          {"user", key.user},
          {"name", key.name},
          {"role", to_string(key.role)},
          {"created", iso_time(key.created)},
          {"expires", iso_or_null(key.expires)},
          {"last_used", iso_or_null(key.last_used)}};
}

Response nothing() {
  Response response;
  response.status = 204;
  return response;
}

Response change_user(const Context& context, const Request& request) {
  const Json body = body_of(request);
  const std::string name = request.path_parameters.at("name");
  const std::vector<accounts::User> all = context->accounts().users();
  const auto found = std::ranges::find(all, name, &accounts::User::name);
  if (found == all.end()) throw Error("accounts.unknown_user", fmt::format("there is no user {}", name));
  accounts::User user = *found;
  at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature& by) {
    if (body.contains("role"))
      user = app::set_role(desk, by, name, accounts::parse_role(body.at("role").get<std::string>()));
    if (body.contains("enabled")) user = app::set_enabled(desk, by, name, body.at("enabled"));
  });
  return json_response(user_json(user));
}

void add_admin_routes(RouteTable& table, const Context& context) {
  using namespace schema;
  const std::string root = "/api/auth/users";
  const ParameterSpec name = path_parameter("name", "Of the user", name_schema(""));

  Route route = make_route(Method::get, root, "auth", "All users", Role::admin);
  route.parameters = page_parameters();
  route.responses = {answer(page(ref("User")), "Users")};
  route.slow = true;
  route.handler = [context](const Request& request) {
    return json_response(page_of(request, context->accounts().users(), user_json));
  };
  table.routes.push_back(route);

  route = make_route(Method::post, root, "auth", "Add a user", Role::admin);
  route.request_schema =
      object({{"name", name_schema("New and unique")},
              {"password", text("At least 12 characters unless configured otherwise", 1, 256)},
              {"role", role_schema()}})
          .dump();
  route.responses = {answer(ref("User"), "Added", 201)};
  route.faults = {409};
  route.changes = route.slow = route.secret = true;
  route.request_example = R"({"name":"otto","password":"nine quiet lamps glow","role":"operator"})";
  route.handler = [context](const Request& request) {
    const Json body = body_of(request);
    const Role role = accounts::parse_role(body.at("role").get<std::string>());
    return at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature& by) {
      return json_response(user_json(app::add_user(desk, by, body.at("name"), body.at("password"), role)),
                           201);
    });
  };
  table.routes.push_back(route);

  Json change = object({{"role", role_schema(), false}, {"enabled", boolean("false: cannot log in"), false}});
  change["minProperties"] = 1;
  route = make_route(Method::patch, root + "/{name}", "auth", "Change a user's role, enable or disable",
                     Role::admin);
  route.description =
      "Ends the user's tokens. The last enabled administrator can be neither disabled nor demoted.";
  route.parameters = {name};
  route.request_schema = change.dump();
  route.responses = {answer(ref("User"), "Changed")};
  route.faults = {404, 409};
  route.changes = route.slow = true;
  route.request_example = R"({"role":"viewer"})";
  route.handler = [context](const Request& request) { return change_user(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::put, root + "/{name}/password", "auth", "Set a user's password", Role::admin);
  route.description = "Ends the user's tokens.";
  route.parameters = {name};
  route.request_schema = object({{"password", text("The new one", 1, 256)}}).dump();
  route.responses = {answer(ref("User"), "Changed")};
  route.faults = {404};
  route.changes = route.slow = route.secret = true;
  route.request_example = R"({"password":"ten loud lamps glow"})";
  route.handler = [context](const Request& request) {
    return at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature& by) {
      return json_response(user_json(
          app::set_password(desk, by, request.path_parameters.at("name"), body_of(request).at("password"))));
    });
  };
  table.routes.push_back(route);

  route = make_route(Method::del, root + "/{name}", "auth", "Remove a user", Role::admin);
  route.description = "Ends the user's tokens and keys. The last enabled administrator cannot be removed.";
  route.parameters = {name};
  route.responses = {{.status = 204, .description = "Removed"}};
  route.faults = {404, 409};
  route.changes = route.slow = true;
  route.handler = [context](const Request& request) {
    at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature& by) {
      app::remove_user(desk, by, request.path_parameters.at("name"));
    });
    return nothing();
  };
  table.routes.push_back(route);
}

bool sees_all(const Request& request) {
  return request.principal->role == Role::admin;
}

Response list_keys(const Context& context, const Request& request) {
  std::vector<ApiKey> keys = context->accounts().keys();
  if (!sees_all(request))
    std::erase_if(keys, [&](const ApiKey& key) { return key.user != request.principal->user; });
  return json_response(page_of(request, keys, key_json));
}

Response add_key(const Context& context, const Request& request) {
  const Json body = body_of(request);
  const std::string user = body.value("user", request.principal->user);
  const Role role = accounts::parse_role(body.at("role").get<std::string>());
  if (!sees_all(request) && user != request.principal->user)
    throw Error("api.forbidden", "only an administrator makes keys for other users");
  if (role > request.principal->role)
    throw Error("accounts.role_too_high", "a key may not have a higher role than the one you ask with");
  // Else a key that ends, or that somebody copied, could make one that does not end.
  if (!sees_all(request) && request.principal->via != "access token")
    throw Error("api.forbidden", "an API key makes no further keys, unless it is an administrator's: log in");
  std::optional<TimeMs> expires;
  if (body.contains("expires") && !body.at("expires").is_null()) {
    expires = parse_time(body.at("expires").get<std::string>());
    if (*expires <= context->now())
      throw Error("api.bad_body", "expires lies in the past: give a later time");
  }
  const std::string name = body.at("name");
  require_plain(name, "the name");
  const AccountStore::NewKey made =
      at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature& by) {
        return app::add_key(desk, by, user, name, role, expires);
      });
  Json json = key_json(made.key);
  json["secret"] = made.secret;
  Response response = json_response(json, 201);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response remove_key(const Context& context, const Request& request) {
  const std::string id = request.path_parameters.at("id");
  const std::vector<ApiKey> keys = context->accounts().keys();
  const auto found = std::ranges::find(keys, id, &ApiKey::id);
  // Somebody else's key is as unknown to a user as one that is not there.
  if (found == keys.end() || (!sees_all(request) && found->user != request.principal->user))
    throw Error("accounts.unknown_key", "there is no such key: list them with GET /api/auth/keys");
  at_desk(context, request,
          [&](const app::AccountDesk& desk, const live::Signature& by) { app::remove_key(desk, by, id); });
  return nothing();
}

void add_key_routes(RouteTable& table, const Context& context) {
  using namespace schema;
  const std::string root = "/api/auth/keys";
  Route route = make_route(Method::get, root, "auth", "API keys: one's own; all of them for an administrator",
                           Role::viewer);
  route.parameters = page_parameters();
  route.responses = {answer(page(ref("ApiKey")), "Keys, without their secrets")};
  route.slow = true;
  route.handler = [context](const Request& request) { return list_keys(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::post, root, "auth", "Make an API key", Role::viewer);
  route.description =
      "For oneself, with an access token; an administrator may make one for anybody, also with a key. The "
      "secret is shown once.";
  route.request_schema = object({{"name", example(line("What it is for", 1, 64), "ci")},
                                 {"role", role_schema()},
                                 {"user", name_schema("Default: oneself"), false},
                                 {"expires", nullable(time("null or absent: never")), false}})
                             .dump();
  route.responses = {answer(ref("NewApiKey"), "Made", 201)};
  route.faults = {404, 409};
  route.changes = route.slow = route.secret = true;
  route.request_example = R"({"name":"ci","role":"viewer"})";
  route.handler = [context](const Request& request) { return add_key(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::del, root + "/{id}", "auth", "Revoke an API key", Role::viewer);
  route.description = "One's own; an administrator may revoke any.";
  route.parameters = {path_parameter("id", "Of the key", pattern("", "^[A-Za-z0-9_-]{1,64}$", 64))};
  route.responses = {{.status = 204, .description = "Revoked"}};
  route.faults = {404};
  route.changes = route.slow = true;
  route.handler = [context](const Request& request) { return remove_key(context, request); };
  table.routes.push_back(route);
}

}  // namespace

void add_user_routes(RouteTable& table, const Context& context) {
  table.schemas["ApiKey"] = schema::object(key_members()).dump();
  table.schemas["NewApiKey"] = new_key_schema().dump();
  add_admin_routes(table, context);
  add_key_routes(table, context);
}

}  // namespace stevie::api
