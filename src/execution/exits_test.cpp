#include "execution/exits.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "execution/execution_testing.h"

namespace stevie::execution {
namespace {

/// The same bar for a short: prices mirrored at 100.
TapeBar mirrored(const TapeBar& bar) {
  return bar_of(200 - bar.open, 200 - bar.low, 200 - bar.high, 200 - bar.close);
}

HeldPosition held_from(double entry, Side side = Side::long_side) {
  HeldPosition position;
  position.side = side;
  position.entry_price = entry;
  return position;
}

ExitRules stop_and_target() {
  ExitRules rules;
  rules.stop_loss = 0.05;
  rules.take_profit = 0.05;
  return rules;
}

/// Expects the exit from a long at 100, and the mirrored one from a short at 100.
void expect_exit(const ExitRules& rules, IntrabarPolicy policy, const TapeBar& bar, ExitReason reason,
                 double price) {
  for (const Side side : {Side::long_side, Side::short_side}) {
    HeldPosition position = held_from(100, side);
    arm_trailing(rules, position);
    const bool is_long = side == Side::long_side;
    const auto hit = exit_inside(rules, policy, position, is_long ? bar : mirrored(bar), hour_ms);
    ASSERT_TRUE(hit.has_value());
    EXPECT_EQ(hit->reason, reason);
    EXPECT_DOUBLE_EQ(hit->price, is_long ? price : 200 - price);
  }
}

TEST(Intrabar, PolicyDecidesWhereStopAndTargetLieInOneBar) {
  const TapeBar high_nearer = bar_of(101, 106, 94, 100);
  const TapeBar low_nearer = bar_of(99, 106, 94, 100);
  const ExitRules rules = stop_and_target();
  expect_exit(rules, IntrabarPolicy::worst, high_nearer, ExitReason::stop_loss, 95);
  expect_exit(rules, IntrabarPolicy::worst, low_nearer, ExitReason::stop_loss, 95);
  expect_exit(rules, IntrabarPolicy::adaptive, high_nearer, ExitReason::take_profit, 105);
  expect_exit(rules, IntrabarPolicy::adaptive, low_nearer, ExitReason::stop_loss, 95);
}

TEST(Intrabar, OhlcVisitsTheHighFirst) {
  const ExitRules rules = stop_and_target();
  HeldPosition buyer = held_from(100), seller = held_from(100, Side::short_side);
  const TapeBar bar = bar_of(99, 106, 94, 100);
  EXPECT_EQ(exit_inside(rules, IntrabarPolicy::ohlc, buyer, bar, 0)->reason, ExitReason::take_profit);
  EXPECT_EQ(exit_inside(rules, IntrabarPolicy::ohlc, seller, bar, 0)->reason, ExitReason::stop_loss);
}

TEST(Intrabar, NothingHappensBetweenTheLevels) {
  const ExitRules rules = stop_and_target();
  for (const auto policy : {IntrabarPolicy::worst, IntrabarPolicy::ohlc, IntrabarPolicy::adaptive}) {
    HeldPosition position = held_from(100);
    EXPECT_FALSE(exit_inside(rules, policy, position, bar_of(100, 104.9, 95.1, 100), 0).has_value());
  }
}

TEST(Open, ABarThatOpensBeyondALevelFillsAtItsOpen) {
  const ExitRules rules = stop_and_target();
  for (const Side side : {Side::long_side, Side::short_side}) {
    const HeldPosition position = held_from(100, side);
    const TapeBar lower = bar_of(90, 91, 89, 90), higher = bar_of(110, 111, 109, 110);
    const auto lost = exit_at_open(rules, position, side == Side::long_side ? lower : higher, 0);
    ASSERT_TRUE(lost.has_value());
    EXPECT_EQ(lost->reason, ExitReason::stop_loss);
    EXPECT_EQ(lost->price, side == Side::long_side ? 90 : 110);
    EXPECT_FALSE(lost->maker);
    const auto won = exit_at_open(rules, position, side == Side::long_side ? higher : lower, 0);
    ASSERT_TRUE(won.has_value());
    EXPECT_EQ(won->reason, ExitReason::take_profit);
    EXPECT_EQ(won->price, side == Side::long_side ? 110 : 90);
    EXPECT_FALSE(exit_at_open(rules, position, bar_of(100, 200, 50, 100), 0).has_value());
  }
}

TEST(Liquidation, ComesBeforeAStopThatLiesFurtherAway) {
  ExitRules rules = stop_and_target();
  HeldPosition position = held_from(100);
  position.liquidation_price = 97;
  auto hit = exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 101, 90, 100), 0);
  EXPECT_EQ(hit->reason, ExitReason::liquidation);
  EXPECT_EQ(hit->price, 97);
  position.liquidation_price = 93;
  hit = exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 101, 90, 100), 0);
  EXPECT_EQ(hit->reason, ExitReason::stop_loss);
}

