#include "app/live_life.h"

#include <gtest/gtest.h>

#include <random>

#include "app/live_life_testing.h"
#include "broker/paper_broker.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

using Life = HandMadeLife;
using execution::Side;

TEST(LiveLife, PutsATradeTogetherFromItsFills) {
  Life made;
  made.decided(0, {Life::entry(0, "breakout", "long", 0.4, "bear")});
  made.fills(1, {Life::fill(1, 2, 100, 1, "entry")});
  ASSERT_EQ(made.life.trades().size(), 1U);
  EXPECT_TRUE(made.life.trades()[0].open());
  made.fills(5, {Life::fill(5, -2, 110, 1.5, "take_profit", "BTC/USDT@0")});
  const LiveTrade& trade = made.life.trades()[0];
  EXPECT_EQ(trade.number, 1U);
  EXPECT_EQ(trade.side, Side::long_side);
  EXPECT_EQ(trade.entry_time, 1 * hour_ms);
  EXPECT_EQ(trade.exit_time, 5 * hour_ms);
  EXPECT_DOUBLE_EQ(trade.entry_price, 100);
  EXPECT_DOUBLE_EQ(trade.exit_price, 110);
  EXPECT_DOUBLE_EQ(trade.units, 2);
  EXPECT_DOUBLE_EQ(trade.fees, 2.5);
  EXPECT_DOUBLE_EQ(trade.profit, 20 - 2.5);
  EXPECT_DOUBLE_EQ(trade.net_return(), 17.5 / 200);
  EXPECT_EQ(trade.exit_reason, "take_profit");
  EXPECT_EQ(trade.decision, 1U);
  EXPECT_EQ(trade.parameter_version, 3U);
  EXPECT_EQ(trade.gist.rule, "breakout");
  EXPECT_EQ(trade.gist.regime, "bear");
  EXPECT_EQ(trade.gist.confidence, 0.4);
  // Both fills belong to the decision to enter: the exit was the position's own.
  ASSERT_EQ(made.life.fills().size(), 2U);
  EXPECT_EQ(made.life.fills()[0].kind, FillKind::entry);
  EXPECT_EQ(made.life.fills()[1].kind, FillKind::take_profit);
  EXPECT_EQ(made.life.fills()[1].decision, 1U);
  EXPECT_EQ(made.life.fills()[1].trade, 1U);
  EXPECT_DOUBLE_EQ(made.life.book("BTC/USDT")->steps.back().cash, 1000 + 17.5);
}

TEST(LiveLife, PartsOfAPositionAreOneTradeAtAveragePrices) {
  Life made;
  made.fills(1, {Life::fill(1, -1, 100, 0, "entry")});
  made.fills(2, {Life::fill(2, -3, 104, 0, "entry")});
  made.fills(3, {Life::fill(3, 2, 90, 0, "stop_loss")});
  EXPECT_TRUE(made.life.trades()[0].open());
  made.fills(4, {Life::fill(4, 2, 94, 0, "stop_loss")});
  ASSERT_EQ(made.life.trades().size(), 1U);
  const LiveTrade& trade = made.life.trades()[0];
  EXPECT_EQ(trade.side, Side::short_side);
  EXPECT_DOUBLE_EQ(trade.entry_price, 103);
  EXPECT_DOUBLE_EQ(trade.exit_price, 92);
  EXPECT_DOUBLE_EQ(trade.units, 4);
  EXPECT_DOUBLE_EQ(trade.profit, 4 * (103 - 92));
}

TEST(LiveLife, AFlipEndsOneTradeAndBeginsAnother) {
  Life made;
  made.fills(1, {Life::fill(1, 2, 100, 1, "target")});
  made.fills(2, {Life::fill(2, -5, 110, 5, "target")});
  ASSERT_EQ(made.life.trades().size(), 2U);
  EXPECT_DOUBLE_EQ(made.life.trades()[0].profit, 20 - 1 - 2);
  EXPECT_FALSE(made.life.trades()[0].open());
  EXPECT_TRUE(made.life.trades()[1].open());
  EXPECT_EQ(made.life.trades()[1].side, Side::short_side);
  EXPECT_DOUBLE_EQ(made.life.trades()[1].units, 3);
  EXPECT_DOUBLE_EQ(made.life.trades()[1].fees, 3);
  EXPECT_EQ(made.life.fills()[1].trade, 2U);
}

TEST(LiveLife, EntriesSetStopAndTakeProfit) {
  Life made;
  live::StepRecord step = made.step(0);
  broker::Order order;
  order.id = "BTC/USDT@0";
  order.symbol = "BTC/USDT";
  order.decision = strategy::Decision::enter(Side::short_side, {}, {.stop_loss = 0.1, .take_profit = 0.2});
  step.orders = {order};
  made.life.take(step);
  made.fills(1, {Life::fill(1, -1, 200, 0, "entry")});
  EXPECT_DOUBLE_EQ(*made.life.trades()[0].stop, 220);
  EXPECT_DOUBLE_EQ(*made.life.trades()[0].take_profit, 160);
}

