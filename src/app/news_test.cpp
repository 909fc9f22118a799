#include "app/news.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace stevie::app {
namespace {

TEST(NewsHub, numbers_items_and_hands_out_what_came_after_one) {
  NewsHub hub;
  EXPECT_EQ(hub.newest(), 0U);
  EXPECT_TRUE(hub.after(0, 10).items.empty());
  EXPECT_EQ(hub.publish("live", "live.step", R"({"step":1})"), 1U);
  EXPECT_EQ(hub.publish("risk", "risk.killed", "{}"), 2U);
  EXPECT_EQ(hub.publish("live", "live.step", R"({"step":2})"), 3U);
  EXPECT_EQ(hub.newest(), 3U);

  const NewsHub::Batch batch = hub.after(1, 10);
  EXPECT_FALSE(batch.missed);
  ASSERT_EQ(batch.items.size(), 2U);
  EXPECT_EQ(batch.items[0].id, 2U);
  EXPECT_EQ(batch.items[0].topic, "risk");
  EXPECT_EQ(batch.items[0].kind, "risk.killed");
  EXPECT_EQ(batch.items[1].body, R"({"step":2})");
  EXPECT_GT(batch.items[0].time, 0);
  EXPECT_FALSE(hub.after(3, 10).missed);
  EXPECT_TRUE(hub.after(3, 10).items.empty());
}

TEST(NewsHub, hands_out_at_most_what_was_asked_for_from_the_oldest_on) {
  NewsHub hub;
  for (int i = 0; i < 10; ++i) hub.publish("live", "live.step", "{}");
  const NewsHub::Batch batch = hub.after(2, 3);
  ASSERT_EQ(batch.items.size(), 3U);
  EXPECT_EQ(batch.items.front().id, 3U);
  EXPECT_EQ(batch.items.back().id, 5U);
}

TEST(NewsHub, says_where_items_are_gone) {
  NewsHub hub(3);
  for (int i = 0; i < 5; ++i) hub.publish("live", "live.step", "{}");  // 3, 4, 5 are kept
  EXPECT_TRUE(hub.after(0, 10).missed);
  EXPECT_TRUE(hub.after(1, 10).missed);
  EXPECT_EQ(hub.after(1, 10).items.size(), 3U);
  EXPECT_FALSE(hub.after(2, 10).missed);
  EXPECT_EQ(hub.after(2, 10).items.size(), 3U);
}

TEST(NewsHub, takes_a_number_it_has_not_given_yet_for_that_of_another_process) {
  NewsHub hub;
  hub.publish("live", "live.step", "{}");
  const NewsHub::Batch batch = hub.after(700, 10);
  EXPECT_TRUE(batch.missed);
  ASSERT_EQ(batch.items.size(), 1U);
  EXPECT_EQ(batch.items[0].id, 1U);
  EXPECT_TRUE(hub.after(~std::uint64_t{0}, 10).missed);
}

TEST(NewsHub, tells_readers_of_an_earlier_process_that_they_missed_something) {
  NewsHub hub(10, 1'000'000);
  EXPECT_EQ(hub.newest(), 999'999U);
  EXPECT_TRUE(hub.after(17, 10).missed);
  EXPECT_EQ(hub.publish("live", "live.step", "{}"), 1'000'000U);
  EXPECT_TRUE(hub.after(17, 10).missed);
  EXPECT_FALSE(hub.after(999'999, 10).missed);
  EXPECT_EQ(hub.after(999'999, 10).items.size(), 1U);
}

TEST(NewsHub, wakes_after_each_item_until_told_not_to) {
  NewsHub hub;
  std::uint64_t first = 0, second = 0;
  const std::uint64_t handle = hub.on_publish([&] { first = hub.newest(); });
  hub.on_publish([&] { ++second; });
  hub.publish("live", "live.step", "{}");
  EXPECT_EQ(first, 1U) << "a wake may read, and finds the item that it was woken for";
  hub.stop_waking(handle);
  hub.publish("live", "live.step", "{}");
  EXPECT_EQ(first, 1U);
  EXPECT_EQ(second, 2U);
}

TEST(NewsHub, keeps_order_and_loses_nothing_with_many_publishers_and_readers) {
  constexpr std::uint64_t publishers = 4, each = 2000;
  NewsHub hub(publishers * each);
  std::atomic<std::uint64_t> woken{0};
  std::atomic<bool> orderly{true};
  const std::uint64_t handle = hub.on_publish([&woken] { ++woken; });
  std::vector<std::thread> threads;
  for (std::uint64_t p = 0; p < publishers; ++p) {
    threads.emplace_back([&hub, p] {
      for (std::uint64_t i = 0; i < each; ++i) hub.publish(std::to_string(p), "n", std::to_string(i));
    });
  }
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&hub, &orderly] {
      std::vector<std::uint64_t> seen(publishers, 0);
      for (std::uint64_t last = 0; last < publishers * each;) {
        const NewsHub::Batch batch = hub.after(last, 100);
        if (batch.missed) orderly = false;
        for (const NewsItem& item : batch.items) {
          if (item.id != last + 1) orderly = false;
          last = item.id;
          std::uint64_t& next = seen[std::stoul(item.topic)];
          if (item.body != std::to_string(next++)) orderly = false;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  hub.stop_waking(handle);
  EXPECT_TRUE(orderly);
  EXPECT_EQ(woken, publishers * each);
}

}  // namespace
}  // namespace stevie::app
