#include "app/live_news.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace stevie::app {
namespace {

using nlohmann::json;

TEST(LiveNews, tells_a_decision_with_its_order_and_denial) {
  live::DecisionRecord decision;
  decision.number = 7;
  decision.symbol = "BTC/USDT";
  decision.bar.open_time = 1'704'067'200'000;
  decision.bar.close = 42'000.5;
  decision.action = "enter";
  decision.order_id = "BTC/USDT@1704067200000";
  decision.denial = live::Denial::order_notional;
  const json item = json::parse(decision_news(decision));
  EXPECT_EQ(item["number"], 7);
  EXPECT_EQ(item["bar_time"], "2024-01-01T00:00:00.000Z");
  EXPECT_EQ(item["close"], 42'000.5);
  EXPECT_EQ(item["order_id"], "BTC/USDT@1704067200000");
  EXPECT_EQ(item["denial"], "order_notional");
  decision.order_id.clear();
  decision.denial = live::Denial::none;
  EXPECT_TRUE(json::parse(decision_news(decision))["order_id"].is_null());
  EXPECT_TRUE(json::parse(decision_news(decision))["denial"].is_null());
}

TEST(LiveNews, writes_json_whatever_the_values_are) {
  live::LiveView view;
  view.account.equity = std::numeric_limits<double>::quiet_NaN();
  view.account.positions.push_back({.symbol = "BTC/USDT", .units = 1});
  view.persistence_fault = "bytes \xff\n\"quoted\"";
  const std::string text = state_news(view);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const json item = json::parse(text);
  EXPECT_TRUE(item["equity"].is_null());
  EXPECT_EQ(item["risk_state"], "halted");
  EXPECT_TRUE(item["feed"]["progress"].is_null());
  EXPECT_EQ(item["positions"].size(), 1U);
  EXPECT_EQ(json::parse(fill_news({.order_id = "a", .symbol = "BTC/USDT", .units = -2}))["units"], -2);
}

ledger::Event event(const std::string& kind, const std::string& body) {
  ledger::Event event;
  event.sequence = 41;
  event.kind = kind;
  event.body = body;
  event.author = "anna";
  event.time = 1'704'067'200'000;
  return event;
}

TEST(LiveNews, sorts_events_of_the_ledger_by_topic) {
  NewsHub hub;
  LiveNews news(&hub);
  news.tell(event("risk.killed", R"({"reason":"fat finger","flatten":true})"));
  news.tell(event("parameters.version", R"({"number":3})"));
  news.tell(event("training.ended", R"({"id":"a"})"));
  news.tell(event("accounts.changed", R"({"what":"password"})"));
  std::vector<std::string> topics;
  for (const NewsItem& item : hub.after(0, 100).items) topics.push_back(item.topic + " " + item.kind);
  EXPECT_EQ(topics, (std::vector<std::string>{"risk risk.killed", "ledger ledger.event",
                                              "parameters parameters.version", "ledger ledger.event",
                                              "sessions training.ended", "ledger ledger.event",
                                              "accounts accounts.changed", "ledger ledger.event"}));
  const json kill = json::parse(hub.after(0, 1).items[0].body);
  EXPECT_EQ(kill["reason"], "fat finger");
  EXPECT_EQ(kill["sequence"], 41);
  EXPECT_EQ(kill["author"], "anna");
  EXPECT_EQ(kill["time"], "2024-01-01T00:00:00.000Z");
}

TEST(LiveNews, leaves_out_steps_and_bodies_that_are_no_objects) {
  NewsHub hub;
  LiveNews news(&hub);
  news.tell(event("live.step", "{}"));
  EXPECT_EQ(hub.newest(), 0U);
  news.tell(event("risk.state", "no JSON"));
  ASSERT_EQ(hub.newest(), 2U);
  EXPECT_EQ(json::parse(hub.after(0, 1).items[0].body)["sequence"], 41);
  LiveNews(nullptr).tell(event("risk.killed", "{}"));
}

}  // namespace
}  // namespace stevie::app
