#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/testing.h"
#include "execution/engine.h"
#include "execution/execution_testing.h"

namespace stevie::execution {
namespace {

constexpr Bracket ten_percent{0.1, 0.2};  // a stop 10 % away and a take profit 20 % away

TEST(Bracket, ReplacesTheStopAndTakeProfitOfTheConfiguration) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.02;
  config.exits.take_profit = 0.02;
  Play play(config);
  play.engine.enter(Side::long_side, {}, ten_percent);
  play.bar(100, 103, 97, 100);
  EXPECT_NE(play.engine.account().units, 0);
  play.bar(100, 121, 99, 120);
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].exit_price, 120);
  EXPECT_EQ(play.trades()[0].exit_reason, ExitReason::take_profit);

  // a level of 0 is none, not that of the configuration
  play.engine.enter(Side::long_side, {}, {0, 0.2});
  play.bar(100, 100, 50, 60);
  EXPECT_NE(play.engine.account().units, 0);
  play.engine.exit();
  play.bar(60, 60, 60, 60);

  // an entry without a bracket has the configuration's again
  play.engine.enter(Side::long_side, {});
  play.bar(100, 101, 97, 100);
  EXPECT_EQ(play.trades().back().exit_price, 98);
}

TEST(Bracket, LeavesTheTrailingStopOfTheConfiguration) {
  EngineConfig config = free_config();
  config.exits.trailing_stop = 0.05;
  Play play(config);
  play.engine.enter(Side::long_side, {}, ten_percent);
  play.bar(100, 100, 100, 100);
  play.bar(106, 110, 106, 110);
  play.bar(108, 108, 100, 100);
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].exit_reason, ExitReason::trailing_stop);
  EXPECT_DOUBLE_EQ(play.trades()[0].exit_price, 104.5);
}

TEST(Bracket, ABarThatOpensBeyondALevelFillsAtItsOpen) {
  for (const bool stopped : {true, false}) {
    Play play(free_config());
    play.engine.enter(Side::long_side, {}, ten_percent);
    play.bar(100, 101, 99, 100);
    stopped ? play.bar(85, 130, 84, 100) : play.bar(125, 126, 80, 100);
    ASSERT_EQ(play.trades().size(), 1u);
    EXPECT_EQ(play.trades()[0].exit_price, stopped ? 85 : 125);
    EXPECT_EQ(play.trades()[0].exit_reason, stopped ? ExitReason::stop_loss : ExitReason::take_profit);
  }
}

TEST(Bracket, TheStopComesFirstWhereOneBarTouchesBothLevels) {
  Play play(free_config());
  play.engine.enter(Side::long_side, {}, ten_percent);
  play.bar(100, 101, 99, 100);
  play.bar(100, 125, 85, 120);
  EXPECT_EQ(play.trades().at(0).exit_price, 90);
  EXPECT_EQ(play.trades().at(0).exit_reason, ExitReason::stop_loss);
}

TEST(Bracket, AShortHasItsStopAboveAndItsTakeProfitBelow) {
  Play loses(free_config());
  loses.engine.enter(Side::short_side, {}, ten_percent);
  loses.bar(100, 101, 99, 100);
  loses.bar(100, 111, 79, 100);
  EXPECT_DOUBLE_EQ(loses.trades().at(0).exit_price, 110);
  EXPECT_EQ(loses.trades().at(0).exit_reason, ExitReason::stop_loss);

  Play wins(free_config());
  wins.engine.enter(Side::short_side, {}, ten_percent);
  wins.bar(100, 101, 99, 100);
  wins.bar(100, 109, 79, 100);
  EXPECT_EQ(wins.trades().at(0).exit_price, 80);
  EXPECT_EQ(wins.trades().at(0).exit_reason, ExitReason::take_profit);

  Play gap(free_config());
  gap.engine.enter(Side::short_side, {}, ten_percent);
  gap.bar(100, 101, 99, 100);
  gap.bar(115, 116, 100, 100);
  EXPECT_EQ(gap.trades().at(0).exit_price, 115);
}

TEST(Bracket, IsKeptWhereALaterEntryIsIgnored) {
  Play play(free_config());
  play.engine.enter(Side::long_side, {}, ten_percent);
  play.bar(100, 101, 99, 100);
  play.engine.enter(Side::long_side, {}, {0.01, 0.01});
  play.bar(100, 102, 98, 100);
  EXPECT_NE(play.engine.account().units, 0);
  play.engine.enter(Side::short_side, {}, {0.5, 0.5});
  play.bar(100, 102, 89, 95);
  EXPECT_EQ(play.trades().at(0).exit_price, 90);
}

