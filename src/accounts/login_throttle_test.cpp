#include "accounts/login_throttle.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

namespace stevie::accounts {
namespace {

constexpr TimeMs window = 15 * minute_ms;
constexpr TimeMs start = 1'700'000'000'000;

TEST(LoginThrottle, opens_a_window_after_the_oldest_failure_whatever_is_tried_meanwhile) {
  LoginThrottle throttle(3, window);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start + i * minute_ms));
  for (TimeMs at = start + 3 * minute_ms; at < start + window; at += second_ms) {
    EXPECT_EQ(throttle.admit("anna", "192.0.2.1", at), start + window);
  }
  EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start + window));
  EXPECT_EQ(throttle.admit("anna", "192.0.2.1", start + window), start + minute_ms + window);
}

TEST(LoginThrottle, a_guesser_elsewhere_does_not_keep_the_owner_out) {
  LoginThrottle throttle(5, window);
  EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start));
  throttle.succeeded("anna", "192.0.2.1", start);
  TimeMs now = start;
  for (int i = 0; i < 2000; ++i) {
    now += 30 * second_ms;
    throttle.admit("anna", "198.51.100." + std::to_string(i % 250), now);
    if (i % 100 != 0) continue;
    EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", now)) << i;
    throttle.succeeded("anna", "192.0.2.1", now);
  }
  EXPECT_TRUE(throttle.admit("anna", "203.0.113.1", now)) << "strangers are kept out meanwhile";
}

TEST(LoginThrottle, logging_in_to_an_own_account_buys_no_tries_at_others) {
  LoginThrottle throttle(5, window);
  int looked_at = 0;
  for (int i = 0; i < 100; ++i) {
    if (!throttle.admit("victim" + std::to_string(i), "192.0.2.1", start + i)) ++looked_at;
    if (!throttle.admit("eve", "192.0.2.1", start + i)) throttle.succeeded("eve", "192.0.2.1", start + i);
  }
  EXPECT_EQ(looked_at, 5);
}

TEST(LoginThrottle, a_guesser_at_home_has_no_more_tries_than_elsewhere) {
  LoginThrottle throttle(5, window);
  EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start));
  throttle.succeeded("anna", "192.0.2.1", start);
  int looked_at = 0;
  for (int i = 0; i < 50; ++i) looked_at += throttle.admit("anna", "192.0.2.1", start + 1) ? 0 : 1;
  EXPECT_EQ(looked_at, 5);
  EXPECT_TRUE(throttle.admit("anna", "192.0.2.1", start + window));
  EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start + 1 + window));
}

TEST(LoginThrottle, a_clock_that_was_set_back_locks_for_one_window_at_most) {
  LoginThrottle throttle(2, window);
  for (int i = 0; i < 2; ++i) throttle.admit("anna", "192.0.2.1", start + day_ms);
  EXPECT_EQ(throttle.admit("anna", "192.0.2.1", start), start + window);
  EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start + window));
}

TEST(LoginThrottle, what_could_not_be_looked_at_does_not_count) {
  LoginThrottle throttle(2, window);
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(throttle.admit("anna", "192.0.2.1", start));
    throttle.take_back("anna", "192.0.2.1");
  }
  EXPECT_EQ(throttle.size(), 0u);
}

TEST(LoginThrottle, a_new_password_opens_the_name_and_no_other) {
  LoginThrottle throttle(1, window);
  throttle.admit("anna", "192.0.2.1", start);
  throttle.admit("anna2", "192.0.2.2", start);
  throttle.forget("anna");
  EXPECT_FALSE(throttle.admit("anna", "192.0.2.3", start));
  EXPECT_TRUE(throttle.admit("anna2", "192.0.2.4", start));
  EXPECT_TRUE(throttle.admit("ben", "192.0.2.1", start)) << "the address stays as it was";
}

TEST(LoginThrottle, memory_is_bounded_and_a_lock_is_not_washed_away) {
  constexpr std::size_t most = 100;
  LoginThrottle throttle(5, window, most);
  for (int i = 0; i < 5; ++i) throttle.admit("anna", "192.0.2.1", start);
  for (int i = 0; i < 20'000; ++i) {
    const std::string odd = std::to_string(i) + std::string(1000, '\xff');
    throttle.admit(odd, odd, start + i / 100);
  }
  EXPECT_LE(throttle.size(), 3 * most);
  EXPECT_TRUE(throttle.admit("anna", "203.0.113.5", start + second_ms));
  EXPECT_TRUE(throttle.admit("ben", "192.0.2.1", start + second_ms));
}

TEST(LoginThrottle, addresses_are_those_of_one_customer) {
  EXPECT_EQ(address_group("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_group("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(address_group("2001:db8:1:2::1"), address_group("2001:db8:1:3::1"));
  EXPECT_NE(address_group("::1"), address_group("127.0.0.1"));
  EXPECT_LE(address_group(std::string(10'000, 'x')).size(), 128u);
}

/// The rule as the header says it, written plainly: at any moment a pair that has never logged in is looked
/// at exactly where name and address have fewer than `tries` failures in the window, one that has where it
/// itself has.
TEST(LoginThrottle, does_what_a_plain_count_does_for_random_logins) {
  constexpr std::size_t tries = 4;
  std::mt19937 random(7);
  const auto below = [&random](unsigned count) { return static_cast<unsigned>(random() % count); };
  LoginThrottle throttle(tries, window);
  std::map<std::string, std::deque<TimeMs>> names, addresses, homes;
  const auto failures = [](std::deque<TimeMs>& times, TimeMs now) {
    while (!times.empty() && times.front() + window <= now) times.pop_front();
    return times.size();
  };
  TimeMs now = start;
  int refused = 0, taken = 0;
  for (int i = 0; i < 50'000; ++i) {
    now += below(20) * second_ms;
    const std::string name = "user" + std::to_string(below(6)),
                      address = "192.0.2." + std::to_string(below(12));
    const std::string pair = name + address;
    const bool is_home = homes.contains(pair);
    const bool is_open =
        is_home ? failures(homes[pair], now) < tries
                : failures(names[name], now) < tries && failures(addresses[address], now) < tries;
    ASSERT_EQ(!throttle.admit(name, address, now), is_open) << i;
    ++(is_open ? taken : refused);
    if (!is_open) continue;
    if (below(40) == 0) {
      throttle.succeeded(name, address, now);
      homes[pair].clear();
    } else if (is_home) {
      homes[pair].push_back(now);
    } else {
      names[name].push_back(now);
      addresses[address].push_back(now);
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(taken, 1000);
}

}  // namespace
}  // namespace stevie::accounts
