#include "app/martingale_study.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

struct Mean {
  double value = 0, error = 0;
};

Mean mean_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / count) * (value - sum / count);
  return {sum / count, std::sqrt(squares / count / (count - 1))};
}

/// What a long position of every bar gains from its open to its close where it leaves at `level` (a share of
/// the open) if the bar reaches that.
std::vector<double> gains(const market::Bars& bars, double level) {
  std::vector<double> result;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double price = bars.open[i] * (1 + level);
    const bool reached = level < 0 ? bars.low[i] <= price : bars.high[i] >= price;
    result.push_back((reached ? price : bars.close[i]) / bars.open[i] - 1);
  }
  return result;
}

TEST(ClopperPearson, IsTheTwoSidedInterval) {
  const auto [none_lower, none_upper] = clopper_pearson(0, 20);
  EXPECT_EQ(none_lower, 0);
  EXPECT_NEAR(none_upper, 1 - std::pow(0.025, 1.0 / 20), 1e-12);
  // 10 of 100: 4.900 % to 17.622 %, as R's binom.test(10, 100) gives it.
  const auto [lower, upper] = clopper_pearson(10, 100);
  EXPECT_NEAR(lower, 0.04900469, 1e-7);
  EXPECT_NEAR(upper, 0.17622260, 1e-7);
  EXPECT_EQ(clopper_pearson(7, 7).second, 1);
}