TEST(Trailing, FollowsTheBestPriceAndNeverRetreats) {
  ExitRules rules;
  rules.trailing_stop = 0.10;
  HeldPosition position = held_from(100);
  arm_trailing(rules, position);
  EXPECT_DOUBLE_EQ(position.trailing_level, 90);
  EXPECT_FALSE(
      exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 120, 109, 115), 0).has_value());
  EXPECT_DOUBLE_EQ(position.trailing_level, 108);
  EXPECT_FALSE(
      exit_inside(rules, IntrabarPolicy::worst, position, bar_of(115, 116, 110, 112), 0).has_value());
  EXPECT_DOUBLE_EQ(position.trailing_level, 108);
  const auto hit = exit_inside(rules, IntrabarPolicy::worst, position, bar_of(112, 113, 100, 101), 0);
  ASSERT_TRUE(hit.has_value());
  EXPECT_EQ(hit->reason, ExitReason::trailing_stop);
  EXPECT_DOUBLE_EQ(hit->price, 108);
}

TEST(Trailing, IsRaisedByTheBestAndHitByTheWorstOfOneBar) {
  ExitRules rules;
  rules.trailing_stop = 0.10;
  HeldPosition buyer = held_from(100), seller = held_from(100, Side::short_side);
  arm_trailing(rules, buyer);
  arm_trailing(rules, seller);
  const TapeBar bar = bar_of(100, 104, 91, 97);
  EXPECT_DOUBLE_EQ(exit_inside(rules, IntrabarPolicy::worst, buyer, bar, 0)->price, 104 * 0.9);
  EXPECT_DOUBLE_EQ(exit_inside(rules, IntrabarPolicy::worst, seller, bar, 0)->price, 91 * 1.1);
}

TEST(Trailing, StartsAtTheOffset) {
  ExitRules rules;
  rules.trailing_stop = 0.02;
  rules.trailing_offset = 0.05;
  HeldPosition position = held_from(100);
  arm_trailing(rules, position);
  EXPECT_EQ(position.trailing_level, 0);
  EXPECT_FALSE(
      exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 104.9, 80, 100), 0).has_value());
  EXPECT_EQ(position.trailing_level, 0);
  EXPECT_FALSE(
      exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 106, 104, 105), 0).has_value());
  EXPECT_DOUBLE_EQ(position.trailing_level, 106 * 0.98);
}

TEST(Trailing, OnTheEntryBarRisesJustEnoughToBeArmed) {
  ExitRules rules;
  rules.trailing_stop = 0.01;
  HeldPosition position = held_from(100);
  position.entered_on_bar = true;
  arm_trailing(rules, position);
  EXPECT_DOUBLE_EQ(exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 110, 98, 98), 0)->price,
                   99);
  rules.trailing_offset = 0.02;
  arm_trailing(rules, position);
  EXPECT_DOUBLE_EQ(exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 110, 98, 98), 0)->price,
                   102 * 0.99);
  arm_trailing(rules, position);
  EXPECT_DOUBLE_EQ(exit_inside(rules, IntrabarPolicy::worst, position, bar_of(103, 110, 103, 103), 0)->price,
                   103);
}

TEST(MinimalRoi, CountsFeesOfBothSides) {
  ExitRules rules;
  rules.minimal_roi = {{0, 0.05}};
  for (const Side side : {Side::long_side, Side::short_side}) {
    HeldPosition position = held_from(100, side);
    position.entry_fee = 0.002;
    position.exit_fee = 0.001;
    const auto hit = exit_inside(rules, IntrabarPolicy::worst, position, bar_of(100, 120, 80, 100), 0);
    ASSERT_TRUE(hit.has_value());
    EXPECT_EQ(hit->reason, ExitReason::roi);
    const double gain = side == Side::long_side ? hit->price - 100 : 100 - hit->price;
    EXPECT_NEAR(gain - 100 * 0.002 - hit->price * 0.001, 5, 1e-9);
  }
}

