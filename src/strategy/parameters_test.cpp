#include "strategy/parameters.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"

namespace stevie::strategy {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<Parameter> all_parameters() {
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < parameter_count; ++i) parameters.push_back(static_cast<Parameter>(i));
  return parameters;
}

std::string fault_of(const std::string& json) {
  const Error error = error_of([&] { parse_parameter_layers(json, "layers.json"); });
  EXPECT_EQ(error.code(), "strategy.bad_parameters") << json;
  EXPECT_EQ(error.place(), "layers.json") << json;
  return error.message();
}

TEST(ParameterSchema, SaysOfEachParameterWhatItMayHold) {
  std::set<std::string_view> names;
  for (const Parameter parameter : all_parameters()) {
    const ParameterInfo& about = info(parameter);
    EXPECT_TRUE(names.insert(about.name).second) << about.name;
    EXPECT_FALSE(about.unit.empty() || about.meaning.empty() || about.used_by.empty()) << about.name;
    EXPECT_LT(about.minimum, about.maximum) << about.name;
    EXPECT_EQ(parse_parameter(about.name), parameter);
    for (const double value : {about.minimum, about.default_value, about.maximum}) {
      EXPECT_EQ(parameter_fault(parameter, value), "");
      EXPECT_EQ(snap(parameter, value), value) << about.name << " has " << value << " between two steps";
    }
  }
  EXPECT_TRUE(parameter_faults(default_parameters()).empty());
}

TEST(ParameterSchema, HasTheGivenDefaults) {
  const ParameterSet set = default_parameters();
  EXPECT_EQ(set[Parameter::vol_pct_breakout], 70);
  EXPECT_EQ(set[Parameter::vol_pct_mean_revert], 30);
  EXPECT_EQ(set[Parameter::social_go], 0.75);
  EXPECT_EQ(set[Parameter::cost_cap_bps], 8);
}

TEST(ParameterSchema, AgreesWithTheDocumentation) {
  const std::string page = read_file(std::filesystem::path(STEVIE_SOURCE_FOLDER) / "docs" / "strategy.md");
  std::string table =
      "| parameter | unit | default | least | most | step | used by |\n|---|---|---|---|---|---|---|\n";
  for (const ParameterInfo& about : parameter_schema()) {
    table += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", about.name, about.unit,
                         about.default_value, about.minimum, about.maximum, about.step, about.used_by);
  }
  EXPECT_NE(page.find(table + "\n"), std::string::npos) << "docs/strategy.md should have\n" << table;
}

// Whatever a search or a person sets, one stop costs at most 2 % of the equity.
TEST(ParameterSchema, BoundsKeepTheRiskOfAPositionSmall) {
  EXPECT_LE(info(Parameter::base_risk_pct).maximum, 2);
  EXPECT_LE(info(Parameter::news_max_risk_pct).maximum, 1);
  for (const auto stop : {Parameter::sl_breakout, Parameter::sl_revert, Parameter::sl_news}) {
    EXPECT_GE(info(stop).minimum, 0.5) << "a stop within the noise of a bar";
  }
}

TEST(Snap, GivesTheNearestStepWithinTheBounds) {
  RandomStream random(7, 0);
  for (const Parameter parameter : all_parameters()) {
    const ParameterInfo& about = info(parameter);
    for (int k = 0; k < 200; ++k) {
      const double span = about.maximum - about.minimum;
      const double value = about.minimum + span * (1.4 * random.uniform() - 0.2);
      const double snapped = snap(parameter, value);
      EXPECT_EQ(parameter_fault(parameter, snapped), "");
      EXPECT_EQ(snap(parameter, snapped), snapped);
      EXPECT_LE(fmt::format("{}", snapped).size(), 5u) << about.name << " " << snapped;
      if (parameter_fault(parameter, value).empty()) {
        EXPECT_LE(std::abs(snapped - value), about.step / 2 * (1 + 1e-9));
      }
    }
    EXPECT_EQ(snap(parameter, infinity), about.maximum);
    EXPECT_EQ(snap(parameter, -infinity), about.minimum);
    EXPECT_EQ(snap(parameter, std::nan("")), about.default_value);
  }
  EXPECT_EQ(snap(Parameter::social_go, 0.754), 0.75);
  EXPECT_EQ(snap(Parameter::base_risk_pct, 0.37), 0.35);
}

