#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <mutex>

#include "api/route_account_desk.h"
#include "api/route_context.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using accounts::Role;

Json name_schema() {
  using namespace schema;
  return example(pattern("Of the user", "^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", 64), "anna");
}

Json password_schema() {
  return schema::text("The password", 1, 256);
}

Json user_schema() {
  using namespace schema;
  return object({{"name", text("Of the user")},
                 {"role", choice("Each may do what those before it may", {"viewer", "operator", "admin"})},
                 {"enabled", boolean("Whether the user may log in")},
                 {"created", time("When")},
                 {"last_login", nullable(time("When"))}});
}

Json tokens_schema() {
  using namespace schema;
  return object({{"access_token", text("For the header Authorization: Bearer")},
                 {"access_expires", time("When it ends")},
                 {"refresh_token", text("For POST /api/auth/refresh, once")},
                 {"refresh_expires", time("When it ends")},
                 {"token_type", choice("", {"Bearer"})},
                 {"user", ref("User")}},
                "Shown once");
}

Json tokens_json(const accounts::Tokens& tokens) {
  return {{"access_token", tokens.access},   {"access_expires", iso_time(tokens.access_expires)},
          {"refresh_token", tokens.refresh}, {"refresh_expires", iso_time(tokens.refresh_expires)},
          {"token_type", "Bearer"},          {"user", user_json(tokens.user)}};
}

