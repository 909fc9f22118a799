#include "live/bar_sequencer.h"

#include <gtest/gtest.h>

#include <vector>

namespace stevie::live {
namespace {

constexpr TimeMs minute(int number) {
  return 1'600'000'020'000 + number * minute_ms;
}
market::Bar bar_at(int number, double price = 100) {
  return {minute(number), price, price + 1, price - 1, price, 10};
}
market::Bars page_of(const std::vector<int>& numbers) {
  market::Bars bars;
  bars.interval = minute_ms;
  for (const int number : numbers) bars.push_back(bar_at(number));
  return bars;
}
/// Numbers of the bars that come out.
std::vector<int> popped(BarSequencer& sequencer, const std::vector<bool>& blocked = {false}) {
  std::vector<int> numbers;
  while (const auto ready = sequencer.pop(blocked)) {
    numbers.push_back(static_cast<int>((ready->bar.open_time - minute(0)) / minute_ms));
  }
  return numbers;
}
using Numbers = std::vector<int>;

TEST(BarSequencer, HandsOverWhatTheStreamSaysInOrder) {
  BarSequencer sequencer(1, minute_ms, 100);
  EXPECT_FALSE(sequencer.wanted(0));
  EXPECT_TRUE(sequencer.forming(0, minute(1)));
  EXPECT_EQ(sequencer.closed(0, bar_at(0), false), BarVerdict::out_of_order);
  EXPECT_EQ(sequencer.closed(0, bar_at(1), false), BarVerdict::taken);
  EXPECT_FALSE(sequencer.missing(0));
  EXPECT_EQ(popped(sequencer), (Numbers{1}));
  EXPECT_EQ(sequencer.closed(0, bar_at(1), false), BarVerdict::duplicate);
  EXPECT_EQ(sequencer.closed(0, bar_at(1, 200), false), BarVerdict::contradicts);
  EXPECT_EQ(sequencer.closed(0, bar_at(2), false), BarVerdict::taken);
  EXPECT_EQ(sequencer.closed(0, bar_at(2), false), BarVerdict::duplicate);
  EXPECT_EQ(popped(sequencer), (Numbers{2}));
  EXPECT_EQ(sequencer.closed(0, bar_at(1), false), BarVerdict::out_of_order);
  EXPECT_FALSE(sequencer.forming(0, minute(2)));
}

TEST(BarSequencer, FetchesWhatTheStreamLeftOut) {
  BarSequencer sequencer(1, minute_ms, 100);
  sequencer.start(0, minute(0));
  EXPECT_EQ(sequencer.wanted(0), minute(1));
  EXPECT_EQ(sequencer.closed(0, bar_at(4), false), BarVerdict::taken);
  EXPECT_TRUE(popped(sequencer).empty());
  ASSERT_TRUE(sequencer.missing(0));
  EXPECT_EQ(sequencer.missing(0)->first, minute(1));
  EXPECT_EQ(sequencer.missing(0)->end, minute(4));
  EXPECT_EQ(sequencer.page(0, page_of({1, 2, 3, 4, 5}), true).taken, 3u);
  EXPECT_EQ(popped(sequencer), (Numbers{1, 2, 3, 4}));
  EXPECT_FALSE(sequencer.missing(0));
  sequencer.forming(0, minute(6));
  EXPECT_EQ(sequencer.missing(0)->first, minute(5));
}

TEST(BarSequencer, ABarWithNothingBehindItMayStillBeForming) {
  BarSequencer sequencer(1, minute_ms, 100);
  sequencer.start(0, minute(0));
  EXPECT_EQ(sequencer.page(0, page_of({1}), true).taken, 0u);
  EXPECT_TRUE(popped(sequencer).empty());
  EXPECT_EQ(sequencer.page(0, page_of({1, 2}), true).taken, 1u);
  EXPECT_EQ(popped(sequencer), (Numbers{1}));
}

TEST(BarSequencer, BelievesAPageAboutWhatHasClosed) {
  BarSequencer sequencer(1, minute_ms, 100);
  sequencer.start(0, minute(0));
  sequencer.closed(0, bar_at(500), false);
  sequencer.forming(0, minute(900));
  const BarSequencer::PageResult result = sequencer.page(0, page_of({1, 2, 3}), true);
  EXPECT_EQ(result.refuted, 1u);
  EXPECT_EQ(popped(sequencer), (Numbers{1, 2}));
  EXPECT_FALSE(sequencer.missing(0));
  EXPECT_EQ(sequencer.closed(0, bar_at(3), true), BarVerdict::in_doubt);
  EXPECT_TRUE(popped(sequencer).empty());
  EXPECT_TRUE(sequencer.missing(0));
  sequencer.page(0, page_of({3}), true);
  EXPECT_FALSE(sequencer.missing(0));
}

TEST(BarSequencer, AFalseBeginningIsTakenBack) {
  BarSequencer sequencer(1, minute_ms, 100);
  sequencer.forming(0, minute(500));
  sequencer.page(0, {}, true);
  EXPECT_FALSE(sequencer.wanted(0));
  sequencer.start(0, minute(7));
  sequencer.page(0, {}, true);
  EXPECT_EQ(sequencer.wanted(0), minute(8));
}

TEST(BarSequencer, OfTwoStoriesAPageTellsTheTrueOne) {
  BarSequencer sequencer(1, minute_ms, 100);
  sequencer.start(0, minute(0));
  EXPECT_EQ(sequencer.closed(0, bar_at(2, 150), false), BarVerdict::taken);
  EXPECT_EQ(sequencer.closed(0, bar_at(2), false), BarVerdict::contradicts);
  EXPECT_EQ(sequencer.closed(0, bar_at(2, 150), false), BarVerdict::in_doubt);
  sequencer.page(0, page_of({1, 2, 3}), true);
  EXPECT_EQ(sequencer.closed(0, bar_at(2, 150), false), BarVerdict::contradicts);
  EXPECT_EQ(sequencer.pop({false})->bar.open_time, minute(1));
  EXPECT_EQ(sequencer.pop({false})->bar.close, 100);
}

TEST(BarSequencer, AHoleIsSteppedOverWhenThreePagesShowIt) {
  BarSequencer sequencer(1, minute_ms, 100);
  sequencer.start(0, minute(0));
  EXPECT_FALSE(sequencer.page(0, page_of({4, 5}), true).stepped_over);
  EXPECT_FALSE(sequencer.page(0, page_of({4, 5}), true).stepped_over);
  EXPECT_EQ(sequencer.page(0, page_of({1, 2, 5, 6}), true).taken, 2u);  // the first two pages were wrong
  EXPECT_EQ(popped(sequencer), (Numbers{1, 2}));
  sequencer.closed(0, bar_at(4), false);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(sequencer.page(0, page_of({5, 6}), true).stepped_over);
  sequencer.start(0, minute(2));
  EXPECT_FALSE(sequencer.page(0, page_of({5, 6}), true).stepped_over);
  EXPECT_FALSE(sequencer.page(0, page_of({5, 6}), true).stepped_over);
  EXPECT_TRUE(sequencer.page(0, page_of({5, 6}), true).stepped_over);
  EXPECT_EQ(popped(sequencer), (Numbers{5}));
}

TEST(BarSequencer, WhatIsTooMuchToHoldIsFetchedLater) {
  BarSequencer sequencer(1, minute_ms, 3);
  sequencer.start(0, minute(0));
  for (int i = 9; i >= 2; --i) sequencer.closed(0, bar_at(i), false);
  sequencer.page(0, page_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), true);
  EXPECT_EQ(popped(sequencer), (Numbers{1, 2, 3}));
  EXPECT_EQ(sequencer.missing(0)->first, minute(4));
}

TEST(BarSequencer, SymbolsWaitForOneAnotherUnlessOneIsBlocked) {
  BarSequencer sequencer(2, minute_ms, 100);
  sequencer.start(0, minute(0));
  sequencer.start(1, minute(1));
  sequencer.closed(0, bar_at(3), false);
  sequencer.closed(1, bar_at(2), false);
  EXPECT_TRUE(popped(sequencer, {false, false}).empty());
  sequencer.page(0, page_of({1, 2, 3, 4}), true);
  EXPECT_EQ(popped(sequencer, {false, false}), (Numbers{1, 2, 2, 3}));
  sequencer.closed(0, bar_at(6), false);
  sequencer.closed(1, bar_at(3), false);
  sequencer.closed(1, bar_at(4), false);
  EXPECT_EQ(popped(sequencer, {false, false}), (Numbers{3, 4}));
  sequencer.closed(1, bar_at(5), false);
  EXPECT_TRUE(popped(sequencer, {false, false}).empty());
  EXPECT_EQ(popped(sequencer, {true, false}), (Numbers{5}));
}

}  // namespace
}  // namespace stevie::live
