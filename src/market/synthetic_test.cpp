#include "market/synthetic.h"

#include <cmath>
#include <numeric>

#include "market/gaps.h"
#include "market/market_testing.h"
#include "market/raw_bars.h"
#include "market/readers.h"
#include "market/side_series.h"

namespace stevie::market {
namespace {

constexpr std::size_t long_run = 100'000;
constexpr double hours_per_year = 24 * 365;

std::vector<double> log_returns(const Bars& bars) {
  std::vector<double> returns;
  for (std::size_t i = 0; i < bars.size(); ++i) returns.push_back(std::log(bars.close[i] / bars.open[i]));
  return returns;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double central_moment(const std::vector<double>& values, int power) {
  const double centre = mean(values);
  double sum = 0;
  for (const double value : values) sum += std::pow(value - centre, power);
  return sum / static_cast<double>(values.size());
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size()) / std::sqrt(central_moment(a, 2) * central_moment(b, 2));
}

double lag_one_correlation(const std::vector<double>& values) {
  return correlation({values.begin(), values.end() - 1}, {values.begin() + 1, values.end()});
}

SyntheticMarket make(SyntheticModel model, std::size_t bars = long_run, std::uint64_t seed = 1) {
  SyntheticConfig config;
  config.model = model;
  config.bars = bars;
  config.seed = seed;
  return make_synthetic_market(config);
}

class EveryModel : public ::testing::TestWithParam<SyntheticModel> {};

TEST_P(EveryModel, BarsAreSoundAndContinuous) {
  const Bars bars = make(GetParam(), 5000).bars;
  ASSERT_EQ(bars.size(), 5000u);
  EXPECT_TRUE(find_gaps(bars).empty());
  double range = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    EXPECT_TRUE(has_sound_values(bars[i]));
    EXPECT_GT(bars.volume[i], 0);
    if (i > 0) {
      EXPECT_EQ(bars.open[i], bars.close[i - 1]);
    }
    range += std::log(bars.high[i] / bars.low[i]) > std::abs(std::log(bars.close[i] / bars.open[i])) ? 1 : 0;
  }
  EXPECT_GT(range / 5000, 0.9);  // nearly every bar reaches beyond its body
}

TEST_P(EveryModel, SameSeedSameBytesOtherSeedOtherBytes) {
  const std::string text = format_bars(make(GetParam(), 500, 7).bars);
  EXPECT_EQ(text, format_bars(make(GetParam(), 500, 7).bars));
  EXPECT_NE(text, format_bars(make(GetParam(), 500, 8).bars));
  const std::string longer = format_bars(make(GetParam(), 600, 7).bars);
  EXPECT_EQ(longer.substr(0, text.size()), text);
}

TEST_P(EveryModel, FilesReadBack) {
  const Bars bars = make(GetParam(), 500).bars;
  expect_equal(parse_bars(format_bars(bars), "SYNTHUSDT_1h.csv"), bars);
}

INSTANTIATE_TEST_SUITE_P(Synthetic, EveryModel,
                         ::testing::Values(SyntheticModel::garch, SyntheticModel::ou,
                                           SyntheticModel::martingale),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(Garch, HasFatTailsAndClusteredVolatility) {
  const std::vector<double> returns = log_returns(make(SyntheticModel::garch).bars);
  const double variance = central_moment(returns, 2);
  EXPECT_GT(central_moment(returns, 4) / (variance * variance), 5.0);  // a normal distribution has 3
  std::vector<double> sizes;
  for (const double r : returns) sizes.push_back(std::abs(r));
  const double noise = 1 / std::sqrt(static_cast<double>(long_run));
  EXPECT_GT(lag_one_correlation(sizes), 10 * noise);
  EXPECT_LT(std::abs(lag_one_correlation(returns)), 0.02);
}

TEST(Garch, RegimesFollowTheTransitionMatrix) {
  const SyntheticConfig config;
  const SyntheticMarket market = make(SyntheticModel::garch);
  const std::vector<double> expected = transition_matrix(config.regimes);
  const std::size_t count = config.regimes.size();
  std::vector<double> moves(count * count, 0.0);
  std::vector<double> visits(count, 0.0);
  for (std::size_t i = 1; i < market.regime.size(); ++i) {
    moves[market.regime[i - 1] * count + market.regime[i]] += 1;
    visits[market.regime[i - 1]] += 1;
  }
  for (std::size_t i = 0; i < count; ++i) {
    double row_sum = 0;
    for (std::size_t j = 0; j < count; ++j) {
      const double p = expected[i * count + j];
      row_sum += p;
      const double error = std::sqrt(p * (1 - p) / visits[i]);
      EXPECT_NEAR(moves[i * count + j] / visits[i], p, 4 * error) << i << " to " << j;
    }
    EXPECT_DOUBLE_EQ(row_sum, 1.0);
  }
}

TEST(Garch, LongRunVolatilityIsThatOfTheRegime) {
  SyntheticConfig config;
  config.bars = long_run;
  config.jump_chance = 0;
  config.student_degrees = 50;
  config.regimes = {{"only", 0.0, 0.5, 100}};
  const std::vector<double> returns = log_returns(make_synthetic_market(config).bars);
  EXPECT_NEAR(std::sqrt(central_moment(returns, 2) * hours_per_year), 0.5, 0.02);
}

TEST(Garch, JumpsComeAsOftenAsAsked) {
  SyntheticConfig config;
  config.bars = 50'000;
  config.jump_chance = 0.01;
  config.jump_size = 1.0;
  config.regimes = {{"only", 0.0, 0.1, 100}};
  double jumps = 0;
  const std::vector<double> returns = log_returns(make_synthetic_market(config).bars);
  for (const double r : returns) jumps += std::abs(r) > 0.1 ? 1 : 0;  // 100 standard deviations of the noise
  const double seen_share = std::erfc(0.1 / std::sqrt(2.0));          // jumps larger than that
  const double expected = 0.01 * seen_share;
  const double error = std::sqrt(expected * (1 - expected) / 50'000);
  EXPECT_NEAR(jumps / 50'000, expected, 4 * error);
}

TEST(Garch, LabelsAreOneRowABar) {
  const SyntheticMarket market = make(SyntheticModel::garch, 300);
  const std::string labels = format_labels(market);
  EXPECT_EQ(std::count(labels.begin(), labels.end(), '\n'), 301);
  EXPECT_TRUE(labels.starts_with("timestamp,regime,name\n1577836800000," + std::to_string(market.regime[0]) +
                                 "," + market.regime_names[market.regime[0]] + "\n"));
}

TEST(Ou, SignalIsAutoregressiveWithUnitVariance) {
  const SyntheticMarket market = make(SyntheticModel::ou);
  const double phi = SyntheticConfig{}.signal_phi;
  const double error = std::sqrt((1 - phi * phi) / static_cast<double>(long_run));
  EXPECT_NEAR(lag_one_correlation(market.signal), phi, 4 * error);
  EXPECT_NEAR(central_moment(market.signal, 2), 1.0, 0.05);
}

TEST(Ou, SignalExplainsItsShareOfTheNextReturn) {
  const SyntheticMarket market = make(SyntheticModel::ou);
  const std::vector<double> returns = log_returns(market.bars);
  const std::vector<double> before(market.signal.begin(), market.signal.end() - 1);
  const double r = correlation(before, {returns.begin() + 1, returns.end()});
  const double error = 1 / std::sqrt(static_cast<double>(long_run));
  EXPECT_NEAR(r, std::sqrt(SyntheticConfig{}.signal_share), 4 * error);
}

TEST(Ou, SignalJoinsAsKnownAtTheCloseOfItsBar) {
  const SyntheticMarket market = make(SyntheticModel::ou, 200);
  const SideSeries series = parse_side_series(format_signal(market), "signal.csv", market.bars.interval);
  EXPECT_EQ(join_as_of(series, "signal", market.bars).values, market.signal);
}

TEST(Martingale, MeanGrowthFactorIsOne) {
  const std::vector<double> returns = log_returns(make(SyntheticModel::martingale).bars);
  std::vector<double> growth;
  for (const double r : returns) growth.push_back(std::exp(r));
  const double deviation = SyntheticConfig{}.volatility_per_year / std::sqrt(hours_per_year);
  EXPECT_NEAR(mean(growth), 1.0, 4 * deviation / std::sqrt(static_cast<double>(long_run)));
  EXPECT_NEAR(std::sqrt(central_moment(returns, 2)), deviation, 0.01 * deviation);
  EXPECT_LT(std::abs(lag_one_correlation(returns)), 4 / std::sqrt(static_cast<double>(long_run)));
}

TEST(Synthetic, ReportsAllFaultsTogether) {
  SyntheticConfig config;
  config.bars = 0;
  config.start_price = -1;
  config.garch_alpha = 0.9;
  config.regimes = {};
  const Error error = error_of([&] { make_synthetic_market(config); });
  EXPECT_EQ(error.code(), "market.bad_synthetic");
  for (const char* word : {"bars", "start_price", "garch_alpha", "regimes"}) {
    EXPECT_NE(error.message().find(word), std::string::npos) << word;
  }
  EXPECT_EQ(error_of([] { parse_synthetic_model("brownian"); }).code(), "market.bad_model");
}

TEST(Synthetic, PriceThatLeavesTheRangeIsAnError) {
  SyntheticConfig config;
  config.regimes = {{"up", 1e5, 0.5, 100}};
  EXPECT_EQ(error_of([&] { make_synthetic_market(config); }).code(), "market.bad_synthetic");
}

}  // namespace
}  // namespace stevie::market
