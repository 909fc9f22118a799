#include "app/scenario.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

using strategy::Parameter;

TEST(Scenario, TheFiveOfTheProgram) {
  std::string table;
  for (const Scenario& scenario : built_in_scenarios()) {
    table += scenario.id + ":";
    for (const Parameter target : scenario.targets) table += " " + std::string(strategy::to_string(target));
    table += " | " + std::string(to_string(scenario.goal)) + " " + std::to_string(int(scenario.minutes)) +
             " " + std::to_string(scenario.episodes) + "\n";
    EXPECT_FALSE(scenario.title.empty() || scenario.purpose.empty() || scenario.best_for.empty());
    EXPECT_EQ(find_scenario(scenario.id).id, scenario.id);
  }
  EXPECT_EQ(
      table,
      "quick_tune: volPctBreakout socialGo costCapBps | balanced 15 10\n"
      "volatility_master: volPctBreakout volPctMeanRevert tpBreakout slBreakout | sharpe 30 20\n"
      "risk_optimizer: baseRiskPct costCapBps slBreakout slRevert | drawdown 25 15\n"
      "news_sentiment_pro: socialGo newsMaxRiskPct tpNews slNews | return 35 25\n"
      "comprehensive_evolution: volPctBreakout volPctMeanRevert socialGo costCapBps baseRiskPct tpBreakout "
      "slBreakout | balanced 60 40\n");
}

TEST(Scenario, AnUnknownNameNamesTheNearest) {
  const Error error = error_of([] { find_scenario("quick_tun"); });
  EXPECT_EQ(error.code(), "app.unknown_scenario");
  EXPECT_NE(error.message().find("quick_tune"), std::string::npos) << error.message();
  EXPECT_NE(error_of([] { find_scenario("zzz"); }).message().find("--list"), std::string::npos);
}

TEST(Scenario, TheCardsShowEverything) {
  const std::string cards = scenario_cards(built_in_scenarios());
  for (const Scenario& scenario : built_in_scenarios()) {
    for (const std::string& part : {scenario.id, scenario.title, scenario.purpose, scenario.best_for}) {
      EXPECT_NE(cards.find(part), std::string::npos) << part;
    }
  }
  EXPECT_NE(cards.find("at most 15 min and 10 episodes"), std::string::npos) << cards;
}

class ScenarioFile : public ::testing::Test {
 protected:
  Scenario read(const std::string& text) const {
    write_file(path(), text);
    return find_scenario(path());
  }
  std::string path() const { return (folder_.path() / "my_own.toml").string(); }
  TemporaryFolder folder_;
};

TEST_F(ScenarioFile, GivesAWholeCard) {
  const Scenario scenario = read(
      "title = \"Night shift\"\npurpose = \"Quiet hours.\"\nbest_for = \"Nights.\"\n"
      "targets = [\"volPctBreakout\", \"socialGo\"]\nper_symbol = [\"socialGo\"]\ngoal = \"sharpe\"\n"
      "minutes = 2.5\nepisodes = 4\naggressiveness = \"bold\"\n[bounds]\nvolPctBreakout = [60, 90]\n");
  EXPECT_EQ(scenario.id, "my_own");
  EXPECT_EQ(scenario.title, "Night shift");
  EXPECT_EQ(scenario.targets, (std::vector<Parameter>{Parameter::vol_pct_breakout, Parameter::social_go}));
  EXPECT_EQ(scenario.per_symbol, std::vector<Parameter>{Parameter::social_go});
  EXPECT_EQ(scenario.goal, Goal::sharpe);
  EXPECT_EQ(scenario.minutes, 2.5);
  EXPECT_EQ(scenario.episodes, 4u);
  EXPECT_EQ(scenario.aggressiveness, Aggressiveness::bold);
  EXPECT_EQ(scenario.bounds.at(Parameter::vol_pct_breakout), (std::pair<double, double>{60, 90}));
}

