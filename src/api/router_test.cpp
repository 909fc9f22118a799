#include "api/router.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/api_testing.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using Json = nlohmann::json;

std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

RawRequest get(std::string target, std::string token = "viewer-token") {
  RawRequest request{.method = "GET", .target = std::move(target), .address = "127.0.0.1"};
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  return request;
}

RawRequest post(std::string target, std::string body, std::string token = "operator-token") {
  RawRequest request = get(std::move(target), std::move(token));
  request.method = "POST";
  request.headers.emplace_back("content-type", "application/json");
  request.body = std::move(body);
  return request;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    parts.table = small_table(&calls);
    parts.accounts = &accounts;
    parts.record = [this](const Route&, const Request& request, int status) {
      if (ledger_is_down) throw Error("ledger.unreachable", "the database does not answer");
      records.emplace_back(request.path, status);
    };
  }

  Response ask(const RawRequest& request) {
    if (!router) router = std::make_unique<Router>(std::move(parts));
    return router->answer(request);
  }
  Json problem(const RawRequest& request, int status, const std::string& code) {
    const Response response = ask(request);
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
    const Json body = Json::parse(response.body);
    EXPECT_EQ(body.value("code", ""), code) << response.body;
    EXPECT_EQ(body.value("status", 0), status);
    EXPECT_EQ(body.value("request_id", ""), header_of(response, "X-Request-Id"));
    EXPECT_FALSE(body.value("what_to_do", "").empty());
    return body;
  }

  FakeAccounts accounts;
  std::vector<std::string> calls;
  std::vector<std::pair<std::string, int>> records;
  bool ledger_is_down = false;
  Router::Parts parts;
  std::unique_ptr<Router> router;
};