TEST(MinimalRoi, FallsWithTheAgeOfThePosition) {
  ExitRules rules;
  rules.minimal_roi = {{0, 0.10}, {60, 0.02}};
  HeldPosition position = held_from(100);
  const TapeBar bar = bar_of(100, 105, 99, 101);
  EXPECT_FALSE(exit_inside(rules, IntrabarPolicy::worst, position, bar, 0).has_value());
  EXPECT_DOUBLE_EQ(exit_inside(rules, IntrabarPolicy::worst, position, bar, hour_ms)->price, 102);
}

TEST(MinimalRoi, AStepThatStartsAtAnOpenAboveItFillsThere) {
  ExitRules rules;
  rules.minimal_roi = {{0, 0.10}, {60, 0.02}};
  const HeldPosition position = held_from(100);
  EXPECT_EQ(exit_at_open(rules, position, bar_of(104, 105, 90, 90), hour_ms)->price, 104);
  EXPECT_FALSE(exit_at_open(rules, position, bar_of(101, 105, 90, 90), hour_ms).has_value());
  EXPECT_FALSE(exit_at_open(rules, position, bar_of(104, 105, 90, 90), hour_ms / 2).has_value());
}

TEST(MinimalRoi, AStepThatStartedInsideTheBarBeforeFillsAtTheLevelOrThePoorestOfTheBar) {
  ExitRules rules;
  rules.minimal_roi = {{0, 0.10}, {59, 0.02}};
  HeldPosition position = held_from(100);
  EXPECT_FALSE(exit_at_open(rules, position, bar_of(104, 105, 90, 90), hour_ms).has_value());
  EXPECT_DOUBLE_EQ(
      exit_inside(rules, IntrabarPolicy::worst, position, bar_of(104, 105, 90, 90), hour_ms)->price, 102);
  EXPECT_DOUBLE_EQ(
      exit_inside(rules, IntrabarPolicy::worst, position, bar_of(104, 105, 103, 104), hour_ms)->price, 103);
}

TEST(Sequence, AStopLossComesBeforeTheRoiAndTheRoiBeforeARaisedTrailingStop) {
  ExitRules rules;
  rules.stop_loss = 0.05;
  rules.trailing_stop = 0.02;
  rules.trailing_offset = 0.05;
  rules.minimal_roi = {{0, 0.04}};
  expect_exit(rules, IntrabarPolicy::worst, bar_of(100, 108, 94, 100), ExitReason::stop_loss, 95);
  expect_exit(rules, IntrabarPolicy::worst, bar_of(100, 108, 96, 100), ExitReason::roi, 104);
}

TEST(Sequence, APositionOpenedInsideTheBarCanOnlyBeStopped) {
  HeldPosition position = held_from(100);
  position.entered_on_bar = position.entered_inside = true;
  const ExitRules rules = stop_and_target();
  EXPECT_FALSE(exit_inside(rules, IntrabarPolicy::worst, position, bar_of(99, 106, 99, 100), 0).has_value());
  EXPECT_EQ(exit_inside(rules, IntrabarPolicy::worst, position, bar_of(99, 106, 94, 100), 0)->reason,
            ExitReason::stop_loss);
}

TEST(Parsing, ReadsAndRefusesMinimalRoi) {
  const auto steps = parse_minimal_roi("0:0.1,30:0.05,120:-1");
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].minutes, 30);
  EXPECT_EQ(steps[1].ratio, 0.05);
  EXPECT_EQ(steps[2].ratio, -1);
  for (const char* text :
       {"", "0", "0:", ":1", "0:0.1,", "a:b", "0:nan", "30:0.1,0:0.2", "0:0.1 30:0.2", "-1:0.1"}) {
    EXPECT_THROW(parse_minimal_roi(text), Error) << text;
  }
}

TEST(Parsing, KnowsThePolicies) {
  EXPECT_EQ(parse_intrabar_policy("adaptive"), IntrabarPolicy::adaptive);
  EXPECT_THROW(parse_intrabar_policy("best"), Error);
}

TEST(ExitRulesTest, ReportsAllFaults) {
  ExitRules rules;
  rules.stop_loss = -0.1;
  rules.take_profit = 0;
  rules.trailing_offset = 0.1;
  EXPECT_EQ(rules.faults().size(), 3u);
}

}  // namespace
}  // namespace stevie::execution
