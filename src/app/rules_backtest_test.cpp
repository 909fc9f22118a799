#include "app/rules_backtest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/resample.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

class RulesBacktestOf : public testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 3000;
    write_bars(path("SYNTHUSDT_1h.csv"), market::make_synthetic_market(config).bars);
    request_.bars = path("SYNTHUSDT_1h.csv");
    request_.bootstrap.replicates = 100;
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  std::string notices(const RulesBacktest& run) const {
    std::string text;
    for (const std::string& notice : run.evaluation.description.notices) text += notice + "\n";
    return text;
  }
  std::string row(const RulesBacktest& run, const std::string& name) const {
    for (const auto& [key, value] : run.evaluation.description.configuration) {
      if (key == name) return value;
    }
    return "none";
  }

  const TemporaryFolder folder_;
  RulesBacktestRequest request_;
};

TEST_F(RulesBacktestOf, SaysInWordsThatTheCostCapRefusedEveryTrade) {
  const RulesBacktest run = run_rules_backtest(request_);
  EXPECT_TRUE(run.evaluation.strategy.run.result.trades.empty());
  EXPECT_GT(run.counts.all_refused_by_cost(), 10u);
  const std::string text = notices(run);
  EXPECT_NE(text.find("No trade was taken because of the cost cap. A rule qualified on " +
                      std::to_string(run.counts.all_refused_by_cost()) + " closes"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("24.0 bps on average, more than costCapBps 8"), std::string::npos) << text;
  EXPECT_TRUE(run.evaluation.description.synthetic);
}

TEST_F(RulesBacktestOf, TradesWhereTheCostsAllowItAndAccountsForEveryDecision) {
  request_.engine.instrument = execution::free_of_costs();
  request_.explain = path("out/decisions.jsonl");
  request_.trades_out = path("out/trades.csv");
  request_.report = path("out/report.html");
  const RulesBacktest run = run_rules_backtest(request_);
  const execution::SimulationResult& result = run.evaluation.strategy.run.result;
  ASSERT_GT(result.trades.size(), 10u);
  EXPECT_EQ(run.counts.decisions + 1, run.evaluation.bars.size());

  std::size_t trades = 0;
  double profit = 0;
  for (const RuleTally& tally : run.by_rule) trades += tally.trades, profit += tally.profit;
  EXPECT_EQ(trades, result.trades.size());
  EXPECT_EQ(run.by_rule[0].trades, 0u);
  EXPECT_NEAR(profit, result.equity.back() - result.initial_equity, 1e-6);

  std::istringstream lines(read_file(request_.explain));
  std::size_t decisions = 0, entries = 0, holding = 0;
  for (std::string line; std::getline(lines, line); ++decisions) {
    const auto json = nlohmann::json::parse(line);
    entries += json["action"] == "enter" ? 1 : 0;
    holding += json["reason"] == "holding" ? 1 : 0;
    EXPECT_FALSE(json["text"].get<std::string>().empty());
  }
  EXPECT_EQ(decisions, run.counts.decisions);
  EXPECT_EQ(entries, run.counts.all_entered());
  EXPECT_EQ(holding, run.counts.holding);
  const std::string csv = read_file(request_.trades_out);
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), trades + 1);
  EXPECT_NE(read_file(request_.report).find("volPctBreakout"), std::string::npos);

  request_.explain = path("out/decisions.txt");
  run_rules_backtest(request_);
  EXPECT_NE(read_file(request_.explain).find("volPctMeanRevert"), std::string::npos);

  request_.explain = path("out/decisions.jsonl.gz");
  run_rules_backtest(request_);
  EXPECT_EQ(read_file(request_.explain), read_file(path("out/decisions.jsonl")));
  EXPECT_LT(std::filesystem::file_size(request_.explain),
            std::filesystem::file_size(path("out/decisions.jsonl")) / 5);
}

TEST_F(RulesBacktestOf, TakesParametersFromTheFileAndLetsSettingsWinEverywhere) {
  write_file(path("layers.json"),
             R"({"global":{"tpNews":5},"regimes":{"bear":{"baseRiskPct":0.5},"bull":{"costCapBps":24}}})");
  request_.parameters = path("layers.json");
  RulesBacktest run = run_rules_backtest(request_);
  EXPECT_EQ(row(run, "tpNews"), "5 ATR");
  EXPECT_EQ(row(run, "baseRiskPct"), "bull 1, bear 0.5, sideways 1, volatile 1 % of equity");
  request_.settings = {"costCapBps=30", "baseRiskPct=0.2"};
  run = run_rules_backtest(request_);
  EXPECT_EQ(row(run, "baseRiskPct"), "0.2 % of equity");
  EXPECT_EQ(row(run, "costCapBps"), "30 bps");
  EXPECT_EQ(run.counts.all_refused_by_cost(), 0u);
  EXPECT_GT(run.counts.all_entered(), 0u);
}

