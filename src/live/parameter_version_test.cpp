#include "live/parameter_version.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/testing.h"
#include "strategy/regime.h"

namespace stevie::live {
namespace {

using nlohmann::json;
using strategy::Parameter;
using strategy::ParameterLayers;
using strategy::Regime;

ParameterLayers some_layers() {
  ParameterLayers layers;
  layers.global[Parameter::vol_pct_breakout] = 65.125;
  layers.by_symbol["BTC/USDT"][Parameter::sl_news] = 2;
  layers.by_regime[Regime::bear][Parameter::sl_breakout] = 3;
  return layers;
}

ParameterVersion some_version() {
  ParameterVersion version;
  version.number = 7;
  version.parent = 6;
  version.layers = some_layers();
  version.hash = parameters_hash(version.layers);
  version.parent_hash = parameters_hash({});
  version.change = Change::overruling;
  version.author_kind = AuthorKind::person;
  version.author = "Zoë";
  version.reason = "\"fees\" were halved";
  version.evidence = R"({"decision":17})";
  version.time = 1'700'000'000'000;
  return version;
}

/// The hash names content for ever, in ledgers and in files: it must not change from one version of the
/// program to the next. SHA-256 of the text below, by coreutils' sha256sum.
TEST(ParameterVersion, has_the_hash_of_the_canonical_json) {
  EXPECT_EQ(strategy::to_json({}),
            R"({"global":{"baseRiskPct":1.0,"costCapBps":8.0,"newsMaxRiskPct":0.5,"slBreakout":2.0,)"
            R"("slNews":1.5,"slRevert":2.0,"socialGo":0.75,"tpBreakout":4.0,"tpNews":3.0,"tpRevert":3.0,)"
            R"("volPctBreakout":70.0,"volPctMeanRevert":30.0}})");
  EXPECT_EQ(parameters_hash({}), "5f2df4e08cccc63170fb946b6e6c888517eb3d64a2bb9bc7b34ec6a72d49183f");
  EXPECT_NE(parameters_hash(some_layers()), parameters_hash({}));
}

TEST(ParameterVersion, survives_its_event_body) {
  const ParameterVersion version = some_version();
  const std::string body = event_body(version);
  const ParameterVersion read = parse_event_body(body, "event 9");
  EXPECT_EQ(read.number, version.number);
  EXPECT_EQ(read.parent, version.parent);
  EXPECT_EQ(read.hash, version.hash);
  EXPECT_EQ(read.parent_hash, version.parent_hash);
  EXPECT_EQ(read.change, version.change);
  EXPECT_EQ(read.author_kind, version.author_kind);
  EXPECT_EQ(read.author, version.author);
  EXPECT_EQ(read.reason, version.reason);
  EXPECT_EQ(read.evidence, version.evidence);
  EXPECT_EQ(read.layers, version.layers);
  EXPECT_EQ(event_body(read), body);
}

TEST(ParameterVersion, tells_all_faults_of_a_body_at_once) {
  const Error error =
      error_of([] { parse_event_body(R"({"schema": 1, "number": -1, "reason": 3})", "event 9"); });
  EXPECT_EQ(error.code(), "live.damaged_version");
  EXPECT_EQ(error.place(), "event 9");
  for (const char* text : {"'number' is not a whole number", "'parent' is missing", "'reason' is not a text",
                           "'author' is missing", "'layers' is missing", "'hash' is missing"}) {
    EXPECT_NE(error.message().find(text), std::string::npos) << text << "\n" << error.message();
  }
}

TEST(ParameterExport, is_read_back) {
  EXPECT_EQ(parse_export(export_json(some_version()), "p.json"), some_layers());
}

/// What a changed export file must be refused with.
struct Tampered {
  const char* name;
  std::function<void(json&)> change;
  std::string code, text;
};

TEST(ParameterExport, is_refused_where_it_was_changed) {
  const std::vector<Tampered> cases{
      {"value", [](json& file) { file["layers"]["global"]["socialGo"] = 0.8; }, "live.bad_import",
       "they were changed"},
      {"hash", [](json& file) { file["hash"] = std::string(64, '0'); }, "live.bad_import",
       "they were changed"},
      {"no hash", [](json& file) { file.erase("hash"); }, "live.bad_import", "'hash' is missing"},
      {"bounds", [](json& file) { file["layers"]["global"]["socialGo"] = 7; }, "live.bad_import",
       "between 0.3 and 1"},
      {"unknown", [](json& file) { file["layers"]["global"]["socialGoo"] = 0.8; }, "live.bad_import",
       "socialGo"},
      {"type", [](json& file) { file["layers"] = 3; }, "live.bad_import", "'layers' is not an object"},
      {"format", [](json& file) { file["format"] = "other"; }, "live.bad_import", "stevie parameters"},
      {"newer",
       [](json& file) {
         file["schema"] = 2;
         file["layers"] = 3;
       },
       "live.newer_schema", "update the program"}};
  for (const Tampered& item : cases) {
    json file = json::parse(export_json(some_version()));
    item.change(file);
    const Error error = error_of([&] { parse_export(file.dump(), "p.json"); });
    EXPECT_EQ(error.code(), item.code) << item.name;
    EXPECT_EQ(error.place(), "p.json") << item.name;
    EXPECT_NE(error.message().find(item.text), std::string::npos) << item.name << ": " << error.message();
  }
}

TEST(ParameterExport, survives_hostile_text) {
  const std::string deep_array = R"({"layers":)" + std::string(1'000'000, '[');
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{"), std::string("{\"hash\": \"\xff\"}"), deep_array,
        deep_array + std::string(1'000'000, ']') + "}", std::string(5'000'000, ' '), std::string("1e999")}) {
    EXPECT_EQ(error_of([&] { parse_export(text, "p.json"); }).code(), "live.bad_import");
  }
}

TEST(ParameterDifference, names_every_value_that_differs) {
  ParameterLayers to = some_layers();
  to.global[Parameter::social_go] = 0.6;
  to.by_symbol["ADA/USDT"][Parameter::tp_news] = 4;
  to.by_symbol.erase("BTC/USDT");
  to.by_regime[Regime::bear][Parameter::sl_breakout] = 4;
  const std::vector<ParameterDifference> differences = diff(some_layers(), to);
  ASSERT_EQ(differences.size(), 4U);
  EXPECT_EQ(differences[0].layer, "global");
  EXPECT_EQ(differences[0].parameter, Parameter::social_go);
  EXPECT_EQ(differences[0].from, 0.75);
  EXPECT_EQ(differences[0].to, 0.6);
  EXPECT_EQ(differences[1].layer, "symbol ADA/USDT");
  EXPECT_EQ(differences[1].from, std::nullopt);
  EXPECT_EQ(differences[1].to, 4);
  EXPECT_EQ(differences[2].layer, "symbol BTC/USDT");
  EXPECT_EQ(differences[2].to, std::nullopt);
  EXPECT_EQ(differences[3].layer, "regime bear");
  EXPECT_TRUE(diff(to, to).empty());
}

}  // namespace
}  // namespace stevie::live
