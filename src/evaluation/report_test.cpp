#include "evaluation/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "core/file.h"
#include "evaluation/embedded_assets.h"
#include "evaluation/format.h"
#include "evaluation/report_data.h"
#include "evaluation/test_market.h"

namespace stevie::evaluation {
namespace {

using Json = nlohmann::json;

const std::filesystem::path golden_folder = STEVIE_GOLDEN_FOLDER;

/// The golden file's text. With STEVIE_UPDATE_GOLDEN set it is written first, to be looked at and committed.
std::string golden(const std::string& name, const std::string& made) {
  if (std::getenv("STEVIE_UPDATE_GOLDEN") != nullptr) write_file(golden_folder / name, made);
  return read_file(golden_folder / name);
}

/// Equal but for the last digits of numbers, which differ between mathematical libraries.
void expect_same(const Json& expected, const Json& actual, const std::string& where) {
  ASSERT_EQ(expected.type_name(), std::string(actual.type_name())) << where;
  if (expected.is_object()) {
    ASSERT_EQ(expected.size(), actual.size()) << where;
    for (const auto& [key, value] : expected.items()) {
      ASSERT_TRUE(actual.contains(key)) << where << "." << key;
      expect_same(value, actual[key], where + "." + key);
    }
  } else if (expected.is_array()) {
    ASSERT_EQ(expected.size(), actual.size()) << where;
    for (std::size_t i = 0; i < expected.size(); ++i)
      expect_same(expected[i], actual[i], where + "[" + std::to_string(i) + "]");
  } else if (expected.is_number_float()) {
    const double number = expected.get<double>();
    EXPECT_NEAR(number, actual.get<double>(), 1e-9 * std::max(1.0, std::abs(number))) << where;
  } else {
    EXPECT_EQ(expected, actual) << where;
  }
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

TEST(TextReport, IsTheGoldenOne) {
  const std::string made = render_text(test::small_evaluation());
  EXPECT_EQ(golden("evaluation.txt", made), made);
}

TEST(JsonReport, IsTheGoldenOne) {
  const std::string made = render_json(test::small_evaluation());
  expect_same(Json::parse(golden("evaluation.json", made)), Json::parse(made), "report");
}

TEST(JsonReport, GivesNullAndAReasonForWhatIsUndefined) {
  const Json report = Json::parse(render_json(test::small_evaluation()));
  const Json& cash = report["results"].back();
  ASSERT_EQ(cash["key"], "cash");
  EXPECT_TRUE(cash["metrics"]["sharpe"]["value"].is_null());
  EXPECT_FALSE(cash["metrics"]["sharpe"]["reason"].get<std::string>().empty());
  EXPECT_EQ(report["format"], "stevie-evaluation");
}

TEST(HtmlReport, NeedsNoOtherFileAndNoNetwork) {
  const std::string page = render_html(test::small_evaluation());
  EXPECT_EQ(count_of(page, "src=\""), 0u);
  EXPECT_EQ(count_of(page, "<link"), 0u);
  EXPECT_EQ(count_of(page, "@import"), 0u);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(HtmlReport, SaysEverythingTheOtherReportsSay) {
  const Evaluation evaluation = test::small_evaluation();
  const std::string page = render_html(evaluation);
  EXPECT_NE(page.find(verdict(evaluation)), std::string::npos);
  for (const stats::MetricInfo& info : stats::metric_infos())
    EXPECT_NE(page.find(std::string(info.name)), std::string::npos) << info.name;
  for (const Contender* contender : table_order(evaluation))
    EXPECT_NE(page.find(contender->run.name), std::string::npos) << contender->run.name;
  EXPECT_EQ(chart_library().empty(), page.find("chart library was not embedded") != std::string::npos);
}

TEST(HtmlReport, MakesTextFromOutsideHarmless) {
  Evaluation evaluation = test::small_evaluation();
  const std::string attack = "</script><img src=x onerror=alert(1)>\"'&";
  evaluation.description.title = evaluation.description.model = evaluation.description.data = attack;
  evaluation.description.configuration = {{attack, attack}};
  evaluation.bars.symbol = attack;
  evaluation.strategy.run.name = attack;
  const std::string page = render_html(evaluation);
  EXPECT_EQ(count_of(page, "<img"), 0u);
  const std::size_t scripts = 3;  // data, chart library, the report's own
  EXPECT_EQ(count_of(page, "</script>"), scripts);
}

TEST(HtmlReport, LabelsASyntheticMarket) {
  Evaluation evaluation = test::small_evaluation();
  EXPECT_EQ(render_html(evaluation).find("SYNTHETIC MARKET"), std::string::npos);
  evaluation.description.synthetic = true;
  EXPECT_NE(render_html(evaluation).find("SYNTHETIC MARKET"), std::string::npos);
  EXPECT_NE(render_text(evaluation).find("SYNTHETIC MARKET"), std::string::npos);
  EXPECT_TRUE(Json::parse(render_json(evaluation))["synthetic"].get<bool>());
}

TEST(HtmlReport, StaysSmallForSevenYearsOfHoursWithManyTrades) {
  const market::Bars bars = test::random_bars(8, 64'000);
  const env::MarketData market = test::make_market(bars);
  std::vector<double> targets;
  for (std::size_t i = 0; i + 1 < bars.size(); ++i) targets.push_back(i / 4 % 2 == 0 ? 1 : 0);
  test::Scripted strategy(targets);
  const market::BarRange range{0, bars.size()};
  execution::SimulationResult run = run_backtest(strategy, market, range, {});
  ASSERT_GT(run.trades.size(), most_report_trades);
  std::vector<NamedRun> baselines = make_baselines(run, market.tape, range, {});
  stats::BootstrapConfig bootstrap;
  bootstrap.replicates = 100;
  const Evaluation evaluation = evaluate({"strategy", "s", run}, baselines, bars, {}, bootstrap);
  EXPECT_LT(render_html(evaluation).size(), 3'000'000u);
  const Json data = Json::parse(report_data(evaluation));
  EXPECT_LE(data["time"].size(), most_chart_bars);
  EXPECT_EQ(data["trades"]["rows"].size(), most_report_trades);
  for (const Json& line : data["lines"]) EXPECT_EQ(line["equity"].size(), data["time"].size());
}

TEST(Thinned, KeepsTheExtremesAndTheEnd) {
  RandomStream random(9, 0);
  for (std::size_t count = 1; count < 120; ++count) {
    std::vector<double> values(count);
    for (double& value : values) value = random.normal();
    for (const std::size_t group : {1u, 2u, 3u, 7u}) {
      const std::vector<double> kept = thinned(values, group);
      ASSERT_EQ(kept.size(), (count + group - 1) / group);
      EXPECT_EQ(kept.back(), values.back());
      // all but the last pair of groups, where the last value takes the second place
      const std::size_t whole = count / (2 * group) * 2 * group;
      if (whole < 2 * group || whole == count) continue;
      const auto end = values.begin() + static_cast<std::ptrdiff_t>(whole);
      const auto kept_end = kept.begin() + static_cast<std::ptrdiff_t>(whole / group);
      EXPECT_EQ(*std::max_element(values.begin(), end), *std::max_element(kept.begin(), kept_end));
      EXPECT_EQ(*std::min_element(values.begin(), end), *std::min_element(kept.begin(), kept_end));
    }
  }
}

TEST(Format, ReadsLikeATradersScreen) {
  EXPECT_EQ(format_fixed(51422.987, 2), "51,422.99");
  EXPECT_EQ(format_fixed(-1234567, 0), "-1,234,567");
  EXPECT_EQ(format_fixed(-0.001, 2), "0.00");
  EXPECT_EQ(format_fixed(999, 0), "999");
  EXPECT_EQ(format_percent(-0.1234), "-12.3 %");
  EXPECT_EQ(format_metric(stats::Metric::absent("why"), stats::Unit::ratio), "-");
  EXPECT_EQ(format_month(2024, 3), "2024-03");
}

}  // namespace
}  // namespace stevie::evaluation