TEST(Bracket, IsForgottenWithItsPosition) {
  Play play(free_config());
  play.engine.enter(Side::long_side, {}, ten_percent);
  play.bar(100, 101, 99, 100);
  play.engine.set_target(-1);  // flips: the new position is not the one that was entered
  play.bar(100, 115, 95, 100);
  EXPECT_LT(play.engine.account().units, 0);
  play.bar(100, 115, 75, 100);
  EXPECT_LT(play.engine.account().units, 0);
}

TEST(Bracket, HoldsForAnEntryThatFillsLaterAndInParts) {
  EngineConfig config = free_config();
  config.instrument.participation_cap = 0.1;
  Play play(config);
  TapeBar bar = bar_of(100, 101, 99, 100);
  bar.volume = 0;
  play.engine.enter(Side::long_side, {}, ten_percent);
  play.bar(bar);
  EXPECT_EQ(play.engine.account().units, 0);
  bar.volume = 600;
  play.bar(bar);
  play.bar(bar);
  EXPECT_EQ(play.engine.account().units, 100);
  bar = bar_of(100, 101, 85, 100);
  bar.volume = 1e6;
  play.bar(bar);
  EXPECT_EQ(play.trades().at(0).exit_price, 90);
}

TEST(Bracket, SizesAStakeAtRiskByItsStop) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.01;
  config.instrument.leverage_limit = 3;
  for (const Side side : {Side::long_side, Side::short_side}) {
    Play play(config);
    play.engine.enter(side, {Stake::Kind::risk, 0.02}, {0.05, 0});
    play.bar(100, 100, 100, 100);
    EXPECT_NEAR(play.engine.result().exposure.back(), side == Side::long_side ? 0.4 : -0.4, 1e-12);
    side == Side::long_side ? play.bar(100, 100, 50, 50) : play.bar(100, 200, 100, 200);
    EXPECT_NEAR(play.engine.result().equity.back(), 9'800, 1e-9);
  }
  Play none(config);
  none.engine.enter(Side::long_side, {Stake::Kind::risk, 0.02}, {0, 0.1});
  none.bar(100, 100, 100, 100);
  EXPECT_EQ(none.engine.account().units, 0);
  EXPECT_EQ(none.engine.notices().size(), 1u);
}

