#include "api/routes.h"

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "api/openapi.h"
#include "api/problem.h"
#include "api/routes_testing.h"

namespace stevie::api {
namespace {

using Json = TestServer::Json;

class RoutesTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = server.folder.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Json set(double value, int status = 200) {
    return server.post("/api/rl-training/update-parameter",
                       {{"name", "volPctBreakout"}, {"value", value}, {"reason", "a calmer market"}}, status);
  }
  TestServer server;
};

/// Members of an object or list schema that nothing explains.
void unexplained(const Json& schema, const std::string& place, std::vector<std::string>& found) {
  if (schema.contains("properties")) {
    for (const auto& [name, property] : schema["properties"].items()) {
      const bool composed = property.contains("$ref") || property.contains("anyOf") ||
                            property.contains("properties") || property.contains("items");
      if (!property.contains("description") && !composed && !property.contains("enum"))
        found.push_back(place + "." + name);
      unexplained(property, place + "." + name, found);
    }
  }
  if (schema.contains("items")) unexplained(schema["items"], place + "[]", found);
}

TEST_F(RoutesTest, EveryRouteIsDocumented) {
  std::vector<std::string> found;
  for (const Route& route : server.router->table().routes) {
    if (!route.path.starts_with("/api/") || route.path == "/api/openapi.json") continue;
    const std::string name = std::string(to_string(route.method)) + " " + route.path;
    EXPECT_FALSE(route.tag.empty()) << name;
    EXPECT_GT(route.summary.size(), 5U) << name;
    EXPECT_FALSE(route.responses.empty()) << name;
    for (const ResponseSpec& response : route.responses) {
      EXPECT_TRUE(!response.schema.empty() || response.status == 204 ||
                  response.content_type != "application/json")
          << name << " does not say what it answers";
      if (!response.schema.empty()) unexplained(Json::parse(response.schema), name, found);
    }
    if (!route.request_schema.empty()) unexplained(Json::parse(route.request_schema), name, found);
    const bool writes = route.method != Method::get;
    const bool opens_login = route.path == "/api/auth/login" || route.path == "/api/auth/refresh" ||
                             route.path == "/api/auth/logout";
    const bool only_looks =
        route.path == "/api/parameters/compare" || route.path == "/api/reports/{id}/ticket";
    EXPECT_EQ(route.changes, writes && !opens_login && !only_looks)
        << name << ": what changes something goes on record";
  }
  for (const auto& [name, schema] : server.router->table().schemas)
    unexplained(Json::parse(schema), name, found);
  EXPECT_TRUE(found.empty()) << found.front() << " and " << found.size() - 1 << " others have no description";
}

TEST_F(RoutesTest, ParametersAreChangedShownComparedAndTakenBack) {
  const Json before = server.get("/api/parameters");
  EXPECT_EQ(before["version"], 1);
  EXPECT_EQ(before["parameters"].size(), strategy::parameter_count);
  const Json change = set(65);
  EXPECT_EQ(change["version"], 2);
  EXPECT_EQ(change["by"], "otto");
  EXPECT_EQ(change["differences"][0]["to"], 65);
  EXPECT_EQ(server.get("/api/rl-training/status")["parameter_version"], 2);
  EXPECT_EQ(server.get("/api/rl-training/targets")["targets"][0]["current"], 65);

  server.post(
      "/api/rl-training/update-parameter",
      {{"parameters",
        {{{"name", "slBreakout"}, {"value", 3}, {"unit", "ATR"}}, {{"name", "tpBreakout"}, {"value", 4}}}},
       {"regime", "bear"},
       {"reason", "wider in falls"}});
  const Json bear = server.get("/api/parameters?regime=bear&symbol=BTCUSDT");
  EXPECT_EQ(bear["symbol"], "BTC/USDT");
  const auto stop =
      std::ranges::find(bear["parameters"], Json("slBreakout"), [](const Json& p) { return p["name"]; });
  EXPECT_EQ((*stop)["value"], 3);
  EXPECT_EQ((*stop)["from"], "regime bear");

  EXPECT_EQ(server.get("/api/parameters/diff?from=1")["differences"].size(), 3U);
  EXPECT_EQ(server.get("/api/parameters/diff?from=1&to=2")["differences"].size(), 1U);
  const Json file = server.get("/api/parameters/export?version=2");
  EXPECT_EQ(server.post("/api/rl-training/reset", {{"reason", "begin anew"}})["version"], 4);
  EXPECT_TRUE(server.get("/api/parameters/diff?from=1")["differences"].empty());
  EXPECT_EQ(server.post("/api/parameters/rollback", {{"version", 3}, {"reason", "it was better"}})["version"],
            5);
  EXPECT_EQ(
      server.post("/api/parameters/import", {{"parameters", file}, {"reason", "from the file"}})["version"],
      6);
  EXPECT_TRUE(server.get("/api/parameters/diff?from=2")["differences"].empty());
  EXPECT_EQ(server.get("/api/parameters/versions/3")["change"], "manual");
  EXPECT_TRUE(server.get("/api/parameters/proposals")["items"].empty());
  EXPECT_EQ(server.get("/api/parameters/schema")["parameters"].size(), strategy::parameter_count);

  // Page by page the history has every version once.
  std::vector<int> numbers;
  for (std::string next = "limit=4"; !next.empty();) {
    const Json page = server.get("/api/parameters/history?" + next);
    for (const Json& item : page["items"]) numbers.push_back(item["version"]);
    next = page["next_cursor"].is_null() ? "" : "limit=4&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(numbers, (std::vector<int>{6, 5, 4, 3, 2, 1}));
}

TEST_F(RoutesTest, ARepeatedCallActsOnce) {
  RawRequest raw = server.request("POST", "/api/rl-training/update-parameter", "otto",
                                  R"({"name":"volPctBreakout","value":66,"reason":"once is enough"})");
  raw.headers.emplace_back("Idempotency-Key", "k-1");
  const Response first = server.answer(raw);
  const Response second = server.answer(raw);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(server.get("/api/parameters")["version"], 2);
  raw.body = R"({"name":"volPctBreakout","value":67,"reason":"once is enough"})";
  EXPECT_EQ(server.answer(raw).status, 422);
  EXPECT_EQ(server.get("/api/parameters")["version"], 2);
}

TEST_F(RoutesTest, SessionsAreQueuedShownAndStopped) {
  const Json started = server.post("/api/rl-training/start",
                                   {{"scenario", "quick_tune"},
                                    {"settings", {{"optimize.seed", "7"}}},
                                    {"dry_run", true},
                                    {"reason", "a look"}},
                                   202);
  const std::string id = started["id"];
  EXPECT_EQ(started["state"], "queued");
  EXPECT_EQ(started["by"], "otto");
  EXPECT_EQ(started["settings"]["optimize.seed"], "7");
  const Json second =
      server.post("/api/rl-training/scenarios/risk_optimizer/start", {{"reason", "another"}}, 202);
  EXPECT_EQ(second["scenario"], "risk_optimizer");

  server.clock.advance(second_ms);
  const Json status = server.get("/api/rl-training/status");
  EXPECT_EQ(status["state"], "queued");
  EXPECT_EQ(status["queue"], (Json{id, second["id"]}));
  EXPECT_EQ(server.get("/api/sessions?state=queued")["items"].size(), 2U);
  EXPECT_TRUE(server.get("/api/sessions?state=running")["items"].empty());
  EXPECT_EQ(server.get("/api/sessions?kind=optimize")["items"].size(), 2U);
  EXPECT_TRUE(server.get("/api/sessions?kind=train")["items"].empty());
  const Json newest = server.get("/api/sessions")["items"][0];
  const std::string of_scenario =
      "/api/sessions?state=queued&scenario=" + newest["scenario"].get<std::string>();
  EXPECT_EQ(server.get(of_scenario)["items"][0]["id"], newest["id"]);
  EXPECT_TRUE(server.get("/api/sessions?scenario=nothing")["items"].empty());
  EXPECT_EQ(server.get("/api/sessions?since=1970-01-01T00:00:00Z")["items"].size(), 2U);
  EXPECT_TRUE(server.get("/api/sessions?since=2500-01-01T00:00:00Z")["items"].empty());
  server.ask("GET", "/api/sessions?kind=other", "vera", nullptr, 400);
  server.ask("GET", "/api/sessions?since=yesterday", "vera", nullptr, 400);
  EXPECT_EQ(server.get("/api/sessions/" + id)["id"], id);
  EXPECT_EQ(server.get("/api/sessions/" + id + "/log")["text"], "");
  server.ask("GET", "/api/rl-training/scenarios/results/" + id, "vera", nullptr, 409);

  EXPECT_EQ(server.post("/api/sessions/" + id + "/stop", {{"reason", "not needed"}})["state"], "stopped");
  server.post("/api/sessions/" + id + "/stop", {{"reason", "not needed"}}, 409);
  EXPECT_EQ(server.post("/api/rl-training/scenarios/stop", {{"reason", "not needed"}})["id"], second["id"]);
  server.post("/api/rl-training/stop", {{"reason", "nothing is left"}}, 409);
}

TEST_F(RoutesTest, ResultsTellWhatTheSearchFoundAndWhatTheGateSaid) {
  const Json started =
      server.post("/api/rl-training/start", {{"scenario", "quick_tune"}, {"reason", "a look"}}, 202);
  const std::string id = started["id"];
  const Json results{
      {"scenario", {{"id", "quick_tune"}}},
      {"search",
       {{"method", "pgpe"},
        {"best", 0},
        {"candidates",
         {{{"episode", 1}, {"values", {{"volPctBreakout", 65}}}, {"reward", 0.5}, {"trades", 12}}}}}},
      {"parameters", {{{"name", "volPctBreakout"}, {"unit", "percentile"}, {"before", 70}, {"after", 65}}}},
      {"gate",
       {{"verdict", "reject"},
        {"summary", "Not better."},
        {"checks",
         {{{"key", "causality"},
           {"title", "Causality"},
           {"outcome", "passed"},
           {"sentence", "all"},
           {"figures", Json::array()}}}}}},
      {"outcome", {{"result", "rejected"}}}};
  const std::filesystem::path folder = server.folder.path() / "sessions" / id;
  server.own_ledger->append("training.started",
                            Json{{"id", id}, {"attempt", 1}, {"folder", folder.string()}}.dump(), "stevie",
                            server.clock.time());
  server.open_sessions();
  write("sessions/" + id + "/results.json", results.dump());
  write("sessions/" + id + "/worker.log", "first line\nlast \x1b[2Jline\n");
  const Json found = server.get("/api/rl-training/scenarios/results/" + id);
  EXPECT_EQ(found["candidates"][0]["reward"], 0.5);
  EXPECT_EQ(found["gate"]["checks"][0]["sentence"], "all");
  const Json log = server.get("/api/sessions/" + id + "/log?bytes=15");
  EXPECT_EQ(log["text"], "last \\x1b[2Jline\n");
}

TEST_F(RoutesTest, TheLiveAccountIsShownPageByPage) {
  const Json state = server.get("/api/live/state");
  EXPECT_EQ(state["summary"]["mode"], "paper");
  EXPECT_EQ(state["summary"]["symbols"], (Json{"BTC/USDT"}));
  const std::size_t fills = state["summary"]["fills"];
  const std::size_t decisions = state["summary"]["decisions"];
  ASSERT_GT(fills, 10U);
  std::vector<std::string> times;
  for (std::string next = "limit=7"; !next.empty();) {
    const Json page = server.get("/api/live/fills?" + next);
    for (const Json& item : page["items"]) times.push_back(item["time"]);
    next = page["next_cursor"].is_null() ? "" : "limit=7&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(times.size(), fills);
  EXPECT_TRUE(std::ranges::is_sorted(times, std::greater<>()));

  const Json page = server.get("/api/live/decisions?limit=3");
  EXPECT_EQ(page["items"][0]["number"], decisions);
  const Json next =
      server.get("/api/live/decisions?limit=3&cursor=" + page["next_cursor"].get<std::string>());
  EXPECT_EQ(next["items"][0]["number"], decisions - 3);
  const Json one = server.get("/api/live/decisions/" + std::to_string(decisions));
  EXPECT_EQ(one["explanation"]["rule"], "in and out");

  const auto numbers = [this](const std::string& query, bool wanted_alone) {
    std::vector<std::uint64_t> found;
    for (std::string part = query; !part.empty();) {
      const Json read = server.get("/api/live/decisions?" + part);
      for (const Json& item : read["items"])
        if (!wanted_alone || !item["order_id"].is_null() || item["denial"] != "none")
          found.push_back(item["number"]);
      part = read["next_cursor"].is_null() ? "" : query + "&cursor=" + read["next_cursor"].get<std::string>();
    }
    return found;
  };
  EXPECT_EQ(numbers("limit=70&wanted=true", false), numbers("limit=500", true));
  server.get("/api/live/positions");
  server.get("/api/live/orders");

  const Json whole = server.get("/api/live/equity?points=50");
  EXPECT_LE(whole["points"].size(), 50U);
  EXPECT_GT(whole["points"].size(), 25U);
  const std::string middle = whole["points"][25]["time"];
  const Json rest = server.get("/api/live/equity?from=" + middle);
  ASSERT_FALSE(rest["points"].empty());
  for (const Json& point : rest["points"]) EXPECT_GE(point["time"], middle);
}

TEST_F(RoutesTest, PerformanceIsThatOfTheAccount) {
  const Json found = server.get("/api/rl-training/performance/BTCUSDT");
  EXPECT_EQ(found, server.get("/api/rl-training/performance/BTC%2FUSDT"));
  const Json summary = server.get("/api/live/state")["summary"];
  EXPECT_NEAR(found["final_equity"].get<double>(), summary["equity"].get<double>(),
              1e-6 * summary["equity"].get<double>());
  EXPECT_GT(found["trades"], 5);
  EXPECT_TRUE(found["metrics"]["total_return"]["value"].is_number());
  EXPECT_TRUE(found["metrics"]["sharpe"]["low"].is_number()) << "120 days are enough for an interval";
  EXPECT_TRUE(found["buy_and_hold"]["max_drawdown"]["value"].is_number());
}

TEST_F(RoutesTest, AKillIsLatchedAndRearmedByAPerson) {
  const Json killed = server.post("/api/live/kill", {{"reason", "the news"}, {"flatten", false}});
  EXPECT_EQ(killed["risk"]["kill"]["by"], "otto");
  EXPECT_EQ(killed["summary"]["killed"], true);
  EXPECT_EQ(server.get("/api/rl-training/status")["live"]["killed"], true);
  EXPECT_EQ(server.get("/api/ledger/events?kind=risk.killed")["items"][0]["body"]["reason"], "the news");
  EXPECT_EQ(server.post("/api/live/re-arm", {{"reason", "it was nothing"}})["risk"]["kill"], nullptr);
}

TEST_F(RoutesTest, TheLedgerIsReadProvedAndVerified) {
  set(65);
  set(66);
  const std::uint64_t last = server.last_event();
  std::vector<std::uint64_t> newest, oldest;
  for (std::string next = "limit=3"; !next.empty();) {
    const Json page = server.get("/api/ledger/events?" + next);
    for (const Json& item : page["items"]) newest.push_back(item["sequence"]);
    next = page["next_cursor"].is_null() ? "" : "limit=3&cursor=" + page["next_cursor"].get<std::string>();
  }
  for (std::string next = "limit=3"; !next.empty();) {
    const Json page = server.get("/api/ledger/events?order=oldest&" + next);
    for (const Json& item : page["items"]) oldest.push_back(item["sequence"]);
    next = page["next_cursor"].is_null() ? "" : "limit=3&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(newest.size(), last);
  EXPECT_TRUE(std::ranges::is_sorted(newest, std::greater<>()));
  std::ranges::reverse(newest);
  EXPECT_EQ(newest, oldest);
  EXPECT_EQ(server.get("/api/ledger/events?kind=parameters.version")["items"].size(), 3U);
  EXPECT_EQ(server.get("/api/ledger/events?kind=parameters.&text=VOLPCT&author=otto")["items"].size(), 2U);
  EXPECT_EQ(server.get("/api/ledger/events?until=1970-01-01T00:00:01Z")["items"].size(), 0U);
  const Json others = server.get("/api/ledger/events?without=parameters.");
  ASSERT_FALSE(others["items"].empty());
  for (const Json& item : others["items"]) EXPECT_NE(item["kind"], "parameters.version");
  EXPECT_EQ(server.get("/api/ledger/events?after=" + std::to_string(last - 1))["items"].size(), 1U);
  EXPECT_EQ(server.get("/api/ledger/events/1")["sequence"], 1);

  const Json head = server.get("/api/ledger/head");
  EXPECT_EQ(head["events"], last);
  EXPECT_EQ(server.get("/api/ledger/proof/2")["root"], head["root"]);
  EXPECT_EQ(server.get("/api/ledger/consistency?from=2")["root"], head["root"]);
  server.ask("GET", "/api/ledger/proof/99999", "vera", nullptr, 404);
  EXPECT_EQ(server.get("/api/ledger/verify", "otto")["clean"], true);

  const Response file = server.answer(server.request("GET", "/api/ledger/export?limit=2", "vera"));
  EXPECT_EQ(std::ranges::count(file.body, '\n'), 2);
  const Response csv = server.answer(server.request("GET", "/api/ledger/export?format=csv&limit=2", "vera"));
  EXPECT_EQ(csv.content_type, "text/csv");
  const Json documented =
      Json::parse(openapi_document(server.router->table()))["paths"]["/api/ledger/export"];
  EXPECT_TRUE(documented["get"]["responses"]["200"]["content"].contains("text/csv"));
  EXPECT_TRUE(documented["get"]["responses"]["200"]["content"].contains("application/x-ndjson"));
}

TEST_F(RoutesTest, TheKindsOfEventsAreCounted) {
  set(65);
  set(66);
  const Json kinds = server.get("/api/ledger/kinds")["items"];
  std::uint64_t sum = 0;
  std::vector<std::string> names;
  for (const Json& item : kinds) {
    names.push_back(item["kind"]);
    sum += item["events"].get<std::uint64_t>();
    if (item["kind"] != "parameters.version") continue;
    EXPECT_EQ(item["events"], 3);
    EXPECT_EQ(item["newest"],
              server.get("/api/ledger/events?kind=parameters.version")["items"][0]["sequence"]);
  }
  EXPECT_EQ(sum, server.last_event());
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_TRUE(std::ranges::count(names, "parameters.version") == 1);
}

TEST_F(RoutesTest, AnExportHasABoundInBytes) {
  const std::string body = R"({"text":")" + std::string(3U << 20U, 'x') + "\"}";
  constexpr std::size_t count = 22;  // 66 MiB
  const std::vector<ledger::NewEvent> events(count, {"note.large", body, "tester", 0});
  server.own_ledger->append(events);
  const Response refused = server.answer(server.request("GET", "/api/ledger/export?kind=note.large", "vera"));
  EXPECT_EQ(refused.status, 413);
  const Json fault = Json::parse(refused.body);
  EXPECT_EQ(fault["code"], "ledger.export_too_large");
  EXPECT_NE(fault["detail"].get<std::string>().find("the first 21 of these events fit"), std::string::npos)
      << fault["detail"];
  const Response part =
      server.answer(server.request("GET", "/api/ledger/export?kind=note.large&limit=21", "vera"));
  ASSERT_EQ(part.status, 200);
  EXPECT_EQ(std::ranges::count(part.body, '\n'), 21);
  std::string last;
  for (const auto& [name, value] : part.headers)
    if (name == "X-Last-Event") last = value;
  const Response rest =
      server.answer(server.request("GET", "/api/ledger/export?kind=note.large&after=" + last, "vera"));
  EXPECT_EQ(std::ranges::count(rest.body, '\n'), 1) << "nothing is left out, nothing comes twice";
}

TEST_F(RoutesTest, UsersAndKeysAreManaged) {
  const std::string& password = accounts::good_password;
  EXPECT_EQ(server.post("/api/auth/users", {{"name", "eve"}, {"password", password}, {"role", "viewer"}}, 201,
                        "ada")["role"],
            "viewer");
  const Json login = server.post("/api/auth/login", {{"name", "eve"}, {"password", password}}, 200, "");
  server.tokens["eve"] = login["access_token"];
  EXPECT_EQ(server.get("/api/auth/me", "eve")["role"], "viewer");
  const Json fresh = server.post("/api/auth/refresh", {{"refresh_token", login["refresh_token"]}}, 200, "");
  server.post("/api/auth/refresh", {{"refresh_token", login["refresh_token"]}}, 401, "");
  server.ask("POST", "/api/auth/logout", "", {{"refresh_token", fresh["refresh_token"]}}, 204);

  server.tokens["eve"] =
      server.post("/api/auth/login", {{"name", "eve"}, {"password", password}}, 200, "")["access_token"];
  server.post("/api/auth/keys", {{"name", "ci"}, {"role", "operator"}}, 403, "eve");
  server.post("/api/auth/keys", {{"name", "ci"}, {"role", "viewer"}, {"user", "ada"}}, 403, "eve");
  const Json key = server.post("/api/auth/keys", {{"name", "ci"}, {"role", "viewer"}}, 201, "eve");
  server.tokens["key"] = key["secret"];
  EXPECT_EQ(server.get("/api/auth/me", "key")["user"], "eve");
  server.post("/api/auth/keys", {{"name", "further"}, {"role", "viewer"}}, 403, "key");
  server.post("/api/auth/password", {{"current", password}, {"password", "another long password"}}, 409,
              "key");
  EXPECT_EQ(server.get("/api/auth/keys", "eve")["items"].size(), 1U);
  EXPECT_TRUE(server.get("/api/auth/keys", "vera")["items"].empty());
  const std::string id = key["id"];
  server.ask("DELETE", "/api/auth/keys/" + id, "vera", nullptr, 404);
  server.ask("DELETE", "/api/auth/keys/" + id, "eve", nullptr, 204);
  std::vector<std::string> told;
  const Json recorded = server.get("/api/ledger/events?kind=accounts.changed&order=oldest");
  for (const Json& event : recorded["items"]) {
    told.push_back(event["author"].get<std::string>() + " " + event["body"]["what"].get<std::string>() + " " +
                   event["body"]["user"].get<std::string>());
  }
  EXPECT_EQ(told,
            (std::vector<std::string>{"ada user_added eve", "eve key_added eve", "eve key_removed eve"}));
  EXPECT_EQ(server.answer(server.request("GET", "/api/auth/me", "key")).status, 401);

  server.post("/api/auth/password", {{"current", "wrong"}, {"password", "another long password"}}, 400,
              "eve");
  server.post("/api/auth/password", {{"current", password}, {"password", "another long password"}}, 200,
              "eve");
  EXPECT_EQ(server.answer(server.request("GET", "/api/auth/me", "eve")).status, 401);
  EXPECT_EQ(server.ask("PATCH", "/api/auth/users/eve", "ada",
                       {{"role", "operator"}, {"enabled", false}})["enabled"],
            false);
  server.ask("PUT", "/api/auth/users/eve/password", "ada", {{"password", "yet another password"}});
  server.ask("PATCH", "/api/auth/users/ada", "ada", {{"enabled", false}}, 409);
  EXPECT_EQ(server.get("/api/auth/users", "ada")["items"].size(), 5U);

  // Nothing of all that is in the ledger but that it happened.
  for (const ledger::Event& event : server.own_ledger->read()) {
    EXPECT_EQ(event.body.find(password), std::string::npos);
    EXPECT_EQ(event.body.find(key["secret"].get<std::string>()), std::string::npos);
  }
}

TEST_F(RoutesTest, ModelsAndReportsAreFoundAndNothingElse) {
  EXPECT_TRUE(server.get("/api/reports")["items"].empty());
  write("runs/a/report.html", "<html>mine</html>");
  write("runs/a/secret.key", "private");
  write("outside.html", "<html>not mine</html>");
  std::filesystem::create_symlink(server.folder.path() / "outside.html",
                                  server.folder.path() / "runs/link.html");
  write("models/x/ppo.zip", "zip");
  write("models/x/training_results.json",
        R"({"algorithm":"PPO","timesteps":1000,"symbol":"BTC/USDT","synthetic":false})");
  const Json reports = server.get("/api/reports");
  ASSERT_EQ(reports["items"].size(), 1U);
  EXPECT_EQ(reports["items"][0]["name"], "a/report.html");
  const Response page = server.answer(
      server.request("GET", "/api/reports/" + reports["items"][0]["id"].get<std::string>(), "vera"));
  EXPECT_EQ(page.body, "<html>mine</html>");
  bool sandboxed = false;
  for (const auto& [name, value] : page.headers)
    sandboxed =
        sandboxed || (name == "Content-Security-Policy" && value.find("sandbox") != std::string::npos);
  EXPECT_TRUE(sandboxed);
  server.ask("GET", "/api/reports/0123456789abcdef", "vera", nullptr, 404);

  const Json models = server.get("/api/models");
  ASSERT_EQ(models["items"].size(), 1U);
  EXPECT_EQ(models["items"][0]["kind"], "PPO");
  EXPECT_EQ(models["items"][0]["timesteps"], 1000);
  EXPECT_EQ(models["items"][0]["validation"], nullptr);
  EXPECT_EQ(server.get("/api/models/" + models["items"][0]["id"].get<std::string>()), models["items"][0]);
}

TEST_F(RoutesTest, TheStatusIsMadeAnewOnlyWhereSomethingChanged) {
  const auto text = [&] {
    return server.answer(server.request("GET", "/api/rl-training/status", "vera")).shared_body;
  };
  const auto first = text();
  server.clock.advance(second_ms);
  EXPECT_EQ(text(), first) << "nothing has changed";
  server.news.publish("live", "live.step", "{}");
  server.clock.advance(50);
  EXPECT_EQ(text(), first) << "too soon";
  server.clock.advance(100);
  EXPECT_NE(text(), first);
}

TEST_F(RoutesTest, TheSystemTellsWhatItIs) {
  EXPECT_EQ(server.get("/api/system/version")["program"], "stevie");
  EXPECT_EQ(server.get("/api/system/words")["roles"], (Json{"viewer", "operator", "admin"}));
  const Json cards = server.get("/api/rl-training/scenarios");
  EXPECT_EQ(cards["scenarios"].size(), 5U);
  EXPECT_FALSE(cards["note"].is_null()) << "no bars are configured to measure on";
}

TEST(RoutesWithoutTrading, TellWhatTheyCan) {
  TestServer server(false);
  EXPECT_EQ(server.get("/api/live/state")["summary"]["mode"], "none");
  EXPECT_TRUE(server.get("/api/live/fills")["items"].empty());
  EXPECT_TRUE(server.get("/api/live/equity")["points"].empty());
  EXPECT_EQ(server.get("/api/rl-training/status")["live"]["running"], false);
  EXPECT_EQ(server.get("/api/rl-training/status")["parameter_version"], 1);
  server.ask("GET", "/api/rl-training/performance/BTCUSDT", "vera", nullptr, 404);
}

TEST(RoutesWithoutTrading, KillAndReArmOverTheLedger) {
  TestServer server(false);
  const Json killed = server.post("/api/live/kill", {{"reason", "the news"}, {"flatten", true}});
  EXPECT_EQ(killed["summary"]["killed"], true);
  EXPECT_EQ(killed["risk"]["kill"]["by"], "otto");
  EXPECT_EQ(server.get("/api/live/state")["risk"]["kill"]["reason"], "the news");
  EXPECT_EQ(server.get("/api/ledger/events?kind=risk.killed")["items"][0]["body"]["flatten"], true);
  EXPECT_EQ(server.post("/api/live/re-arm", {{"reason", "it was nothing"}})["summary"]["killed"], false);
  EXPECT_EQ(server.get("/api/ledger/events?kind=risk.rearmed")["items"][0]["author"], "otto");
}

TEST(RoutesErrors, AdviseOfRoutesThatExist) {
  TestServer server(false);
  std::set<std::string> routes;
  for (const Route& route : server.router->table().routes)
    routes.insert(std::string(to_string(route.method)) + " " + route.path);
  const std::regex named("(GET|POST) (/api/[a-z/{}-]+)");
  for (const ErrorInfo& error : error_table()) {
    const std::string advice(error.what_to_do);
    for (std::sregex_iterator at(advice.begin(), advice.end(), named); at != std::sregex_iterator(); ++at)
      EXPECT_TRUE(routes.contains(at->str())) << error.code << ": " << advice;
  }
}

TEST(RoutesConfiguration, ShowsNoPassword) {
  TestServer server(false);
  server.services.config.ledger.url = "postgresql://trader:hunter2@db/trading?connect_timeout=3";
  const Response response = server.answer(server.request("GET", "/api/system/configuration", "ada"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.find("hunter2"), std::string::npos);
  EXPECT_NE(response.body.find("ledger.url"), std::string::npos);
}

}  // namespace
}  // namespace stevie::api