TEST(LiveLife, DecisionsAreCounted) {
  Life made;
  live::StepRecord step = made.step(0);
  step.decided = {Life::entry(0, "news", "short", 0.2, "bull", live::Denial::exposure)};
  step.tally = {{"no_rule", 5}, {"qualified/news", 1}};
  made.life.take(step);
  made.decided(1, {Life::entry(1, "news", "short", 0.2)});
  EXPECT_EQ(made.life.actions().at("enter"), 2U);
  EXPECT_EQ(made.life.denials().size(), 1U);
  EXPECT_EQ(made.life.tally().at("no_rule"), 5U);
  ASSERT_EQ(made.life.entries().size(), 2U);
  EXPECT_FALSE(made.life.entries()[0].is_long);
}

TEST(LiveLife, WhatAPersonAcceptedIsWhatIsHeld) {
  Life made;
  made.fills(1, {Life::fill(1, 2, 100, 0, "entry")});
  live::StepRecord step = made.step(3);
  step.why = "accept";
  made.life.take(step);  // no position any more
  EXPECT_EQ(made.life.book("BTC/USDT")->steps.back().units, 0);
  EXPECT_DOUBLE_EQ(made.life.book("BTC/USDT")->steps.back().cash, 1000);
  EXPECT_EQ(made.life.trades()[0].exit_reason, "accepted");
  made.fills(4, {Life::fill(4, 1, 50, 0, "entry")});
  EXPECT_EQ(made.life.trades().back().number, 2U);
}

TEST(LiveLife, MemoryIsBoundedAndNumbersGoOn) {
  Life made({"BTC/USDT"}, 100);
  for (TimeMs hour = 1; hour < 2000; ++hour)
    made.fills(hour, {Life::fill(hour, hour % 2 == 1 ? 1 : -1, 100, 0, "target")});
  EXPECT_LE(made.life.trades().size(), 125U);
  EXPECT_GE(made.life.trades().size(), 100U);
  EXPECT_LE(made.life.fills().size(), 125U);
  EXPECT_EQ(made.life.trades_left_out() + made.life.trades().size(), 1000U);
  EXPECT_EQ(made.life.trades().back().number, 1000U);
  EXPECT_EQ(made.life.trades().front().number, made.life.trades_left_out() + 1);
  EXPECT_EQ(made.life.fills_left_out() + made.life.fills().size(), 1999U);
  EXPECT_LE(made.life.curve().points(100'000).size(), 4U * 4096U);
}

/// A random account: what is put together from the fills alone is what the broker says of each round trip,
/// and cash and position are the broker's.
TEST(LiveLife, AgreesWithTheBrokersOwnBooks) {
  market::SyntheticConfig config;
  config.bars = 3000;
  config.symbol = "BTC/USDT";
  const market::Bars bars = market::make_synthetic_market(config).bars;
  broker::PaperConfig account{.symbols = {"BTC/USDT"}, .interval = hour_ms, .engine = {}};
  account.engine.initial_equity = 1000;
  broker::PaperBroker paper(account);
  std::mt19937_64 random(5);
  Life with_broker, without;
  std::vector<execution::RoundTrip> said;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    std::vector<broker::Fill> fills = paper.on_bar("BTC/USDT", bars[i]);
    for (const broker::Fill& fill : fills)
      if (fill.closed) said.push_back(*fill.closed);
    with_broker.fills(static_cast<TimeMs>(i), fills);
    for (broker::Fill& fill : fills) fill.closed.reset();
    without.fills(static_cast<TimeMs>(i), fills);
    if (random() % 4 != 0) continue;
    broker::Order order;
    order.id = broker::order_id("BTC/USDT", bars.open_time[i]);
    order.symbol = "BTC/USDT";
    order.decided = bars.open_time[i];
    order.reference_price = bars.close[i];
    const double exposure = static_cast<double>(random() % 5) / 4 - 0.5;
    order.decision = strategy::Decision::target(exposure);
    paper.submit(order);
  }
  const auto& trades = without.life.trades();
  std::vector<const LiveTrade*> closed;
  for (const LiveTrade& trade : trades)
    if (!trade.open()) closed.push_back(&trade);
  ASSERT_EQ(closed.size(), said.size());
  ASSERT_GT(said.size(), 100U);
  for (std::size_t i = 0; i < said.size(); ++i) {
    EXPECT_EQ(closed[i]->entry_time, said[i].entry_time);
    EXPECT_EQ(closed[i]->exit_time, said[i].exit_time);
    EXPECT_EQ(closed[i]->side, said[i].side);
    EXPECT_NEAR(closed[i]->profit, said[i].profit_abs, 1e-6);
    EXPECT_NEAR(closed[i]->fees, said[i].fee, 1e-9);
    EXPECT_NEAR(closed[i]->entry_price, said[i].entry_price, 1e-6 * said[i].entry_price);
    EXPECT_NEAR(with_broker.life.trades()[i].profit, said[i].profit_abs, 1e-12);
  }
  const BookStep& book = without.life.book("BTC/USDT")->steps.back();
  EXPECT_NEAR(book.cash + book.units * bars.close.back(), paper.account().equity, 1e-6);
}

}  // namespace
}  // namespace stevie::app
