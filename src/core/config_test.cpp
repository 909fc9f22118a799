#include "core/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"

namespace stevie {
namespace {

enum class Shape { round, square };

struct Example {
  bool on = false;
  int level = 3;
  std::uint64_t seed = 0;
  double rate = 3e-4;
  float share = 0.5f;
  std::string name = "first";
  std::optional<double> limit;
  std::vector<double> actions{-1, 0, 1};
  std::vector<int> hidden{64, 64};
  std::vector<std::string> words;
  Shape shape = Shape::round;
};

void describe(ConfigBinder& binder, Example& example) {
  binder.field("main.on", example.on, {.help = "Switch"});
  binder.field("main.level", example.level, {.minimum = 1, .maximum = 9, .help = "Level"});
  binder.field("main.seed", example.seed, {.help = "Seed"});
  binder.field("main.rate", example.rate,
               {.minimum = 0, .above_minimum = true, .unit = "1/s", .help = "Rate"});
  binder.field("main.share", example.share, {.minimum = 0, .maximum = 1, .help = "Share"});
  binder.field("names.name", example.name, {.help = "Name"});
  binder.field("main.limit", example.limit, {.minimum = 0, .help = "Limit"});
  binder.field("lists.actions", example.actions, {.minimum = -1, .maximum = 1, .help = "Actions"});
  binder.field("lists.hidden", example.hidden, {.minimum = 1, .help = "Widths"});
  binder.field("lists.words", example.words, {.help = "Words"});
  binder.choice<Shape>("names.shape", example.shape, {{"round", Shape::round}, {"square", Shape::square}},
                       {.help = "Shape"});
  binder.rule("main.level", [&example] { return example.level == 8 ? "8 brings bad luck" : ""; });
}

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    describe(binder_, example_);
    folder_ = std::filesystem::temp_directory_path() / ("stevie-config-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    layers_.file.clear();
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  void file(std::string_view text) {
    layers_.file = folder_ / "stevie.toml";
    write_file(layers_.file, text);
  }
  void flag(std::string_view text) { layers_.flags.push_back(parse_setting(text, "flag --set")); }
  std::string fault() {
    try {
      load_config(binder_, layers_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "config.faults");
      return error.what();
    }
    return {};
  }

  Example example_;
  ConfigBinder binder_;
  ConfigLayers layers_;
  std::filesystem::path folder_;
};

TEST_F(ConfigTest, EveryTypeIsReadFromAFile) {
  file(
      "main = {on = true, level = 9, seed = 12345678901, rate = 1e-3, share = 1, limit = 2.5}\n"
      "[names]\nname = \"a \\\"b\\\"\"\nshape = 'square'\n"
      "[lists]\nactions = [0, 0.5,\n 1]\nhidden = [256]\nwords = [\"x\", \"y\"]\n");
  ASSERT_EQ(fault(), "");
  EXPECT_TRUE(example_.on);
  EXPECT_EQ(example_.level, 9);
  EXPECT_EQ(example_.seed, 12345678901u);
  EXPECT_EQ(example_.rate, 1e-3);
  EXPECT_EQ(example_.share, 1.0f);
  EXPECT_EQ(example_.limit, 2.5);
  EXPECT_EQ(example_.name, "a \"b\"");
  EXPECT_EQ(example_.shape, Shape::square);
  EXPECT_EQ(example_.actions, (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(example_.hidden, std::vector<int>{256});
  EXPECT_EQ(example_.words, (std::vector<std::string>{"x", "y"}));
}

TEST_F(ConfigTest, FlagsTakeBareWordsListsAndNone) {
  for (const char* text : {"main.on=true", "main.level=1e0", "main.seed=7", "main.rate=3", "names.name=12",
                           "lists.actions=-1,0.5", "lists.hidden=[8, 9]", "lists.words=a,b",
                           "names.shape=square", "main.limit=4", "main.limit=none"}) {
    flag(text);
  }
  ASSERT_EQ(fault(), "");
  EXPECT_TRUE(example_.on);
  EXPECT_EQ(example_.level, 1);
  EXPECT_EQ(example_.name, "12");
  EXPECT_EQ(example_.actions, (std::vector<double>{-1, 0.5}));
  EXPECT_EQ(example_.hidden, (std::vector<int>{8, 9}));
  EXPECT_EQ(example_.words, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(example_.shape, Shape::square);
  EXPECT_FALSE(example_.limit.has_value());
}

TEST_F(ConfigTest, LaterLayersWinAndEachValueKnowsItsSource) {
  file("[main]\nlevel = 4\nrate = 0.1\nshare = 0.25\n");
  const std::vector<const char*> variables{"HOME=/", "STEVIE__MAIN__RATE=0.2", "STEVIE__MAIN__SHARE=0.75",
                                           "STEVIE_SHARED=/x"};
  layers_.environment = environment_settings(variables);
  ASSERT_EQ(layers_.environment.size(), 2u);
  flag("main.share=1");
  ASSERT_EQ(fault(), "");
  EXPECT_EQ(example_.level, 4);
  EXPECT_EQ(example_.rate, 0.2);
  EXPECT_EQ(example_.share, 1.0f);
  const std::string shown = show_config(binder_);
  for (const std::string expected :
       {"stevie.toml:2", "# environment STEVIE__MAIN__RATE", "# flag --set", "# default"}) {
    EXPECT_NE(shown.find(expected), std::string::npos) << expected << " in\n" << shown;
  }
}

TEST_F(ConfigTest, AllFaultsAreReportedTogetherWithTheirPlaces) {
  file("[main]\nlevel = 10\nlvel = 2\non = 1\nrate = \"fast\"\n[other]\nthing = 1\n");
  layers_.environment = {{"lists.hidden", "64,x", "environment STEVIE__LISTS__HIDDEN"}};
  flag("names.shape=oval");
  flag("main.seed=-1");
  const std::string text = fault();
  for (const std::string expected :
       {"8 faults", "stevie.toml:2: main.level must be a whole number from 1 to 9, not 10",
        "stevie.toml:3: there is no configuration field main.lvel; did you mean main.level?",
        "stevie.toml:4: main.on must be true or false, not 1",
        "stevie.toml:5: main.rate must be a number above 0 (1/s), not \"fast\"",
        "stevie.toml:7: there is no configuration field other.thing",
        "environment STEVIE__LISTS__HIDDEN: lists.hidden must be a list, each a whole number of at least 1",
        "flag --set: names.shape must be one of \"round\", \"square\", not oval",
        "flag --set: main.seed must be a whole number of at least 0, not -1"}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\nin\n" << text;
  }
}

TEST_F(ConfigTest, ASectionHasNoValueOfItsOwn) {
  file("lists = 3\n");
  EXPECT_EQ(fault().find("lists is a section and has no value of its own: set its fields, such as lists."),
            fault().find("lists"))
      << fault();
}

TEST_F(ConfigTest, RulesBetweenFieldsAreChecked) {
  flag("main.level=8");
  EXPECT_EQ(fault(), "main.level: 8 brings bad luck");
}

TEST_F(ConfigTest, NumbersThatDoNotFitAreRefused) {
  for (const char* text :
       {"main.level=1.5", "main.level=99999999999", "main.rate=nan", "main.rate=inf", "main.rate=0",
        "main.rate=", "main.rate=1\n[x]\ny=1", "main.share=1e300", "lists.actions=[1, [2]]",
        "lists.actions=2", "main.limit=nothing", "main.on=yes"}) {
    layers_.flags.clear();
    flag(text);
    EXPECT_NE(fault(), "") << text;
  }
  EXPECT_EQ(example_.level, 3);
  EXPECT_EQ(example_.actions, (std::vector<double>{-1, 0, 1}));
}

TEST_F(ConfigTest, BadFilesAreNamed) {
  file("[main]\nlevel 4\n");
  EXPECT_NE(fault().find("stevie.toml:2: this is not TOML"), std::string::npos);
  layers_.file = folder_ / "absent.toml";
  EXPECT_NE(fault().find("absent.toml"), std::string::npos);
  EXPECT_THROW(parse_setting("main.level", "flag --set"), Error);
  EXPECT_THROW(parse_setting("=4", "flag --set"), Error);
}

TEST_F(ConfigTest, WhatIsShownCanBeReadBack) {
  RandomStream random(1, 0);
  for (int round = 0; round < 200; ++round) {
    example_.on = random.below(2) == 1;
    example_.level = 1 + static_cast<int>(random.below(7));
    example_.seed = random.below(1'000'000);
    example_.rate = std::exp(random.normal());
    example_.share = static_cast<float>(random.uniform());
    example_.name = std::string(1, static_cast<char>(32 + random.below(95))) + "\"\\\t";
    example_.limit = random.below(2) == 1 ? std::optional(random.uniform()) : std::nullopt;
    example_.actions.assign(random.below(4), random.uniform());
    example_.shape = random.below(2) == 1 ? Shape::square : Shape::round;
    file(show_config(binder_));
    Example copy;
    ConfigBinder other;
    describe(other, copy);
    load_config(other, layers_);
    EXPECT_EQ(copy.on, example_.on);
    EXPECT_EQ(copy.level, example_.level);
    EXPECT_EQ(copy.seed, example_.seed);
    EXPECT_EQ(copy.rate, example_.rate);
    EXPECT_EQ(copy.share, example_.share);
    EXPECT_EQ(copy.name, example_.name);
    EXPECT_EQ(copy.limit, example_.limit);
    EXPECT_EQ(copy.actions, example_.actions);
    EXPECT_EQ(copy.shape, example_.shape);
  }
}

TEST_F(ConfigTest, TheSchemaDescribesEveryField) {
  const auto schema = nlohmann::json::parse(config_schema(binder_));
  EXPECT_EQ(schema["additionalProperties"], false);
  const auto& main = schema["properties"]["main"]["properties"];
  EXPECT_EQ(main["level"]["type"], "integer");
  EXPECT_EQ(main["level"]["minimum"], 1);
  EXPECT_EQ(main["level"]["maximum"], 9);
  EXPECT_EQ(main["level"]["default"], 3);
  EXPECT_EQ(main["rate"]["exclusiveMinimum"], 0);
  EXPECT_EQ(main["limit"]["anyOf"].size(), 2u);
  EXPECT_EQ(schema["properties"]["names"]["properties"]["shape"]["enum"],
            (std::vector<std::string>{"round", "square"}));
  EXPECT_EQ(schema["properties"]["lists"]["properties"]["actions"]["items"]["minimum"], -1);
  for (const ConfigField& field : binder_.fields()) {
    const std::string name = field.key.substr(field.key.find('.') + 1);
    EXPECT_NE(config_markdown(binder_).find("| `" + name + "` |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace stevie
