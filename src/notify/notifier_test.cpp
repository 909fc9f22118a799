#include "notify/notifier.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "core/file.h"
#include "notify/notify_testing.h"
#include "notify/outbox.h"
#include "notify/signature.h"

namespace stevie::notify {
namespace {

using Json = nlohmann::json;

Message message(Event event, const std::string& title = "something happened") {
  return {.event = event,
          .severity = Severity::warning,
          .title = title,
          .text = "a sentence",
          .data = R"({"number":1})",
          .time = 1'700'000'000'000,
          .key = {}};
}

/// A notifier without a thread, whose requests go into `posts`.
class NotifierTest : public ::testing::Test {
 protected:
  NotifierTest() { config.folder = (folder.path() / "notify").string(); }
  void open() {
    notifier.reset();
    notifier = std::make_unique<Notifier>(Notifier::Parts{.config = config,
                                                          .now = [this] { return now; },
                                                          .post =
                                                              [this](const HttpPost& post) {
                                                                posts.push_back(post);
                                                                return answer ? answer(post)
                                                                              : PostAnswer{.status = 200};
                                                              }});
  }
  void send_all() {
    while (notifier->send_one()) {
    }
  }
  Json body(std::size_t i) const { return Json::parse(posts.at(i).body); }
  static std::string header(const HttpPost& post, const std::string& name) {
    for (const auto& [key, value] : post.headers) {
      if (key == name) return value;
    }
    return {};
  }

  TemporaryFolder folder;
  NotifyConfig config;
  TimeMs now = 1'700'000'000'000;
  std::vector<HttpPost> posts;
  std::function<PostAnswer(const HttpPost&)> answer;
  std::unique_ptr<Notifier> notifier;
};

TEST_F(NotifierTest, SendsToThoseWhoWantItAndSignsIt) {
  open();
  notifier->channels().add(webhook("desk", {Event::kill, Event::promotion}));
  notifier->channels().add(telegram());
  notifier->channels().add(webhook("other", {Event::denials}));
  notifier->tell(message(Event::kill, "Trading was stopped by \"anna\"\n"));
  send_all();
  ASSERT_EQ(posts.size(), 2U);
  std::ranges::sort(posts, {}, &HttpPost::url);
  EXPECT_EQ(posts[0].url, "https://api.telegram.org/bot" + telegram().token + "/sendMessage");
  EXPECT_EQ(body(0)["chat_id"], "-1001234567890");
  EXPECT_EQ(body(0)["text"],
            "warning: Trading was stopped by \"anna\"\n\na sentence\n2023-11-14T22:13:20.000Z");
  EXPECT_FALSE(body(0).contains("parse_mode")) << "the text is no markup, whatever it holds";

  EXPECT_EQ(posts[1].url, webhook().url);
  EXPECT_EQ(body(1)["event"], "kill");
  EXPECT_EQ(body(1)["data"]["number"], 1);
  EXPECT_EQ(body(1)["repeated"], 0);
  EXPECT_EQ(header(posts[1], "Stevie-Event"), "kill");
  EXPECT_EQ(header(posts[1], "Stevie-Delivery"), body(1)["id"]);
  EXPECT_EQ(header(posts[1], "Stevie-Signature"), signature_header(webhook().secret, now, posts[1].body));
  EXPECT_FALSE(posts[1].allow_private);

  const std::vector<Delivery> log = notifier->deliveries();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].state, DeliveryState::delivered);
  EXPECT_EQ(log[0].http_status, 200);
  EXPECT_EQ(log[0].tries, 1U);
}

TEST(Signature, IsHmacSha256OfTimeAndBody) {
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(signature_header("Jefe", 1'700'000'000'999, "{}"),
            "t=1700000000,v1=" + hmac_sha256("Jefe", "1700000000.{}"));
  EXPECT_EQ(random_hex(16).size(), 32U);
  EXPECT_NE(random_hex(16), random_hex(16));
}

