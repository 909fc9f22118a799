#include "strategy/rule_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <filesystem>

#include "core/random.h"
#include "core/testing.h"
#include "features/causality.h"
#include "features/random_series.h"
#include "market/readers.h"
#include "strategy/ordered_window.h"

namespace stevie::strategy {
namespace {

RuleSettings small_settings() {
  RuleSettings settings;
  settings.volatility_span = 6 * hour_ms;
  settings.volatility_min_bars = 5;
  settings.percentile_span = 20 * day_ms;
  settings.percentile_min_span = 2 * day_ms;
  settings.channel_bars = 7;
  settings.mean_bars = 12;
  settings.atr_bars = 5;
  settings.stretch = 1.5;
  return settings;
}

std::size_t segment_begin(const market::Bars& bars, const RuleSettings& settings, std::size_t t) {
  for (const market::BarRange& range : market::segments(bars, settings.gaps)) {
    if (t < range.end) return range.begin;
  }
  return t;
}

/// The inputs of bar t as docs/strategy.md words them, from scratch. `volatility` holds those of the bars
/// so far, negative where there is none.
RuleRow plain_row(const market::Bars& bars, const RuleSettings& settings, std::size_t t,
                  const std::vector<double>& volatility) {
  RuleRow row;
  row.close = bars.close[t];
  row.range = (bars.high[t] - bars.low[t]) / bars.close[t];
  const std::size_t first = segment_begin(bars, settings, t);
  const std::size_t seen = t - first;  // bars of the segment before this one
  const auto window = std::max(settings.volatility_min_bars,
                               static_cast<std::size_t>(settings.volatility_span / bars.interval));
  bool ranked = false;
  if (seen >= window) {
    double squares = 0;
    for (std::size_t i = t + 1 - window; i <= t; ++i) {
      squares += std::pow(std::log(bars.close[i] / bars.close[i - 1]), 2);
    }
    row.volatility = std::sqrt(squares / static_cast<double>(window));
    double below = 0, past = 0;
    for (std::size_t i = 0; i < t; ++i) {
      if (volatility[i] < 0 || bars.open_time[i] < bars.open_time[t] - settings.percentile_span) continue;
      past += 1;
      below += volatility[i] < volatility[t] ? 1 : volatility[i] == volatility[t] ? 0.5 : 0;
    }
    ranked = past >= 10 && past >= static_cast<double>(settings.percentile_min_span / bars.interval);
    if (ranked) row.volatility_percentile = 100 * below / past;
  }
  if (seen >= settings.channel_bars) {
    const auto before = static_cast<std::ptrdiff_t>(t),
               count = static_cast<std::ptrdiff_t>(settings.channel_bars);
    row.channel_high = *std::max_element(bars.high.begin() + before - count, bars.high.begin() + before);
    row.channel_low = *std::min_element(bars.low.begin() + before - count, bars.low.begin() + before);
    row.breakout = row.close > row.channel_high ? 1 : row.close < row.channel_low ? -1 : 0;
  }
  if (seen + 1 >= settings.mean_bars) {
    const auto count = static_cast<double>(settings.mean_bars);
    for (std::size_t i = t + 1 - settings.mean_bars; i <= t; ++i) row.mean += bars.close[i] / count;
    double squares = 0;
    for (std::size_t i = t + 1 - settings.mean_bars; i <= t; ++i)
      squares += std::pow(bars.close[i] - row.mean, 2);
    const double deviation = std::sqrt(squares / (count - 1));
    if (deviation > 1e-12 * row.mean) row.z_score = (row.close - row.mean) / deviation;
  }
  double atr = 0;
  for (std::size_t i = first; i <= t; ++i) {
    const double before = i == first ? bars.open[i] : bars.close[i - 1];
    const double range = std::max(bars.high[i], before) - std::min(bars.low[i], before);
    const double weight =
        std::min(static_cast<double>(i - first + 1), static_cast<double>(settings.atr_bars));
    atr += (range - atr) / weight;
  }
  if (seen + 1 >= settings.atr_bars) row.atr_share = atr / row.close;
  row.ready = ranked && seen >= settings.channel_bars && seen + 1 >= settings.mean_bars && row.atr_share > 0;
  return row;
}

void expect_near(double actual, double expected, const char* what, std::size_t t) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::max(1.0, std::abs(expected))) << what << " of bar " << t;
}

class RuleInputsOf : public testing::TestWithParam<features::SeriesKind> {};

