#include "strategy/social.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "core/testing.h"

namespace stevie::strategy {
namespace {

/// `rows` rows of noise, one each `spacing` from 0 on.
SocialSource noise_source(std::size_t rows, TimeMs spacing, TimeMs delay, std::uint64_t stream) {
  SocialSource source;
  source.column = "score";
  source.series.name = "noise";
  source.series.column_names = {"score"};
  source.series.columns.resize(1);
  source.series.spacing = spacing;
  source.series.publication_delay = delay;
  RandomStream random(3, stream);
  for (std::size_t i = 0; i < rows; ++i) {
    source.series.stamp.push_back(static_cast<TimeMs>(i) * spacing);
    // Rounded, so that there are equal values.
    source.series.columns[0].push_back(std::round(10 * random.normal()));
  }
  return source;
}

market::Bars hour_bars(std::size_t count, TimeMs start = 0) {
  market::Bars bars;
  bars.interval = hour_ms;
  for (std::size_t i = 0; i < count; ++i) {
    bars.push_back({start + static_cast<TimeMs>(i) * hour_ms, 1, 1, 1, 1, 1});
  }
  return bars;
}

/// The definition, said slowly.
SocialState plain_state(const std::vector<SocialSource>& sources, TimeMs close, TimeMs interval,
                        const SocialConfig& config) {
  SocialState state;
  double total = 0;
  double known = 0;
  for (const SocialSource& source : sources) {
    const market::SideSeries& series = source.series;
    const std::vector<double>& values = series.columns[0];
    std::size_t newest = series.stamp.size();
    for (std::size_t i = 0; i < series.stamp.size(); ++i) {
      if (series.stamp[i] + series.publication_delay <= close) newest = i;
    }
    if (newest == series.stamp.size()) continue;
    double smaller = 0, equal = 0, count = 0;
    for (std::size_t i = 0; i < newest; ++i) {
      if (static_cast<double>(series.stamp[newest] - series.stamp[i]) > config.window_days * day_ms) continue;
      if (newest - i > config.most_rows - 1) continue;
      count += 1;
      smaller += values[i] < values[newest] ? 1 : 0;
      equal += values[i] == values[newest] ? 1 : 0;
    }
    const TimeMs age = close - series.stamp[newest] - series.publication_delay;
    if (count < static_cast<double>(config.least_rows)) continue;
    if (static_cast<double>(age) > config.stale_spacings * static_cast<double>(series.spacing)) continue;
    total += 2 * (smaller + equal / 2) / count - 1;
    known += 1;
    const double fresh = std::max(config.fresh_hours * hour_ms, static_cast<double>(interval));
    state.fresh = state.fresh || static_cast<double>(age) < fresh;
  }
  state.known = known > 0;
  state.score = known > 0 ? total / known : 0;
  return state;
}

TEST(Social, AgreesWithTheDefinition) {
  SocialConfig config;
  config.window_days = 40;
  config.most_rows = 500;
  const std::vector<SocialSource> sources{noise_source(60, day_ms, 0, 0),
                                          noise_source(900, hour_ms, hour_ms, 1),
                                          noise_source(100, 6 * hour_ms, 90 * minute_ms, 2)};
  const market::Bars bars = hour_bars(24 * 70);
  const SocialColumns columns = make_social(sources, bars, config);
  std::size_t known = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const SocialState plain = plain_state(sources, bars.open_time[i] + hour_ms, hour_ms, config);
    ASSERT_EQ(columns.known[i] == 1, plain.known) << i;
    ASSERT_EQ(columns.fresh[i] == 1, plain.fresh) << i;
    ASSERT_DOUBLE_EQ(columns.score[i], plain.score) << i;
    ASSERT_LE(std::abs(columns.score[i]), 1.0);
    known += columns.known[i];
  }
  EXPECT_GT(known, bars.size() / 2);
  EXPECT_LT(known, bars.size());
}

TEST(Social, RowsHandedInBarByBarGiveTheSameBits) {
  const std::vector<SocialSource> sources{noise_source(60, day_ms, day_ms, 0),
                                          noise_source(900, hour_ms, hour_ms, 1)};
  const market::Bars bars = hour_bars(24 * 60);
  const SocialColumns batch = make_social(sources, bars);
  SocialStream stream({{day_ms, day_ms}, {hour_ms, hour_ms}}, hour_ms);
  std::vector<std::size_t> next(sources.size(), 0);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const TimeMs close = bars.open_time[i] + hour_ms;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const market::SideSeries& series = sources[s].series;
      for (; next[s] < series.stamp.size() && series.stamp[next[s]] + series.publication_delay <= close;
           ++next[s]) {
        stream.add_row(s, series.stamp[next[s]], series.columns[0][next[s]]);
      }
    }
    const SocialState state = stream.at_close(close);
    ASSERT_EQ(state.score, batch.score[i]);
    ASSERT_EQ(state.known, batch.known[i] == 1);
    ASSERT_EQ(state.fresh, batch.fresh[i] == 1);
  }
}

