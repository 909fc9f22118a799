#include "app/optimize_search.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/evaluate.h"
#include "app/optimize_testing.h"
#include "app/symbol_correlation.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

using strategy::Parameter;

/// Two symbols, small and loaded once.
class OptimizeSearch : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    markets_ = std::make_unique<std::vector<RuleMarket>>();
    for (const auto& [name, seed] : {std::pair("BTC", 1), std::pair("ETH", 2)}) {
      const auto file = folder_->path() / (std::string(name) + "USDT_1h.csv");
      market::write_bars(
          file, rewarding_market(260, static_cast<std::uint64_t>(seed), std::string(name) + "/USDT"));
      markets_->push_back(load_rule_market(file, {.files = {}, .discover = false}, {}));
    }
  }
  static void TearDownTestSuite() {
    markets_.reset();
    folder_.reset();
  }

  void SetUp() override {
    windows_ = make_windows(*markets_, {});
    replays_ = std::make_unique<ReplaySet>(*markets_, windows_.search, judging_engine({}));
    scenario_ = find_scenario("quick_tune");
  }
  ParameterSearch make(const SearchSettings& settings = {.pairs = 4}) const {
    return {scenario_, settings, base_, {"BTC/USDT", "ETH/USDT"}, *replays_, {}};
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<std::vector<RuleMarket>> markets_;
  Windows windows_;
  std::unique_ptr<ReplaySet> replays_;
  Scenario scenario_;
  strategy::ParameterLayers base_;
};
std::unique_ptr<TemporaryFolder> OptimizeSearch::folder_;
std::unique_ptr<std::vector<RuleMarket>> OptimizeSearch::markets_;

TEST_F(OptimizeSearch, CandidatesLieOnStepsWithinBoundsAndAreKept) {
  scenario_.bounds[Parameter::social_go] = {0.405, 0.595};  // not on steps
  ParameterSearch search = make();
  for (int episode = 0; episode < 3; ++episode) search.run_episode(nullptr);
  EXPECT_EQ(search.episodes(), 3u);
  EXPECT_EQ(search.proposals(), 24u);
  std::size_t members = 0;
  for (const Episode& episode : search.history()) members += episode.members.size();
  EXPECT_EQ(members, 24u);
  for (const Candidate& candidate : search.candidates()) {
    for (std::size_t i = 0; i < 3; ++i) {
      const Parameter parameter = search.dimensions()[i].parameter;
      EXPECT_EQ(strategy::parameter_fault(parameter, candidate.values[i]), "");
      EXPECT_EQ(candidate.values[i], strategy::snap(parameter, candidate.values[i]));
    }
    EXPECT_GE(candidate.values[1], 0.41 - 1e-12);
    EXPECT_LE(candidate.values[1], 0.59 + 1e-12);
    EXPECT_TRUE(std::isfinite(candidate.reward));
  }
  EXPECT_EQ(search.candidates()[*search.best()].reward, search.history().back().best_so_far);
}

TEST_F(OptimizeSearch, ThreadsDoNotChangeTheResult) {
  ThreadPool pool(2);
  ParameterSearch alone = make(), shared = make();
  for (int episode = 0; episode < 2; ++episode) {
    alone.run_episode(nullptr);
    shared.run_episode(&pool);
  }
  EXPECT_EQ(alone.save(), shared.save());
}

TEST_F(OptimizeSearch, ARestoredSearchGoesOnByteForByte) {
  for (const SearchMethod method : {SearchMethod::pgpe, SearchMethod::cma_es}) {
    ParameterSearch whole = make({.method = method, .pairs = 4}), part = make({.method = method, .pairs = 4});
    for (int episode = 0; episode < 3; ++episode) whole.run_episode(nullptr);
    part.run_episode(nullptr);
    ParameterSearch resumed = make({.method = method, .pairs = 4});
    resumed.restore(part.save());
    for (int episode = 0; episode < 2; ++episode) resumed.run_episode(nullptr);
    EXPECT_EQ(resumed.save(), whole.save());
  }
}

