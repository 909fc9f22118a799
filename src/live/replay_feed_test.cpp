#include "live/replay_feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "core/testing.h"
#include "market/market_testing.h"
#include "market/readers.h"

namespace stevie::live {
namespace {

using market::Bars;
using market::test_start;

/// A clock that only waiting moves.
class FakePaceClock final : public PaceClock {
 public:
  explicit FakePaceClock(TimeMs& time) : time_(time) {}
  TimeMs now() const override { return time_; }
  void wait_until(TimeMs time) override {
    if (!woken_) time_ = std::max(time_, time);
    woken_ = false;
  }
  void wake() override { woken_ = true; }

 private:
  TimeMs& time_;
  bool woken_ = false;
};

Bars bars_of(const std::string& symbol, std::uint64_t seed, std::size_t count, TimeMs interval = hour_ms) {
  Bars bars = market::random_bars(seed, count, interval);
  bars.symbol = symbol;
  return bars;
}

bool same(const market::Bar& a, const market::Bar& b) {
  return a.open_time == b.open_time && a.open == b.open && a.high == b.high && a.low == b.low &&
         a.close == b.close && a.volume == b.volume;
}

/// Everything that comes, as one series a symbol; checks what must hold for every step on the way.
std::vector<Bars> replayed(ReplayFeed& feed) {
  std::vector<Bars> result(feed.symbols().size());
  TimeMs before = 0;
  while (const std::optional<FeedStep> step = feed.next(day_ms)) {
    EXPECT_FALSE(step->bars.empty());
    const TimeMs open = step->bars.front().bar.open_time;
    EXPECT_GT(open, before);
    EXPECT_EQ(step->received, open + feed.interval());
    EXPECT_EQ(feed.now(), step->received);
    for (std::size_t i = 0; i < step->bars.size(); ++i) {
      EXPECT_EQ(step->bars[i].bar.open_time, open);
      EXPECT_FALSE(step->bars[i].late);
      EXPECT_TRUE(i == 0 || step->bars[i - 1].symbol < step->bars[i].symbol);
      result[step->bars[i].symbol].push_back(step->bars[i].bar);
    }
    before = open;
  }
  return result;
}

void expect_same(const Bars& actual, const Bars& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_TRUE(same(actual[i], expected[i])) << i;
}

TEST(ReplayFeed, GivesEachBarOfItsFilesOnceInOrder) {
  const Bars btc = market::keep_if(bars_of("BTC/USDT", 1, 400), [](std::size_t i) { return i % 7 != 3; });
  const Bars eth = market::keep_if(bars_of("ETH/USDT", 2, 300), [](std::size_t i) { return i > 20; });
  ReplayFeed feed({btc, eth});
  EXPECT_EQ(feed.symbols(), (std::vector<std::string>{"BTC/USDT", "ETH/USDT"}));
  EXPECT_EQ(feed.interval(), hour_ms);
  EXPECT_EQ(feed.name(), "replay of BTC/USDT, ETH/USDT 1h at full speed");
  EXPECT_EQ(feed.status().health, FeedHealth::connecting);
  EXPECT_EQ(feed.now(), test_start);
  feed.start({});
  EXPECT_EQ(feed.status().health, FeedHealth::live);
  EXPECT_EQ(feed.status().progress, 0);
  const std::vector<Bars> result = replayed(feed);
  expect_same(result[0], btc);
  expect_same(result[1], eth);
  const FeedStatus status = feed.status();
  EXPECT_EQ(status.health, FeedHealth::ended);
  EXPECT_EQ(status.bars, btc.size() + eth.size());
  EXPECT_EQ(status.progress, 1);
  EXPECT_EQ(status.newest_close, btc.open_time.back() + hour_ms);
  EXPECT_EQ(status.rejected + status.reconnects + status.gaps_filled, 0u);
}

TEST(ReplayFeed, TellsHowFarItIs) {
  ReplayFeed feed({bars_of("BTC/USDT", 1, 4000)});
  feed.start({});
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(feed.next(0));
  EXPECT_EQ(feed.status().text, "replaying 1,000 of 4,000 bars at full speed");
  EXPECT_EQ(feed.status().progress, 0.25);
}

TEST(ReplayFeed, BeginsAndEndsWhereItIsToldTo) {
  const Bars bars = bars_of("BTC/USDT", 1, 100);
  ReplayFeed feed({bars}, {.from = bars.open_time[10] - minute_ms, .until = bars.open_time[20]});
  EXPECT_EQ(feed.now(), bars.open_time[10]);
  feed.start({std::nullopt});
  expect_same(replayed(feed)[0], bars.slice(10, 20));
  feed.start({});
  expect_same(replayed(feed)[0], bars.slice(10, 20));
}

TEST(ReplayFeed, GoesOnBehindGivenBars) {
  const Bars btc = bars_of("BTC/USDT", 1, 50), eth = bars_of("ETH/USDT", 2, 50);
  ReplayFeed feed({btc, eth}, {.from = btc.open_time[5]});
  for (const std::size_t cut : {5u, 6u, 31u, 48u}) {
    feed.start({btc.open_time[cut], eth.open_time[cut - 1]});
    EXPECT_EQ(feed.now(), eth.open_time[cut]);
    const std::vector<Bars> rest = replayed(feed);
    expect_same(rest[0], btc.slice(cut + 1, 50));
    expect_same(rest[1], eth.slice(cut, 50));
    EXPECT_EQ(feed.status().progress, 1);
  }
  feed.start({btc.open_time[0], std::nullopt});  // older than the part that is replayed
  expect_same(replayed(feed)[0], btc.slice(5, 50));
  feed.start({btc.open_time[49], eth.open_time[49]});
  EXPECT_EQ(feed.status().health, FeedHealth::ended);
  EXPECT_EQ(feed.now(), btc.open_time[49] + hour_ms);
  EXPECT_FALSE(feed.next(day_ms));
  EXPECT_EQ(error_of([&] { feed.start({btc.open_time[0]}); }).code(), "live.bad_replay");
}

TEST(ReplayFeed, HistoryReachesBackBeforeItsStart) {
  const Bars bars = bars_of("BTC/USDT", 1, 100);
  ReplayFeed feed({bars}, {.from = bars.open_time[60]});
  expect_same(feed.history(0, feed.now(), 10), bars.slice(50, 60));
  expect_same(feed.history(0, feed.now(), 1000), bars.slice(0, 60));
  expect_same(feed.history(0, bars.open_time[3] + 1, 2), bars.slice(2, 4));
  EXPECT_TRUE(feed.history(0, bars.open_time[0], 10).empty());
  EXPECT_EQ(feed.history(0, feed.now(), 10).interval, hour_ms);
}

TEST(ReplayFeed, KeepsThePaceOfItsSpeed) {
  const Bars bars = market::keep_if(bars_of("BTC/USDT", 1, 20), [](std::size_t i) { return i != 7; });
  for (const double speed : {1.0, 60.0, 3600.0, 7200.5}) {
    constexpr TimeMs begin = 777;
    TimeMs time = begin;
    ReplayFeed feed({bars}, {.speed = speed}, std::make_unique<FakePaceClock>(time));
    feed.start({});
    for (std::size_t i = 0; i < bars.size(); ++i) {
      ASSERT_TRUE(feed.next(day_ms));
      const auto market_passed = static_cast<double>(bars.open_time[i] + hour_ms - test_start);
      EXPECT_NEAR(static_cast<double>(time - begin), market_passed / speed, 1.0);
    }
  }
}

TEST(ReplayFeed, NothingComesBeforeItsTime) {
  TimeMs time = 0;
  ReplayFeed feed({bars_of("BTC/USDT", 1, 20)}, {.speed = 60}, std::make_unique<FakePaceClock>(time));
  feed.start({});
  EXPECT_FALSE(feed.next(10 * second_ms));
  EXPECT_EQ(time, 10 * second_ms);
  EXPECT_FALSE(feed.next(-5));
  EXPECT_FALSE(feed.next(0));
  EXPECT_EQ(time, 10 * second_ms);
  EXPECT_EQ(feed.now(), test_start);
  EXPECT_TRUE(feed.next(50 * second_ms));
  EXPECT_EQ(time, minute_ms);
  time += 5 * minute_ms;  // slow to come back: what is due comes at once
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(feed.next(0));
  EXPECT_FALSE(feed.next(0));
}

TEST(ReplayFeed, InterruptEndsAWaitAndLosesNoBar) {
  TimeMs time = 0;
  const Bars bars = bars_of("BTC/USDT", 1, 3);
  ReplayFeed feed({bars}, {.speed = 1}, std::make_unique<FakePaceClock>(time));
  feed.start({});
  feed.interrupt();
  EXPECT_FALSE(feed.next(day_ms));
  EXPECT_EQ(time, 0);
  expect_same(replayed(feed)[0], bars);
}

TEST(ReplayFeed, AnotherThreadEndsAWaitOfTheSteadyClock) {
  ReplayFeed feed({bars_of("BTC/USDT", 1, 3, day_ms)}, {.speed = 1});
  feed.start({});
  std::thread other([&] { feed.interrupt(); });
  EXPECT_FALSE(feed.next(day_ms));  // a day, were it not for the interrupt
  other.join();
}

TEST(ReplayFeed, StatusMayBeAskedFromAnyThread) {
  ReplayFeed feed({bars_of("BTC/USDT", 1, 5000)});
  feed.start({});
  std::thread other([&] {
    double progress = 0;
    while (progress < 1) {
      const FeedStatus status = feed.status();
      EXPECT_GE(status.progress, progress);
      EXPECT_EQ(status.progress, static_cast<double>(status.bars) / 5000);
      progress = status.progress;
    }
  });
  EXPECT_EQ(replayed(feed)[0].size(), 5000u);
  other.join();
}

TEST(ReplayFeed, RefusesWhatCannotBeReplayed) {
  const Bars btc = bars_of("BTC/USDT", 1, 100), eth = bars_of("ETH/USDT", 2, 100);
  const auto refusal = [](std::vector<Bars> bars, const ReplayOptions& options = {}) {
    const Error error = error_of([&] { ReplayFeed feed(std::move(bars), options); });
    EXPECT_EQ(error.code(), "live.bad_replay");
    return error.message();
  };
  const auto names = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  names(refusal({}), "no file to replay");
  names(refusal({btc, bars_of("ETH/USDT", 2, 100, minute_ms)}), "1h apart and those of ETH/USDT 1m");
  names(refusal({btc, btc}), "BTC/USDT is there twice");
  names(refusal({bars_of("", 1, 10)}), "does not tell its symbol");
  names(refusal({btc.slice(0, 0)}), "no bar of BTC/USDT");
  names(refusal({btc.slice(0, 50), eth.slice(50, 100)}), "no time in common: BTC/USDT from 2020-01-01");
  names(refusal({btc}, {.from = btc.open_time[99] + 1}), "no bar of BTC/USDT lies in the part");
  names(refusal({btc, eth.slice(0, 50)}, {.from = btc.open_time[50]}), "no bar of ETH/USDT lies in the part");
  names(refusal({btc}, {.until = btc.open_time[0]}), "no bar of BTC/USDT lies in the part");
  names(refusal({btc}, {.from = 5, .until = 5}), "must begin before it ends");
  for (const double speed : {-1.0, 0.5, std::nan(""), HUGE_VAL}) {
    names(refusal({btc}, {.speed = speed}), "a speed of");
  }
}

TEST(ReplayFeed, ReadsFiles) {
  const TemporaryFolder folder;
  const Bars btc = bars_of("BTC/USDT", 1, 48), eth = bars_of("ETH/USDT", 2, 48);
  const std::vector<std::filesystem::path> files{folder.path() / "BTCUSDT_1h.csv.gz",
                                                 folder.path() / "ETHUSDT_1h.csv"};
  market::write_bars(files[0], btc);
  market::write_bars(files[1], eth);
  const std::unique_ptr<ReplayFeed> feed = open_replay(files);
  feed->start({});
  const std::vector<Bars> result = replayed(*feed);
  expect_same(result[0], btc);
  expect_same(result[1], eth);
  EXPECT_EQ(
      error_of([&] { open_replay(std::vector<std::filesystem::path>{folder.path() / "none.csv"}); }).code(),
      "file.missing");
}

TEST(ReplayFeed, ReplaysRecordedHours) {
  const std::filesystem::path file = market::shared_file("BTCUSDT_1h_201708_202412.csv.gz");
  if (file.empty()) GTEST_SKIP() << "the shared market data is not there";
  const std::unique_ptr<ReplayFeed> feed = open_replay(std::vector{file});
  feed->start({});
  expect_same(replayed(*feed)[0], market::read_bars(file));
}

}  // namespace
}  // namespace stevie::live
