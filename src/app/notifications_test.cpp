#include "app/notifications.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/live_news.h"
#include "app/notification_text.h"
#include "core/testing.h"
#include "live/live_commands.h"

namespace stevie::app {
namespace {

using Json = nlohmann::json;
using notify::Event;
using notify::Message;
using notify::Severity;

constexpr TimeMs start = 1'700'000'000'000;

NewsItem item(const std::string& topic, const std::string& kind, const Json& body, TimeMs time = start) {
  return {.id = 1, .topic = topic, .kind = kind, .body = body.dump(), .time = time};
}

Json state(const std::string& risk, const std::string& feed = "live", const std::string& fault = "") {
  return {{"running", true},       {"mode", "paper"},    {"risk_state", risk},
          {"risk_why", "because"}, {"reconciled", true}, {"feed", {{"health", feed}, {"text", "a text"}}},
          {"equity", 10'000.0},    {"session", "a"},     {"persistence_fault", fault}};
}

TEST(MessageMaker, TellsChangesOfTheStateAndNotTheFirstOne) {
  MessageMaker maker(10);
  const auto read = [&](const Json& body) { return maker.read(item("live", "live.state", body)); };
  Json starting = state("halted");
  starting["reconciled"] = false;
  EXPECT_TRUE(read(starting).empty()) << "a start is no halt";
  EXPECT_TRUE(read(state("active")).empty());
  EXPECT_TRUE(read(state("active")).empty());
  std::vector<Message> told = read(state("halted"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, Event::risk_state);
  EXPECT_EQ(told[0].severity, Severity::critical);
  EXPECT_EQ(told[0].title, "Risk state: halted, it was active");
  EXPECT_EQ(told[0].text, "because");
  EXPECT_EQ(Json::parse(told[0].data)["equity"], 10'000.0);
  told = read(state("active"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].severity, Severity::info);

  told = read(state("active", "stale"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, Event::feed_stale);
  EXPECT_TRUE(read(state("active", "reconnecting")).empty()) << "still no data";
  EXPECT_TRUE(read(state("active", "connecting")).empty());
  told = read(state("active", "live"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].title, "The feed brings data again");

  told = read(state("active", "live", "database is locked"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, Event::persistence_fault);
  EXPECT_EQ(told[0].severity, Severity::critical);
  EXPECT_EQ(read(state("active", "live", "disk full")).size(), 0U);
  EXPECT_EQ(read(state("active")).size(), 1U);
}

TEST(MessageMaker, CountsDenialsByTheMinute) {
  MessageMaker maker(3);
  const auto deny = [&](TimeMs time, const Json& denial) {
    return maker.read(item("decisions", "live.decision", {{"denial", denial}}, time));
  };
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(deny(start, nullptr).empty());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(deny(start + i, "exposure").empty());
  const std::vector<Message> told = deny(start + 3, "stale_data");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, Event::denials);
  EXPECT_EQ(told[0].title, "4 orders were denied within a minute");
  EXPECT_EQ(told[0].text, "3 exposure, 1 stale_data");
  for (int i = 4; i < 50; ++i) EXPECT_TRUE(deny(start + i, "exposure").empty()) << "told once";
  EXPECT_TRUE(deny(start + 5 * minute_ms, "exposure").empty());
  for (int i = 0; i < 2; ++i) deny(start + 5 * minute_ms + i, "exposure");
  EXPECT_EQ(deny(start + 5 * minute_ms + 3, "exposure").size(), 1U);
}

TEST(MessageMaker, TellsWhoChangedWhat) {
  MessageMaker maker(10);
  const auto one = [&](const std::string& kind, Json body) {
    body["sequence"] = 17;
    body["author"] = "anna";
    std::vector<Message> told = maker.read(item("risk", kind, body));
    EXPECT_EQ(told.size(), 1U) << kind;
    return told.empty() ? Message{} : told[0];
  };
  Message message = one("risk.killed", {{"reason", "the exchange halts"}, {"flatten", true}});
  EXPECT_EQ(message.event, Event::kill);
  EXPECT_EQ(message.title, "Trading was stopped by anna");
  EXPECT_EQ(message.text, "Reason: the exchange halts. All positions are closed.");
  EXPECT_EQ(message.key, "ledger:17");
  EXPECT_EQ(one("risk.rearmed", {{"reason", "well"}}).event, Event::rearm);
  EXPECT_EQ(one("risk.limits_changed", {{"reason", "smaller"}}).event, Event::limits_changed);
  message = one("parameters.version", {{"number", 4}, {"change", "manual"}, {"reason", "calm"}});
  EXPECT_EQ(message.event, Event::parameter_change);
  EXPECT_EQ(message.title, "Parameters: version 4 is in force, changed by anna");
  EXPECT_EQ(one("parameters.version", {{"number", 5}, {"change", "promotion"}}).event, Event::promotion);
  EXPECT_TRUE(
      maker.read(item("parameters", "parameters.version", {{"number", 1}, {"change", "defaults"}})).empty());

  EXPECT_TRUE(maker.read(item("risk", "live.reconciliation", {{"agrees", true}})).empty());
  message = one("live.reconciliation", {{"agrees", false}, {"differences", {"BTC/USDT: 1 and 2"}}});
  EXPECT_EQ(message.severity, Severity::critical);
  EXPECT_NE(message.text.find("BTC/USDT: 1 and 2"), std::string::npos);
  EXPECT_EQ(one("live.reconciliation", {{"agrees", true}}).title, "Account and record agree again");
  EXPECT_EQ(
      one("live.reconciliation", {{"agrees", true}, {"accepted_by", "otto"}, {"reason", "by hand"}}).title,
      "The account was accepted by otto");
}

TEST(MessageMaker, TellsHowASessionEnded) {
  MessageMaker maker(10);
  Json body{{"id", "20260304-050607-quick_tune"},
            {"state", "finished"},
            {"verdict", "REJECT"},
            {"sentence", "The parameters stay."},
            {"by_hand", false}};
  std::vector<Message> told = maker.read(item("sessions", "session.ended", body));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].title, "Session 20260304-050607-quick_tune finished: REJECT");
  EXPECT_EQ(told[0].text, "The parameters stay.");
  EXPECT_FALSE(told[0].key.empty());
  body["state"] = "interrupted";
  EXPECT_TRUE(maker.read(item("sessions", "session.ended", body)).empty()) << "the server goes on with it";
  EXPECT_TRUE(maker.read(item("sessions", "session.progress", body)).empty());
}

TEST(MessageMaker, BodiesOfAnybodyBreakNothing) {
  MessageMaker maker(0);
  for (const std::string kind :
       {"live.state", "live.decision", "risk.killed", "parameters.version", "live.reconciliation",
        "session.ended", "accounts.login_locked", "ledger.unreachable", "unknown"}) {
    for (const std::string body : {"", "{", "[]", "null", "7", R"({"feed":7,"risk_state":{},"running":true})",
                                   R"({"denial":7})", R"({"differences":{"a":1},"reason":[],"author":{}})",
                                   R"({"differences":[1,null,[]],"change":7,"number":-1})", "\xff\xfe"}) {
      NewsItem odd{.id = 1, .topic = "x", .kind = kind, .body = body, .time = start};
      for (const Message& message : maker.read(odd)) EXPECT_TRUE(Json::parse(message.data).is_object());
      maker.read(ledger::Event{.sequence = 1, .time = start, .kind = kind, .author = "a", .body = body});
    }
  }
  NewsItem odd = item("risk", "risk.killed", {{"reason", "a\x1b[31m\nb"}, {"author", "c\r\nd"}});
  const std::vector<Message> told = maker.read(odd);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].title.find('\r'), std::string::npos);
  EXPECT_EQ(told[0].text.find('\x1b'), std::string::npos);
}

/// Notifications without threads, on a ledger of their own.
class NotificationsTest : public ::testing::Test {
 protected:
  NotificationsTest() {
    config.url = "sqlite:///" + (folder.path() / "stevie.db").string();
    ledger = ledger::Ledger::open(config);
  }
  void open() {
    notifications.reset();
    Notifications::Parts parts;
    parts.config.folder = (folder.path() / "notify").string();
    parts.ledger = config;
    parts.news = &news;
    parts.now = [this] { return now; };
    parts.post = [this](const notify::HttpPost& post) {
      titles.push_back(Json::parse(post.body)["title"]);
      return notify::PostAnswer{.status = 200};
    };
    notifications = std::make_unique<Notifications>(std::move(parts));
  }
  void add_channel() {
    notify::Channel channel;
    channel.name = "desk";
    channel.events = {Event::kill, Event::rearm, Event::login_lockout};
    channel.minimum_gap = 0;
    channel.url = "https://hooks.example.com/";
    channel.secret = "seven-small-foxes-run";
    notifications->notifier().channels().add(channel);
  }
  void work() {
    notifications->look();
    while (notifications->notifier().send_one()) {
    }
  }

  TemporaryFolder folder;
  ledger::LedgerConfig config;
  std::unique_ptr<ledger::Ledger> ledger;
  NewsHub news{100};
  TimeMs now = start;
  std::vector<std::string> titles;
  std::unique_ptr<Notifications> notifications;
};

TEST_F(NotificationsTest, TellsWhatIsPublishedAndOnceWhatWasRecordedMeanwhile) {
  live::write_kill(*ledger, {"before", "long ago"}, false, now);
  open();
  add_channel();
  work();
  EXPECT_TRUE(titles.empty()) << "what was before the first start is no news";

  const ledger::Event kill = live::write_kill(*ledger, {"anna", "a reason"}, false, now);
  LiveNews(&news).tell(kill);
  work();
  EXPECT_EQ(titles, std::vector<std::string>{"Trading was stopped by anna"});
  open();  // the program ends and starts again
  work();
  EXPECT_EQ(titles.size(), 1U) << "told before";

  notifications.reset();
  live::write_rearm(*ledger, {"otto", "a reason"}, now);
  open();
  work();
  ASSERT_EQ(titles.size(), 2U) << "recorded while nobody listened";
  EXPECT_EQ(titles[1], "Trading was re-armed by otto");
  work();
  EXPECT_EQ(titles.size(), 2U);
}

TEST_F(NotificationsTest, ReadsTheLedgerWhereNewsWereMissed) {
  open();
  add_channel();
  work();
  LiveNews(&news).tell(live::write_kill(*ledger, {"anna", "a reason"}, false, now));
  for (int i = 0; i < 500; ++i) news.publish("live", "other", "{}");  // the hub keeps 100
  work();
  EXPECT_EQ(titles, std::vector<std::string>{"Trading was stopped by anna"});
}

TEST_F(NotificationsTest, DoesNotTellWhatIsOlderThanADay) {
  open();
  add_channel();
  work();
  notifications.reset();
  live::write_kill(*ledger, {"anna", "a reason"}, false, now - 2 * day_ms);
  open();
  work();
  EXPECT_TRUE(titles.empty());
}

TEST_F(NotificationsTest, GoesOnWhereTheLedgerIsOutOfReach) {
  config.url = "postgresql://nobody@127.0.0.1:1/none";
  open();
  add_channel();
  work();
  news.publish("accounts", "accounts.login_locked", R"({"name":"vera","address":"1.2.3.4","until":"soon"})");
  work();
  EXPECT_EQ(titles, std::vector<std::string>{"Too many failed logins as vera from 1.2.3.4"});
}

TEST_F(NotificationsTest, SendsFromThreadsOfItsOwn) {
  open();
  add_channel();
  notifications->start();
  LiveNews(&news).tell(live::write_kill(*ledger, {"anna", "a reason"}, false, now));
  notifications->stop();  // what was told is in the outbox at least
  const std::vector<notify::Delivery> deliveries = notifications->notifier().deliveries();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].event, "kill");
}

}  // namespace
}  // namespace stevie::app
