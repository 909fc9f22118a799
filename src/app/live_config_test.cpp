#include "app/live_config.h"

#include <gtest/gtest.h>

#include "core/testing.h"

namespace stevie::app {
namespace {

LiveConfig load(const std::vector<std::pair<std::string, std::string>>& settings) {
  LiveConfig config;
  ConfigBinder binder;
  describe(binder, config);
  ConfigLayers layers;
  for (const auto& [key, text] : settings) layers.flags.push_back({key, text, "flag"});
  load_config(binder, layers);
  return config;
}

TEST(LiveConfig, reads_what_an_exchange_needs) {
  const LiveConfig config = load({{"live.feed", "binance"},
                                  {"live.symbols", "BTC/USDT,ethusdt"},
                                  {"live.interval", "5m"},
                                  {"live.initial_equity", "2500"}});
  EXPECT_EQ(config.feed, "binance");
  EXPECT_EQ(config.symbols, (std::vector<std::string>{"BTC/USDT", "ethusdt"}));
  EXPECT_EQ(config.interval, "5m");
  EXPECT_EQ(config.initial_equity, 2500);
}

TEST(LiveConfig, asks_for_nothing_where_nothing_is_traded) {
  // A configuration file serves every command: data that a replay would need is not asked for here.
  EXPECT_EQ(load({}).feed, "replay");
}

TEST(LiveConfig, tells_every_fault_at_once) {
  const std::vector<std::pair<std::string, std::string>> bad{{"live.feed", "kraken"},
                                                             {"live.speed", "-1"},
                                                             {"live.initial_equity", "0"},
                                                             {"live.checkpoint_steps", "0"}};
  const Error error = error_of([&bad] { load(bad); });
  EXPECT_EQ(error.code(), "config.faults");
  for (const auto& [key, text] : bad)
    EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << key << ": " << error.what();
}

class LiveConfigRule : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(LiveConfigRule, is_told_with_its_key) {
  const std::string& key = GetParam().first;
  const Error error = error_of([] { load({GetParam()}); });
  EXPECT_EQ(error.code(), "config.faults");
  EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
}

INSTANTIATE_TEST_SUITE_P(Fault, LiveConfigRule,
                         testing::Values(std::pair{"live.speed", "0.5"}, std::pair{"live.from", "next week"},
                                         std::pair{"live.symbols", "bitcoin"},
                                         std::pair{"live.symbols", "BTC/USDT,btcusdt"},
                                         std::pair{"live.interval", "7m"}, std::pair{"live.folder", ""},
                                         std::pair{"live.stream_url", "https://data-stream.binance.vision"},
                                         std::pair{"live.rest_url", "ftp://data-api.binance.vision"}));

}  // namespace
}  // namespace stevie::app