TEST(MartingaleMarket, NoStopAndNoTakeProfitGains) {
  for (const MartingaleKind kind : {MartingaleKind::continuous, MartingaleKind::clustered}) {
    const market::Bars bars = make_martingale(kind, 400'000, 1);
    for (const double level : {-0.01, -0.005, -0.002, 0.002, 0.005, 0.01}) {
      const Mean mean = mean_of(gains(bars, level));
      EXPECT_LT(std::abs(mean.value), 4 * mean.error) << to_string(kind) << " " << level;
    }
  }
}

TEST(MartingaleMarket, StopsGainWhereThePathStepsOverThem) {
  const market::Bars bars = make_martingale(MartingaleKind::plain, 100'000, 1);
  const Mean stopped = mean_of(gains(bars, -0.005)), taken = mean_of(gains(bars, 0.005));
  EXPECT_GT(stopped.value, 4 * stopped.error);
  EXPECT_LT(taken.value, -4 * taken.error);
  EXPECT_FALSE(is_true_null(MartingaleKind::plain, StudyCosts::none));
}

TEST(MartingaleMarket, ClusteredHasFatTailsAndClusters) {
  const market::Bars bars = make_martingale(MartingaleKind::clustered, 100'000, 2);
  const std::vector<double> returns = gains(bars, -0.99);
  double squares = 0, fourths = 0, together = 0;
  for (std::size_t i = 0; i + 1 < returns.size(); ++i) {
    const double now = returns[i] * returns[i], next = returns[i + 1] * returns[i + 1];
    squares += now;
    fourths += now * now;
    together += std::sqrt(now * next);
  }
  const double count = static_cast<double>(returns.size() - 1);
  EXPECT_GT(fourths / count, 6 * (squares / count) * (squares / count));
  const double size = [&] {
    double sum = 0;
    for (const double value : returns) sum += std::abs(value);
    return sum / static_cast<double>(returns.size());
  }();
  EXPECT_GT(together / count, 1.1 * size * size);  // large moves follow large ones
  EXPECT_NEAR(std::sqrt(squares / count * 365 * 24), 0.6, 0.15);
}

TEST(MartingaleMarket, IsFixedByItsSeed) {
  for (const MartingaleKind kind : martingale_kinds) {
    EXPECT_EQ(make_martingale(kind, 500, 3).low, make_martingale(kind, 500, 3).low);
    EXPECT_NE(make_martingale(kind, 500, 3).low, make_martingale(kind, 500, 4).low);
  }
  const market::Bars bars = make_martingale(MartingaleKind::plain, 500, 3);
  EXPECT_EQ(make_unrelated_social(bars, 1), make_unrelated_social(bars, 1));
  EXPECT_NE(make_unrelated_social(bars, 1), make_unrelated_social(bars, 2));
}

MartingaleStudyConfig short_study(const TemporaryFolder& folder, std::size_t runs) {
  MartingaleStudyConfig config;
  config.runs = runs;
  config.years = {1};
  config.markets = {MartingaleKind::clustered};
  config.costs = {StudyCosts::none};
  config.scenarios = {"quick_tune"};
  config.gate.replicates = 500;
  config.work = folder.path() / "work";
  return config;
}

TEST(MartingaleStudy, PromotesRarelyWhereNothingCanBeEarned) {
  const TemporaryFolder folder;
  constexpr std::size_t runs = 40;
  // Were the true share 5 %, more than this would be promoted with a probability under 1 in 10,000 (and the
  // seed is fixed: a failure means that the code has changed).
  const boost::math::binomial_distribution<> at_target(runs, 0.05);
  const double most = boost::math::quantile(boost::math::complement(at_target, 1e-4));
  const std::vector<MartingaleCell> cells = run_martingale_study(short_study(folder, runs));
  ASSERT_EQ(cells.size(), 1u);
  const MartingaleCell& cell = cells.front();
  EXPECT_EQ(cell.runs, runs);
  EXPECT_EQ(cell.judged() + cell.nothing_better, runs);
  EXPECT_GT(cell.judged(), runs / 2);  // the searches do propose, and the gate is asked
  EXPECT_LE(static_cast<double>(cell.promoted), most);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "work"));
}

TEST(MartingaleStudy, DoesNotDependOnThreads) {
  const TemporaryFolder folder;
  MartingaleStudyConfig config = short_study(folder, 3);
  config.costs = {StudyCosts::none, StudyCosts::defaults};
  config.threads = 1;
  const std::string one = martingale_json(config, run_martingale_study(config));
  config.threads = 3;
  EXPECT_EQ(martingale_json(config, run_martingale_study(config)), one);
  const auto json = nlohmann::json::parse(one);
  EXPECT_EQ(json["format"], "stevie-martingale-study");
  ASSERT_EQ(json["cells"].size(), 2u);
  EXPECT_EQ(json["cells"][1]["costs"], "default");
}

TEST(MartingaleStudy, StopsWhenInterrupted) {
  const TemporaryFolder folder;
  MartingaleStudyConfig config = short_study(folder, 4);
  config.threads = 1;
  std::size_t finished = 0;
  config.finished = [&finished](const MartingaleCell&) { ++finished; };
  config.progress = [](const std::string&, std::size_t done, std::size_t) {
    if (done > 0) std::raise(SIGINT);
  };
  const InterruptGuard guard;
  EXPECT_THROW(run_martingale_study(config), Interrupted);
  EXPECT_EQ(finished, 0u);
  EXPECT_FALSE(std::filesystem::exists(config.work));
}

TEST(MartingaleStudy, ASearchThatIsNotThereIsToldAtOnce) {
  const TemporaryFolder folder;
  MartingaleStudyConfig config = short_study(folder, 1);
  config.scenarios = {"quick_tune", "no"};
  EXPECT_EQ(error_of([&] { run_martingale_study(config); }).code(), "app.unknown_scenario");
}

TEST(MartingaleStudy, TablesKeepNullsAndOthersApart) {
  MartingaleCell null{.years = 3,
                      .market = MartingaleKind::clustered,
                      .costs = StudyCosts::none,
                      .scenario = "quick_tune",
                      .runs = 100,
                      .promoted = 2,
                      .rejected = 80,
                      .not_enough = 15,
                      .nothing_better = 3,
                      .stopped_by = {{"probability", 15}, {"improvement", 80}}};
  MartingaleCell other = null;
  other.costs = StudyCosts::cheap;
  other.promoted = 30;
  const std::string text = martingale_markdown({}, {null, other});
  EXPECT_NE(text.find("| 2 = 2.0 % (0.2 - 7.0) |"), std::string::npos) << text;
  EXPECT_NE(text.find("improvement 80, probability 15"), std::string::npos) << text;
  EXPECT_NE(text.find("All true nulls together: 2 of 100 runs promoted."), std::string::npos) << text;
  EXPECT_LT(text.find("True nulls"), text.find("No true nulls"));
}

}  // namespace
}  // namespace stevie::app