TEST(ParseParameter, NamesTheNearestOfAnUnknownOne) {
  const Error error = error_of([] { parse_parameter("volPctBreakuot"); });
  EXPECT_EQ(error.code(), "strategy.unknown_parameter");
  EXPECT_EQ(error.message(), "there is no parameter 'volPctBreakuot'; did you mean volPctBreakout?");
  const std::string message = error_of([] { parse_parameter("kelly"); }).message();
  EXPECT_NE(message.find("they are volPctBreakout, volPctMeanRevert"), std::string::npos) << message;
  EXPECT_EQ(error_of([] { parse_parameter("tp\x1b[2J"); }).message().find('\x1b'), std::string::npos);
}

TEST(ParameterFaults, AreReportedAllTogether) {
  ParameterSet set = default_parameters();
  set[Parameter::base_risk_pct] = 50;
  set[Parameter::sl_news] = std::nan("");
  set[Parameter::tp_news] = infinity;
  EXPECT_EQ(parameter_faults(set),
            (std::vector<std::string>{"baseRiskPct is 50: it must lie between 0.1 and 2 (% of equity)",
                                      "tpNews is inf: it must lie between 1 and 12 (ATR)",
                                      "slNews is nan: it must lie between 0.5 and 6 (ATR)"}));
}

TEST(Resolve, TakesTheLastLayerThatNamesAParameter) {
  ParameterLayers layers;
  layers.global[Parameter::social_go] = 0.6;
  layers.by_symbol["BTC/USDT"] = {{Parameter::vol_pct_breakout, 80}, {Parameter::base_risk_pct, 0.5}};
  layers.by_regime[Regime::bear] = {{Parameter::base_risk_pct, 0.2}, {Parameter::tp_news, 5}};
  const ResolvedParameters btc = resolve(layers, "BTC/USDT");
  EXPECT_EQ(btc[Regime::bull][Parameter::vol_pct_breakout], 80);
  EXPECT_EQ(btc[Regime::bull][Parameter::base_risk_pct], 0.5);
  EXPECT_EQ(btc[Regime::bear][Parameter::base_risk_pct], 0.2);
  EXPECT_EQ(btc[Regime::bear][Parameter::vol_pct_breakout], 80);
  EXPECT_EQ(btc[Regime::sideways][Parameter::social_go], 0.6);
  const ResolvedParameters other = resolve(layers, "ETH/USDT");
  EXPECT_EQ(other[Regime::bull], layers.global);
  EXPECT_EQ(other[Regime::bear][Parameter::tp_news], 5);
  EXPECT_EQ(resolve(layers.global).by_regime[2], layers.global);
}

TEST(LayersJson, IsCanonical) {
  ParameterLayers layers;
  layers.by_symbol["ETH/USDT"] = {{Parameter::tp_news, 2.5}, {Parameter::base_risk_pct, 0.35}};
  layers.by_symbol["BTC/USDT"] = {{Parameter::vol_pct_breakout, 80}};
  layers.by_symbol["SOL/USDT"] = {};
  layers.by_regime[Regime::volatile_market] = {{Parameter::base_risk_pct, 0.5}};
  layers.by_regime[Regime::bear] = {{Parameter::base_risk_pct, 0.25}};
  EXPECT_EQ(
      to_json(layers),
      R"({"global":{"baseRiskPct":1.0,"costCapBps":8.0,"newsMaxRiskPct":0.5,"slBreakout":2.0,)"
      R"("slNews":1.5,"slRevert":2.0,"socialGo":0.75,"tpBreakout":4.0,"tpNews":3.0,"tpRevert":3.0,)"
      R"("volPctBreakout":70.0,"volPctMeanRevert":30.0},)"
      R"("regimes":{"bear":{"baseRiskPct":0.25},"volatile":{"baseRiskPct":0.5}},)"
      R"("symbols":{"BTC/USDT":{"volPctBreakout":80.0},"ETH/USDT":{"baseRiskPct":0.35,"tpNews":2.5}}})");
}

TEST(LayersJson, ReadsBackWhatItWroteWhateverTheValues) {
  RandomStream random(11, 0);
  for (int k = 0; k < 300; ++k) {
    const auto draw = [&](Parameter parameter) {
      const ParameterInfo& about = info(parameter);
      return about.minimum + (about.maximum - about.minimum) * random.uniform();
    };
    const auto some = [&] {
      Overrides overrides;
      for (const Parameter parameter : all_parameters()) {
        if (random.uniform() < 0.3) overrides[parameter] = draw(parameter);
      }
      overrides[Parameter::social_go] = draw(Parameter::social_go);
      return overrides;
    };
    ParameterLayers layers;
    for (const Parameter parameter : all_parameters()) layers.global[parameter] = draw(parameter);
    if (random.uniform() < 0.7) layers.by_symbol["BTC/USDT"] = some();
    if (random.uniform() < 0.7) layers.by_symbol["\"odd\\name\""] = some();
    if (random.uniform() < 0.7) layers.by_regime[Regime::volatile_market] = some();
    const std::string text = to_json(layers);
    EXPECT_EQ(parse_parameter_layers(text, "text"), layers);
    EXPECT_EQ(to_json(parse_parameter_layers(text, "text")), text);
  }
}

