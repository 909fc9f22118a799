#include "core/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace stevie {
namespace {

class ProgressTest : public testing::Test {
 protected:
  ProgressOptions options(bool terminal) {
    return {.out = &out_, .terminal = terminal, .now_seconds = [this] { return now_; }};
  }
  double now_ = 100;
  std::ostringstream out_;
};

TEST_F(ProgressTest, ShowsShareRateTimeLeftAndNote) {
  ProgressBar bar("training", "steps", 1'000'000, options(true));
  bar.update(0);
  now_ += 10;
  bar.update(250'000, "reward 0.12");
  EXPECT_NE(
      out_.str().find("training  25% [#####---------------] 250,000/1,000,000 steps  25,000/s  30s left  "
                      "reward 0.12"),
      std::string::npos)
      << out_.str();
}

TEST_F(ProgressTest, DrawsAtMostTenTimesASecondOnATerminal) {
  ProgressBar bar("work", "items", 0, options(true));
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    bar.update(i);
    now_ += 0.001;
  }
  const std::string text = out_.str();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 101);
  EXPECT_GE(std::count(text.begin(), text.end(), '\r'), 90);
}

TEST_F(ProgressTest, PrintsPlainLinesNowAndThenElsewhere) {
  ProgressBar bar("work", "items", 100, options(false));
  for (std::uint64_t i = 0; i <= 100; ++i) {
    now_ += 0.5;
    bar.update(i);
  }
  bar.finish();
  bar.finish();
  const std::string text = out_.str();
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);  // 50 seconds: five lines, and the last state
  EXPECT_NE(text.find("100/100 items  2.00/s  in 50s"), std::string::npos) << text;
}

TEST_F(ProgressTest, TheRateOfAResumedRunCountsFromWhereItResumed) {
  ProgressBar bar("training", "steps", 2000, options(false));
  bar.update(1000);
  now_ += 10;
  bar.update(1500);
  EXPECT_NE(out_.str().find("  50/s  10s left"), std::string::npos) << out_.str();
}

TEST_F(ProgressTest, AnOpenLineIsEndedWhenTheBarGoesAway) {
  {
    ProgressBar bar("work", "items", 10, options(true));
    bar.update(0);
    now_ += 1;
    bar.update(5);
    EXPECT_NE(out_.str().back(), '\n');
  }
  EXPECT_EQ(out_.str().back(), '\n');
}

TEST_F(ProgressTest, QuietShowsNothing) {
  EXPECT_EQ(progress_on_stderr(true).out, nullptr);
  ProgressBar bar("work", "items", 10, {});
  bar.update(5);
  bar.finish();
}

TEST(ProgressText, CountsAndTimes) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_seconds(-1), "0s");
  EXPECT_EQ(format_seconds(59.4), "59s");
  EXPECT_EQ(format_seconds(59.6), "1m 0s");
  EXPECT_EQ(format_seconds(200), "3m 20s");
  EXPECT_EQ(format_seconds(7500), "2h 5m");
}

}  // namespace
}  // namespace stevie
