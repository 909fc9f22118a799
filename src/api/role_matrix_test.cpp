#include <nlohmann/json.hpp>
#include <set>

#include "api/routes_testing.h"

namespace stevie::api {
namespace {

/// Who may do what, written by hand: the table of routes must say the same.
const std::map<std::string, std::string> least_role{
    {"POST /api/rl-training/start", "operator"},
    {"POST /api/rl-training/stop", "operator"},
    {"POST /api/rl-training/reset", "operator"},
    {"GET /api/rl-training/status", "viewer"},
    {"GET /api/rl-training/targets", "viewer"},
    {"POST /api/rl-training/update-parameter", "operator"},
    {"GET /api/rl-training/performance/{symbol}", "viewer"},
    {"GET /api/rl-training/scenarios", "viewer"},
    {"POST /api/rl-training/scenarios/{id}/start", "operator"},
    {"POST /api/rl-training/scenarios/stop", "operator"},
    {"GET /api/rl-training/scenarios/results/{id}", "viewer"},

    {"GET /api/parameters", "viewer"},
    {"GET /api/parameters/history", "viewer"},
    {"GET /api/parameters/versions/{number}", "viewer"},
    {"GET /api/parameters/diff", "viewer"},
    {"GET /api/parameters/compare", "viewer"},
    {"POST /api/parameters/compare", "viewer"},
    {"GET /api/parameters/proposals", "viewer"},
    {"GET /api/parameters/export", "viewer"},
    {"GET /api/parameters/schema", "viewer"},
    {"POST /api/parameters/rollback", "operator"},
    {"POST /api/parameters/import", "operator"},
    {"POST /api/parameters/override", "admin"},

    {"GET /api/sessions", "viewer"},
    {"GET /api/sessions/{id}", "viewer"},
    {"GET /api/sessions/{id}/log", "viewer"},
    {"GET /api/sessions/{id}/progress", "viewer"},
    {"GET /api/sessions/{id}/results", "viewer"},
    {"POST /api/sessions/{id}/stop", "operator"},

    {"GET /api/live/state", "viewer"},
    {"GET /api/live/positions", "viewer"},
    {"GET /api/live/orders", "viewer"},
    {"GET /api/live/fills", "viewer"},
    {"GET /api/live/decisions", "viewer"},
    {"GET /api/live/decisions/{number}", "viewer"},
    {"GET /api/live/equity", "viewer"},
    {"GET /api/live/bars", "viewer"},
    {"GET /api/live/trades", "viewer"},
    {"GET /api/live/limits", "viewer"},
    {"PUT /api/live/limits", "admin"},
    {"POST /api/live/kill", "operator"},
    {"POST /api/live/re-arm", "operator"},
    {"POST /api/live/accept", "admin"},

    {"GET /api/performance/summary", "viewer"},
    {"GET /api/performance/periods", "viewer"},
    {"GET /api/performance/groups", "viewer"},
    {"GET /api/performance/calibration", "viewer"},
    {"GET /api/performance/decisions", "viewer"},

    {"GET /api/models", "viewer"},
    {"GET /api/models/{id}", "viewer"},
    {"GET /api/models/active", "viewer"},
    {"GET /api/models/{id}/curves", "viewer"},
    {"GET /api/experiments", "viewer"},
    {"GET /api/experiments/{id}", "viewer"},
    {"GET /api/reports", "viewer"},
    {"GET /api/reports/{id}", "viewer"},
    {"POST /api/reports/{id}/ticket", "viewer"},
    {"GET /api/reports/{id}/page/{ticket}", "nobody"},

    {"GET /api/ledger/events", "viewer"},
    {"GET /api/ledger/events/{number}", "viewer"},
    {"GET /api/ledger/export", "viewer"},
    {"GET /api/ledger/kinds", "viewer"},
    {"GET /api/ledger/head", "viewer"},
    {"GET /api/ledger/proof/{number}", "viewer"},
    {"GET /api/ledger/consistency", "viewer"},
    {"GET /api/ledger/verify", "operator"},

    {"GET /api/notifications/channels", "operator"},
    {"POST /api/notifications/channels", "admin"},
    {"PATCH /api/notifications/channels/{name}", "admin"},
    {"DELETE /api/notifications/channels/{name}", "admin"},
    {"POST /api/notifications/channels/{name}/test", "admin"},
    {"GET /api/notifications/deliveries", "operator"},

    {"POST /api/auth/setup", "nobody"},
    {"POST /api/auth/login", "nobody"},
    {"POST /api/auth/refresh", "nobody"},
    {"POST /api/auth/logout", "nobody"},
    {"GET /api/auth/me", "viewer"},
    {"POST /api/auth/password", "viewer"},
    {"GET /api/auth/users", "admin"},
    {"POST /api/auth/users", "admin"},
    {"PATCH /api/auth/users/{name}", "admin"},
    {"PUT /api/auth/users/{name}/password", "admin"},
    {"DELETE /api/auth/users/{name}", "admin"},
    {"GET /api/auth/keys", "viewer"},
    {"POST /api/auth/keys", "viewer"},
    {"DELETE /api/auth/keys/{id}", "viewer"},

    {"GET /api/system/version", "viewer"},
    {"GET /api/system/words", "viewer"},
    {"GET /api/system/configuration", "admin"},
};

/// Those that the router adds to every table.
const std::map<std::string, std::set<std::string>> of_every_server{
    {"GET /api/openapi.json", {"nobody", "viewer"}},
    {"GET /health/live", {"nobody"}},
    {"GET /health/ready", {"nobody"}},
    {"GET /metrics", {"nobody", "viewer"}},
};

std::string name_of(const Route& route) {
  return std::string(to_string(route.method)) + " " + route.path;
}

std::string role_of(const Route& route) {
  return route.role ? std::string(accounts::to_string(*route.role)) : "nobody";
}

/// The path with something in place of each parameter that no server has.
std::string target_of(const Route& route) {
  std::string target;
  bool inside = false;
  for (const char c : route.path) {
    if (c == '{') target += route.path.find("{number}") != std::string::npos ? "999999" : "0123456789abcdef";
    inside = c == '{' || (inside && c != '}');
    if (!inside && c != '}') target += c;
  }
  return target;
}

int rank_of(const std::string& role) {
  const std::vector<std::string> ranks{"nobody", "viewer", "operator", "admin"};
  return static_cast<int>(std::ranges::find(ranks, role) - ranks.begin());
}

TEST(RoleMatrix, TheTableSaysWhatThisListSays) {
  TestServer server(false);
  std::set<std::string> found;
  for (const Route& route : server.router->table().routes) {
    const std::string name = name_of(route);
    found.insert(name);
    if (const auto common = of_every_server.find(name); common != of_every_server.end()) {
      EXPECT_TRUE(common->second.contains(role_of(route))) << name;
      continue;
    }
    const auto wanted = least_role.find(name);
    if (wanted == least_role.end()) {
      ADD_FAILURE() << name << " is not in the list of who may do what";
    } else {
      EXPECT_EQ(role_of(route), wanted->second) << name;
    }
  }
  for (const auto& [name, role] : least_role) EXPECT_TRUE(found.contains(name)) << name << " is missing";
}

/// Nothing is sent that a route could act on: who is let through meets 2xx of a read, or a fault of the body.
TEST(RoleMatrix, EveryRouteAnswersEveryRoleAsItMust) {
  TestServer server;
  const std::map<std::string, std::string> users{{"", "nobody"},         {"vera", "viewer"},
                                                 {"otto", "operator"},   {"ada", "admin"},
                                                 {"expired", "unknown"}, {"disabled", "unknown"}};
  const std::uint64_t before = server.last_event();
  std::size_t asked = 0;
  for (const auto& [name, least] : least_role) {
    const Route* route = nullptr;
    for (const Route& candidate : server.router->table().routes) {
      if (name_of(candidate) == name) route = &candidate;
    }
    ASSERT_NE(route, nullptr) << name;
    for (const auto& [user, role] : users) {
      // Nothing in such a request can be refused before it is on record.
      if (route->changes && route->request_schema.empty() && rank_of(role) >= rank_of(least) &&
          role != "unknown")
        continue;  // below
      const Response response =
          server.answer(server.request(std::string(to_string(route->method)), target_of(*route), user,
                                       route->request_schema.empty() ? "" : R"({"no such field": 1})"));
      ++asked;
      const std::string what = name + " as " + (user.empty() ? "nobody" : user);
      if (least == "nobody") {
        EXPECT_EQ(response.status, 400) << what << response.body;
      } else if (role == "nobody" || role == "unknown") {
        EXPECT_EQ(response.status, 401) << what;
      } else if (rank_of(role) < rank_of(least)) {
        EXPECT_EQ(response.status, 403) << what;
      } else if (route->request_schema.empty()) {
        EXPECT_TRUE(response.status == 200 || response.status == 400 || response.status == 404 ||
                    response.status == 409)
            << what << ": " << response.status << " " << response.body;
      } else {
        EXPECT_EQ(response.status, 400) << what << ": " << response.body;
      }
    }
  }
  EXPECT_GT(asked, 6 * least_role.size() - 20);
  EXPECT_EQ(server.last_event(), before) << "a refused call must leave nothing on the ledger";
}

TEST(RoleMatrix, DeletesWhatIsThereAndSaysWhereItIsNot) {
  TestServer server(false);
  EXPECT_EQ(server.answer(server.request("DELETE", "/api/auth/users/nobody", "ada")).status, 404);
  EXPECT_EQ(server.answer(server.request("DELETE", "/api/auth/users/ada", "ada")).status, 409);
  EXPECT_EQ(server.answer(server.request("DELETE", "/api/auth/users/dora", "ada")).status, 204);
  EXPECT_EQ(server.answer(server.request("DELETE", "/api/auth/keys/abc", "vera")).status, 404);
  EXPECT_EQ(server.answer(server.request("DELETE", "/api/notifications/channels/desk", "ada")).status, 404);
  EXPECT_EQ(server.answer(server.request("POST", "/api/notifications/channels/desk/test", "ada")).status,
            404);
}

}  // namespace
}  // namespace stevie::api