TEST_F(NotifierTest, TriesAgainMoreAndMoreSeldomAndGivesUpAfterADay) {
  open();
  notifier->channels().add(webhook());
  answer = [](const HttpPost&) { return PostAnswer{.status = 503}; };
  notifier->tell(message(Event::kill));
  std::vector<TimeMs> tried;
  const TimeMs began = now;
  for (std::size_t i = 0; i < 2 * day_ms / second_ms; ++i, now += second_ms) {
    const std::size_t before = posts.size();
    send_all();
    if (posts.size() > before) tried.push_back((now - began) / second_ms);
    ASSERT_LE(posts.size(), before + 1);
  }
  ASSERT_GT(tried.size(), 10U);
  EXPECT_EQ((std::vector<TimeMs>(tried.begin(), tried.begin() + 5)),
            (std::vector<TimeMs>{0, 5, 20, 65, 200}));
  EXPECT_LE(tried.back(), day_ms / second_ms);
  const std::set<std::string> ids = [this] {
    std::set<std::string> found;
    for (const HttpPost& post : posts) found.insert(header(post, "Stevie-Delivery"));
    return found;
  }();
  EXPECT_EQ(ids.size(), 1U) << "each try has the id of the message";
  const std::vector<Delivery> log = notifier->deliveries();
  ASSERT_EQ(log.size(), 1U) << "one entry a message, not one a try";
  EXPECT_EQ(log[0].state, DeliveryState::failed);
  EXPECT_EQ(log[0].tries, tried.size());
  EXPECT_EQ(log[0].error, "the receiver answered 503; given up");
  EXPECT_EQ(notifier->waiting(), 0U);
}

TEST_F(NotifierTest, DoesNotRepeatWhatWouldEndTheSame) {
  open();
  notifier->channels().add(webhook());
  for (const auto& [given, text] : std::vector<std::pair<PostAnswer, std::string>>{
           {{.status = 404, .body = "secret page"}, "the receiver answered 404"},
           {{.status = 302}, "redirects are not followed"},
           {{.fault = "the host is a loopback address", .refused = true}, "loopback"}}) {
    answer = [answer_now = given](const HttpPost&) { return answer_now; };
    posts.clear();
    notifier->tell(message(Event::kill));
    send_all();
    now += day_ms;
    send_all();
    EXPECT_EQ(posts.size(), 1U);
    const Delivery newest = notifier->deliveries().front();
    EXPECT_EQ(newest.state, DeliveryState::failed);
    EXPECT_NE(newest.error.find(text), std::string::npos) << newest.error;
    EXPECT_EQ(newest.error.find("secret page"), std::string::npos) << "nothing of the answer is shown";
  }
}

TEST_F(NotifierTest, WaitsAsLongAsTheReceiverAsks) {
  open();
  notifier->channels().add(telegram());
  answer = [](const HttpPost&) {
    return PostAnswer{
        .status = 429,
        .body = R"({"ok":false,"description":"Too Many Requests","parameters":{"retry_after":40}})"};
  };
  notifier->tell(message(Event::kill));
  send_all();
  EXPECT_EQ(notifier->deliveries()[0].error, "the receiver answered 429: Too Many Requests");
  now += 39 * second_ms;
  send_all();
  EXPECT_EQ(posts.size(), 1U);
  now += second_ms;
  send_all();
  EXPECT_EQ(posts.size(), 2U);
}

TEST_F(NotifierTest, NoAnswerCanDriveATerminalOrShowTheToken) {
  open();
  notifier->channels().add(telegram());
  answer = [](const HttpPost&) {
    return PostAnswer{.status = 400,
                      .body = Json{{"description", "bad \x1b[31m\n " + std::string(5000, 'x')}}.dump()};
  };
  notifier->test("chat");
  const std::string error = notifier->deliveries()[0].error;
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
  EXPECT_EQ(error.find('\n'), std::string::npos);
  EXPECT_LT(error.size(), 400U);
  answer = [](const HttpPost& post) {
    return PostAnswer{.status = 404, .body = Json{{"description", "no such method: " + post.url}}.dump()};
  };
  notifier->test("chat");
  for (const std::string& body :
       {std::string("{"), std::string("[]"), std::string(R"({"description":7})"),
        std::string(R"({"parameters":{"retry_after":-1}})"),
        std::string(R"({"parameters":{"retry_after":1e300}})"), std::string("\xff")}) {
    answer = [body](const HttpPost&) { return PostAnswer{.status = 429, .body = body}; };
    EXPECT_EQ(notifier->test("chat").error, "the receiver answered 429");
  }
  notifier->tell(message(Event::kill));
  send_all();
  for (const Delivery& delivery : notifier->deliveries())
    EXPECT_EQ(delivery.error.find("AAtoken"), std::string::npos) << delivery.error;
  EXPECT_EQ(read_file(folder.path() / "notify" / "outbox.json").find("AAtoken"), std::string::npos);
}

