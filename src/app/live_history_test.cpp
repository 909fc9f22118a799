#include "app/live_history.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "app/live_history_json.h"
#include "app/live_service.h"
#include "app/live_statistics.h"
#include "ledger/ledger_testing.h"
#include "market/csv.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

/// An account that trades a file of bars by the rules, in a place of its own.
class LiveHistoryTest : public testing::Test {
 protected:
  LiveHistoryTest() {
    market::SyntheticConfig market;
    market.bars = 3000;
    bars_ = market::make_synthetic_market(market).bars;
    config_.ledger = place_.config();
    config_.live.discover_social = false;
    config_.live.folder = (place_.folder() / "live").string();
    config_.live.checkpoint_steps = 50;
    config_.env.instrument.taker_fee_bps = 1;
    config_.env.instrument.half_spread_bps = config_.env.instrument.slippage_bps = 0.1;
    config_.risk.daily_loss_share = config_.risk.drawdown_share = 1;
  }

  /// Trades the first `count` bars, from where the record ends.
  void trade(std::size_t count, const std::function<void(live::LiveEngine&)>& look = {}) {
    market::write_bars(file_, bars_.slice(0, count));
    config_.live.data = {file_.string()};
    LiveService service(config_, nullptr);
    service.start();
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!service.health().ended && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(service.health().ended);
    EXPECT_EQ(service.health().fault, "");
    if (look) look(*service.engine());
    service.stop();
  }

  /// Everything the account's life comes to, as text.
  std::string told(const LiveHistory& history, std::span<const SymbolCloses> closes) const {
    return history.read([&](const LiveLife& life) {
      std::string text;
      for (const LiveTrade& trade : life.trades()) text += to_json(trade) + "\n";
      const EquityPath path = equity_path(life, closes);
      text += to_json(measure_life(path), "", 0) + "\n";
      for (const PeriodRow& row : measure_periods(life, path, PeriodLength::day))
        text += to_json(row, PeriodLength::day) + "\n";
      text += to_json(measure_groups(life, GroupBy::regime), GroupBy::regime);
      text += to_json(check_confidence(life, 10)) + to_json(judge_decisions(life, closes, 24));
      return text;
    });
  }

  const ledger::TestPlace place_{ledger::Dialect::sqlite};
  const std::filesystem::path file_ = place_.folder() / "SYNTHUSDT_1h.csv";
  market::Bars bars_;
  Config config_;
};

TEST_F(LiveHistoryTest, ALifeWithARestartIsTheLifeWithoutOne) {
  std::string whole, parted;
  trade(3000, [&](live::LiveEngine& engine) {
    LiveHistory history;
    history.catch_up(*place_.open());
    const auto closes =
        history.read([&](const LiveLife& life) { return traded_closes(life, engine.bars()); });
    whole = told(history, closes);
    history.read([&](const LiveLife& life) {
      EXPECT_EQ(life.fills().size(), engine.view()->fills);
      EXPECT_GT(life.fills().size(), 10U);
      EXPECT_EQ(life.decisions(), engine.view()->decisions);
      std::uint64_t counted = 0;
      for (const auto& [reason, times] : life.tally()) counted += times;
      EXPECT_EQ(counted, life.decisions());
      for (const LiveTrade& trade : life.trades()) {
        EXPECT_FALSE(trade.gist.rule.empty());
        EXPECT_FALSE(trade.gist.regime.empty());
        EXPECT_TRUE(trade.gist.confidence);
        EXPECT_GT(trade.decision, 0U);
        EXPECT_TRUE(trade.stop);
      }
      // The curve ends with what the broker says, and has a point for each bar decided on.
      const EquityPath path = equity_path(life, closes);
      EXPECT_NEAR(path.equity.back(), engine.view()->account.equity, 1e-6);
      EXPECT_EQ(path.equity.size(), life.decisions());
    });
    // Without a loop the journals have the same closes.
    const auto recorded =
        history.read([&](const LiveLife& life) { return recorded_closes(life, config_.live.folder); });
    EXPECT_EQ(told(history, recorded), whole);
  });

  config_.ledger.url = "sqlite:///" + (place_.folder() / "second.db").string();
  config_.live.folder = (place_.folder() / "second").string();
  LiveHistory grown;  // reads on while the account lives
  for (const std::size_t count : {2400, 2700, 3000}) {
    trade(count, [&](live::LiveEngine& engine) {
      grown.catch_up(*ledger::Ledger::open(config_.ledger));
      if (count != 3000) return;
      const auto closes =
          grown.read([&](const LiveLife& life) { return traded_closes(life, engine.bars()); });
      parted = told(grown, closes);
    });
  }
  EXPECT_EQ(parted, whole);
  LiveHistory fresh;
  fresh.catch_up(*ledger::Ledger::open(config_.ledger));
  const auto recorded =
      fresh.read([&](const LiveLife& life) { return recorded_closes(life, config_.live.folder); });
  EXPECT_EQ(told(fresh, recorded), whole);
}

}  // namespace
}  // namespace stevie::app