TEST(Social, RowsThatAreNotKnownYetChangeNothing) {
  const market::Bars bars = hour_bars(24 * 60);
  for (const TimeMs delay : {TimeMs{0}, hour_ms, 5 * hour_ms}) {
    std::vector<SocialSource> sources{noise_source(24 * 60, hour_ms, delay, 1)};
    const SocialColumns before = make_social(sources, bars);
    const std::size_t cut = 1000;
    for (std::size_t row = cut; row < sources[0].series.stamp.size(); ++row) {
      sources[0].series.columns[0][row] = 1000;
    }
    const SocialColumns after = make_social(sources, bars);
    const TimeMs known_from = sources[0].series.stamp[cut] + delay;
    for (std::size_t i = 0; i < bars.size(); ++i) {
      if (bars.open_time[i] + hour_ms >= known_from) {
        EXPECT_NE(after.score[i], before.score[i]) << "the first bar that may know does";
        break;
      }
      ASSERT_EQ(after.score[i], before.score[i]) << i;
    }
  }
}

TEST(Social, ALongerDelayShiftsTheScore) {
  const market::Bars bars = hour_bars(24 * 60);
  const SocialColumns now = make_social(std::vector{noise_source(24 * 60, hour_ms, 0, 1)}, bars);
  const SocialColumns later = make_social(std::vector{noise_source(24 * 60, hour_ms, 7 * hour_ms, 1)}, bars);
  for (std::size_t i = 7; i < bars.size(); ++i) {
    ASSERT_EQ(later.score[i], now.score[i - 7]);
    ASSERT_EQ(later.known[i], now.known[i - 7]);
    ASSERT_EQ(later.fresh[i], now.fresh[i - 7]);
  }
}

TEST(Social, TheScoreDoesNotDependOnTheUnit) {
  const market::Bars bars = hour_bars(24 * 60);
  SocialSource source = noise_source(24 * 60, hour_ms, 0, 1);
  const SocialColumns before = make_social(std::vector{source}, bars);
  for (double& value : source.series.columns[0]) value = 50 + 0.25 * value;
  EXPECT_EQ(make_social(std::vector{source}, bars).score, before.score);
}

TEST(Social, HighAndLowRowsReachTheEnds) {
  SocialSource source = noise_source(40, day_ms, 0, 1);
  source.series.columns[0][38] = 1000;
  source.series.columns[0][39] = -1000;
  const SocialColumns columns = make_social(std::vector{source}, hour_bars(24 * 40));
  EXPECT_EQ(columns.score[24 * 38], 1.0);
  EXPECT_EQ(columns.score[24 * 39], -1.0);
}