TEST_F(NotifierTest, AReceiverThatIsDownDelaysNoOther) {
  open();
  notifier->channels().add(webhook("a-down", {Event::risk_state, Event::kill}));
  Channel well = webhook("well", {Event::risk_state, Event::kill});
  well.url = "https://other.example.com/";
  notifier->channels().add(well);
  answer = [](const HttpPost& post) {
    return post.url == webhook().url ? PostAnswer{.fault = "Couldn't connect to server"}
                                     : PostAnswer{.status = 204};
  };
  notifier->tell(message(Event::risk_state));
  send_all();
  now += 5 * second_ms;
  notifier->tell(message(Event::kill));
  posts.clear();
  ASSERT_TRUE(notifier->send_one());
  EXPECT_EQ(posts[0].url, well.url) << "the channel that works comes first";
  send_all();
  EXPECT_EQ(notifier->waiting(), 2U);
}

TEST_F(NotifierTest, HoldsBackWhatComesTooFastAndTellsItAsOne) {
  open();
  Channel channel = webhook("desk", {Event::risk_state, Event::kill});
  channel.minimum_gap = minute_ms;
  notifier->channels().add(channel);
  notifier->tell(message(Event::risk_state, "first"));
  send_all();
  for (int i = 0; i < 5; ++i) {
    notifier->tell(message(Event::risk_state, "number " + std::to_string(i)));
    send_all();
  }
  notifier->tell(message(Event::kill, "now"));
  notifier->tell(message(Event::kill, "and again"));
  send_all();
  ASSERT_EQ(posts.size(), 3U) << "a kill never waits";
  EXPECT_EQ(body(1)["title"], "now");
  EXPECT_EQ(body(2)["title"], "and again");
  now += minute_ms - 1;
  send_all();
  EXPECT_EQ(posts.size(), 3U);
  now += 1;
  send_all();
  ASSERT_EQ(posts.size(), 4U);
  EXPECT_EQ(body(3)["title"], "number 4");
  EXPECT_EQ(body(3)["repeated"], 4);
}

TEST_F(NotifierTest, SendsOneKeyOnceAlsoAfterARestart) {
  open();
  notifier->channels().add(webhook());
  Message once = message(Event::kill);
  once.key = "ledger:17";
  notifier->tell(once);
  notifier->tell(once);
  send_all();
  notifier->saw_ledger(17);
  notifier->saw_ledger(5);
  notifier->tell(message(Event::kill));
  send_all();
  open();
  EXPECT_EQ(notifier->ledger_seen(), 17U);
  notifier->tell(once);
  send_all();
  EXPECT_EQ(posts.size(), 2U);
}

TEST_F(NotifierTest, WhatWaitsSurvivesARestart) {
  open();
  notifier->channels().add(webhook());
  answer = [](const HttpPost&) { return PostAnswer{.fault = "Couldn't connect to server"}; };
  notifier->tell(message(Event::kill, "told before"));
  send_all();
  const std::string id = notifier->deliveries()[0].id;
  open();
  EXPECT_EQ(notifier->waiting(), 1U);
  EXPECT_EQ(notifier->deliveries()[0].error, "Couldn't connect to server");
  answer = nullptr;
  now += minute_ms;
  send_all();
  EXPECT_EQ(body(posts.size() - 1)["title"], "told before");
  EXPECT_EQ(body(posts.size() - 1)["id"], id);
  EXPECT_EQ(notifier->waiting(), 0U);
  const std::vector<Delivery> log = read_deliveries(config.folder);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].state, DeliveryState::delivered);
  EXPECT_EQ(log[0].tries, 2U);
}

TEST_F(NotifierTest, PutsADamagedOutboxAsideAndGoesOn) {
  open();
  notifier->channels().add(webhook());
  notifier->tell(message(Event::kill));
  send_all();
  const std::filesystem::path file = folder.path() / "notify" / "outbox.json";
  const std::string good = read_file(file);
  for (const std::string& text :
       {std::string("{"), std::string("null"), good.substr(0, good.size() - 20),
        std::string(R"({"schema":1,"ledger_seen":-1,"keys":[],"waiting":[],"log":[{}]})"),
        std::string(R"({"schema":99})")}) {
    std::ofstream(file, std::ios::trunc) << text;
    open();
    EXPECT_NE(notifier->fault().find("put aside"), std::string::npos) << text;
    EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged"));
    posts.clear();
    notifier->tell(message(Event::kill));
    send_all();
    EXPECT_EQ(posts.size(), 1U);
    EXPECT_EQ(notifier->fault(), "");
  }
}

