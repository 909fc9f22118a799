#include <algorithm>
#include <cmath>

#include "api/routes_testing.h"

namespace stevie::api {
namespace {

using Json = TestServer::Json;

class RoutesHistoryTest : public ::testing::Test {
 protected:
  /// Every item of a paged list.
  std::vector<Json> all(const std::string& path, const std::string& query, int limit) {
    std::vector<Json> items;
    std::string next = path + "?limit=" + std::to_string(limit) + query;
    for (int pages = 0; !next.empty() && pages < 1000; ++pages) {
      const Json page = server.get(next);
      for (const Json& item : page["items"]) items.push_back(item);
      next = page["next_cursor"].is_null() ? ""
                                           : path + "?limit=" + std::to_string(limit) + query +
                                                 "&cursor=" + page["next_cursor"].get<std::string>();
    }
    return items;
  }
  void refused(const std::string& target, int status) {
    EXPECT_EQ(server.answer(server.request("GET", target, "vera")).status, status) << target;
  }
  TestServer server;
};

TEST_F(RoutesHistoryTest, BarsCarryTheMarketUpToNowAndItsFills) {
  const Json bars = server.get("/api/live/bars?symbol=btcusdt");
  EXPECT_EQ(bars["symbol"], "BTC/USDT");
  EXPECT_EQ(bars["candle_ms"], day_ms);
  EXPECT_EQ(bars["candles"].size(), 120U);
  EXPECT_EQ(bars["last"], bars["candles"].back()["time"]);
  EXPECT_EQ(bars["markers"].size(), server.get("/api/live/fills?limit=500")["items"].size());
  for (const Json& marker : bars["markers"]) {
    EXPECT_EQ(marker["time"], marker["candle"]);
    EXPECT_GT(marker["units"], 0);
    EXPECT_FALSE(marker["decision"].is_null());
  }
  double high = 0, low = 1e18;
  for (const Json& candle : bars["candles"]) {
    high = std::max(high, candle["high"].get<double>());
    low = std::min(low, candle["low"].get<double>());
  }
  const Json few = server.get("/api/live/bars?symbol=BTC/USDT&points=9&from=1970-01-01T00:00:00Z");
  EXPECT_LE(few["candles"].size(), 9U);
  double few_high = 0, few_low = 1e18;
  for (const Json& candle : few["candles"]) {
    few_high = std::max(few_high, candle["high"].get<double>());
    few_low = std::min(few_low, candle["low"].get<double>());
  }
  EXPECT_EQ(few_high, high);
  EXPECT_EQ(few_low, low);
  EXPECT_EQ(few["markers"].size(), bars["markers"].size());
  for (const Json& marker : few["markers"]) EXPECT_LE(marker["candle"], marker["time"]);

  // A range without bars has neither candles nor markers.
  const Json none = server.get("/api/live/bars?symbol=BTCUSDT&to=1970-01-01T00:00:00Z");
  EXPECT_TRUE(none["candles"].empty());
  EXPECT_TRUE(none["markers"].empty());
}

TEST_F(RoutesHistoryTest, BadRangesAndSymbolsAreRefused) {
  refused("/api/live/bars", 400);
  refused("/api/live/bars?symbol=BTCUSDT&points=0", 400);
  refused("/api/live/bars?symbol=BTCUSDT&points=5001", 400);
  refused("/api/live/bars?symbol=BTCUSDT&points=x", 400);
  refused("/api/live/bars?symbol=BTCUSDT&from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z", 400);
  refused("/api/live/bars?symbol=BTCUSDT&from=yesterday", 400);
  refused("/api/live/bars?symbol=ETHUSDT", 404);
  refused("/api/live/trades?symbol=ETHUSDT", 404);
  refused("/api/live/trades?from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z", 400);
  refused("/api/live/trades?cursor=nonsense", 400);
  refused("/api/performance/summary?symbol=ETHUSDT", 404);
  refused("/api/performance/periods?by=week", 400);
  refused("/api/performance/groups?by=mood", 400);
  refused("/api/performance/calibration?bins=1", 400);
  refused("/api/performance/calibration?bins=51", 400);
  refused("/api/performance/decisions?horizon=0", 400);
}

TEST_F(RoutesHistoryTest, TradesArePagedAndAddUpToTheAccount) {
  const std::vector<Json> trades = all("/api/live/trades", "", 3);
  ASSERT_GT(trades.size(), 5U);
  double pnl = 0;
  for (std::size_t i = 0; i < trades.size(); ++i) {
    EXPECT_EQ(trades[i]["number"], trades.size() - i);
    if (trades[i]["open"] == true) {
      EXPECT_TRUE(trades[i]["exit_time"].is_null());
      continue;
    }
    EXPECT_LT(trades[i]["entry_time"], trades[i]["exit_time"]);
    EXPECT_EQ(trades[i]["exit_reason"], "target");
    pnl += trades[i]["pnl"].get<double>();
  }
  const Json state = server.get("/api/live/state")["summary"];
  if (state["positions"] == 0) {
    EXPECT_NEAR(state["initial_equity"].get<double>() + pnl, state["equity"].get<double>(), 1e-6);
  }
  // Those that overlap a range.
  const std::string exit = trades[3]["exit_time"], entry = trades[3]["entry_time"];
  const std::vector<Json> within = all("/api/live/trades", "&from=" + entry + "&to=" + exit, 50);
  EXPECT_TRUE(std::ranges::any_of(within, [&](const Json& t) { return t["number"] == trades[3]["number"]; }));
  EXPECT_LT(within.size(), trades.size());
  EXPECT_EQ(all("/api/live/fills", "", 2).size(), server.get("/api/live/state")["summary"]["fills"]);
}

TEST_F(RoutesHistoryTest, TheCurveEndsWithTheAccountsEquity) {
  const Json curve = server.get("/api/live/equity")["points"];
  EXPECT_EQ(curve.size(), 120U);
  EXPECT_NEAR(curve.back()["equity"].get<double>(),
              server.get("/api/live/state")["summary"]["equity"].get<double>(), 1e-6);
  EXPECT_LE(server.get("/api/live/equity?points=10")["points"].size(), 10U);
}

TEST_F(RoutesHistoryTest, PerformanceTellsOneStory) {
  const Json summary = server.get("/api/performance/summary");
  const Json state = server.get("/api/live/state")["summary"];
  EXPECT_EQ(summary["bars"], 120);
  EXPECT_NEAR(summary["final_equity"].get<double>(), state["equity"].get<double>(), 1e-6);
  EXPECT_EQ(summary["metrics"].size(), summary["buy_and_hold"].size());
  EXPECT_EQ(server.get("/api/performance/summary?symbol=BTCUSDT")["symbol"], "BTC/USDT");

  double pnl = 0;
  std::size_t trades = 0;
  const std::vector<Json> days = all("/api/performance/periods", "&by=day", 7);
  EXPECT_EQ(days.size(), 120U);
  for (const Json& day : days) {
    pnl += day["pnl"].get<double>();
    trades += day["trades"].get<std::size_t>();
  }
  EXPECT_NEAR(pnl, state["equity"].get<double>() - state["initial_equity"].get<double>(), 1e-6);
  EXPECT_GT(days.front()["from"], days.back()["from"]);
  EXPECT_EQ(trades, summary["trades"]);
  EXPECT_LE(all("/api/performance/periods", "&by=month", 50).size(), 6U);

  for (const char* by : {"regime", "rule", "symbol", "version", "exit", "side"}) {
    const Json groups = server.get(std::string("/api/performance/groups?by=") + by);
    EXPECT_EQ(groups["all"]["trades"], summary["trades"]) << by;
    std::size_t sum = 0;
    for (const Json& group : groups["groups"]) sum += group["trades"].get<std::size_t>();
    EXPECT_EQ(sum, trades);
  }
  EXPECT_EQ(server.get("/api/performance/calibration")["without_confidence"], trades);
  EXPECT_EQ(server.get("/api/performance/decisions?horizon=5")["decisions"], 120);
}

TEST(RoutesHistory, AServerThatDoesNotTradeHasNoBarsButNoFault) {
  TestServer server(false);
  EXPECT_TRUE(server.get("/api/live/trades")["items"].empty());
  EXPECT_TRUE(server.get("/api/live/fills")["items"].empty());
  EXPECT_TRUE(server.get("/api/live/equity")["points"].empty());
  EXPECT_TRUE(server.get("/api/performance/periods")["items"].empty());
  EXPECT_TRUE(server.get("/api/performance/groups")["all"].is_null());
  EXPECT_EQ(server.answer(server.request("GET", "/api/live/bars?symbol=BTCUSDT", "vera")).status, 404);
  EXPECT_EQ(server.answer(server.request("GET", "/api/performance/summary", "vera")).status, 409);
}

}  // namespace
}  // namespace stevie::api