TEST_F(RouterTest, AnswersARouteOfTheTable) {
  const Response response = ask(get("/api/things?limit=7"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(response.body)["limit"], "7");
  EXPECT_EQ(Json::parse(ask(get("/api/things")).body)["limit"], "50") << "the default is filled in";
  EXPECT_EQ(ask({.method = "HEAD", .target = "/api/things", .headers = get("").headers}).status, 200);
}

TEST_F(RouterTest, DecodesPathParametersStrictly) {
  EXPECT_EQ(Json::parse(ask(get("/api/things/BTC%2FUSDT")).body)["id"], "BTC/USDT");
  EXPECT_EQ(Json::parse(ask(get("/api/things/special")).body)["id"], "literal")
      << "a literal path comes first";
  for (const char* bad : {"/api/things/%", "/api/things/%4", "/api/things/%zz", "/api/things/%00",
                          "/api/things/%ff", "/api/things/%c0%af", "/api/things/a%0ab"}) {
    problem(get(bad), 400, "api.bad_path");
  }
  problem(get("/api/things/.."), 400, "api.bad_parameter");
  problem(get("/api/things/%2e%2e"), 400, "api.bad_parameter");
  problem(get("/api/things/"), 404, "api.not_found");
  problem(get("/api/things/a/"), 404, "api.not_found");
  problem(get("api/things"), 404, "api.not_found");
  problem(get(""), 404, "api.not_found");
}

TEST_F(RouterTest, ToldWhichMethodsAPathTakes) {
  const Response response = ask({.method = "DELETE", .target = "/api/things"});
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header_of(response, "Allow"), "GET, HEAD, POST, OPTIONS");
  const Response options = ask({.method = "OPTIONS", .target = "/api/things"});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header_of(options, "Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(header_of(options, "Access-Control-Allow-Origin"), "");
  problem({.method = "BREW", .target = "/api/things"}, 405, "api.method_not_allowed");
}

TEST_F(RouterTest, LetsInWhoHasTheRole) {
  problem(get("/api/things", ""), 401, "api.unauthenticated");
  problem(get("/api/things", "nobody"), 401, "api.unauthenticated");
  problem(post("/api/things", "{}", "viewer-token"), 403, "api.forbidden");
  problem(post("/api/things", "{}", ""), 401, "api.unauthenticated");
  EXPECT_TRUE(calls.empty());
  RawRequest basic = get("/api/things", "");
  basic.headers.emplace_back("Authorization", "Basic dmlld2VyOng=");
  problem(basic, 401, "api.unauthenticated");
  EXPECT_EQ(ask(get("/health/live", "")).status, 200);
  EXPECT_EQ(ask(get("/metrics", "")).status, 401);
}

TEST_F(RouterTest, NamesEveryFaultOfTheParameters) {
  const Json body = problem(get("/api/things?limt=3&limit=900&limit=2&other=1"), 400, "api.bad_parameter");
  ASSERT_EQ(body["faults"].size(), 4u) << body;
  EXPECT_EQ(body["faults"][0], "the parameter 'limt' is not known: did you mean 'limit'?");
  EXPECT_EQ(body["faults"][1], "limit must be at most 500");
  EXPECT_EQ(body["faults"][2], "the parameter 'limit' is given twice");
  for (const char* bad : {"limit=abc", "limit=1e1", "limit=+1", "limit=%201", "limit=", "limit",
                          "limit=99999999999999999999", "limit=0x10"}) {
    problem(get(std::string("/api/things?") + bad), 400, "api.bad_parameter");
  }
  problem(get("/api/things?limit=%"), 400, "api.bad_query");
  problem(get("/api/things?%ff=1"), 400, "api.bad_query");
}

TEST_F(RouterTest, NamesEveryFaultOfTheBody) {
  const Json body = problem(
      post("/api/things", R"({"name":"","cuont":1,"nested":{"weigth":2,"list":[1,"x"]},"reason":"because"})"),
      400, "api.bad_body");
  std::string all;
  for (const auto& fault : body["faults"]) all += fault.get<std::string>() + "\n";
  EXPECT_NE(all.find("'cuont' is not known: did you mean 'count'?"), std::string::npos) << all;
  EXPECT_NE(all.find("'nested.weigth' is not known: did you mean 'weight'?"), std::string::npos) << all;
  EXPECT_NE(all.find("name must have at least 1 characters"), std::string::npos) << all;
  EXPECT_NE(all.find("nested.list[1] must be a whole number"), std::string::npos) << all;
  EXPECT_TRUE(calls.empty());
  EXPECT_TRUE(records.empty());
}

TEST_F(RouterTest, RefusesWhatIsNoJsonObject) {
  for (const std::string bad : {"", "{", "[]", "1", "null", "\"x\"", "{\"name\":\"a\"}x", "{\"name\":1e999}",
                                "\xff", "{\"name\":\"\xc3\x28\"}"}) {
    problem(post("/api/things", bad), 400, "api.bad_json");
  }
  problem(post("/api/things", std::string(100'000, '[')), 400, "api.bad_json");
  problem(post("/api/things", R"({"name":"a\u0000b","reason":"because"})"), 400, "api.bad_body");
  problem(post("/api/things", R"({"name":")" + std::string(5000, 'a') + R"(","reason":"because"})"), 400,
          "api.bad_body");
  std::string many = R"({"name":"a","reason":"because","nested":{"weight":1,"list":[0)";
  for (int i = 0; i < 5000; ++i) many += ",1";
  problem(post("/api/things", many + "]}}"), 400, "api.bad_body");
  for (const char* value : {"1", "true", "null", "{}", "[]", "1.5"}) {
    const std::string body = std::string(R"({"name":"a","reason":"because","since":)") + value + "}";
    problem(post("/api/things", body), 400, "api.bad_body");
  }
  RawRequest text = post("/api/things", R"({"name":"a","reason":"because"})");
  text.headers.back().second = "text/plain";
  problem(text, 415, "api.unsupported_media_type");
  text.headers.back().second = "application/json; charset=latin1";
  problem(text, 415, "api.unsupported_media_type");
  text.headers.back().second = "Application/JSON;charset=UTF-8";
  EXPECT_EQ(ask(text).status, 201);
  RawRequest with_body = get("/api/things");
  with_body.body = "{}";
  problem(with_body, 400, "api.bad_body");
}

TEST_F(RouterTest, PutsAChangeOnRecordBeforeItActs) {
  EXPECT_EQ(ask(post("/api/things", R"({"name":"a","reason":"because"})")).status, 201);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0], std::pair(std::string("/api/things"), 0));
  EXPECT_EQ(records[1].second, 201);
  ledger_is_down = true;
  problem(post("/api/things", R"({"name":"b","reason":"because"})"), 503, "api.not_recorded");
  EXPECT_EQ(calls, std::vector<std::string>{"a"}) << "nothing is changed without a record";
}

TEST_F(RouterTest, RecordsOfStrangersOnlyWhatTookEffect) {
  Route open = parts.table.routes.back();
  open.path = "/api/setup";
  open.role.reset();
  open.faults = {401};
  open.handler = [](const Request& request) -> Response {
    if (Json::parse(request.body)["password"] != "right") throw Error("accounts.bad_setup_token", "no");
    return Response{.body = "{}"};
  };
  parts.table.routes.push_back(open);
  problem(post("/api/setup", R"({"password":"wrong"})", ""), 401, "accounts.bad_setup_token");
  EXPECT_TRUE(records.empty()) << "a stranger could fill the ledger";
  EXPECT_EQ(ask(post("/api/setup", R"({"password":"right"})", "")).status, 200);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0], std::pair(std::string("/api/setup"), 200));
}

TEST_F(RouterTest, TurnsErrorsIntoStatusesAndHidesWhatIsInside) {
  const auto failing = [&](const char* what) {
    return post("/api/fail", std::string(R"({"what":")") + what + R"("})");
  };
  EXPECT_EQ(problem(failing("live.stale_base"), 409, "live.stale_base")["detail"], "it failed");
  problem(failing("app.unknown_session"), 404, "app.unknown_session");
  problem(failing("ledger.locked"), 503, "ledger.locked");
  problem(failing("never.heard_of"), 400, "never.heard_of");
  const Response inside = ask(failing("inside"));
  EXPECT_EQ(inside.status, 500);
  EXPECT_EQ(inside.body.find("secret"), std::string::npos);
  // A status that the route does not document is never given.
  problem(failing("accounts.too_many_tries"), 400, "accounts.too_many_tries");
}

TEST_F(RouterTest, ListsAllFaultsOfABadTable) {
  RouteTable table;
  Route route;
  route.path = "/a/{x}";
  route.request_schema = "{";
  table.routes = {route, route};
  table.routes[1].path = "/a/{y}";
  try {
    Router bad({.table = table});
    FAIL() << "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "api.bad_table");
    for (const char* part :
         {"no summary", "no handler", "x is not described", "schema of the body", "are one path"}) {
      EXPECT_NE(error.message().find(part), std::string::npos) << part << " in " << error.message();
    }
  }
}

TEST_F(RouterTest, TellsWhetherEverythingIsReady) {
  bool works = true;
  parts.checks = {{"ledger", [&] { return works ? "" : "the disk is full"; }}};
  EXPECT_EQ(ask(get("/health/ready", "")).status, 200);
  works = false;
  EXPECT_EQ(ask(get("/health/ready", "")).status, 503);
  EXPECT_EQ(ask(get("/health/ready", "")).body.find("disk"), std::string::npos);
  EXPECT_NE(ask(get("/health/ready", "viewer-token")).body.find("disk"), std::string::npos);
}

TEST_F(RouterTest, CountsRequestsByRouteAndStatus) {
  parts.metrics = {[] { return "own 1\n"; }};
  ask(get("/api/things/1"));
  ask(get("/api/things/2"));
  ask(get("/api/things", ""));
  ask(get("/nowhere"));
  const std::string text = ask(get("/metrics")).body;
  EXPECT_NE(
      text.find("stevie_http_requests_total{method=\"GET\",route=\"/api/things/{id}\",status=\"200\"} 2\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("route=\"/api/things\",status=\"401\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("route=\"none\",status=\"404\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("stevie_http_request_seconds_count{method=\"GET\",route=\"/api/things/{id}\"} 2\n"),
            std::string::npos);
  EXPECT_NE(text.find("own 1\n"), std::string::npos);
  EXPECT_NE(text.find("process_resident_memory_bytes "), std::string::npos);
}

TEST_F(RouterTest, ServesItsDocumentation) {
  const Json document = Json::parse(*ask(get("/api/openapi.json", "")).shared_body);
  EXPECT_EQ(document["openapi"], "3.1.0");
  const Json& operation = document["paths"]["/api/things"]["post"];
  EXPECT_EQ(operation["requestBody"]["required"], true);
  EXPECT_EQ(operation["parameters"][0]["$ref"], "#/components/parameters/IdempotencyKey");
  for (const char* status : {"201", "400", "401", "403", "409", "413", "415", "422", "500", "503"}) {
    EXPECT_TRUE(operation["responses"].contains(status)) << status;
  }
  EXPECT_EQ(document["components"]["schemas"]["Thing"]["additionalProperties"], false)
      << "what the router refuses stands in the document";
  const Response page = ask(get("/api/docs/errors", ""));
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("id=\"live.stale_base\""), std::string::npos);
  RawRequest packed = get("/api/docs/errors", "");
  packed.headers.emplace_back("Accept-Encoding", "br, gzip");
  EXPECT_EQ(decompressed(ask(packed).body), page.body);
  packed.headers.emplace_back("If-None-Match", header_of(page, "ETag"));
  EXPECT_EQ(ask(packed).status, 304);
  EXPECT_EQ(header_of(page, "Content-Security-Policy").find("unsafe"), std::string::npos);
}

TEST_F(RouterTest, ServesEverythingThatItsPagesLoad) {
  const std::string page = ask(get("/api/docs", "")).body;
  std::size_t loaded = 0;
  for (std::size_t at = page.find("=\"/"); at != std::string::npos; at = page.find("=\"/", at + 1)) {
    const std::string target = page.substr(at + 2, page.find('"', at + 2) - at - 2);
    EXPECT_EQ(ask(get(target, "")).status, 200) << target;
    ++loaded;
  }
  EXPECT_GE(loaded, 2u);
  EXPECT_EQ(page.find("://"), std::string::npos) << "no other host";
  EXPECT_EQ(header_of(ask(get("/api/docs", "")), "Content-Security-Policy").find("script-src 'self' 'unsafe"),
            std::string::npos);
}

class RepeatedCalls : public RouterTest {
 protected:
  RepeatedCalls() : folder(::testing::TempDir() + "api_calls_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    reopen();
  }
  ~RepeatedCalls() override { std::filesystem::remove_all(folder); }
  void reopen() {
    store = IdempotencyStore::open("sqlite:///" + folder + "/calls.db", [this] { return time; });
    router.reset();
    Router::Parts fresh = parts;
    fresh.idempotency = store.get();
    router = std::make_unique<Router>(std::move(fresh));
  }
  RawRequest keyed(const std::string& key, const std::string& name,
                   const std::string& token = "operator-token") {
    RawRequest request = post("/api/things", R"({"name":")" + name + R"(","reason":"because"})", token);
    request.headers.emplace_back("Idempotency-Key", key);
    return request;
  }

  std::string folder;
  TimeMs time = 1'700'000'000'000;
  std::unique_ptr<IdempotencyStore> store;
};

TEST_F(RepeatedCalls, AreKeptFromOtherUsersOfTheMachine) {
  namespace fs = std::filesystem;
  const fs::perms others = fs::perms::group_all | fs::perms::others_all;
  for (const auto& entry : fs::directory_iterator(folder))
    EXPECT_EQ(entry.status().permissions() & others, fs::perms::none) << entry.path();
}

TEST_F(RepeatedCalls, ActOnce) {
  const Response first = ask(keyed("k1", "a"));
  const Response again = ask(keyed("k1", "a"));
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(header_of(again, "Idempotency-Replayed"), "true");
  EXPECT_EQ(calls.size(), 1u);
  reopen();
  EXPECT_EQ(ask(keyed("k1", "a")).body, first.body) << "also after a restart";
  EXPECT_EQ(calls.size(), 1u);
  problem(keyed("k1", "b"), 422, "api.idempotency_mismatch");
  EXPECT_EQ(ask(keyed("k1", "a", "admin-token")).status, 201) << "another user's key is another key";
  EXPECT_EQ(calls.size(), 2u);
  time += day_ms + 1;
  EXPECT_EQ(ask(keyed("k1", "b")).status, 201) << "kept for a day";
}

TEST_F(RepeatedCalls, AreUnknownAfterACrash) {
  store->begin("operator\nPOST /api/things", "k2",
               std::string("/api/things\n") + R"({"name":"a","reason":"because"})");
  problem(keyed("k2", "a"), 409, "api.in_progress");
  reopen();
  problem(keyed("k2", "a"), 409, "api.outcome_unknown");
  EXPECT_TRUE(calls.empty());
}

TEST_F(RepeatedCalls, MayComeAgainWhereNothingWasDone) {
  ledger_is_down = true;
  problem(keyed("k3", "a"), 503, "api.not_recorded");
  ledger_is_down = false;
  EXPECT_EQ(ask(keyed("k3", "a")).status, 201);
  problem(keyed(std::string(201, 'k'), "a"), 400, "api.bad_header");
  problem(keyed("a b", "a"), 400, "api.bad_header");
}

TEST_F(RepeatedCalls, AreKnownWhenTheClockStepsBack) {
  EXPECT_EQ(ask(keyed("k6", "a")).status, 201);
  time -= 30 * day_ms;
  const Response again = ask(keyed("k6", "a"));
  EXPECT_EQ(header_of(again, "Idempotency-Replayed"), "true");
  EXPECT_EQ(ask(keyed("k7", "b")).status, 201);
  time += 30 * day_ms;
  EXPECT_EQ(header_of(ask(keyed("k6", "a")), "Idempotency-Replayed"), "true");
  EXPECT_EQ(calls.size(), 2u);
}

/// A kill must hold while ledger and record of calls are out of reach.
TEST_F(RepeatedCalls, ActAllTheSameWhereThatIsSafer) {
  for (Route& route : parts.table.routes) route.acts_unrecorded = route.path == "/api/things";
  reopen();
  ledger_is_down = true;
  EXPECT_EQ(ask(keyed("k8", "a")).status, 201);
  std::filesystem::remove_all(folder);
  store.reset();
  Router::Parts fresh = parts;
  struct Gone : IdempotencyStore {
    EarlierCall begin(const std::string&, const std::string&, const std::string&) override {
      throw Error("api.store_unreachable", "gone");
    }
    void finish(const std::string&, const std::string&, const Response&, bool) override {}
    void forget(const std::string&, const std::string&) override {}
    void give_up(const std::string&, const std::string&) override {}
  } gone;
  fresh.idempotency = &gone;
  router = std::make_unique<Router>(std::move(fresh));
  EXPECT_EQ(ask(keyed("k8", "b")).status, 201);
  RawRequest other = post("/api/fail", R"({"what":"live.stale_base"})");
  problem(other, 503, "api.not_recorded");
  other.headers.emplace_back("Idempotency-Key", "k9");
  problem(other, 503, "api.store_unreachable");
  EXPECT_EQ(calls, (std::vector<std::string>{"a", "b"}));
  router.reset();
}

TEST_F(RepeatedCalls, KeepNoSecret) {
  RawRequest request = post("/api/secret", R"({"password":"correct horse"})");
  request.headers.emplace_back("Idempotency-Key", "k4");
  EXPECT_EQ(ask(request).status, 200);
  problem(request, 409, "api.shown_once");
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(bytes.find("hunter2"), std::string::npos);
    EXPECT_EQ(bytes.find("horse"), std::string::npos);
  }
}

TEST_F(RepeatedCalls, InParallelActOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> created{0}, refused{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const int status = router->answer(keyed("k5", "a")).status;
      (status == 201 ? created : refused)++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created + refused, 4);
  EXPECT_GE(created, 1);
  EXPECT_EQ(calls.size(), 1u);
}

}  // namespace
}  // namespace stevie::api