TEST_F(ScenarioFile, TargetsAreEnough) {
  const Scenario scenario = read("targets = [\"slNews\"]\n");
  EXPECT_EQ(scenario.title, "my_own");
  EXPECT_EQ(scenario.goal, Goal::balanced);
  EXPECT_EQ(scenario.episodes, 10u);
}

TEST_F(ScenarioFile, AllFaultsComeTogether) {
  const Error error = error_of([&] {
    read(
        "targets = [\"volPctBreakot\", \"socialGo\", \"socialGo\"]\ngoal = \"profit\"\nminutes = 0\n"
        "episodes = -3\naggressiveness = \"wild\"\ntempo = 3\nper_symbol = [\"slNews\"]\n"
        "[bounds]\nsocialGo = [0.9, 0.4]\ntpNews = [1, 2]\n");
  });
  EXPECT_EQ(error.code(), "app.bad_scenario");
  EXPECT_EQ(error.place(), path());
  EXPECT_EQ(error.message().find("configuration"), std::string::npos) << error.message();
  for (const char* part : {"volPctBreakout", "socialGo is named twice", "profit", "minutes", "episodes",
                           "aggressiveness", "the scenario has ", "there is no field of a scenario tempo",
                           "slNews is not among the targets", "bounds.socialGo", "bounds.tpNews", ":6"}) {
    EXPECT_NE(error.message().find(part), std::string::npos) << part << "\n" << error.message();
  }
}

TEST_F(ScenarioFile, BadFilesAreRefused) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"", "at least one parameter"},
           {"targets = []\n", "at least one parameter"},
           {"targets = [\"socialGo\"\n", "not TOML"},
           {"targets = [\"socialGo\"]\nminutes = 20000\n", "minutes"},
           {"targets = [\"socialGo\"]\nminutes = nan\n", "minutes"},
           {"targets = [\"socialGo\"]\n[bounds]\nsocialGo = [0.1, 2]\n", "must lie within"},
           {"targets = [\"socialGo\"]\n[bounds]\nsocialGo = [0.5]\n", "two numbers"},
           {"targets = [\"socialGo\"]\nbounds = 3\n", "bounds is a section"}}) {
    const Error error = error_of([&, &content = text] { read(content); });
    EXPECT_EQ(error.code(), "app.bad_scenario") << text;
    EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("my_own.toml"), std::string::npos) << error.what();
  }
  EXPECT_EQ(error_of([] { find_scenario("nowhere.toml"); }).code(), "app.bad_scenario");
}

TEST(Scenario, AllTakesTheWholeSchema) {
  Scenario scenario = find_scenario("comprehensive_evolution");
  target_everything(scenario);
  EXPECT_EQ(scenario.targets.size(), strategy::parameter_count);
  target_everything(scenario);
  EXPECT_EQ(scenario.targets.size(), strategy::parameter_count);
}

TEST(Scenario, OnlyTargetsCanBePerSymbol) {
  Scenario scenario = find_scenario("quick_tune");
  make_per_symbol(scenario, std::vector<std::string>{"socialGo"}, "flag --per-symbol");
  EXPECT_EQ(scenario.per_symbol, std::vector<Parameter>{Parameter::social_go});
  const Error error = error_of([&] {
    make_per_symbol(scenario, std::vector<std::string>{"slNews", "volPctBreakot"}, "flag --per-symbol");
  });
  EXPECT_EQ(error.place(), "flag --per-symbol");
  EXPECT_NE(error.message().find("slNews is not a target of quick_tune"), std::string::npos);
  EXPECT_NE(error.message().find("volPctBreakout"), std::string::npos);
}

TEST_F(ScenarioFile, IsNamedByPlainText) {
  const std::filesystem::path odd = folder_.path() / "odd\x1b[5m.toml";
  write_file(odd, "targets = [\"socialGo\"]\n");
  EXPECT_EQ(error_of([&] { find_scenario(odd.string()); }).code(), "app.bad_scenario");
  const Error missing = error_of([&] { find_scenario((folder_.path() / "none.toml").string()); });
  EXPECT_EQ(missing.message().find("at least one parameter"), std::string::npos) << missing.message();
}

}  // namespace
}  // namespace stevie::app
