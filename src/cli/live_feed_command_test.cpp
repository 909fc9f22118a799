#include <gtest/gtest.h>

#include "cli/cli_testing.h"

namespace stevie::cli {
namespace {

TEST(LiveCheckFeed, SaysWhyThereIsNoConnection) {
  // Nobody listens on port 1.
  const ProgramResult result =
      run_stevie({"live", "check-feed", "--symbol", "BTC/USDT", "--stream-url", "ws://127.0.0.1:1",
                  "--rest-url", "http://127.0.0.1:1", "--seconds", "0.3"});
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.out.find("Binance BTC/USDT 1m from ws://127.0.0.1:1"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("no connection (connecting failed"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("0 bars, 0 of them fetched"), std::string::npos) << result.out;
}

TEST(LiveCheckFeed, RefusesWhatCannotBe) {
  const auto refused = [](const std::vector<std::string>& more, const std::string& why) {
    std::vector<std::string> words{"live", "check-feed"};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult result = run_stevie(words);
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_NE(result.err.find(why), std::string::npos) << result.err;
  };
  refused({}, "--symbol");
  refused({"--symbol", "BTC/USDT", "--interval", "soon"}, "flag --interval");
  refused({"--symbol", "BTC/USDT", "--interval", "7m"}, "no stream of bars of 7m");
  refused({"--symbol", "BTC/USDT", "--stream-url", "ws://example.com"}, "wss://");
  refused({"--symbol", "BTC/USDT", "--seconds", "-1"}, "--seconds");
}

}  // namespace
}  // namespace stevie::cli
