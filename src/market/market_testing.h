#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/random.h"
#include "core/testing.h"
#include "market/bars.h"

namespace stevie::market {

inline constexpr TimeMs test_start = 1'577'836'800'000;  // 2020-01-01, a Wednesday

/// A file of the shared market data; an empty path where there are none.
inline std::filesystem::path shared_file(const std::string& name) {
  const char* folder = std::getenv("STEVIE_SHARED");
  if (folder == nullptr) return {};
  const std::filesystem::path path = std::filesystem::path(folder) / "data" / name;
  return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

/// A folder of this test alone, empty at first.
inline std::filesystem::path fresh_folder() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::path(::testing::TempDir()) /
                      (std::string("stevie_") + test->test_suite_name() + "_" + test->name());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

/// A random walk that keeps every promise of Bars, without gaps.
inline Bars random_bars(std::uint64_t seed, std::size_t count, TimeMs interval = hour_ms) {
  RandomStream random(seed, 0);
  Bars bars;
  bars.symbol = "BTC/USDT";
  bars.interval = interval;
  double price = 100;
  for (std::size_t i = 0; i < count; ++i) {
    const double close = price * std::exp(0.01 * random.normal());
    const double high = std::max(price, close) * (1 + 0.005 * random.uniform());
    const double low = std::min(price, close) * (1 - 0.005 * random.uniform());
    bars.push_back(
        {test_start + static_cast<TimeMs>(i) * interval, price, high, low, close, 1 + random.uniform()});
    price = close;
  }
  return bars;
}

/// The bars whose index the predicate keeps.
inline Bars keep_if(const Bars& bars, const std::function<bool(std::size_t)>& keeps) {
  Bars kept = bars.slice(0, 0);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (keeps(i)) kept.push_back(bars[i]);
  }
  return kept;
}

inline void expect_equal(const Bars& a, const Bars& b) {
  EXPECT_EQ(a.symbol, b.symbol);
  EXPECT_EQ(a.interval, b.interval);
  EXPECT_EQ(a.has_volume, b.has_volume);
  EXPECT_EQ(a.open_time, b.open_time);
  EXPECT_EQ(a.open, b.open);
  EXPECT_EQ(a.high, b.high);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.close, b.close);
  EXPECT_EQ(a.volume, b.volume);
}

}  // namespace stevie::market