TEST_P(RuleInputsOf, AreWhatTheirDescriptionSays) {
  const market::Bars bars = features::random_series(GetParam(), 1200, 5);
  const RuleSettings settings = small_settings();
  const RuleInputs inputs = make_rule_inputs(bars, settings);
  std::vector<double> volatility(bars.size());
  for (std::size_t t = 0; t < bars.size(); ++t) {
    const RuleRow row = inputs[t];
    volatility[t] = row.volatility;
    const RuleRow plain = plain_row(bars, settings, t, volatility);
    expect_near(row.volatility, plain.volatility, "volatility", t);
    expect_near(row.mean / row.close, plain.mean / row.close, "mean", t);
    expect_near(row.atr_share, plain.atr_share, "ATR share", t);
    EXPECT_NEAR(row.z_score, plain.z_score, 1e-6) << t;
    EXPECT_DOUBLE_EQ(row.volatility_percentile, plain.volatility_percentile) << t;
    EXPECT_EQ(row.channel_high, plain.channel_high) << t;
    EXPECT_EQ(row.channel_low, plain.channel_low) << t;
    EXPECT_EQ(row.range, plain.range) << t;
    EXPECT_EQ(row.breakout, plain.breakout) << t;
    EXPECT_EQ(row.stretched, row.z_score >= 1.5 ? 1 : row.z_score <= -1.5 ? -1 : 0) << t;
    EXPECT_EQ(row.ready, plain.ready) << t;
    const std::size_t first = segment_begin(bars, settings, t);
    if (t - first < 6) volatility[t] = -1;  // none yet
  }
}

TEST_P(RuleInputsOf, DoNotSeeTheFuture) {
  const features::FeatureFunction compute = [](const market::Bars& bars) {
    const RuleInputs inputs = make_rule_inputs(bars, small_settings());
    features::FeatureMatrix matrix;
    matrix.rows = bars.size();
    matrix.columns = 11;
    for (std::size_t t = 0; t < bars.size(); ++t) {
      const RuleRow row = inputs[t];
      for (const double value : {row.volatility * 1e3, row.volatility_percentile, row.channel_high,
                                 row.channel_low, row.mean, row.z_score, row.atr_share, row.range,
                                 double(row.breakout), double(row.stretched), row.ready ? 1.0 : 0.0}) {
        matrix.values.push_back(static_cast<float>(value));
      }
    }
    return matrix;
  };
  const market::Bars bars = features::random_series(GetParam(), 700, 9);
  const std::vector<std::size_t> cuts{0, 1, 6, 12, 60, 299, 480, 698};
  EXPECT_TRUE(features::columns_that_see_the_future(compute, bars, cuts).empty());
}

INSTANTIATE_TEST_SUITE_P(Series, RuleInputsOf, testing::ValuesIn(features::series_kinds()),
                         [](const auto& series) { return series.param.name; });

TEST(RuleInputs, TakeTheSideColumnsAsTheyAre) {
  const market::Bars bars = features::random_series({.name = "ordinary"}, 30, 1);
  std::vector<double> score(30);
  std::vector<std::uint8_t> fresh(30);
  std::vector<Regime> regime(30);
  for (std::size_t i = 0; i < 30; ++i) {
    score[i] = static_cast<double>(i) / 15 - 1;
    fresh[i] = i % 3 == 0;
    regime[i] = static_cast<Regime>(i % 4);
  }
  const RuleInputs inputs = make_rule_inputs(bars, {}, {score, fresh, regime});
  EXPECT_EQ(inputs.social_score, score);
  EXPECT_EQ(inputs.social_fresh, fresh);
  EXPECT_EQ(inputs.regime, regime);
  const RuleInputs without = make_rule_inputs(bars);
  EXPECT_EQ(without[7].regime, Regime::sideways);
  EXPECT_FALSE(without[7].social_fresh);
}

TEST(RuleInputs, BeginAnewBehindALongGapButKeepThePastVolatilities) {
  market::Bars bars = features::random_series({.name = "ordinary"}, 400, 3);
  for (std::size_t i = 300; i < 400; ++i) bars.open_time[i] += 5 * hour_ms;  // 5 bars are missing
  const RuleSettings settings = small_settings();
  const RuleInputs inputs = make_rule_inputs(bars, settings);
  EXPECT_TRUE(inputs[299].ready);
  for (std::size_t i = 300; i < 311; ++i) EXPECT_FALSE(inputs[i].ready) << i;
  EXPECT_TRUE(inputs[311].ready);
  EXPECT_EQ(inputs[306].channel_high, 0);
  EXPECT_GT(inputs[307].channel_high, 0);

  for (std::size_t i = 300; i < 400; ++i) bars.open_time[i] -= 2 * hour_ms;  // 3: crossed as one step
  EXPECT_TRUE(make_rule_inputs(bars, settings)[300].ready);
}

