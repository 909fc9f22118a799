#include <algorithm>

#include "api/routes_testing.h"

namespace stevie::api {
namespace {

using Json = TestServer::Json;

const std::string secret = "seven-small-foxes-run";
const std::string token = "123456:AA-token-that-nobody-may-see";
const std::string channels = "/api/notifications/channels";

Json webhook(const std::string& name = "desk") {
  return {{"name", name},
          {"kind", "webhook"},
          {"events", {"kill", "rearm"}},
          {"url", "https://hooks.example.com/path-nobody-may-see?key=1"},
          {"secret", secret}};
}
Json telegram() {
  return {
      {"name", "chat"}, {"kind", "telegram"}, {"events", {"kill"}}, {"chat", "-100123"}, {"token", token}};
}

class NotificationRoutes : public ::testing::Test {
 protected:
  std::string export_text() { return server.answer(server.request("GET", "/api/ledger/export", "ada")).body; }
  Json add(const Json& channel, int status = 201) { return server.post(channels, channel, status, "ada"); }
  TestServer server{false};
};

TEST_F(NotificationRoutes, ChannelsAreAddedShownChangedAndRemovedWithoutTheirSecrets) {
  const Json made = add(webhook());
  EXPECT_EQ(made["secret"], "set");
  EXPECT_EQ(made["token"], nullptr);
  EXPECT_EQ(made["target"], "https://hooks.example.com/…");
  EXPECT_EQ(made["minimum_gap_seconds"], 60);
  EXPECT_EQ(made["enabled"], true);
  add(telegram());
  const Json listed = server.get(channels, "otto");
  ASSERT_EQ(listed["items"].size(), 2U);
  EXPECT_EQ(listed["items"][0]["name"], "chat");
  EXPECT_EQ(listed["items"][0]["chat"], "-100123");
  EXPECT_EQ(listed["items"][0]["token"], "set");

  const Json changed =
      server.ask("PATCH", channels + "/desk", "ada",
                 {{"events", {"promotion"}}, {"enabled", false}, {"minimum_gap_seconds", 0}});
  EXPECT_EQ(changed["events"], Json::array({"promotion"}));
  EXPECT_EQ(changed["enabled"], false);
  EXPECT_EQ(changed["minimum_gap_seconds"], 0);
  EXPECT_EQ(server.notifier->channels().get("desk").secret, secret) << "what is left out stays";
  server.ask("DELETE", channels + "/chat", "ada", nullptr, 204);
  EXPECT_EQ(server.get(channels, "otto")["items"].size(), 1U);

  std::vector<std::string> what;
  for (const ledger::Event& event : server.own_ledger->read({.kind = "notify.changed"})) {
    EXPECT_EQ(event.author, "ada");
    what.push_back(Json::parse(event.body)["what"]);
  }
  EXPECT_EQ(what, (std::vector<std::string>{"channel_added", "channel_added", "channel_changed",
                                            "channel_removed"}));
  const std::string record = export_text() + listed.dump() + made.dump() + changed.dump();
  for (const std::string& word : {secret, token, std::string("path-nobody-may-see")})
    EXPECT_EQ(record.find(word), std::string::npos) << word;
}

TEST_F(NotificationRoutes, ATestSaysWhatHappenedAndIsInTheLog) {
  add(webhook());
  const Json sent = server.post(channels + "/desk/test", nullptr, 200, "ada");
  EXPECT_EQ(sent["state"], "delivered");
  EXPECT_EQ(sent["event"], "test");
  ASSERT_EQ(server.posts.size(), 1U);
  server.post_answer = {.status = 500};
  const Json failed = server.post(channels + "/desk/test", nullptr, 200, "ada");
  EXPECT_EQ(failed["state"], "failed");
  EXPECT_EQ(failed["error"], "the receiver answered 500");
  EXPECT_EQ(server.get(channels, "otto")["items"][0]["last_delivery"]["state"], "failed");
  EXPECT_EQ(server.get("/api/notifications/deliveries", "otto")["items"].size(), 2U);
  EXPECT_EQ(server.get("/api/notifications/deliveries?state=failed&channel=desk", "otto")["items"].size(),
            1U);
  EXPECT_EQ(server.get("/api/notifications/deliveries?channel=other", "otto")["items"].size(), 0U);
  EXPECT_EQ(server.get("/api/notifications/deliveries?limit=1", "otto")["items"].size(), 1U);
}

TEST_F(NotificationRoutes, RefusesWhatCannotBe) {
  add(webhook());
  EXPECT_EQ(add(webhook(), 409)["code"], "notify.exists");
  const auto with = [](Json body, const char* name, Json value) {
    body["name"] = "other";
    body[name] = std::move(value);
    return body;
  };
  for (const Json& body : {with(webhook(), "kind", "carrier pigeon"),
                           with(webhook(), "events", Json::array()),
                           with(webhook(), "events", {"everything"}),
                           with(webhook(), "events", "kill"),
                           with(webhook(), "url", ""),
                           with(webhook(), "url", "file:///etc/passwd"),
                           with(webhook(), "url", "https://a:b@example.com/"),
                           with(webhook(), "url", "https://example.com/\r\nHost: other"),
                           with(webhook(), "secret", "short"),
                           with(webhook(), "secret", 17),
                           with(webhook(), "minimum_gap_seconds", -1),
                           with(webhook(), "minimum_gap_seconds", 1e30),
                           with(webhook(), "name", "../other"),
                           with(webhook(), "name", std::string(100, 'x')),
                           with(webhook(), "token", token),
                           with(telegram(), "token", "no token"),
                           with(telegram(), "chat", "a b"),
                           with(telegram(), "url", "https://x"),
                           with(webhook(), "unknown", 1),
                           Json{{"name", "other"}},
                           Json::object()}) {
    const Json answer = add(body, 400);
    EXPECT_EQ(answer.dump().find(secret), std::string::npos) << answer.dump();
  }
  server.ask("PATCH", channels + "/nobody", "ada", {{"enabled", true}}, 404);
  server.ask("PATCH", channels + "/desk", "ada", Json::object(), 400);
  server.ask("PATCH", channels + "/desk", "ada", {{"chat", "-100123"}}, 400);
  server.ask("PATCH", channels + "/desk", "otto", {{"enabled", true}}, 403);
  server.ask("GET", channels, "vera", nullptr, 403);
  EXPECT_EQ(server.notifier->channels().channels().size(), 1U);
  EXPECT_EQ(server.own_ledger->read({.kind = "notify.changed"}).size(), 1U);
}

TEST_F(NotificationRoutes, LockedLoginsAreToldOnce) {
  const std::uint64_t before = server.news.newest();
  for (int i = 0; i < 20; ++i)
    server.ask("POST", "/api/auth/login", "", {{"name", "vera"}, {"password", "not her password"}},
               i < 5 ? 401 : 429);
  std::vector<Json> told;
  for (const app::NewsItem& item : server.news.after(before, 100).items) {
    if (item.kind != "accounts.login_locked") continue;
    EXPECT_EQ(item.topic, "accounts") << "for administrators alone";
    told.push_back(Json::parse(item.body));
  }
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["name"], "vera");
  EXPECT_EQ(told[0]["address"], "127.0.0.1");
}

}  // namespace
}  // namespace stevie::api
