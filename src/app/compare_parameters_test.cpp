#include "app/compare_parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/comparison_desk.h"
#include "app/rules_backtest.h"
#include "core/error.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

using strategy::Parameter;

std::string code_of(const std::function<void()>& action) {
  return error_of(action).code();
}

/// Two years of hours on which the rules trade once costs are let pass.
class CompareParameters : public ::testing::Test {
 protected:
  CompareParameters() {
    market::SyntheticConfig market;
    market.bars = 2 * 8760;
    market.symbol = "BTC/USDT";
    market::write_bars(file(), market::make_synthetic_market(market).bars);
    request.data = {file()};
    request.config.env.instrument.taker_fee_bps = 1;
    request.first.name = "version 1";
    request.first.version = 1;
    request.second.name = "version 2";
    request.second.version = 2;
    for (ComparedParameters* side : {&request.first, &request.second})
      side->layers.global[Parameter::cost_cap_bps] = 50;
    request.second.layers.global[Parameter::vol_pct_breakout] = 85;
    request.bootstrap.replicates = 100;
  }
  std::filesystem::path file() const { return folder.path() / "BTCUSDT_1h.csv"; }

  TemporaryFolder folder;
  CompareRequest request;
};

TEST_F(CompareParameters, each_run_is_what_a_back_test_of_the_same_bars_gives) {
  const ParameterComparison found = compare_parameters(request);
  ASSERT_GT(found.first.performance.trades, 30U);
  EXPECT_FALSE(found.same_trades);
  for (const ComparedRun* run : {&found.first, &found.second}) {
    RulesBacktestRequest alone;
    alone.bars = file();
    alone.engine.instrument = request.config.env.instrument;
    alone.engine.initial_equity = request.config.env.initial_equity;
    alone.bootstrap = request.bootstrap;
    for (const Parameter parameter : {Parameter::cost_cap_bps, Parameter::vol_pct_breakout})
      alone.settings.push_back(std::string(strategy::to_string(parameter)) + "=" +
                               std::to_string(run->parameters.layers.global[parameter]));
    const RulesBacktest tested = run_rules_backtest(alone);
    const stats::Performance& expected = tested.evaluation.strategy.performance;
    EXPECT_EQ(run->performance.trades, expected.trades);
    EXPECT_EQ(*run->performance.total_return.value, *expected.total_return.value);
    EXPECT_EQ(run->performance.sharpe.interval->low, expected.sharpe.interval->low);
    EXPECT_EQ(run->final_equity, tested.evaluation.strategy.run.result.equity.back());
  }
}

TEST_F(CompareParameters, the_difference_is_second_minus_first) {
  const ParameterComparison found = compare_parameters(request);
  EXPECT_DOUBLE_EQ(
      *found.comparison.total_return.difference.value,
      *found.second.performance.total_return.value - *found.first.performance.total_return.value);
  ASSERT_TRUE(found.comparison.sharpe.difference.interval);
  ASSERT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences[0].from, 70);
  EXPECT_EQ(found.differences[0].to, 85);
  double grown = 1;
  bool some = false;
  for (const ComparedMonth& month : found.months) {
    grown *= 1 + *month.second.value;
    EXPECT_DOUBLE_EQ(*month.difference.value, *month.second.value - *month.first.value);
    EXPECT_EQ(month.differs, *month.second.value != *month.first.value);
    some = some || month.differs;
  }
  EXPECT_TRUE(some);
  EXPECT_NEAR(grown, 1 + *found.second.performance.total_return.value, 1e-9);
}

TEST_F(CompareParameters, says_so_where_both_do_the_same) {
  request.second.layers = request.first.layers;
  const ParameterComparison found = compare_parameters(request);
  EXPECT_TRUE(found.same_trades);
  EXPECT_TRUE(found.differences.empty());
  EXPECT_EQ(*found.comparison.total_return.difference.value, 0);
  EXPECT_NE(found.sentence.find("both did the same on every bar"), std::string::npos) << found.sentence;
}