TEST_F(RulesBacktestOf, TellsSettingsThatAreNotTheDefaults) {
  EXPECT_EQ(row(run_rules_backtest(request_), "rules.channel_bars"), "none");
  request_.measuring.rules.channel_bars = 24;
  const RulesBacktest run = run_rules_backtest(request_);
  EXPECT_EQ(row(run, "rules.channel_bars"), "24");
}

TEST_F(RulesBacktestOf, TellsHowManyEntriesTheLeverageLimitCut) {
  request_.engine.instrument = execution::free_of_costs();
  const RulesBacktest cut = run_rules_backtest(request_);
  EXPECT_GT(cut.cut_by_leverage, 0u);
  EXPECT_LE(cut.cut_by_leverage, cut.counts.all_entered());
  EXPECT_NE(notices(cut).find("The leverage limit made " + std::to_string(cut.cut_by_leverage) + " of "),
            std::string::npos);
  request_.engine.instrument.leverage_limit = 20;
  EXPECT_EQ(notices(run_rules_backtest(request_)).find("The leverage limit"), std::string::npos);
}

TEST_F(RulesBacktestOf, FinerBarsSayWhichLevelCameFirst) {
  market::SyntheticConfig config;
  config.bars = 12'000;
  config.interval = 15 * minute_ms;
  const market::Bars fine = market::make_synthetic_market(config).bars;
  write_bars(path("SYNTHUSDT_15m.csv"), fine);
  write_bars(request_.bars, market::resample(fine, hour_ms));
  request_.engine.instrument = execution::free_of_costs();
  request_.settings = {"volPctBreakout=50",   "tpBreakout=1", "slBreakout=0.5",
                       "volPctMeanRevert=50", "tpRevert=0.5", "slRevert=0.5"};
  const double worst = run_rules_backtest(request_).evaluation.strategy.run.result.equity.back();
  request_.engine.exits.intrabar = execution::IntrabarPolicy::detail;
  request_.detail_bars = path("SYNTHUSDT_15m.csv");
  EXPECT_GT(run_rules_backtest(request_).evaluation.strategy.run.result.equity.back(), worst);
  request_.detail_bars = request_.bars;
  EXPECT_EQ(error_of([&] { run_rules_backtest(request_); }).code(), "signals.no_detail");
}

TEST_F(RulesBacktestOf, KeepsToThePeriod) {
  const market::Bars bars = market::read_bars(request_.bars);
  request_.from = bars.open_time[2000];
  request_.to = bars.open_time[2500];
  const RulesBacktest run = run_rules_backtest(request_);
  EXPECT_EQ(run.evaluation.bars.open_time.front(), bars.open_time[2000]);
  EXPECT_EQ(run.evaluation.bars.size(), 500u);
  EXPECT_EQ(run.counts.not_ready, 0u);
  request_.from.reset();
  EXPECT_GT(run_rules_backtest(request_).evaluation.bars.open_time.front(), bars.open_time[24 * 30]);
  request_.to = bars.open_time[100];
  EXPECT_EQ(error_of([&] { run_rules_backtest(request_); }).code(), "evaluation.bad_range");
}

TEST_F(RulesBacktestOf, ReportsAllFaultsOfTheSettingsAndWritesNothing) {
  request_.report = path("out/report.html");
  request_.settings = {"volPctBreakuot=60", "baseRiskPct=50", "tpNews", "slNews=x"};
  const Error error = error_of([&] { run_rules_backtest(request_); });
  EXPECT_EQ(error.code(), "strategy.bad_parameters");
  EXPECT_EQ(error.place(), "flag --set-param");
  EXPECT_EQ(error.message(),
            "there is no parameter 'volPctBreakuot'; did you mean volPctBreakout?; "
            "baseRiskPct is 50: it must lie between 0.1 and 2 (% of equity); "
            "'tpNews' is no setting: write a name and a number, volPctBreakout=65; "
            "'slNews=x' is no setting: write a name and a number, volPctBreakout=65");
  request_.settings.clear();
  request_.parameters = path("none.json");
  EXPECT_EQ(error_of([&] { run_rules_backtest(request_); }).code(), "file.missing");
  request_.parameters.clear();
  request_.engine.exits.intrabar = execution::IntrabarPolicy::detail;
  EXPECT_EQ(error_of([&] { run_rules_backtest(request_); }).code(), "signals.no_detail");
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

}  // namespace
}  // namespace stevie::app
