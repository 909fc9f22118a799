#include "app/rule_config.h"

#include <gtest/gtest.h>

#include "app/config.h"
#include "app/rule_market.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

RuleConfig load(const std::vector<std::string>& settings) {
  ConfigLayers layers;
  for (const std::string& setting : settings) layers.flags.push_back(parse_setting(setting, "flag --set"));
  return load_config(layers).measuring;
}

TEST(RuleConfigFile, WithoutSettingsEverythingIsAsByDefault) {
  const RuleConfig config = load({});
  EXPECT_EQ(config.rules.percentile_span, 365 * day_ms);
  EXPECT_TRUE(changed_settings(config).empty());
}

TEST(RuleConfigFile, SettingsArriveAndAreTold) {
  const RuleConfig config = load(
      {"rules.volatility_span=12h", "rules.channel_bars=55", "regime.trend_days=30", "social.fresh_hours=8"});
  EXPECT_EQ(config.rules.volatility_span, 12 * hour_ms);
  EXPECT_EQ(config.rules.channel_bars, 55u);
  EXPECT_EQ(config.regime.trend_days, 30);
  EXPECT_EQ(config.social.fresh_hours, 8);
  const std::vector<std::pair<std::string, std::string>> expected{{"rules.volatility_span", "\"12h\""},
                                                                  {"rules.channel_bars", "55"},
                                                                  {"regime.trend_days", "30.0"},
                                                                  {"social.fresh_hours", "8.0"}};
  EXPECT_EQ(changed_settings(config), expected);
}

TEST(RuleConfigFile, SpansAreReadFromAFileAndShownAsTheyAreWritten) {
  const TemporaryFolder folder;
  write_file(folder.path() / "stevie.toml", "[rules]\npercentile_span = \"52w\"\n");
  ConfigLayers layers;
  layers.file = folder.path() / "stevie.toml";
  EXPECT_EQ(load_config(layers).measuring.rules.percentile_span, 364 * day_ms);
  for (const char* bad : {"364", "364d", "\"\"", "\"-1d\"", "\"1 day\"", "true"}) {
    write_file(layers.file, "[rules]\npercentile_span = " + std::string(bad) + "\n");
    EXPECT_EQ(error_of([&] { load_config(layers); }).code(), "config.faults") << bad;
  }
}

TEST(RuleConfigFile, AllFaultsAreReportedTogether) {
  const Error error = error_of([] {
    load({"rules.volatility_span=soon", "rules.percentile_span=40d", "rules.percentile_min_span=50d",
          "rules.mean_bars=1", "regime.sideways_volatility=3", "regime.shock_share=0.9",
          "social.least_rows=20000", "gate.confidence=2"});
  });
  EXPECT_EQ(error.code(), "config.faults");
  for (const std::string expected :
       {"rules.volatility_span must be a span of time", "rules: percentile_min_span",
        "rules.mean_bars must be a whole number from 2 to 1000", "regime: volatile_volatility must exceed",
        "regime.shock_share must be a number from 0 to 0.5", "social: least_rows must lie between",
        "gate.confidence"})
    EXPECT_NE(error.message().find(expected), std::string::npos) << expected << " in\n" << error.message();
}

TEST(RuleConfigFile, ChangesWhatIsMeasuredTheSameInBatchAndBarByBar) {
  const TemporaryFolder folder;
  market::SyntheticConfig synthetic;
  synthetic.bars = 2000;
  const auto file = folder.path() / "SYNTHUSDT_1h.csv";
  market::write_bars(file, market::make_synthetic_market(synthetic).bars);
  const SocialRequest none{.files = {}, .discover = false};
  const RuleMarket usual = load_rule_market(file, none, {});
  const RuleMarket changed =
      load_rule_market(file, none, {},
                       load({"rules.channel_bars=55", "rules.percentile_min_span=40d", "rules.stretch=1.5",
                             "regime.trend_days=10", "regime.warm_up_days=20"}));
  EXPECT_GT(changed.first_ready(), usual.first_ready());
  EXPECT_EQ(changed.inputs->stretch, 1.5);
  EXPECT_NE(changed.inputs->channel_high, usual.inputs->channel_high);
  EXPECT_NE(changed.inputs->regime, usual.inputs->regime);
  EXPECT_EQ(difference_of(*changed.inputs, step_rule_inputs(changed)), "");
  EXPECT_NE(difference_of(*usual.inputs, step_rule_inputs(changed)), "");
}

}  // namespace
}  // namespace stevie::app
