#include "live/binance_feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"
#include "live/exchange_testing.h"
#include "live/websocket_client.h"
#include "market/market_testing.h"

namespace stevie::live {
namespace {

using market::Bars;
using market::test_start;
using Script = TestExchange::Script;

constexpr std::chrono::seconds long_enough{20};  // before a test that hangs fails

std::vector<Bars> market_of(std::size_t symbols, std::size_t count) {
  std::vector<Bars> truth;
  for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
    truth.push_back(market::random_bars(symbol + 1, count, minute_ms));
    truth.back().symbol = symbol == 0 ? "BTC/USDT" : symbol == 1 ? "ETH/USDT" : "SOL/USDT";
  }
  return truth;
}

/// Impatient, as the test exchange lives a minute in a millisecond.
BinanceFeedConfig config_for(const TestExchange& exchange, std::size_t symbols = 1) {
  BinanceFeedConfig config;
  for (const Bars& bars : market_of(symbols, 1)) config.symbols.push_back(bars.symbol);
  config.stream_url = exchange.stream_url();
  config.rest_url = exchange.rest_url();
  config.stale_after = 60;
  config.reconnect_after = 100;
  config.connect_timeout = 100;
  config.request_timeout = 100;
  config.first_backoff = 2;
  config.longest_backoff = 20;
  config.request_pause = 0;
  return config;
}

std::unique_ptr<BinanceFeed> feed_of(const TestExchange& exchange, const BinanceFeedConfig& config) {
  return std::make_unique<BinanceFeed>(config, [&exchange] { return exchange.now(); });
}

bool same(const market::Bar& a, const market::Bar& b) {
  return a.open_time == b.open_time && a.open == b.open && a.high == b.high && a.low == b.low &&
         a.close == b.close && a.volume == b.volume;
}

/// Compares what comes out with the truth, bar by bar.
class Oracle {
 public:
  Oracle(const std::vector<Bars>& truth, std::size_t first) : truth_(truth), next_(truth.size(), first) {}

  void take(const FeedStep& step) {
    EXPECT_FALSE(step.bars.empty());
    for (std::size_t i = 0; i < step.bars.size(); ++i) {
      const ClosedBar& closed = step.bars[i];
      EXPECT_TRUE(i == 0 || step.bars[i - 1].symbol < closed.symbol);
      EXPECT_EQ(closed.bar.open_time, step.bars.front().bar.open_time);
      std::size_t& next = next_[closed.symbol];
      ASSERT_LT(next, truth_[closed.symbol].size());
      ASSERT_TRUE(same(closed.bar, truth_[closed.symbol][next]))
          << closed.symbol << ": " << format_time(closed.bar.open_time) << " instead of "
          << format_time(truth_[closed.symbol].open_time[next]);
      ++next;
      late_ += closed.late;
      ++bars_;
    }
  }
  bool has_all(std::size_t end) const {
    return std::ranges::all_of(next_, [end](std::size_t next) { return next >= end; });
  }
  std::size_t late() const { return late_; }
  std::size_t bars() const { return bars_; }