TEST_F(NotifierTest, HoldsABoundedNumberAndDropsTheOldestThatIsNoKill) {
  open();
  Channel channel = webhook("desk", {Event::kill, Event::session_ended});
  channel.minimum_gap = 0;
  notifier->channels().add(channel);
  answer = [](const HttpPost&) { return PostAnswer{.fault = "Timeout was reached"}; };
  notifier->tell(message(Event::kill, "the kill"));
  send_all();
  for (std::size_t i = 0; i < Notifier::most_waiting + 10; ++i) {
    notifier->tell(message(Event::session_ended, std::to_string(i)));
    if (i % 100 == 0) send_all();
  }
  send_all();
  EXPECT_EQ(notifier->waiting(), Notifier::most_waiting);
  const std::vector<Delivery> log = notifier->deliveries();
  EXPECT_EQ(log.size(), Notifier::deliveries_kept);
  answer = nullptr;
  now += hour_ms;
  posts.clear();
  send_all();
  ASSERT_EQ(posts.size(), Notifier::most_waiting);
  EXPECT_EQ(body(0)["title"], "the kill");
}

TEST_F(NotifierTest, AFloodThatIsNotTakenInYetIsBounded) {
  open();
  for (int i = 0; i < 100'000; ++i) notifier->tell(message(Event::denials, std::string(1000, 'x')));
  EXPECT_LE(notifier->waiting(), 1000U);
}

TEST_F(NotifierTest, DropsWhatWaitsForAChannelThatGoes) {
  open();
  notifier->channels().add(webhook("gone"));
  notifier->channels().add(webhook("quiet"));
  answer = [](const HttpPost&) { return PostAnswer{.status = 500}; };
  notifier->tell(message(Event::kill));
  send_all();
  EXPECT_EQ(notifier->waiting(), 2U);
  notifier->channels().remove("gone");
  notifier->channels().change("quiet", {.enabled = false});
  posts.clear();
  now += hour_ms;
  send_all();
  EXPECT_TRUE(posts.empty());
  EXPECT_EQ(notifier->waiting(), 0U);
  std::set<std::string> errors;
  for (const Delivery& delivery : notifier->deliveries()) {
    EXPECT_EQ(delivery.state, DeliveryState::dropped);
    errors.insert(delivery.error);
  }
  EXPECT_EQ(errors, (std::set<std::string>{"the channel is disabled", "the channel was removed"}));
  notifier->tell(message(Event::kill));
  send_all();
  EXPECT_TRUE(posts.empty());
}

TEST_F(NotifierTest, TestsAChannelAtOnceAndSaysWhatHappened) {
  open();
  Channel channel = webhook();
  channel.enabled = false;
  notifier->channels().add(channel);
  const Delivery delivery = notifier->test("desk");
  EXPECT_EQ(delivery.state, DeliveryState::delivered);
  EXPECT_EQ(delivery.event, "test");
  ASSERT_EQ(posts.size(), 1U);
  EXPECT_EQ(body(0)["data"]["test"], true);
  EXPECT_EQ(body(0)["event"], "test") << "none of the events that the channel wants";
  const std::pair<std::string, std::string> header{"Stevie-Event", "test"};
  EXPECT_EQ(std::ranges::count(posts[0].headers, header), 1);
  EXPECT_EQ(notifier->deliveries()[0].id, delivery.id);
  answer = [this](const HttpPost&) {
    EXPECT_EQ(error_of([this] { notifier->test("desk"); }).code(), "notify.busy");
    return PostAnswer{.fault = "Could not resolve hostname"};
  };
  const Delivery failed = notifier->test("desk");
  EXPECT_EQ(failed.state, DeliveryState::failed);
  EXPECT_EQ(failed.error, "Could not resolve hostname");
  EXPECT_EQ(error_of([this] { notifier->test("nobody"); }).code(), "notify.unknown_channel");
}

TEST_F(NotifierTest, TextsOfAnybodyAreCutAndMadeValid) {
  open();
  notifier->channels().add(webhook());
  Channel chat = telegram();
  notifier->channels().add(chat);
  Message odd = message(Event::kill, std::string(10'000, 'x') + "\xff\xfe");
  odd.text = std::string(10'000, '\xc3');
  odd.data = "not json";
  notifier->tell(odd);
  send_all();
  ASSERT_EQ(posts.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_LT(posts[i].body.size(), 20'000U);
  std::ranges::sort(posts, {}, &HttpPost::url);
  EXPECT_EQ(body(1)["data"], Json::object());
  EXPECT_LT(body(0)["text"].get<std::string>().size(), 12'000U);
}

}  // namespace
}  // namespace stevie::notify
