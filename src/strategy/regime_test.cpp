#include "strategy/regime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/random.h"
#include "core/testing.h"
#include "market/resample.h"
#include "strategy/regime_judge.h"

namespace stevie::strategy {
namespace {

market::SyntheticMarket made_market(TimeMs interval, double years, std::uint64_t seed) {
  return market::make_synthetic_market(labelled_market(interval, years, seed));
}

std::vector<std::uint8_t> as_labels(const std::vector<Regime>& regimes) {
  std::vector<std::uint8_t> labels;
  for (const Regime regime : regimes) labels.push_back(static_cast<std::uint8_t>(regime));
  return labels;
}

/// Bars whose log close rises by `drift` a bar, with noise of fat tails.
market::Bars noisy_trend(std::size_t count, double drift, double deviation) {
  market::Bars bars;
  bars.interval = hour_ms;
  RandomStream random(7, 0);
  double log_price = std::log(100.0);
  for (std::size_t i = 0; i < count; ++i) {
    log_price += drift + deviation * random.student_t_unit_variance(5);
    const double price = std::exp(log_price);
    bars.push_back({static_cast<TimeMs>(i) * hour_ms, price, price, price, price, 1.0});
  }
  return bars;
}

TEST(Regime, NamesAreReadBack) {
  for (const Regime regime : all_regimes) EXPECT_EQ(parse_regime(to_string(regime)), regime);
  EXPECT_EQ(to_string(Regime::volatile_market), "volatile");
  EXPECT_EQ(error_of([] { parse_regime("calm"); }).code(), "strategy.unknown_regime");
}

TEST(Regime, EveryFaultOfAConfigurationIsNamed) {
  RegimeConfig config;
  config.scale_days = 5;
  config.student_degrees = 2;
  config.volatile_volatility = 0.5;
  config.shock_share = std::nan("");
  const Error error = error_of([&] { config.validate(); });
  EXPECT_EQ(error.code(), "strategy.bad_regime_config");
  for (const char* name :
       {"scale_days", "warm_up_days", "student_degrees", "shock_share", "volatile_volatility"}) {
    EXPECT_NE(error.message().find(name), std::string::npos) << name;
  }
  EXPECT_EQ(error_of([] { RegimeStream(0); }).code(), "strategy.bad_regime_config");
  EXPECT_EQ(error_of([] { RegimeStream(8 * day_ms); }).code(), "strategy.bad_regime_config");
}

TEST(Regime, BatchAndStreamGiveTheSame) {
  for (const TimeMs interval : {15 * minute_ms, hour_ms, day_ms}) {
    const market::Bars bars = made_market(interval, interval == day_ms ? 4 : 0.5, 3).bars;
    const RegimeColumns batch = make_regimes(bars);
    RegimeStream stream(interval);
    for (std::size_t i = 0; i < bars.size(); ++i) {
      const RegimeState& state = stream.update(bars.open_time[i], bars.close[i]);
      ASSERT_EQ(state.regime, batch.regime[i]) << i;
      ASSERT_EQ(state.known, batch.known[i] == 1) << i;
      ASSERT_NEAR(std::accumulate(state.probability.begin(), state.probability.end(), 0.0), 1.0, 1e-12);
    }
  }
}

TEST(Regime, LaterBarsChangeNothing) {
  const market::Bars bars = made_market(hour_ms, 1, 5).bars;
  const RegimeColumns whole = make_regimes(bars);
  for (const std::size_t cut : {800UL, 3001UL, 8000UL}) {
    market::Bars other = bars;
    for (std::size_t i = cut; i < other.size(); ++i) other.close[i] *= (i % 3 == 0) ? 1.4 : 0.7;
    const RegimeColumns changed = make_regimes(other);
    const RegimeColumns shorter = make_regimes(bars.slice(0, cut));
    for (std::size_t i = 0; i < cut; ++i) {
      ASSERT_EQ(changed.regime[i], whole.regime[i]);
      ASSERT_EQ(shorter.regime[i], whole.regime[i]);
      ASSERT_EQ(changed.known[i], whole.known[i]);
    }
  }
}

TEST(Regime, TheScaleOfPricesDoesNotMatter) {
  market::Bars bars = made_market(hour_ms, 0.5, 6).bars;
  const RegimeColumns before = make_regimes(bars);
  for (double& close : bars.close) close *= 1024.0;
  EXPECT_EQ(make_regimes(bars).regime, before.regime);
}

TEST(Regime, BarsShorterThanAStepGiveTheLabelsOfTheStep) {
  const market::Bars quarters = made_market(15 * minute_ms, 1, 8).bars;
  const market::Bars hours = market::resample(quarters, hour_ms);
  const RegimeColumns fine = make_regimes(quarters);
  const RegimeColumns coarse = make_regimes(hours);
  ASSERT_EQ(hours.size() * 4, quarters.size());
  // The first close of each is another one: the filters need a while to forget that.
  std::size_t same = 0;
  for (std::size_t i = 0; i < hours.size(); ++i) {
    same += fine.regime[4 * i + 3] == coarse.regime[i] ? 1U : 0U;
    if (i > 0) {
      ASSERT_EQ(fine.regime[4 * i], fine.regime[4 * i - 1]) << "a label changed inside a step";
    }
  }
  EXPECT_GT(static_cast<double>(same), 0.99 * static_cast<double>(hours.size()));
}

TEST(Regime, NothingIsKnownDuringTheWarmUp) {
  const market::Bars bars = noisy_trend(40 * 24, 0, 0.005);
  const RegimeColumns regimes = make_regimes(bars);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    ASSERT_EQ(regimes.known[i], i > 30 * 24 ? 1 : 0) << i;
    if (regimes.known[i] == 0) {
      ASSERT_EQ(regimes.regime[i], Regime::sideways);
    }
  }
}

TEST(Regime, PlainMarketsGetTheirNames) {
  const double deviation = 0.6 / std::sqrt(365.0 * 24.0);
  const double drift = 4.0 / (365.0 * 24.0);
  const std::size_t trend_bars = 24 * 90;
  EXPECT_EQ(make_regimes(noisy_trend(trend_bars, drift, deviation)).regime.back(), Regime::bull);
  EXPECT_EQ(make_regimes(noisy_trend(trend_bars, -drift, deviation)).regime.back(), Regime::bear);

  const auto after_a_normal_year = [&](double factor) {
    market::Bars bars = noisy_trend(24 * 365, 0, deviation);
    RandomStream random(9, 1);
    for (std::size_t i = 0; i < 24 * 20; ++i) {
      market::Bar bar = bars[bars.size() - 1];
      bar.open_time += hour_ms;
      bar.close *= std::exp(factor * deviation * random.student_t_unit_variance(5));
      bars.push_back(bar);
    }
    return make_regimes(bars).regime.back();
  };
  EXPECT_EQ(after_a_normal_year(0.4), Regime::sideways);
  EXPECT_EQ(after_a_normal_year(2.5), Regime::volatile_market);
}

TEST(Regime, AHoleFadesTheProbabilitiesAndALongOneForgetsEverything) {
  const market::Bars bars = made_market(hour_ms, 0.5, 4).bars;
  const std::size_t cut = bars.size() / 2;
  RegimeStream stream(hour_ms);
  for (std::size_t i = 0; i < cut; ++i) stream.update(bars.open_time[i], bars.close[i]);
  ASSERT_TRUE(stream.state().known);
  const RegimeStream before = stream;
  const auto distance_from_shares = [](const RegimeState& state) {
    const std::array<double, regime_count> share = RegimeStream(hour_ms).state().probability;
    double distance = 0;
    for (std::size_t k = 0; k < regime_count; ++k) distance += std::abs(state.probability[k] - share[k]);
    return distance;
  };

  // However large the jump over the hole is, it is not read as a return.
  RegimeStream small_jump = before;
  RegimeStream large_jump = before;
  small_jump.update(bars.open_time[cut] + 20 * day_ms, bars.close[cut]);
  large_jump.update(bars.open_time[cut] + 20 * day_ms, bars.close[cut] * 3);
  EXPECT_EQ(small_jump.state().probability, large_jump.state().probability);
  EXPECT_TRUE(small_jump.state().known);
  EXPECT_LT(distance_from_shares(small_jump.state()), distance_from_shares(before.state()));

  RegimeStream forgotten = before;
  forgotten.update(bars.open_time[cut] + 31 * day_ms, bars.close[cut]);
  EXPECT_FALSE(forgotten.state().known);
  RegimeStream fresh(hour_ms);
  fresh.update(bars.open_time[cut] + 31 * day_ms, bars.close[cut]);
  for (std::size_t i = cut + 1; i < bars.size(); ++i) {
    ASSERT_EQ(forgotten.update(bars.open_time[i] + 31 * day_ms, bars.close[i]).probability,
              fresh.update(bars.open_time[i] + 31 * day_ms, bars.close[i]).probability);
  }
}

TEST(Regime, AConstantPriceAndABadTickLeaveFiniteProbabilities) {
  RegimeStream stream(hour_ms);
  for (int i = 0; i < 24 * 60; ++i) stream.update(i * hour_ms, 100.0);
  EXPECT_TRUE(stream.state().known);
  const RegimeState& state = stream.update(24 * 60 * hour_ms, 1e12);
  for (const double probability : state.probability) EXPECT_TRUE(std::isfinite(probability));
}

TEST(Regime, AWiderMarginChangesLabelsLessOften) {
  const market::SyntheticMarket market = made_market(hour_ms, 1.5, 12);
  std::size_t changes_before = market.bars.size();
  for (const double margin : {0.0, 0.2, 0.4}) {
    RegimeConfig config;
    config.switch_margin = margin;
    const RegimeColumns regimes = make_regimes(market.bars, config);
    const std::size_t changes =
        judge_regimes(market.regime, as_labels(regimes.regime), regimes.known).label_changes;
    EXPECT_LT(changes, changes_before);
    changes_before = changes;
  }
}

TEST(RegimeJudge, CountsRecallLagAndSwitchesNeverFound) {
  const std::vector<std::uint8_t> truth{0, 0, 1, 1, 1, 2, 2, 3, 3, 0};
  const std::vector<std::uint8_t> label{3, 0, 0, 1, 1, 1, 1, 3, 3, 3};
  const std::vector<std::uint8_t> known{0, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  const RegimeJudgement judgement = judge_regimes(truth, label, known);
  EXPECT_EQ(judgement.bars, 9U);
  EXPECT_DOUBLE_EQ(judgement.recall[0], 0.5);
  EXPECT_DOUBLE_EQ(judgement.recall[1], 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(judgement.recall[2], 0.0);
  EXPECT_DOUBLE_EQ(judgement.recall[3], 1.0);
  EXPECT_DOUBLE_EQ(judgement.balanced_accuracy, (0.5 + 2.0 / 3.0 + 0.0 + 1.0) / 4.0);
  EXPECT_EQ(judgement.switches, 3U);     // the last one has no end
  EXPECT_EQ(judgement.never_found, 1U);  // of regime 2
  EXPECT_EQ(judgement.lags, (std::vector<double>{1, 0}));
  EXPECT_EQ(judgement.label_changes, 2U);
}

TEST(RegimeJudge, AConstantGuessIsWorthAQuarter) {
  const market::SyntheticMarket market = made_market(hour_ms, 1.5, 2);
  const std::vector<std::uint8_t> known(market.regime.size(), 1);
  for (std::uint8_t guess = 0; guess < regime_count; ++guess) {
    const std::vector<std::uint8_t> labels(market.regime.size(), guess);
    EXPECT_DOUBLE_EQ(judge_regimes(market.regime, labels, known).balanced_accuracy, 0.25);
  }
}

TEST(RegimeJudge, TheOracleIsCausal) {
  const market::SyntheticConfig config = labelled_market(hour_ms, 0.2, 3);
  market::SyntheticMarket market = market::make_synthetic_market(config);
  for (const bool with_garch : {false, true}) {
    const std::vector<std::uint8_t> whole = oracle_labels(market, config, with_garch);
    market::SyntheticMarket shorter = market;
    shorter.bars = market.bars.slice(0, 1000);
    const std::vector<std::uint8_t> part = oracle_labels(shorter, config, with_garch);
    EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()));
  }
}

/// The seeds here are not those the defaults were chosen on (1000 and up).
TEST(Regime, LabelsAreFarBetterThanChanceAndBelowTheOracle) {
  for (const TimeMs interval : {hour_ms, day_ms}) {
    constexpr std::size_t seeds = 10;
    std::vector<double> accuracies;
    double oracle = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const market::SyntheticConfig config = labelled_market(interval, interval == hour_ms ? 1.5 : 8, seed);
      const market::SyntheticMarket market = market::make_synthetic_market(config);
      const RegimeColumns regimes = make_regimes(market.bars);
      accuracies.push_back(
          judge_regimes(market.regime, as_labels(regimes.regime), regimes.known).balanced_accuracy);
      oracle +=
          judge_regimes(market.regime, oracle_labels(market, config, true), regimes.known).balanced_accuracy /
          seeds;
    }
    const double mean = std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / seeds;
    double square = 0;
    for (const double accuracy : accuracies) square += (accuracy - mean) * (accuracy - mean);
    const double error = std::sqrt(square / (seeds - 1) / seeds);
    const double quantile = boost::math::quantile(boost::math::students_t(seeds - 1), 0.995);
    EXPECT_GT(mean - quantile * error, 0.25 + 0.2) << format_duration(interval);
    EXPECT_LT(mean, oracle) << format_duration(interval);
  }
}

}  // namespace
}  // namespace stevie::strategy
