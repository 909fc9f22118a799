#include <gtest/gtest.h>

#include <filesystem>

#include "cli/cli_testing.h"
#include "core/testing.h"
#include "ledger/ledger.h"
#include "live/live_records.h"

namespace stevie::cli {
namespace {

/// A ledger with one trade: 2 bought at 100 in hour 1 and sold at 110 in hour 5.
class LiveHistoryCommand : public ::testing::Test {
 protected:
  LiveHistoryCommand() {
    const auto ledger = ledger::Ledger::open({.url = url()});
    for (const TimeMs hour : {1, 5}) {
      live::StepRecord step;
      step.session = "20260101-000000-live";
      step.symbols = {"BTC/USDT"};
      step.interval = hour_ms;
      step.step = static_cast<std::uint64_t>(hour) + 1;
      step.now = (hour + 1) * hour_ms;
      step.why = "change";
      step.account = step.risk = "{}";
      step.initial_equity = 1000;
      broker::Fill fill;
      fill.order_id = "BTC/USDT@0";
      fill.symbol = "BTC/USDT";
      fill.time = hour * hour_ms;
      fill.units = hour == 1 ? 2 : -2;
      fill.price = hour == 1 ? 100 : 110;
      fill.fee = 1;
      fill.reason = hour == 1 ? "entry" : "take_profit";
      step.fills = {fill};
      ledger->append("live.step", live::to_json(step), "tester", 1'700'000'000'000 + hour);
    }
  }
  std::string url() const { return "sqlite:///" + (folder_.path() / "stevie.db").string(); }
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--set", "ledger.url=" + url(), "--set",
                                         "live.folder=" + (folder_.path() / "live").string(), "live"});
    return run_stevie(arguments);
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(LiveHistoryCommand, trades_come_out_of_the_ledger) {
  const ProgramResult text = run({"trades"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("+18.00"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("take_profit"), std::string::npos);
  const ProgramResult json = run({"trades", "--symbol", "btcusdt", "--json"});
  EXPECT_NE(json.out.find("\"pnl\":18.0"), std::string::npos) << json.out;
  const ProgramResult other = run({"trades", "--symbol", "ETHUSDT"});
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("traded: BTC/USDT"), std::string::npos) << other.err;
}

TEST_F(LiveHistoryCommand, performance_by_group_needs_no_bars_and_the_summary_says_that_it_does) {
  for (const char* by : {"regime", "rule", "symbol", "version", "exit", "side"}) {
    const ProgramResult result = run({"performance", "--by", by});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_NE(result.out.find("18.00"), std::string::npos) << result.out;
  }
  EXPECT_NE(run({"performance", "--by", "confidence"}).out.find("too few"), std::string::npos);
  EXPECT_NE(run({"performance", "--by", "decisions", "--json"}).out.find("\"horizon_bars\":24"),
            std::string::npos);
  EXPECT_NE(run({"performance", "--by", "day"}).out.find("no bar"), std::string::npos);
  EXPECT_EQ(run({"performance"}).code, 2);
  EXPECT_NE(run({"performance"}).err.find("no bar has been traded"), std::string::npos);
  EXPECT_EQ(run({"performance", "--by", "mood"}).code, 2);
}

}  // namespace
}  // namespace stevie::cli
