#include "live/bar_history.h"

#include <gtest/gtest.h>

#include "live/replay_feed.h"
#include "market/synthetic.h"

namespace stevie::live {
namespace {

market::Bars bars_of(std::size_t count) {
  market::SyntheticConfig config;
  config.bars = count;
  config.symbol = "BTC/USDT";
  return market::make_synthetic_market(config).bars;
}

/// A feed that has nothing in memory.
class BareFeed final : public Feed {
 public:
  std::string name() const override { return "bare"; }
  const std::vector<std::string>& symbols() const override { return symbols_; }
  TimeMs interval() const override { return hour_ms; }
  TimeMs now() const override { return 0; }
  market::Bars history(std::size_t, TimeMs, std::size_t) override { return {}; }
  void start(const std::vector<std::optional<TimeMs>>&) override {}
  std::optional<FeedStep> next(TimeMs) override { return std::nullopt; }
  void interrupt() override {}
  FeedStatus status() const override { return {}; }

 private:
  std::vector<std::string> symbols_{"BTC/USDT"};
};

std::size_t known(const BarHistory& history) {
  std::size_t found = 0;
  history.read(0, [&](const market::Bars&, std::size_t count) { found = count; });
  return found;
}

TEST(BarHistory, AReplayIsKnownUpToTheNewestBarPlayedAndNoFurther) {
  const market::Bars bars = bars_of(1000);
  const ReplayFeed feed({bars});
  BarHistory history(feed);
  EXPECT_EQ(known(history), 0U);
  history.warm_up(0, {}, bars.open_time[299]);
  EXPECT_EQ(known(history), 300U);
  history.played(0, bars[300]);
  EXPECT_EQ(known(history), 301U);
  const market::CandleChart chart =
      history.candles(0, {.from = {}, .to = bars.open_time.back(), .points = 5});
  EXPECT_EQ(chart.candles.back().open_time, bars.open_time[300]);
  EXPECT_EQ(history.find("BTC/USDT"), 0U);
  EXPECT_FALSE(history.find("ETH/USDT"));
}

TEST(BarHistory, WithoutAFileTheBarsSeenAreKept) {
  const market::Bars bars = bars_of(1000);
  const BareFeed feed;
  BarHistory history(feed);
  history.warm_up(0, bars.slice(0, 200), bars.open_time[199]);
  EXPECT_EQ(known(history), 200U);
  for (std::size_t i = 198; i < 500; ++i) history.played(0, bars[i]);  // two of them for the second time
  EXPECT_EQ(known(history), 500U);
  history.read(0, [&](const market::Bars& kept, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(kept.open_time[i], bars.open_time[i]);
  });
}

TEST(BarHistory, MemoryIsBounded) {
  const market::Bars bars = bars_of(5000);
  const BareFeed feed;
  BarHistory history(feed, 1000);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    history.played(0, bars[i]);
    if (i % 100 == 0) {
      ASSERT_LT(known(history), 1600U);
    }
  }
  EXPECT_GE(known(history), 1000U);
  const market::CandleChart chart = history.candles(0, {.from = 0, .to = {}, .points = 20});
  double high = 0;
  history.read(0, [&](const market::Bars& kept, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) high = std::max(high, kept.high[i]);
  });
  double highest = 0;
  for (const market::Candle& candle : chart.candles) highest = std::max(highest, candle.high);
  EXPECT_EQ(highest, high);
}

}  // namespace
}  // namespace stevie::live
