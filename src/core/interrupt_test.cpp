#include "core/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace stevie {
namespace {

TEST(Interrupt, TheFirstSignalOnlySetsTheFlag) {
  for (const int signal : {SIGINT, SIGTERM}) {
    InterruptGuard guard;
    EXPECT_FALSE(interrupted());
    std::raise(signal);
    EXPECT_TRUE(interrupted());
  }
  EXPECT_FALSE(interrupted());
}

TEST(Interrupt, TheOldHandlerComesBack) {
  const auto before = std::signal(SIGINT, SIG_IGN);
  {
    InterruptGuard guard;
    std::raise(SIGINT);
  }
  std::raise(SIGINT);  // ignored again; the guard's flag must not see it
  EXPECT_FALSE(interrupted());
  EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        InterruptGuard guard;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(Hangup, sets_a_flag_that_one_look_takes_away) {
  const HangupGuard guard;
  EXPECT_FALSE(hangup_came());
  std::raise(SIGHUP);
  EXPECT_TRUE(hangup_came());
  EXPECT_FALSE(hangup_came());
}

}  // namespace
}  // namespace stevie