TEST(LayersJson, OfAPersonMayLeaveOutWhatStaysAndIsFreeInOrderAndSpace) {
  EXPECT_EQ(parse_parameter_layers("{}", "text"), ParameterLayers{});
  ParameterLayers expected;
  expected.global[Parameter::vol_pct_breakout] = 65;
  expected.by_symbol["BTC/USDT"] = {{Parameter::tp_news, 4}};
  EXPECT_EQ(parse_parameter_layers("{ \"symbols\" : {\"BTC/USDT\": {\"tpNews\":4}, \"X\":{}},\n"
                                   "\"global\":{\"volPctBreakout\":65}, \"regimes\":{} }",
                                   "text"),
            expected);
}

TEST(LayersJson, ReportsEveryFaultAtOnce) {
  EXPECT_EQ(fault_of(R"({"global":{"volPctBreakot":60,"baseRiskPct":9,"socialGo":"high"},
                         "regimes":{"crash":{}},"symbols":{"":{"tpNews":0}},"globl":{}})"),
            "global: baseRiskPct is 9: it must lie between 0.1 and 2 (% of equity); "
            "global: socialGo must be a number; "
            "global: there is no parameter 'volPctBreakot'; did you mean volPctBreakout?; "
            "there is no layer 'globl'; they are global, symbols and regimes; "
            "there is no regime 'crash'; they are bull, bear, sideways, volatile; "
            "the symbol '' is no name: give 1 to 64 printable characters without spaces; "
            "symbol '': tpNews is 0: it must lie between 1 and 12 (ATR)");
}

TEST(LayersJson, RefusesWhatIsNoSuchJson) {
  EXPECT_NE(fault_of("").find("no JSON"), std::string::npos);
  EXPECT_NE(fault_of("{\"global\":{\"tpNews\":1e999}}").find("no JSON"), std::string::npos);
  EXPECT_NE(fault_of("{\"global\":{\"tpNews\":NaN}}").find("no JSON"), std::string::npos);
  EXPECT_NE(fault_of("[]").find("are a JSON object"), std::string::npos);
  EXPECT_NE(fault_of("{\"global\":[1]}").find("global must be an object"), std::string::npos);
  EXPECT_NE(fault_of("{\"symbols\":3}").find("symbols must be an object"), std::string::npos);
  EXPECT_NE(fault_of("{\"regimes\":null}").find("regimes must be an object"), std::string::npos);
  EXPECT_NE(fault_of(R"({"global":{"tpNews":2,"tpNews":3}})").find("'tpNews' stands twice"),
            std::string::npos);
  EXPECT_NE(fault_of(R"({"global":{},"global":{}})").find("'global' stands twice"), std::string::npos);
  EXPECT_NE(fault_of(R"({"global":{"tpNews":true}})").find("must be a number"), std::string::npos);
  EXPECT_NE(fault_of(std::string(2'000'000, ' ')).find("2000000 bytes"), std::string::npos);
  EXPECT_FALSE(fault_of(std::string(500'000, '[')).empty());
  EXPECT_FALSE(
      fault_of("{\"global\":" + std::string(400'000, '[') + std::string(400'000, ']') + "}").empty());
}

TEST(LayersJson, ShowsOfAHostileTextNeitherControlCharactersNorMegabytes) {
  std::string many = "{\"global\":{";
  for (int k = 0; k < 5000; ++k) many += fmt::format("{}\"x{}\\u001b[2J\":1", k == 0 ? "" : ",", k);
  const std::string message = fault_of(many + "}}");
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_LT(message.size(), 50'000u);
  EXPECT_NE(message.find("and 4900 more"), std::string::npos);
  EXPECT_LT(fault_of("{\"global\":{\"" + std::string(900'000, 'x') + "\":1}}").size(), 1000u);
}

TEST(LayersJson, OfLayersWithFaultsIsNotWritten) {
  ParameterLayers layers;
  layers.by_symbol["two words"] = {{Parameter::base_risk_pct, 100}};
  const Error error = error_of([&] { to_json(layers); });
  EXPECT_EQ(error.code(), "strategy.bad_parameters");
  EXPECT_EQ(layer_faults(layers).size(), 2u);
}

}  // namespace
}  // namespace stevie::strategy
