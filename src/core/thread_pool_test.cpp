#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "core/random.h"

namespace stevie {
namespace {

TEST(ThreadPool, EveryIndexRunsExactlyOnce) {
  for (const std::size_t threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    RandomStream random(threads, 0);
    for (int round = 0; round < 300; ++round) {
      const std::size_t count = random.below(40);
      std::vector<int> runs(count, 0);
      pool.parallel_for(count, [&](std::size_t i) { ++runs[i]; });
      EXPECT_EQ(runs, std::vector<int>(count, 1)) << threads << " threads, round " << round;
    }
  }
}

TEST(ThreadPool, WhatTheBodiesWroteIsSeenAfterwards) {
  ThreadPool pool(3);
  std::vector<double> values(64, 1.0);
  for (int round = 0; round < 100; ++round) {
    pool.parallel_for(values.size(),
                      [&](std::size_t i) { values[i] = values[i] * 0.5 + static_cast<double>(i); });
  }
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], 2.0 * static_cast<double>(i), 1e-9);
}

TEST(ThreadPool, ZeroMeansOneThreadACore) {
  EXPECT_GE(ThreadPool(0).threads(), 1u);
}

TEST(ThreadPool, AnExceptionReachesTheCallerAndThePoolGoesOn) {
  for (const std::size_t threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 100; ++round) {
      EXPECT_THROW(pool.parallel_for(20,
                                     [](std::size_t i) {
                                       if (i % 7 == 3) throw std::runtime_error("index");
                                     }),
                   std::runtime_error);
      std::atomic<std::size_t> sum{0};
      pool.parallel_for(20, [&](std::size_t i) { sum += i; });
      EXPECT_EQ(sum, 190u);
    }
  }
}

}  // namespace
}  // namespace stevie