TEST(Bracket, RefusesLevelsThatAreNone) {
  BarEngine engine(free_config());
  for (const double bad : {-0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(error_of([&] {
                engine.enter(Side::long_side, {}, {bad, 0.1});
              }).code(),
              "execution.bad_bracket");
    EXPECT_EQ(error_of([&] {
                engine.enter(Side::long_side, {}, {0.1, bad});
              }).code(),
              "execution.bad_bracket");
  }
}

EngineConfig random_config(RandomStream& random) {
  EngineConfig config;
  config.instrument.leverage_limit = 1 + 2 * random.uniform();
  config.instrument.slippage_volatility_share = 0.1 * random.uniform();
  config.instrument.participation_cap = random.below(4) == 0 ? 0.2 : 0.0;
  config.instrument.lot_size = random.below(2) == 0 ? 0.001 : 0.0;
  if (random.below(2) == 0) config.exits.stop_loss = 0.05 + 0.05 * random.uniform();
  if (random.below(4) == 0) config.exits.trailing_stop = 0.1;
  if (random.below(4) == 0) config.exits.minimal_roi = {{0, 0.2}};
  constexpr IntrabarPolicy policies[]{IntrabarPolicy::worst, IntrabarPolicy::ohlc, IntrabarPolicy::adaptive};
  config.exits.intrabar = policies[random.below(3)];
  return config;
}

void decide_randomly(BarEngine& engine, RandomStream& random) {
  const Bracket bracket{0.02 + 0.1 * random.uniform(), random.below(3) == 0 ? 0 : 0.2 * random.uniform()};
  switch (random.below(8)) {
    case 0:
      return engine.set_target(2 * random.uniform() - 1);
    case 1:
    case 2:
    case 3:
      return engine.enter(random.below(2) == 0 ? Side::long_side : Side::short_side,
                          {Stake::Kind::risk, 0.02}, bracket);
    case 4:
      return engine.exit();
    case 5:
      return engine.submit({Order::Type::limit, random.normal(), 100});
    default:
      return;
  }
}

void expect_same(const SimulationResult& a, const SimulationResult& b) {
  EXPECT_EQ(a.open_time, b.open_time);
  EXPECT_EQ(a.equity, b.equity);
  EXPECT_EQ(a.exposure, b.exposure);
  EXPECT_EQ(a.price, b.price);
  EXPECT_EQ(a.traded_notional, b.traded_notional);
  EXPECT_EQ(a.total_fees, b.total_fees);
  EXPECT_EQ(a.total_slippage, b.total_slippage);
  EXPECT_EQ(a.total_funding, b.total_funding);
  ASSERT_EQ(a.trades.size(), b.trades.size());
  for (std::size_t i = 0; i < a.trades.size(); ++i) {
    EXPECT_EQ(a.trades[i].exit_time, b.trades[i].exit_time);
    EXPECT_EQ(a.trades[i].profit_abs, b.trades[i].profit_abs);
    EXPECT_EQ(a.trades[i].exit_reason, b.trades[i].exit_reason);
  }
}

// The same decisions on the same bars, once bar by bar and once over the quiet ones at a stride.
TEST(Hold, GivesTheRowsOfEachBarBitForBit) {
  std::size_t held = 0, stepped = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    RandomStream random(11, run);
    const EngineConfig config = random_config(random);
    const std::vector<TapeBar> bars = random_bars(random, 400);
    std::vector<TimeMs> times;
    for (std::size_t i = 0; i < bars.size(); ++i) times.push_back(static_cast<TimeMs>(i) * hour_ms);
    BarEngine plain(config), fast(config), totals(config, Recording::totals);
    std::size_t at = 0;
    while (at < bars.size()) {
      const std::size_t until = std::min(bars.size(), at + 1 + random.below(40));
      for (std::size_t i = at; i < until; ++i) plain.process_bar(bars[i], times[i]);
      for (BarEngine* engine : {&fast, &totals}) {
        for (std::size_t i = at; i < until;) {
          const std::span<const TapeBar> rest(bars.data() + i, until - i);
          const std::size_t quiet = engine->quiet_bars(rest);
          engine->hold(rest.first(quiet), {times.data() + i, quiet});
          i += quiet, held += quiet;
          if (i < until) engine->process_bar(bars[i], times[i]), ++i, ++stepped;
        }
        RandomStream decision(run, until);
        decide_randomly(*engine, decision);
      }
      RandomStream decision(run, until);
      decide_randomly(plain, decision);
      at = until;
    }
    for (BarEngine* engine : {&plain, &fast, &totals}) engine->close_at_end_of_data();
    expect_same(plain.result(), fast.result());
    EXPECT_EQ(plain.notices().size(), fast.notices().size());
    EXPECT_TRUE(totals.result().equity.empty());
    EXPECT_EQ(totals.account().cash, plain.account().cash);
    EXPECT_EQ(totals.result().traded_notional, plain.result().traded_notional);
    EXPECT_EQ(totals.result().trades.size(), plain.result().trades.size());
  }
  EXPECT_GT(held, stepped / 4);  // both ways are really taken
  EXPECT_GT(stepped, 1000u);
}

TEST(Hold, NothingIsQuietWhileADecisionOrAnOrderWaits) {
  const std::vector<TapeBar> bars(5, bar_of(100, 101, 99, 100));
  Play play(free_config());
  EXPECT_EQ(play.engine.quiet_bars(bars), 5u);
  play.engine.enter(Side::long_side, {}, ten_percent);
  EXPECT_EQ(play.engine.quiet_bars(bars), 0u);
  play.bar(bars[0]);
  EXPECT_EQ(play.engine.quiet_bars(bars), 5u);
  play.engine.submit({Order::Type::limit, -1, 200});
  EXPECT_EQ(play.engine.quiet_bars(bars), 0u);
  play.engine.cancel_orders();
  std::vector<TapeBar> eventful = bars;
  eventful[3].low = 90;
  EXPECT_EQ(play.engine.quiet_bars(eventful), 3u);
  eventful[2].high = 120;
  EXPECT_EQ(play.engine.quiet_bars(eventful), 2u);
  eventful[1].funding_inside = 1e-4;
  EXPECT_EQ(play.engine.quiet_bars(eventful), 1u);
}

}  // namespace
}  // namespace stevie::execution