 private:
  const std::vector<Bars>& truth_;
  std::vector<std::size_t> next_;
  std::size_t late_ = 0, bars_ = 0;
};

/// Waits until something holds.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + long_enough;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Takes bars until the oracle has those before `end`; with each look `tick` is called.
void take_until(
    BinanceFeed& feed, Oracle& oracle, std::size_t end, const std::function<void()>& tick = [] {}) {
  const auto deadline = std::chrono::steady_clock::now() + long_enough;
  while (!oracle.has_all(end) && !::testing::Test::HasFailure()) {
    tick();
    while (const std::optional<FeedStep> step = feed.next(1)) oracle.take(*step);
    if (std::chrono::steady_clock::now() < deadline) continue;
    FAIL() << "bars are missing: " << feed.status().text;
  }
}

void live_through(TestExchange& exchange, BinanceFeed& feed, Oracle& oracle, std::size_t end) {
  take_until(feed, oracle, end, [&] { exchange.advance(); });
}

std::uint64_t count(const BinanceFeed& feed, Rejection rejection) {
  return feed.rejections()[static_cast<std::size_t>(rejection)];
}

TEST(BinanceFeed, BeginsWithTheNextBarThatCloses) {
  const std::vector<Bars> truth = market_of(1, 60);
  TestExchange exchange(truth, 10);
  const auto feed = feed_of(exchange, config_for(exchange));
  EXPECT_EQ(feed->name(), "Binance BTC/USDT 1m");
  EXPECT_EQ(feed->status().text, "not started");
  feed->start({});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  EXPECT_FALSE(feed->next(30));  // the bar that is forming does not come
  Oracle oracle(truth, 10);
  live_through(exchange, *feed, oracle, 59);
  const FeedStatus status = feed->status();
  EXPECT_EQ(status.health, FeedHealth::live);
  EXPECT_EQ(status.text, "connected");
  EXPECT_EQ(status.bars, 49u);
  EXPECT_EQ(status.newest_close, truth[0].open_time[59]);
  EXPECT_EQ(status.rejected + status.gaps_filled + status.reconnects, 0u);
  EXPECT_LT(status.progress, 0);
  EXPECT_EQ(feed->now(), exchange.now());
  EXPECT_EQ(exchange.targets().at(0), "/stream?streams=btcusdt@kline_1m");
}

TEST(BinanceFeed, BeginsBehindGivenBarsWithWhatWasMissed) {
  const std::vector<Bars> truth = market_of(2, 2600);
  TestExchange exchange(truth, 2500);
  const auto feed = feed_of(exchange, config_for(exchange, 2));
  feed->start({truth[0].open_time[3], truth[1].open_time[3]});
  Oracle oracle(truth, 4);
  take_until(*feed, oracle, 2500);
  EXPECT_EQ(oracle.late(), 2 * (2500u - 1 - 4));  // all but the one that closed a second ago
  EXPECT_EQ(feed->status().gaps_filled, 2 * (2500u - 4));
  EXPECT_GE(exchange.requests(), 6u);
  live_through(exchange, *feed, oracle, 2599);
  feed->start({truth[0].open_time[2000], std::nullopt});  // once more, from somewhere else
  std::optional<FeedStep> step;
  ASSERT_TRUE(eventually([&] { return (step = feed->next(10)).has_value(); }));
  EXPECT_EQ(step->bars.front().bar.open_time, truth[0].open_time[2001]);
  EXPECT_TRUE(step->bars.front().late);
}

/// Each misbehaviour of the stream on every fourth bar.
class StreamMischief : public ::testing::TestWithParam<int> {};

TEST_P(StreamMischief, LeavesTheBarsAsTheyAre) {
  const std::vector<Bars> truth = market_of(2, 36);
  const auto fault = static_cast<StreamFault>(GetParam());
  TestExchange exchange(truth, 5, {.stream = [fault](std::size_t, std::size_t bar, std::size_t symbol) {
                          return (bar + symbol) % 4 == 3 ? fault : StreamFault::none;
                        }});
  BinanceFeedConfig config = config_for(exchange, 2);
  // A busy machine must not end a connection that is well: everything would come by REST.
  config.connect_timeout = config.request_timeout = 5 * second_ms;
  if (fault != StreamFault::stall) config.reconnect_after = 5 * second_ms;
  const auto feed = feed_of(exchange, config);
  feed->start({truth[0].open_time[4], truth[1].open_time[4]});
  ASSERT_TRUE(eventually([&] { return feed->status().text == "connected"; })) << feed->status().text;
  Oracle oracle(truth, 5);
  live_through(exchange, *feed, oracle, 35);
  const std::map<StreamFault, Rejection> rejected{
      {StreamFault::duplicate, Rejection::duplicate},
      {StreamFault::contradict, Rejection::out_of_order},  // older than the newest one
      {StreamFault::future_bar, Rejection::in_doubt},
      {StreamFault::garbage, Rejection::malformed},
      {StreamFault::binary, Rejection::binary},
      {StreamFault::other_symbol, Rejection::not_asked_for},
      {StreamFault::other_interval, Rejection::not_asked_for},
      {StreamFault::impossible, Rejection::malformed},
      {StreamFault::huge, Rejection::oversized}};
  if (const auto expected = rejected.find(fault); expected != rejected.end()) {
    EXPECT_GT(count(*feed, expected->second), 0u);
    EXPECT_GT(feed->status().rejected, 0u);
  }
  if (fault == StreamFault::skip || fault == StreamFault::drop) {
    EXPECT_GT(feed->status().gaps_filled, 0u);
  }
  if (fault >= StreamFault::cut_mid_frame) {
    EXPECT_GT(feed->status().reconnects, 0u);
  }
  if (fault == StreamFault::ping) {
    EXPECT_TRUE(eventually([&] { return exchange.pongs() > 0; }));
  }
}

INSTANTIATE_TEST_SUITE_P(BinanceFeed, StreamMischief, ::testing::Range<int>(0, stream_fault_count));

/// Each misbehaviour of the pages on two of three requests.
class RestMischief : public ::testing::TestWithParam<int> {};

TEST_P(RestMischief, LosesNoBar) {
  const std::vector<Bars> truth = market_of(1, 46);
  const auto fault = static_cast<RestFault>(GetParam());
  TestExchange exchange(
      truth, 30,
      {.stream = [](std::size_t, std::size_t bar,
                    std::size_t) { return bar % 9 == 0 ? StreamFault::skip : StreamFault::none; },
       .rest =
           [fault](std::size_t request) {
             const bool well = request % 3 == 2 || (fault == RestFault::too_many_wait && request > 0);
             return well ? RestFault::none : fault;
           }});
  const auto feed = feed_of(exchange, config_for(exchange));
  const auto begun = std::chrono::steady_clock::now();
  feed->start({truth[0].open_time[4]});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  Oracle oracle(truth, 5);
  take_until(*feed, oracle, 30);
  if (fault == RestFault::too_many_wait) {
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
  }
  live_through(exchange, *feed, oracle, 45);
}

INSTANTIATE_TEST_SUITE_P(BinanceFeed, RestMischief, ::testing::Range<int>(0, rest_fault_count));

TEST(BinanceFeed, SaysWhyBarsAreMissingAndGoesOnTrying) {
  const std::vector<Bars> truth = market_of(1, 60);
  std::atomic<bool> broken = true;
  TestExchange exchange(truth, 30, {.rest = [&broken](std::size_t) {
                          return broken ? RestFault::server_error : RestFault::none;
                        }});
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->start({truth[0].open_time[4]});
  ASSERT_TRUE(eventually([&] { return feed->status().text.find("HTTP 503") != std::string::npos; }));
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  for (int i = 0; i < 20; ++i) {
    exchange.advance();
    EXPECT_FALSE(feed->next(2));  // bars that closed meanwhile wait for those before them
  }
  EXPECT_EQ(feed->status().health, FeedHealth::live);
  broken = false;
  Oracle oracle(truth, 5);
  take_until(*feed, oracle, 50);
  EXPECT_TRUE(eventually([&] { return feed->status().text == "connected"; })) << feed->status().text;
}

TEST(BinanceFeed, ComesBackWhateverTheHandshakeDoes) {
  const std::vector<Bars> truth = market_of(1, 40);
  TestExchange exchange(
      truth, 5,
      {.handshake =
           [](std::size_t connection) {
             constexpr std::array faults{HandshakeFault::refuse, HandshakeFault::drop, HandshakeFault::hang,
                                         HandshakeFault::garbage, HandshakeFault::none};
             return faults[connection % faults.size()];
           },
       .stream = [](std::size_t, std::size_t bar,
                    std::size_t) { return bar % 10 == 9 ? StreamFault::going_away : StreamFault::none; }});
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->start({truth[0].open_time[4]});
  Oracle oracle(truth, 5);
  live_through(exchange, *feed, oracle, 39);
  EXPECT_TRUE(eventually([&] { return exchange.connections() >= 6; }));
}

TEST(BinanceFeed, BarsComeByRestWhileThereIsNoStream) {
  const std::vector<Bars> truth = market_of(1, 40);
  TestExchange exchange(truth, 5, {.handshake = [](std::size_t) { return HandshakeFault::refuse; }});
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->start({truth[0].open_time[4]});
  Oracle oracle(truth, 5);
  live_through(exchange, *feed, oracle, 39);
  const FeedStatus status = feed->status();
  EXPECT_EQ(status.health, FeedHealth::connecting);
  EXPECT_NE(status.text.find("answered with HTTP 429"), std::string::npos) << status.text;
}

TEST(BinanceFeed, SilenceIsStaleAndThenANewConnection) {
  const std::vector<Bars> truth = market_of(1, 40);
  TestExchange exchange(truth, 5, {.stream = [](std::size_t connection, std::size_t, std::size_t) {
                          return connection == 0 ? StreamFault::stall : StreamFault::none;
                        }});
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->start({truth[0].open_time[4]});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  exchange.advance();
  ASSERT_TRUE(eventually([&] { return feed->status().health == FeedHealth::stale; }));
  EXPECT_NE(feed->status().text.find("no sound message for"), std::string::npos);
  ASSERT_TRUE(eventually([&] { return exchange.connections() >= 2; }));
  Oracle oracle(truth, 5);
  live_through(exchange, *feed, oracle, 39);
  EXPECT_GE(feed->status().reconnects, 1u);
}

TEST(BinanceFeed, AHoleOfTheExchangeIsSteppedOverAndTold) {
  std::vector<Bars> truth = market_of(1, 60);
  truth[0] = market::keep_if(truth[0], [](std::size_t i) { return i < 20 || i >= 31; });
  TestExchange exchange(truth, 10);
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->start({truth[0].open_time[4]});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  Oracle oracle(truth, 5);
  live_through(exchange, *feed, oracle, truth[0].size() - 1);
  EXPECT_NE(feed->status().text.find("the exchange has no bars of BTC/USDT from"), std::string::npos)
      << feed->status().text;
}

TEST(BinanceFeed, ABarThatIsCalledClosedTooEarlyIsNotBelieved) {
  const std::vector<Bars> truth = market_of(1, 60);
  TestExchange exchange(truth, 10);
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->start({truth[0].open_time[9]});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  market::Bar forming = truth[0][10];
  forming.close = forming.high;
  exchange.say(kline_frame("BTCUSDT", minute_ms, forming, true, forming.open_time + minute_ms));
  ASSERT_TRUE(eventually([&] { return count(*feed, Rejection::in_doubt) == 1; }));
  EXPECT_FALSE(feed->next(30));
  Oracle oracle(truth, 10);
  live_through(exchange, *feed, oracle, 59);
}

TEST(BinanceFeed, TheSystemsClockMayStep) {
  const std::vector<Bars> truth = market_of(1, 100);
  TestExchange exchange(truth, 5);
  std::atomic<TimeMs> off = 0;
  BinanceFeed feed(config_for(exchange), [&] { return exchange.now() + off; });
  feed.start({truth[0].open_time[4]});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  Oracle oracle(truth, 5);
  live_through(exchange, feed, oracle, 30);
  off = -3 * hour_ms;
  live_through(exchange, feed, oracle, 50);
  EXPECT_NE(feed.status().text.find("behind the exchange's"), std::string::npos) << feed.status().text;
  EXPECT_GT(count(feed, Rejection::in_doubt), 0u);
  off = 3 * hour_ms;
  const std::size_t late_before = oracle.late();
  live_through(exchange, feed, oracle, 70);
  EXPECT_GE(oracle.late(), late_before + 15);  // by a clock that is ahead every bar is old
  EXPECT_NE(feed.status().text.find("ahead of the exchange's"), std::string::npos) << feed.status().text;
  off = 0;
  live_through(exchange, feed, oracle, 99);
  EXPECT_EQ(feed.status().text, "connected");
}

TEST(BinanceFeed, ABoundedQueueLosesNothing) {
  const std::vector<Bars> truth = market_of(2, 400);
  TestExchange exchange(truth, 5);
  BinanceFeedConfig config = config_for(exchange, 2);
  config.queue_bars = 3;
  const auto feed = feed_of(exchange, config);
  feed->start({truth[0].open_time[4], truth[1].open_time[4]});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  while (exchange.advance()) {
  }
  Oracle oracle(truth, 5);
  take_until(*feed, oracle, 399);
}

TEST(BinanceFeed, InterruptEndsAWait) {
  const std::vector<Bars> truth = market_of(1, 20);
  TestExchange exchange(truth, 5);
  const auto feed = feed_of(exchange, config_for(exchange));
  feed->interrupt();
  EXPECT_FALSE(feed->next(hour_ms));
  feed->start({});
  std::thread other([&] { feed->interrupt(); });
  EXPECT_FALSE(feed->next(hour_ms));
  other.join();
}

TEST(BinanceFeed, EndsAtOnceWhateverItIsDoing) {
  const std::vector<Bars> truth = market_of(1, 20);
  const auto begun = std::chrono::steady_clock::now();
  for (const RestFault rest : {RestFault::none, RestFault::stall}) {
    for (const HandshakeFault handshake : {HandshakeFault::none, HandshakeFault::hang}) {
      TestExchange exchange(truth, 10,
                            {.handshake = [handshake](std::size_t) { return handshake; },
                             .rest = [rest](std::size_t) { return rest; }});
      BinanceFeedConfig config = config_for(exchange);
      config.connect_timeout = config.request_timeout = hour_ms;
      const auto feed = feed_of(exchange, config);
      feed->start({truth[0].open_time[4]});
      ASSERT_TRUE(eventually([&] { return exchange.connections() == 1; }));
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::minutes(1));  // not the hour it would wait
}

TEST(BinanceFeed, HistoryHasOnlyWhatHasClosed) {
  const std::vector<Bars> truth = market_of(2, 2600);
  TestExchange exchange(truth, 2500, {.rest = [](std::size_t request) {
                          return request == 0 ? RestFault::server_error : RestFault::none;
                        }});
  const auto feed = feed_of(exchange, config_for(exchange, 2));
  const auto expect = [&](const Bars& bars, std::size_t begin, std::size_t end) {
    ASSERT_EQ(bars.size(), end - begin);
    for (std::size_t i = 0; i < bars.size(); ++i) ASSERT_TRUE(same(bars[i], truth[1][begin + i]));
    EXPECT_EQ(bars.symbol, "ETH/USDT");
    EXPECT_EQ(bars.interval, minute_ms);
  };
  expect(feed->history(1, exchange.now(), 2000), 2500 - 1999, 2500);
  expect(feed->history(1, truth[1].open_time[100], 5), 95, 100);
  expect(feed->history(1, truth[1].open_time[100] + 1, 5), 96, 101);
  expect(feed->history(1, truth[1].open_time[3], 500), 0, 3);
  EXPECT_TRUE(feed->history(1, truth[1].open_time[0], 5).empty());
  EXPECT_TRUE(feed->history(1, truth[1].open_time[50], 0).empty());
}

TEST(BinanceFeed, HistoryThatCannotBeHadIsAnError) {
  const std::vector<Bars> truth = market_of(1, 20);
  std::atomic<RestFault> fault = RestFault::bad_request;
  TestExchange exchange(truth, 10, {.rest = [&fault](std::size_t) { return fault.load(); }});
  const auto feed = feed_of(exchange, config_for(exchange));
  const auto code = [&] { return error_of([&] { feed->history(0, exchange.now(), 5); }).code(); };
  EXPECT_EQ(code(), "market.download_refused");
  fault = RestFault::banned;
  EXPECT_EQ(code(), "market.download_failed");
  fault = RestFault::garbage;
  EXPECT_EQ(code(), "market.bad_answer");
}

TEST(BinanceFeed, FollowsRecordedFrames) {
  const std::filesystem::path file = market::shared_file("exchange/cryptofeed/BINANCE_FUTURES.ws.1.0.gz");
  if (file.empty()) GTEST_SKIP() << "the recorded frames are not there (../shared/data/exchange)";
  TestExchange exchange(market_of(1, 5), 1);
  BinanceFeedConfig config = config_for(exchange);
  config.symbols = {"SUSHI/USDT", "AKRO/USDT", "KEEP/USDT", "CTK/USDT"};
  const TimeMs minute_of_recording = 1'626'992'700'000;
  BinanceFeed feed(config, [=] { return minute_of_recording + 2 * minute_ms; });
  feed.start({});
  ASSERT_TRUE(eventually([&] { return exchange.connected() == 1; }));
  const std::string text = read_file(file);
  for (std::size_t at = text.find(": {"); at != std::string::npos; at = text.find(": {", at)) {
    const std::size_t end = text.find('\n', at);
    exchange.say(text.substr(at + 2, end - at - 2));
    at = end;
  }
  std::map<std::size_t, market::Bar> first;
  EXPECT_TRUE(eventually([&] {
    while (const std::optional<FeedStep> step = feed.next(2)) {
      for (const ClosedBar& closed : step->bars) first.emplace(closed.symbol, closed.bar);
    }
    return first.size() >= 3;
  }));
  EXPECT_TRUE(same(first[0], {minute_of_recording, 7.608, 7.618, 7.607, 7.617, 3005}));
  EXPECT_TRUE(same(first[1], {minute_of_recording, 0.01731, 0.01733, 0.01731, 0.01733, 235736}));
  EXPECT_TRUE(same(first[3], {minute_of_recording, 1.01, 1.012, 1.01, 1.012, 11074}));
}

TEST(BinanceFeed, TalksOnlyToWhoTheCertificateNames) {
  const TemporaryFolder folder;
  const auto connect = [&](const std::string& certified_host, bool trusted) {
    const TestCertificate certificate = make_test_certificate(certified_host);
    const TestCertificate other = make_test_certificate(certified_host);
    const std::string file = (folder.path() / "authority.pem").string();
    write_file(file, trusted ? certificate.authority : other.authority);
    TestExchange exchange(market_of(1, 5), 1, {}, &certificate);
    WebSocketClient client({.ca_file = file});
    std::string reason = client.connect(exchange.stream_url() + "/stream?streams=btcusdt@kline_1m");
    if (!reason.empty()) return reason;
    EXPECT_TRUE(client.connected());
    const SocketRead read = client.read(minute_ms);
    EXPECT_EQ(read.what, SocketRead::What::text);
    EXPECT_NE(read.bytes.find("btcusdt@kline_1m"), std::string::npos);
    return std::string();
  };
  EXPECT_EQ(connect("127.0.0.1", true), "");
  EXPECT_NE(connect("127.0.0.1", false).find("the TLS handshake failed"), std::string::npos);
  EXPECT_NE(connect("example.com", true).find("the TLS handshake failed"), std::string::npos);
  EXPECT_EQ(error_of([&] { WebSocketClient({.ca_file = (folder.path() / "none.pem").string()}); }).code(),
            "live.bad_ca_file");
}

TEST(BinanceFeed, ReadsAddressesAndRefusesOthers) {
  const WebSocketUrl url = WebSocketUrl::parse("wss://stream.example.com:9443/stream?streams=a");
  EXPECT_TRUE(url.secure);
  EXPECT_EQ(url.host, "stream.example.com");
  EXPECT_EQ(url.port, "9443");
  EXPECT_EQ(url.target, "/stream?streams=a");
  EXPECT_EQ(url.host_header(), "stream.example.com:9443");
  EXPECT_EQ(WebSocketUrl::parse("wss://host").port, "443");
  EXPECT_EQ(WebSocketUrl::parse("ws://[::1]:80/x").host, "::1");
  EXPECT_TRUE(WebSocketUrl::parse("ws://localhost").is_loopback());
  for (const char* bad : {"", "http://a", "wss://", "wss://:80", "wss://a:", "wss://a:0", "wss://a:70000",
                          "wss://a:1b", "wss://user@a/", "wss://a/ b", "wss://a/\r\nX: y", "wss://a/#x"}) {
    EXPECT_EQ(error_of([&] { WebSocketUrl::parse(bad); }).code(), "live.bad_url") << bad;
  }
}

TEST(BinanceFeed, RefusesABadConfigurationAsAWhole) {
  BinanceFeedConfig config;
  config.symbols = {"BTC/USDT:USDT", "ETH/USDT", "eth/usdt"};
  config.interval = 7 * day_ms;
  config.stream_url = "ws://example.com";
  config.rest_url = "http://example.com";
  config.stale_after = 0;
  config.reconnect_after = -1;
  config.longest_backoff = 1;
  config.queue_bars = 0;
  const Error error = error_of([&] { BinanceFeed feed(config); });
  EXPECT_EQ(error.code(), "live.bad_feed");
  for (const char* word : {"BTC/USDT:USDT", "eth/usdt is there twice", "7d", "stream_url", "rest_url",
                           "stale_after", "reconnect_after", "longest_backoff", "queue_bars"}) {
    EXPECT_NE(error.message().find(word), std::string::npos) << word << ": " << error.message();
  }
  BinanceFeedConfig none;
  EXPECT_EQ(error_of([&] { BinanceFeed feed(none); }).code(), "live.bad_feed");
  none.symbols = {"BTC/USDT"};
  BinanceFeed feed(none);
  EXPECT_EQ(error_of([&] { feed.start({1, 2}); }).code(), "live.bad_feed");
  EXPECT_EQ(error_of([&] { feed.start({test_start + 1}); }).code(), "live.bad_feed");
}

/// Whatever happens, drawn by a seed: the true bars in order, once each.
class Chaos : public ::testing::TestWithParam<int> {};

TEST_P(Chaos, TheTrueBarsComeOutInOrderOnceEach) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  RandomStream random(seed, 0);
  RestFault last = RestFault::none;
  const double share = 0.05 + 0.25 * random.uniform();
  const Script script{
      .handshake =
          [&](std::size_t) {
            return static_cast<HandshakeFault>(random.uniform() < share ? random.below(5) : 0);
          },
      .stream =
          [&](std::size_t, std::size_t, std::size_t) {
            return static_cast<StreamFault>(random.uniform() < share ? random.below(stream_fault_count) : 0);
          },
      .rest =
          [&](std::size_t) {
            auto fault =
                static_cast<RestFault>(random.uniform() < share ? random.below(rest_fault_count) : 0);
            // An exchange that says the same wrong thing three times is believed; a wait lasts a second.
            if (fault == last || fault == RestFault::too_many_wait) fault = RestFault::none;
            return last = fault;
          }};
  const std::vector<Bars> truth = market_of(3, 80);
  TestExchange exchange(truth, 20, script);
  BinanceFeedConfig config = config_for(exchange, 3);
  config.seed = seed;
  config.queue_bars = 1 + seed % 50;
  BinanceFeed feed(config, [&, steps = std::make_shared<std::atomic<int>>(0)] {
    const int call = ++*steps;  // now and then the clock is wrong
    return exchange.now() + (seed % 3 == 0 && call % 50 > 40 ? -hour_ms : 0);
  });
  feed.start({truth[0].open_time[2], truth[1].open_time[2], truth[2].open_time[2]});
  Oracle oracle(truth, 3);
  live_through(exchange, feed, oracle, 79);
  EXPECT_EQ(feed.status().bars, oracle.bars());
}

INSTANTIATE_TEST_SUITE_P(BinanceFeed, Chaos, ::testing::Range(0, 8));

}  // namespace
}  // namespace stevie::live