Response token_response(const accounts::Tokens& tokens, int status = 200) {
  Response response = json_response(tokens_json(tokens), status);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Route open_route(const std::string& path, std::string summary, const Json& body) {
  Route route = make_route(Method::post, "/api/auth/" + path, "auth", std::move(summary), std::nullopt);
  route.request_schema = body.dump();
  route.slow = route.secret = true;
  return route;
}

/// Tells those who watch, administrators and channels, of a lock by failed logins: once for each lock, not at
/// each try that it refuses, and never more than one a second, whatever strangers send.
class LockoutNews {
 public:
  void tell(const RouteContext& context, const std::string& name, const std::string& address, TimeMs until) {
    if (context.services.news == nullptr) return;
    const std::lock_guard lock(mutex_);
    const TimeMs now = context.now();
    const std::string of_name = fmt::format("{} {}", until, name);
    const std::string of_address = fmt::format("{} from {}", until, address);
    const auto is_told = [this](const std::string& key) {
      return std::ranges::find(told_, key) != told_.end();
    };
    if (is_told(of_name) || is_told(of_address) || std::abs(now - newest_) < second_ms) return;
    newest_ = now;
    told_.insert(told_.end(), {of_name, of_address});
    constexpr std::size_t most = 512;
    while (told_.size() > most) told_.pop_front();
    const Json body{{"name", name}, {"address", address}, {"until", iso_time(until)}};
    context.services.news->publish("accounts", "accounts.login_locked",
                                   body.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> told_;
  TimeMs newest_ = 0;
};

accounts::Tokens log_in(const RouteContext& context, LockoutNews& lockouts, const std::string& name,
                        const std::string& password, const std::string& address) {
  try {
    return context.accounts().login(name, password, address);
  } catch (const accounts::TooManyTries& error) {
    lockouts.tell(context, name, address, error.again());
    throw;
  }
}

void add_login_routes(RouteTable& table, const Context& context,
                      const std::shared_ptr<LockoutNews>& lockouts) {
  using namespace schema;
  Route route = open_route("setup", "Make the first administrator with the one-time token",
                           object({{"token", text("That the server printed on its first start", 1, 512)},
                                   {"name", name_schema()},
                                   {"password", password_schema()}}));
  route.description = "Works once, while there is no user.";
  route.responses = {answer(ref("Tokens"), "The administrator, logged in", 201)};
  route.faults = {401, 409, 429};
  route.changes = true;
  route.request_example =
      R"({"token":"the-token-on-the-screen","name":"ada","password":"four green kettles sing"})";
  route.handler = [context](const Request& request) {
    const Json body = body_of(request);
    return at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature&) {
      return token_response(app::set_up(desk, body.at("token"), body.at("name"), body.at("password")), 201);
    });
  };
  table.routes.push_back(route);

  route = open_route("login", "Log in",
                     object({{"name", text("Of the user", 1, 64)}, {"password", password_schema()}}));
  route.description =
      "After several failures in a row, of a name or from an address, further tries are refused for a while.";
  route.responses = {answer(ref("Tokens"), "Logged in")};
  route.faults = {401, 429};
  route.request_example = R"({"name":"ada","password":"four green kettles sing"})";
  route.handler = [context, lockouts](const Request& request) {
    const Json body = body_of(request);
    return token_response(log_in(*context, *lockouts, body.at("name"), body.at("password"), request.address));
  };
  table.routes.push_back(route);

  const Json refresh_body = object({{"refresh_token", text("From the last login or refresh", 1, 512)}});
  route = open_route("refresh", "A new pair of tokens for a refresh token", refresh_body);
  route.description = "The refresh token is used up. One that was used before ends all tokens of its login.";
  route.responses = {answer(ref("Tokens"), "The new pair")};
  route.faults = {401};
  route.request_example = R"({"refresh_token":"from-the-last-login"})";
  route.handler = [context](const Request& request) {
    return token_response(context->accounts().refresh(body_of(request).at("refresh_token")));
  };
  table.routes.push_back(route);

  route = open_route("logout", "End the login that a refresh token belongs to", refresh_body);
  route.responses = {{.status = 204, .description = "Ended, or not known"}};
  route.request_example = R"({"refresh_token":"from-the-last-login"})";
  route.handler = [context](const Request& request) {
    context->accounts().logout(body_of(request).at("refresh_token"));
    Response response;
    response.status = 204;
    return response;
  };
  table.routes.push_back(route);
}

Response change_own_password(const Context& context, LockoutNews& lockouts, const Request& request) {
  if (request.principal->via != "access token")
    throw Error("api.conflict", "an API key cannot change the password: log in first");
  const Json body = body_of(request);
  accounts::AccountStore& store = context->accounts();
  const std::string& name = request.principal->user;
  // Counts as a try, so that a stolen access token cannot be used to guess the password.
  try {
    store.logout(log_in(*context, lockouts, name, body.at("current"), request.address).refresh);
  } catch (const Error& error) {
    if (error.code() != "accounts.bad_login") throw;
    // 401 would tell the client that its token is no good.
    throw Error("api.bad_body", "current is not the password of this user");
  }
  return at_desk(context, request, [&](const app::AccountDesk& desk, const live::Signature& by) {
    return json_response(user_json(app::set_password(desk, by, name, body.at("password"))));
  });
}

void add_own_routes(RouteTable& table, const Context& context, const std::shared_ptr<LockoutNews>& lockouts) {
  using namespace schema;
  Route route = make_route(Method::get, "/api/auth/me", "auth", "Who is asking", Role::viewer);
  route.responses = {answer(object({{"user", text("Name")},
                                    {"role", choice("Of this token or key", {"viewer", "operator", "admin"})},
                                    {"via", text("access token, or the name of an API key")}}),
                            "The user")};
  route.handler = [](const Request& request) {
    const accounts::Principal& asking = *request.principal;
    return json_response({{"user", asking.user}, {"role", to_string(asking.role)}, {"via", asking.via}});
  };
  table.routes.push_back(route);

  route = make_route(Method::post, "/api/auth/password", "auth", "Change one's own password", Role::viewer);
  route.description = "Ends all of one's logins.";
  route.request_schema =
      object({{"current", text("The password so far", 1, 256)}, {"password", password_schema()}}).dump();
  route.responses = {answer(ref("User"), "Changed; log in anew")};
  route.faults = {404, 409, 429};
  route.changes = route.slow = route.secret = true;
  route.request_example = R"({"current":"four green kettles sing","password":"five green kettles sing"})";
  route.handler = [context, lockouts](const Request& request) {
    return change_own_password(context, *lockouts, request);
  };
  table.routes.push_back(route);
}

}  // namespace

Json user_json(const accounts::User& user) {
  return {{"name", user.name},
          {"role", to_string(user.role)},
          {"enabled", user.enabled},
          {"created", iso_time(user.created)},
          {"last_login", iso_or_null(user.last_login)}};
}

void add_auth_routes(RouteTable& table, const Context& context) {
  table.schemas["User"] = user_schema().dump();
  table.schemas["Tokens"] = tokens_schema().dump();
  const auto lockouts = std::make_shared<LockoutNews>();
  add_login_routes(table, context, lockouts);
  add_own_routes(table, context, lockouts);
}

}  // namespace stevie::api
