#include "app/live_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/optimize_testing.h"
#include "app/params.h"
#include "app/rules_backtest.h"
#include "core/file.h"
#include "core/testing.h"
#include "ledger/ledger_testing.h"

namespace stevie::app {
namespace {

using nlohmann::json;

/// Waits for what other threads do; a minute is far beyond what it takes.
template <class Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// A ledger of its own with bars to trade.
class Desk {
 public:
  Desk() {
    market::SyntheticConfig market;
    market.bars = 2500;
    market::write_bars(bars_file_, market::make_synthetic_market(market).bars);
    config_.ledger = place_.config();
    config_.live.data = {bars_file_.string()};
    config_.live.discover_social = false;
    config_.live.folder = (place_.folder() / "live").string();
    config_.live.checkpoint_steps = 50;
    // Cheap enough for the rules to trade in a market that has nothing to offer.
    config_.env.instrument.taker_fee_bps = 1;
    config_.env.instrument.half_spread_bps = config_.env.instrument.slippage_bps = 0.1;
    config_.risk.daily_loss_share = config_.risk.drawdown_share = 1;  // a back-test has neither
  }

  /// Trades until the replay is over.
  live::LiveView run_to_end(NewsHub* news = nullptr) {
    LiveService service(config_, news);
    service.start();
    EXPECT_TRUE(comes_true([&] { return service.health().ended; }));
    EXPECT_EQ(service.health().fault, "");
    service.stop();
    return *service.engine()->view();
  }
  std::vector<ledger::Event> events(const std::string& kind) const {
    return place_.open()->read({.kind = kind});
  }
  /// Everything the account did, in order.
  std::vector<std::string> fills() const {
    std::vector<std::string> list;
    for (const ledger::Event& event : events("live.step")) {
      const json body = json::parse(event.body);
      for (const json& fill : body.at("fills")) list.push_back(fill.dump());
    }
    return list;
  }