TEST(Social, AnEventIsFreshForAWhileAndAnEndedSeriesIsNotKnown) {
  const SocialColumns columns = make_social(std::vector{noise_source(40, day_ms, 0, 1)}, hour_bars(24 * 50));
  // The row of day 35 is known at its start, which is the close of the bar before.
  const std::size_t first = 35 * 24 - 1;
  EXPECT_EQ(columns.fresh[first - 1], 0);
  for (std::size_t i = first; i < first + 4; ++i) EXPECT_EQ(columns.fresh[i], 1);
  EXPECT_EQ(columns.fresh[first + 4], 0);
  EXPECT_EQ(columns.known[first + 4], 1);
  // Three spacings after the last row.
  const std::size_t last = (39 + 3) * 24 - 1;
  EXPECT_EQ(columns.known[last], 1);
  EXPECT_EQ(columns.known[last + 1], 0);
  EXPECT_EQ(columns.score[last + 1], 0.0);
}

TEST(Social, OnLongBarsARowIsFreshOnTheBarItCameIn) {
  market::Bars days;
  days.interval = day_ms;
  for (TimeMs day = 0; day < 60; ++day) days.push_back({day * day_ms, 1, 1, 1, 1, 1});
  const SocialColumns columns =
      make_social(std::vector{noise_source(30, 2 * day_ms, hour_ms, 1)}, days, {.least_rows = 10});
  // Rows of even days are known an hour into the day.
  for (std::size_t day = 24; day < 58; ++day) EXPECT_EQ(columns.fresh[day], day % 2 == 0 ? 1 : 0) << day;
}

TEST(Social, WithoutSourcesNothingIsKnown) {
  const SocialColumns columns = make_social({}, hour_bars(10));
  EXPECT_EQ(columns.known, std::vector<std::uint8_t>(10, 0));
  EXPECT_EQ(columns.fresh, std::vector<std::uint8_t>(10, 0));
  EXPECT_TRUE(make_social(std::vector{noise_source(40, day_ms, 0, 1)}, {}).score.empty());
}

TEST(Social, BadInputIsNamed) {
  SocialSource source = noise_source(40, day_ms, 0, 1);
  source.column = "mood";
  EXPECT_EQ(error_of([&] { make_social(std::vector{source}, hour_bars(2)); }).code(),
            "market.missing_column");
  EXPECT_EQ(error_of([&] { make_social(std::vector{noise_source(1, 0, 0, 1)}, hour_bars(2)); }).code(),
            "strategy.bad_social_config");
  EXPECT_EQ(error_of([] { SocialStream({{day_ms, -1}}, hour_ms); }).code(), "strategy.bad_social_config");
  const SocialConfig config{.window_days = 0, .most_rows = 5, .fresh_hours = -1, .stale_spacings = 0};
  const Error error = error_of([&] { config.validate(); });
  EXPECT_EQ(error.code(), "strategy.bad_social_config");
  for (const char* name : {"window_days", "most_rows", "least_rows", "fresh_hours", "stale_spacings"}) {
    EXPECT_NE(error.message().find(name), std::string::npos) << name;
  }
}

TEST(Social, ARefusedRowIsNotTaken) {
  SocialStream stream({{day_ms, hour_ms}}, hour_ms);
  stream.add_row(0, 10 * day_ms, 1);
  const auto code_of = [&](TimeMs stamp, double value) {
    return error_of([&] { stream.add_row(0, stamp, value); }).code();
  };
  EXPECT_EQ(code_of(10 * day_ms, 2), "strategy.bad_social_row");
  EXPECT_EQ(code_of(11 * day_ms, std::numeric_limits<double>::quiet_NaN()), "strategy.bad_social_row");
  stream.at_close(12 * day_ms);
  EXPECT_EQ(code_of(12 * day_ms - hour_ms, 2), "strategy.bad_social_row");
  stream.add_row(0, 12 * day_ms - hour_ms + 1, 2);
}

}  // namespace
}  // namespace stevie::strategy