TEST_F(CompareParameters, replays_only_what_it_is_asked_for) {
  const market::Bars bars = market::read_bars(file());
  request.until = bars.open_time[15'000];  // that bar has not closed then
  request.bars = 1000;
  const ParameterComparison found = compare_parameters(request);
  EXPECT_EQ(found.bars, 1000U);
  EXPECT_EQ(found.to, *request.until);
  EXPECT_EQ(found.from, bars.open_time[14'000]);
  EXPECT_EQ(found.curve.back().time, found.to);
  EXPECT_EQ(found.curve.back().second, found.second.final_equity);
  request.until = bars.open_time[10];
  EXPECT_EQ(code_of([&] { compare_parameters(request); }), "evaluation.bad_range");
}

TEST_F(CompareParameters, finds_the_bars_of_a_symbol) {
  request.symbol = "BTC/USDT";
  EXPECT_EQ(compare_parameters(request).symbol, "BTC/USDT");
  request.symbol = "ETH/USDT";
  EXPECT_EQ(code_of([&] { compare_parameters(request); }), "app.no_symbol");
  request.data.clear();
  EXPECT_EQ(code_of([&] { compare_parameters(request); }), "app.no_data");
}

TEST_F(CompareParameters, is_given_up_when_nobody_wants_it_any_more) {
  std::size_t asked = 0;
  request.cancelled = [&asked] { return ++asked > 3; };
  EXPECT_EQ(code_of([&] { compare_parameters(request); }), "app.compare_cancelled");
}

TEST_F(CompareParameters, text_and_json_hold_both) {
  const ParameterComparison found = compare_parameters(request);
  const nlohmann::json json = nlohmann::json::parse(comparison_json(found));
  EXPECT_EQ(json["first"]["version"], 1);
  EXPECT_EQ(json["second"]["metrics"]["sharpe"]["value"], *found.second.performance.sharpe.value);
  EXPECT_EQ(json["curve"].size(), found.curve.size());
  EXPECT_EQ(json["differences"][0]["name"], "volPctBreakout");
  const std::string text = comparison_text(found);
  EXPECT_NE(text.find("version 2"), std::string::npos);
  EXPECT_NE(text.find(found.sentence), std::string::npos);
}

TEST(KeptRows, keep_the_extremes_of_both_columns) {
  std::vector<double> first(10'000, 1.0), second(10'000, 2.0);
  first[1234] = 9;
  second[7777] = -9;
  const std::vector<std::size_t> rows = kept_rows(first, second, 100);
  EXPECT_LE(rows.size(), 102U);
  EXPECT_TRUE(std::ranges::is_sorted(rows));
  for (const std::size_t row : {std::size_t{0}, std::size_t{1234}, std::size_t{7777}, std::size_t{9999}})
    EXPECT_TRUE(std::ranges::binary_search(rows, row)) << row;
  EXPECT_EQ(kept_rows({1, 2, 3}, {1, 2, 3}, 100).size(), 3U);
  EXPECT_TRUE(kept_rows({}, {}, 100).empty());
}

TEST(WithValues, sets_one_layer_and_tells_every_fault) {
  strategy::ParameterLayers layers;
  layers.by_regime[strategy::Regime::bear][Parameter::sl_breakout] = 3;
  const auto changed = with_values(
      layers,
      {{.parameter = Parameter::sl_breakout, .value = {}, .symbol = {}, .regime = strategy::Regime::bear},
       {.parameter = Parameter::tp_news, .value = 5, .symbol = {}, .regime = strategy::Regime::bear}});
  EXPECT_EQ(changed.by_regime.at(strategy::Regime::bear), (strategy::Overrides{{Parameter::tp_news, 5.0}}));
  EXPECT_EQ(
      with_values(layers, {{.parameter = Parameter::social_go, .value = 0.5, .symbol = {}, .regime = {}}})
          .global[Parameter::social_go],
      0.5);
  EXPECT_EQ(code_of([&] { with_values(layers, {}); }), "live.refused_change");
  EXPECT_EQ(code_of([&] {
              with_values(layers,
                          {{.parameter = Parameter::social_go, .value = 7, .symbol = {}, .regime = {}}});
            }),
            "live.refused_change");
}

/// Work that a test lets go on.
class Desk : public ::testing::Test {
 protected:
  ComparisonDesk::Parts parts() {
    ComparisonDesk::Parts parts;
    parts.now = [this] { return now.load(); };
    parts.compare = [this](const CompareRequest& request) {
      ++runs;
      while (!request.cancelled() && !gate.load()) std::this_thread::yield();
      if (request.cancelled()) throw Error("app.compare_cancelled", "given up");
      if (request.symbol == "BAD") throw Error("app.no_symbol", "none");
      return ParameterComparison{};
    };
    return parts;
  }
  static CompareRequest request(std::size_t bars, TimeMs until = 1) {
    CompareRequest request;
    request.bars = bars;
    request.until = until;
    return request;
  }
  static constexpr std::chrono::milliseconds long_wait{60'000}, none{0};

  std::atomic<TimeMs> now = 1000;
  std::atomic<int> runs = 0;
  std::atomic<bool> gate = true;
};

TEST_F(Desk, gives_a_result_again_while_it_is_fresh) {
  ComparisonDesk desk(parts());
  const auto first = desk.ask(request(10), long_wait);
  ASSERT_TRUE(first.json);
  EXPECT_EQ(desk.ask(request(10, 2), none).json, first.json);  // the market has gone on, and it is fresh
  now += 2 * minute_ms;
  EXPECT_EQ(desk.ask(request(10), none).json, first.json);  // the same bars
  EXPECT_TRUE(desk.ask(request(10, 3), long_wait).json);
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(desk.ask(request(11), long_wait).json);
  EXPECT_EQ(runs, 3);
}

TEST_F(Desk, answers_at_once_that_it_is_at_work_and_refuses_too_many) {
  gate = false;
  ComparisonDesk desk(parts());
  for (std::size_t bars = 1; bars <= 5; ++bars) EXPECT_FALSE(desk.ask(request(bars), none).json);
  EXPECT_EQ(code_of([&] { desk.ask(request(99), none); }), "app.busy");
  EXPECT_FALSE(desk.ask(request(3), none).json);  // it waits already
  gate = true;
  EXPECT_TRUE(desk.ask(request(5), long_wait).json);
}

TEST_F(Desk, tells_a_fault_once_and_tries_again) {
  ComparisonDesk desk(parts());
  CompareRequest bad = request(1);
  bad.symbol = "BAD";
  EXPECT_EQ(code_of([&] { desk.ask(bad, long_wait); }), "app.no_symbol");
  EXPECT_EQ(code_of([&] { desk.ask(bad, long_wait); }), "app.no_symbol");
  EXPECT_EQ(runs, 2);
}

TEST_F(Desk, gives_up_what_takes_too_long_and_what_is_under_way_at_its_end) {
  gate = false;
  {
    ComparisonDesk::Parts quick = parts();
    quick.time_limit = none;
    ComparisonDesk desk(std::move(quick));
    EXPECT_EQ(code_of([&] { desk.ask(request(1), long_wait); }), "app.compare_cancelled");
  }
  ComparisonDesk desk(parts());
  EXPECT_FALSE(desk.ask(request(1), none).json);
}

}  // namespace
}  // namespace stevie::app
