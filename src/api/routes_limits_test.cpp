#include "api/routes_testing.h"

namespace stevie::api {
namespace {

using Json = TestServer::Json;

const std::string path = "/api/live/limits";

Json limit_of(const Json& answer, const std::string& name) {
  for (const Json& limit : answer["limits"]) {
    if (limit["name"] == name) return limit;
  }
  ADD_FAILURE() << "there is no " << name;
  return Json::object();
}

Json change(const Json& limits, const std::string& reason = "a quiet week") {
  return {{"limits", limits}, {"reason", reason}};
}

class LimitRoutes : public ::testing::TestWithParam<bool> {
 protected:
  TestServer server{GetParam()};
};

TEST_P(LimitRoutes, AnAdministratorChangesLimitsAndTakesThemBack) {
  const Json before = server.get(path);
  EXPECT_EQ(before["limits"].size(), 8U);
  EXPECT_EQ(before["change"], nullptr);
  EXPECT_EQ(limit_of(before, "exposure_share")["in_force"], 3.0);

  const Json after =
      server.ask("PUT", path, "ada", change({{"exposure_share", 1.5}, {"orders_per_minute", 7}}));
  EXPECT_EQ(limit_of(after, "exposure_share")["in_force"], 1.5);
  EXPECT_EQ(limit_of(after, "exposure_share")["configured"], 3.0);
  EXPECT_EQ(limit_of(after, "exposure_share")["changed"], true);
  EXPECT_EQ(limit_of(after, "drawdown_share")["changed"], false);
  EXPECT_EQ(after["obeyed"], true);
  EXPECT_EQ(after["change"]["by"], "ada");
  EXPECT_EQ(after["change"]["reason"], "a quiet week");
  EXPECT_EQ(server.get("/api/live/state")["risk"]["limits"]["exposure_share"], 1.5);
  EXPECT_EQ(server.own_ledger->read({.kind = "risk.limits_changed"}).size(), 1U);

  const Json back = server.ask("PUT", path, "ada", change({{"exposure_share", nullptr}}, "the week is over"));
  EXPECT_EQ(limit_of(back, "exposure_share")["in_force"], 3.0);
  EXPECT_EQ(limit_of(back, "orders_per_minute")["in_force"], 7);
  EXPECT_EQ(server.get(path), back);

  Json stale = change({{"exposure_share", 2}});
  stale["base"] = after["change"]["event"];
  const Json refusal = server.ask("PUT", path, "ada", stale, 409);
  EXPECT_EQ(refusal["code"], "live.stale_limits");
  EXPECT_NE(refusal["detail"].get<std::string>().find("the week is over"), std::string::npos);
  EXPECT_EQ(server.get(path), back);
  stale["base"] = back["change"]["event"];
  EXPECT_EQ(limit_of(server.ask("PUT", path, "ada", stale), "exposure_share")["in_force"], 2.0);
}

TEST_P(LimitRoutes, RefuseWhatCannotBe) {
  for (const Json& body :
       {change(Json::object()), change({{"exposure_share", -1}}), change({{"exposure_share", 0}}),
        change({{"exposure_share", 1e9}}), change({{"exposure_share", "2"}}),
        change({{"orders_per_minute", 1.5}}), change({{"nothing", 1}}), change({{"exposure_share", 1}}, ""),
        change(nullptr), Json{{"reason", "a reason"}}})
    server.ask("PUT", path, "ada", body, 400);
  server.ask("PUT", path, "ada", change({{"exposure_share", nullptr}}), 422);
  server.ask("PUT", path, "otto", change({{"exposure_share", 1}}), 403);
  server.ask("PUT", path, "vera", change({{"exposure_share", 1}}), 403);
  server.ask("PUT", path, "", change({{"exposure_share", 1}}), 401);
  EXPECT_TRUE(server.own_ledger->read({.kind = "risk.limits_changed"}).empty());
}

TEST_P(LimitRoutes, NoSessionMayNameThemAmongItsSettings) {
  server.post("/api/rl-training/start",
              {{"scenario", "quick_tune"}, {"reason", "a try"}, {"settings", {{"risk.exposure_share", "9"}}}},
              400);
  EXPECT_EQ(limit_of(server.get(path), "exposure_share")["in_force"], 3.0);
}

INSTANTIATE_TEST_SUITE_P(TradingAndNot, LimitRoutes, ::testing::Bool());

}  // namespace
}  // namespace stevie::api