TEST(RuleInputs, AreReadyOnceAMonthOfVolatilitiesIsThere) {
  const market::Bars bars = features::random_series({.name = "ordinary"}, 24 * 32, 3);
  const RuleInputs inputs = make_rule_inputs(bars);
  const std::size_t first = 24 + 30 * 24;  // a day for the first volatility, then thirty days of them
  EXPECT_FALSE(inputs[first - 1].ready);
  EXPECT_TRUE(inputs[first].ready);
}

TEST(RuleInputs, OfRealBarsAreTheSameBitsBarByBar) {
  const char* shared = std::getenv("STEVIE_SHARED");
  const std::filesystem::path path =
      std::filesystem::path(shared == nullptr ? "" : shared) / "data/BTCUSDT_1h_201708_202412.csv.gz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the shared data are not there";
  const market::Bars bars = market::read_bars(path);
  const RuleInputs inputs = make_rule_inputs(bars);
  RuleInputStream stream({}, bars.interval);
  double percentile = 0, ready = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    ASSERT_EQ(stream.push(bars[i]), inputs[i]) << i;
    if (inputs[i].ready) percentile += inputs[i].volatility_percentile, ready += 1;
  }
  EXPECT_GT(ready, 0.97 * static_cast<double>(bars.size()));
  EXPECT_GT(percentile / ready, 30);  // a rank among past values averages near the middle
  EXPECT_LT(percentile / ready, 60);
}

TEST(RuleInputStream, RefusesABarAndForgetsItAtOnce) {
  const market::Bars bars = features::random_series({.name = "ordinary"}, 200, 3);
  RuleInputStream stream(small_settings(), bars.interval);
  const RuleInputs inputs = make_rule_inputs(bars, small_settings());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    market::Bar bar = bars[i];
    bar.low = std::nan("");
    EXPECT_EQ(error_of([&] { stream.push(bar); }).code(), "strategy.bad_bar");
    if (i > 0) {
      EXPECT_EQ(error_of([&] { stream.push(bars[i - 1]); }).code(), "strategy.bad_bar");
    }
    EXPECT_EQ(error_of([&] { stream.push(bars[i], {.social_score = 1.5}); }).code(), "strategy.bad_columns");
    EXPECT_EQ(stream.push(bars[i]), inputs[i]);
  }
}

TEST(RuleInputs, RefuseColumnsThatDoNotFit) {
  const market::Bars bars = features::random_series({.name = "ordinary"}, 20, 3);
  const std::vector<double> score(19);
  EXPECT_EQ(error_of([&] { make_rule_inputs(bars, {}, {.social_score = score}); }).code(),
            "strategy.bad_columns");
  market::Bars no_interval = bars;
  no_interval.interval = 0;
  EXPECT_EQ(error_of([&] { make_rule_inputs(no_interval); }).code(), "strategy.bad_columns");
}

TEST(RuleSettings, AreCheckedAllTogether) {
  RuleSettings settings;
  settings.channel_bars = 1;
  settings.stretch = std::nan("");
  settings.percentile_min_span = 400 * day_ms;
  EXPECT_EQ(settings.faults().size(), 3u);
  EXPECT_EQ(error_of([&] { settings.validate(); }).code(), "strategy.bad_settings");
  EXPECT_TRUE(RuleSettings{}.faults().empty());
}

TEST(OrderedWindow, CountsAsASortedListDoes) {
  RandomStream random(3, 0);
  OrderedWindow window;
  std::deque<double> values;
  for (int step = 0; step < 20'000; ++step) {
    // few distinct values at times, and a level that wanders, so that blocks split, drain and vanish
    const double level = std::floor(static_cast<double>(step) / 4000) * 0.5;
    const double value = step % 3000 < 300 ? level : level + std::floor(random.uniform() * 1e4) / 1e4;
    window.insert(value);
    values.push_back(value);
    if (values.size() > 3000 || (step % 10'000 > 9000 && values.size() > 1)) {
      for (int k = 0; k < 2 && values.size() > 1; ++k) {
        window.remove(values.front());
        values.pop_front();
      }
    }
    if (step % 50 != 0) continue;
    const double probe = random.uniform() < 0.5 ? values[values.size() / 2] : 3 * random.uniform();
    EXPECT_EQ(window.size(), values.size());
    EXPECT_EQ(window.count_below(probe),
              static_cast<std::size_t>(
                  std::count_if(values.begin(), values.end(), [&](double x) { return x < probe; })));
    EXPECT_EQ(window.count_up_to(probe),
              static_cast<std::size_t>(
                  std::count_if(values.begin(), values.end(), [&](double x) { return x <= probe; })));
  }
}

}  // namespace
}  // namespace stevie::strategy