  const ledger::TestPlace place_{ledger::Dialect::sqlite};
  const std::filesystem::path bars_file_ = place_.folder() / "SYNTHUSDT_1h.csv";
  Config config_;
};

class LiveServiceTest : public testing::Test, public Desk {};

TEST_F(LiveServiceTest, trades_a_replay_to_its_end_as_a_back_test_of_the_file_does) {
  const live::LiveView view = run_to_end();
  EXPECT_EQ(view.feed.health, live::FeedHealth::ended);
  EXPECT_GT(view.fills, 4U);
  EXPECT_TRUE(view.reconciled);
  EXPECT_EQ(view.initial_equity, 10'000);

  RulesBacktestRequest request;
  request.bars = bars_file_;
  request.social.discover = false;
  request.engine.initial_equity = 10'000;
  request.engine.instrument = config_.env.instrument;
  request.trades_out = place_.folder() / "trades.csv";
  const RulesBacktest backtest = run_rules_backtest(request);
  std::size_t round_trips = 0;
  for (const RuleTally& tally : backtest.by_rule) round_trips += tally.trades;
  EXPECT_EQ(view.decisions, backtest.evaluation.bars.size());
  EXPECT_GE(view.fills, 2 * round_trips - 1);
  EXPECT_LE(view.fills, 2 * round_trips);
}

TEST_F(LiveServiceTest, goes_on_where_it_was_stopped_with_the_same_account) {
  run_to_end();
  const std::vector<std::string> whole = fills();
  ASSERT_GT(whole.size(), 4U);

  Desk other;  // the same market, another ledger
  std::size_t parts = 0;
  for (bool over = false; !over && parts < 50; ++parts) {
    LiveService service(other.config_, nullptr);
    const std::uint64_t before = service.engine()->view()->steps;
    service.start();
    EXPECT_TRUE(comes_true([&] {
      return service.health().ended || service.engine()->view()->steps >= before + 300 + 200 * parts;
    }));
    service.stop();
    over = service.engine()->view()->feed.health == live::FeedHealth::ended;
    EXPECT_EQ(service.health().fault, "");
  }
  EXPECT_EQ(other.fills(), whole);
  EXPECT_EQ(other.events("live.started").size(), parts);
}

TEST_F(LiveServiceTest, says_that_a_replay_which_is_over_has_nothing_left) {
  run_to_end();
  const std::size_t filled = fills().size();
  const live::LiveView again = run_to_end();
  EXPECT_EQ(again.feed.health, live::FeedHealth::ended);
  EXPECT_EQ(fills().size(), filled);
}

TEST_F(LiveServiceTest, trades_by_a_version_that_another_process_wrote) {
  config_.live.speed = 3600 * 200;  // 200 bars a second: slow enough to be spoken to
  LiveService service(config_, nullptr);
  service.start();
  ASSERT_TRUE(comes_true([&] { return service.engine()->view()->decisions > 0; }));
  EXPECT_EQ(service.health().parameter_version, 1U);
  {
    const OpenParameters other = open_parameters(place_.config());
    const std::vector<std::string> values{"volPctBreakout=65"};
    set_parameters(*other.store, values, {}, {.name = "anna", .reason = "a test"});
  }
  EXPECT_TRUE(comes_true([&] { return service.engine()->view()->parameter_version == 2; }));
  EXPECT_EQ(service.health().parameter_version, 2U);
  service.stop();
  EXPECT_EQ(service.health().fault, "");
}

TEST_F(LiveServiceTest, obeys_a_kill_that_another_process_wrote_and_tells_of_it) {
  config_.live.speed = 3600 * 200;
  NewsHub news;
  LiveService service(config_, &news);
  service.start();
  ASSERT_TRUE(comes_true([&] { return service.engine()->view()->decisions > 0; }));
  place_.open()->append("risk.killed", R"({"reason":"fat finger","flatten":true})", "anna",
                        1'700'000'000'000);
  ASSERT_TRUE(comes_true([&] { return service.engine()->view()->risk.kill.has_value(); }));
  EXPECT_EQ(service.engine()->view()->risk.kill->by, "anna");
  service.stop();
  bool told = false;
  for (const NewsItem& item : news.after(0, 10'000).items) told = told || item.kind == "risk.killed";
  EXPECT_TRUE(told);

  LiveService again(config_, &news);
  again.start();
  ASSERT_TRUE(comes_true([&] { return again.engine()->view()->running; }));
  EXPECT_TRUE(comes_true([&] { return again.engine()->view()->risk.kill.has_value(); })) << "it is latched";
  again.stop();
}

TEST_F(LiveServiceTest, gives_way_to_a_server_that_began_later) {
  config_.live.speed = 3600;
  LiveService service(config_, nullptr);
  service.start();
  ASSERT_TRUE(comes_true([&] { return !events("live.started").empty(); }));
  place_.open()->append("live.started", R"({"session":"20990101-000000-live"})", "stevie serve",
                        1'700'000'000'000);
  ASSERT_TRUE(comes_true([&] { return service.health().ended; }));
  EXPECT_NE(service.health().fault.find("20990101-000000-live"), std::string::npos) << service.health().fault;
  service.stop();
}

TEST_F(LiveServiceTest, publishes_decisions_fills_and_state) {
  NewsHub news;
  run_to_end(&news);
  std::map<std::string, std::size_t> kinds;
  for (const NewsItem& item : news.after(0, 10'000).items) {
    ++kinds[item.topic + " " + item.kind];
    const json body = json::parse(item.body);
    EXPECT_TRUE(body.is_object());
    // Before the first bar the feed has no clock.
    if (item.kind == "live.state" && !body.at("now").is_null()) {
      EXPECT_GT(body.at("now").get<std::string>(), "1971");
    }
  }
  EXPECT_GT(kinds["live live.state"], 0U);
  EXPECT_GT(kinds["live live.started"], 0U);
  EXPECT_GT(kinds["decisions live.decision"], 0U);
}

TEST_F(LiveServiceTest, without_a_feed_watches_the_ledger_alone) {
  config_.live = {.feed = "none"};
  NewsHub news;
  LiveService service(config_, &news);
  EXPECT_EQ(service.engine(), nullptr);
  place_.open()->append("training.ended", R"({"id":"a"})", "stevie serve", 1'700'000'000'000);
  service.look_around();
  EXPECT_EQ(service.health().ledger_events, place_.open()->head().sequence);
  ASSERT_GT(news.newest(), 0U);
  EXPECT_EQ(news.after(0, 1).items[0].topic, "sessions");
}

TEST_F(LiveServiceTest, tells_every_fault_of_its_files_before_anything_starts) {
  write_file(place_.folder() / "broken.csv", "timestamp,open\n1,2\n");
  config_.live.data = {(place_.folder() / "missing.csv").string(), (place_.folder() / "broken.csv").string()};
  const Error error = error_of([&] { LiveService(config_, nullptr); });
  EXPECT_EQ(error.code(), "app.bad_live");
  EXPECT_NE(error.message().find("missing.csv"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("broken.csv"), std::string::npos) << error.message();

  config_.live.data = {};
  EXPECT_EQ(error_of([&] { LiveService(config_, nullptr); }).place(), "live.data");
  config_.live.feed = "binance";
  EXPECT_EQ(error_of([&] { LiveService(config_, nullptr); }).place(), "live.symbols");
}

TEST_F(LiveServiceTest, refuses_bars_on_which_no_rule_could_ever_decide) {
  market::write_bars(bars_file_, rewarding_market(20, 5, "SYNTH/USDT"));
  EXPECT_EQ(error_of([&] { LiveService(config_, nullptr); }).code(), "app.short_history");
}

TEST_F(LiveServiceTest, names_a_market_that_was_made_up) {
  const LiveService service(config_, nullptr);
  std::string all;
  for (const std::string& line : service.description()) all += line + "\n";
  EXPECT_NE(all.find("SYNTHETIC"), std::string::npos) << all;
}

}  // namespace
}  // namespace stevie::app
