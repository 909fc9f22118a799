#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/cli_testing.h"
#include "core/file.h"

namespace stevie::cli {
namespace {

using Result = ProgramResult;

Result run(const std::vector<const char*>& arguments, std::vector<const char*> environment = {}) {
  return run_stevie({arguments.begin(), arguments.end()}, std::move(environment));
}

TEST(Program, HelpIsPrintedAndHasAnExample) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--help"}, {"config", "--help"}, {"config", "show", "--help"}, {"config", "schema", "--help"}}) {
    const Result result = run(arguments);
    EXPECT_EQ(result.code, 0);
    EXPECT_NE(result.out.find("Example:"), std::string::npos) << result.out;
    EXPECT_EQ(result.err, "");
  }
}

TEST(Program, WrongFlagsAndCommandsEndWithTwoAndOneSentence) {
  for (const auto& [arguments, expected] : std::vector<std::pair<std::vector<const char*>, std::string>>{
           {{}, "say which command to run; `stevie --help`"},
           {{"fly"}, "there is no command \"fly\"; `stevie --help`"},
           {{"--fly"}, "there is no flag \"--fly\"; `stevie --help`"},
           {{"config"}, "say which command to run; `stevie config --help`"},
           {{"config", "fly"}, "there is no command \"fly\"; `stevie config --help`"},
           {{"config", "show", "--fly"}, "--fly"},
           {{"config", "show", "--config"}, "--config"}}) {
    const Result result = run(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.err.rfind("stevie: ", 0), 0u) << result.err;
    EXPECT_NE(result.err.find(expected), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(Program, ConfigurationFaultsNameTheirPlace) {
  const Result flag = run({"config", "show", "--set", "nonsense.field=1"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_NE(flag.err.find("stevie: flag --set: there is no configuration field nonsense.field"),
            std::string::npos);
  const Result variable = run({"config", "show"}, {"STEVIE__NONSENSE__FIELD=1"});
  EXPECT_EQ(variable.code, 2);
  EXPECT_NE(variable.err.find("environment STEVIE__NONSENSE__FIELD"), std::string::npos);
  const Result file = run({"config", "show", "--config", "/nowhere/stevie.toml"});
  EXPECT_EQ(file.code, 2);
  EXPECT_NE(file.err.find("/nowhere/stevie.toml"), std::string::npos);
}

TEST(Program, TheLastOfSeveralConfigurationFilesCounts) {
  const Result result = run({"--config", "/first.toml", "config", "show", "--config", "/last.toml"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("/last.toml"), std::string::npos);
  EXPECT_EQ(result.err.find("/first.toml"), std::string::npos);
}

TEST(Program, SettingsAreGivenOneByOneBeforeOrAfterTheCommand) {
  EXPECT_NE(run({"--set", "a.b=1", "config", "show", "--set", "c.d=2"}).err.find("2 faults"),
            std::string::npos);
}

TEST(Program, TheSectionEnsembleIsCheckedByCommandsThatDoNotUseIt) {
  EXPECT_EQ(run({"config", "show", "--set", "ensemble.floor=0.1"}).code, 0);
  const Result wrong = run({"bootstrap", "--data", "none.csv", "--set", "ensemble.floor=7"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("ensemble.floor"), std::string::npos) << wrong.err;
  EXPECT_EQ(run({"bootstrap", "--data", "none.csv", "--set", "ensemble.floor=0.1"}).err.find("ensemble"),
            std::string::npos);
}

TEST(Program, HelpOfAFamilyShowsItsOwnExample) {
  EXPECT_NE(run({"ensemble", "--help"}).out.find("stevie ensemble train --data"), std::string::npos);
  EXPECT_EQ(run({"ensemble", "--help"}).out.find("stevie train ppo"), std::string::npos);
}

TEST(Program, TheReferencePageAgreesWithTheFields) {
  const std::filesystem::path page = std::filesystem::path(STEVIE_SOURCE_DIR) / "docs" / "configuration.md";
  const std::string reference = run({"config", "schema", "--markdown"}).out;
  EXPECT_NE(read_file(page).find(reference), std::string::npos)
      << "run tools/write_configuration_page to bring " << page << " up to date";
}

}  // namespace
}  // namespace stevie::cli