TEST_F(OptimizeSearch, ADamagedOrForeignStateIsRefused) {
  ParameterSearch search = make();
  search.run_episode(nullptr);
  const std::string saved = search.save();
  for (const std::size_t length : {std::size_t{0}, saved.size() / 3, saved.size() - 1})
    EXPECT_EQ(error_of([&] { make().restore(saved.substr(0, length)); }).code(), "bytes.damaged");
  EXPECT_EQ(error_of([&] { make({.seed = 2, .pairs = 4}).restore(saved); }).code(), "search.state_differs");
}

TEST_F(OptimizeSearch, PerSymbolDimensionsBecomeOverrides) {
  make_per_symbol(scenario_, std::vector<std::string>{"volPctBreakout"}, "flag");
  base_.by_symbol["ETH/USDT"][Parameter::vol_pct_breakout] = 80;
  base_.by_regime[strategy::Regime::bear][Parameter::social_go] = 0.9;
  const ParameterSearch search = make();
  ASSERT_EQ(search.dimensions().size(), 4u);
  EXPECT_EQ(search.dimension_name(2), "volPctBreakout of BTC/USDT");
  EXPECT_EQ(search.dimensions()[2].start, 70);
  EXPECT_EQ(search.dimensions()[3].start, 80);
  Candidate candidate;
  candidate.values = {0.5, 30, 70, 85};
  const strategy::ParameterLayers layers = search.layers_of(candidate);
  EXPECT_EQ(layers.global[Parameter::social_go], 0.5);
  EXPECT_EQ(layers.global[Parameter::cost_cap_bps], 30);
  EXPECT_EQ(layers.global[Parameter::vol_pct_breakout], 70);
  EXPECT_FALSE(layers.by_symbol.contains("BTC/USDT"));  // it has the value that holds anyway
  EXPECT_EQ(layers.by_symbol.at("ETH/USDT").at(Parameter::vol_pct_breakout), 85);
  EXPECT_EQ(layers.by_regime, base_.by_regime);
  candidate.values = search.running().values;
  EXPECT_TRUE(search.changes_nothing(candidate));
}

TEST_F(OptimizeSearch, SymbolsAnswerToTheSameCandidates) {
  ParameterSearch search = make();
  for (int episode = 0; episode < 3; ++episode) search.run_episode(nullptr);
  const SymbolCorrelation correlation = correlate_symbols(search, 2);
  ASSERT_EQ(correlation.pairs.size(), 1u);
  ASSERT_EQ(correlation.effects.size(), 3u);
  // A cost cap below 24 bps forbids every trade on both symbols: they agree on that above all.
  EXPECT_GT(correlation.pairs[0].rewards.value(), 0.3);
  EXPECT_GT(correlation.effects[2].effect[0].value(), 0.3);
  EXPECT_GT(correlation.effects[2].effect[1].value(), 0.3);
}

TEST(Spearman, RanksBothSides) {
  const std::vector<double> x{1, 2, 3, 4, 5}, y{2, 1, 4, 3, 5};
  EXPECT_DOUBLE_EQ(spearman(x, y).value(), 0.8);  // 1 - 6 * 4 / (5 * 24)
  EXPECT_DOUBLE_EQ(spearman(x, std::vector<double>{9, 8, 7, 6, 1}).value(), -1);
  EXPECT_NEAR(spearman(x, std::vector<double>{1, 1, 2, 2, 3}).value(), 0.9486832980505138, 1e-12);  // scipy
  EXPECT_FALSE(spearman(x, std::vector<double>(5, 1.0)).has_value());
  EXPECT_FALSE(spearman(std::vector<double>{1, 2}, std::vector<double>{1, 2}).has_value());
}

}  // namespace
}  // namespace stevie::app
