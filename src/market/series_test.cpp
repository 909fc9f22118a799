#include <array>
#include <numeric>
#include <set>

#include "market/aligned_set.h"
#include "market/gaps.h"
#include "market/market_testing.h"
#include "market/readers.h"
#include "market/resample.h"
#include "market/side_series.h"
#include "market/split.h"

namespace stevie::market {
namespace {

Bars bars_with_random_holes(std::uint64_t seed, std::size_t count, TimeMs interval = hour_ms) {
  RandomStream random(seed, 1);
  std::vector<bool> keep(count);
  std::size_t hole_left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (hole_left == 0 && random.below(25) == 0) hole_left = 1 + random.below(10);
    keep[i] = hole_left == 0;
    if (hole_left > 0) --hole_left;
  }
  keep[0] = true;
  return keep_if(random_bars(seed, count, interval), [&](std::size_t i) { return keep[i]; });
}

TEST(Gaps, MissingAndPresentBarsAddUpToTheTimeCovered) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Bars bars = bars_with_random_holes(seed, 1000);
    std::size_t missing = 0;
    for (const Gap& gap : find_gaps(bars)) {
      missing += gap.missing_bars;
      EXPECT_EQ(gap.first_missing, bars.open_time[gap.bar - 1] + bars.interval);
      EXPECT_EQ(gap.resumes, bars.open_time[gap.bar]);
    }
    const auto covered =
        static_cast<std::size_t>((bars.open_time.back() - bars.open_time.front()) / hour_ms) + 1;
    EXPECT_EQ(bars.size() + missing, covered);
  }
}

TEST(Gaps, SegmentsCoverAllBarsAndCrossOnlyShortGaps) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Bars bars = bars_with_random_holes(seed, 1000);
    for (const std::size_t limit : {0u, 3u, 100u}) {
      const GapPolicy policy{.max_missing_bars = limit};
      const std::vector<BarRange> ranges = segments(bars, policy);
      const std::vector<std::uint8_t> gap_before = long_gap_before(bars, policy);
      std::size_t expected_begin = 0;
      for (const BarRange& range : ranges) {
        EXPECT_EQ(range.begin, expected_begin);
        EXPECT_GT(range.size(), 0u);
        expected_begin = range.end;
        for (std::size_t i = range.begin + 1; i < range.end; ++i) {
          EXPECT_LE(bars.open_time[i] - bars.open_time[i - 1], static_cast<TimeMs>(limit + 1) * hour_ms);
          EXPECT_EQ(gap_before[i], 0);
        }
        EXPECT_EQ(gap_before[range.begin], range.begin > 0 ? 1 : 0);
      }
      EXPECT_EQ(expected_begin, bars.size());
    }
  }
  EXPECT_TRUE(segments(Bars{}).empty());
}

TEST(Gaps, StampSlightlyOffTheGridIsNoGap) {
  Bars bars = random_bars(1, 10);
  bars.open_time[4] += 20 * minute_ms;
  EXPECT_TRUE(find_gaps(bars).empty());
}

/// Straight from the definition: every bucket searches all bars.
Bars slow_resample(const Bars& bars, TimeMs interval) {
  Bars result = bars.slice(0, 0);
  result.interval = interval;
  const TimeMs first = bars.open_time.front() / interval * interval;
  for (TimeMs start = first; start <= bars.open_time.back(); start += interval) {
    std::vector<Bar> inside;
    for (std::size_t i = 0; i < bars.size(); ++i) {
      if (bars.open_time[i] >= start && bars.open_time[i] < start + interval) inside.push_back(bars[i]);
    }
    if (inside.empty()) continue;
    if (start == first && inside.front().open_time != start) continue;
    const bool last = inside.back().open_time == bars.open_time.back();
    if (last && inside.back().open_time != start + interval - bars.interval) continue;
    Bar bucket{start, inside.front().open, inside.front().high, inside.front().low, inside.back().close, 0};
    for (const Bar& bar : inside) {
      bucket.high = std::max(bucket.high, bar.high);
      bucket.low = std::min(bucket.low, bar.low);
      bucket.volume += bar.volume;
    }
    result.push_back(bucket);
  }
  return result;
}

TEST(Resample, AgreesWithThePlainDefinition) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Bars all = bars_with_random_holes(seed, 700);
    const Bars bars = all.slice(seed, all.size() - 2 * seed);
    for (const TimeMs interval : {2 * hour_ms, 4 * hour_ms, day_ms}) {
      expect_equal(resample(bars, interval), slow_resample(bars, interval));
    }
  }
}

TEST(Resample, WeeksBeginOnMonday) {
  const Bars weeks = resample(random_bars(1, 24 * 30), 7 * day_ms);
  constexpr TimeMs monday = 1'578'268'800'000;  // 2020-01-06
  EXPECT_EQ(weeks.open_time.front(), monday);
  EXPECT_EQ(weeks.size(), 3u);
}

TEST(Resample, GivesTheSharedDailyBarsFromTheHours) {
  const auto hours = shared_file("BTCUSDT_1h_201708_202412.csv.gz");
  const auto days = shared_file("BTCUSDT_1d_201708_202412.csv");
  if (hours.empty() || days.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  const Bars made = resample(read_bars(hours), day_ms);
  const Bars published = read_bars(days);
  EXPECT_EQ(made.open_time, published.open_time);
  EXPECT_EQ(made.open, published.open);
  EXPECT_EQ(made.high, published.high);
  EXPECT_EQ(made.low, published.low);
  EXPECT_EQ(made.close, published.close);
  ASSERT_EQ(made.size(), published.size());
  constexpr double rounding = 1e-6;  // the file has six decimals
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(made.volume[i], published.volume[i], rounding);
}

TEST(Resample, RefusesWhatCannotBe) {
  const Bars bars = random_bars(1, 100);
  for (const TimeMs interval : {TimeMs{0}, hour_ms, 90 * minute_ms, 30 * minute_ms, -hour_ms}) {
    EXPECT_EQ(error_of([&] { resample(bars, interval); }).code(), "market.bad_interval") << interval;
  }
  EXPECT_EQ(error_of([&] { resample(bars.slice(0, 5), day_ms); }).code(), "market.no_bars");
}

TEST(Split, PartsFollowEachOtherWithTheEmbargoBetween) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Bars bars = bars_with_random_holes(seed, 2000);
    SplitConfig config;
    config.embargo = static_cast<TimeMs>(seed) * 5 * hour_ms;
    const Split split = split_bars(bars, config);
    EXPECT_EQ(split.train.begin, 0u);
    EXPECT_EQ(split.test.end, bars.size());
    const auto close_of_last = [&](const BarRange& range) {
      return bars.open_time[range.end - 1] + bars.interval;
    };
    EXPECT_LE(close_of_last(split.train) + config.embargo, bars.open_time[split.validation.begin]);
    EXPECT_LE(close_of_last(split.validation) + config.embargo, bars.open_time[split.test.begin]);
  }
}

TEST(Split, FractionsAreSharesOfTime) {
  const Bars bars = random_bars(1, 1000);
  const Split split =
      split_bars(bars, {.train_fraction = 0.5, .validation_fraction = 0.2, .embargo = 10 * hour_ms});
  EXPECT_EQ(split.train.end, 490u);
  EXPECT_EQ(split.validation.begin, 500u);
  EXPECT_EQ(split.validation.end, 690u);
  EXPECT_EQ(split.test.begin, 700u);
  EXPECT_EQ(split.test.end, 1000u);
}

TEST(Split, DatesAreTakenAtTheirWord) {
  const Bars bars = random_bars(1, 1000);
  SplitConfig config;
  config.from = test_start + 10 * hour_ms;
  config.to = test_start + 900 * hour_ms;
  config.validation_from = test_start + 600 * hour_ms;
  config.test_from = test_start + 700 * hour_ms;
  config.embargo = 0;
  const Split split = split_bars(bars, config);
  EXPECT_EQ(split.train.begin, 10u);
  EXPECT_EQ(split.train.end, 600u);
  EXPECT_EQ(split.validation.begin, 600u);
  EXPECT_EQ(split.validation.end, 700u);
  EXPECT_EQ(split.test.begin, 700u);
  EXPECT_EQ(split.test.end, 900u);
}

TEST(Split, EmptyPartsAreErrorsThatSayWhich) {
  const Bars bars = random_bars(1, 100);
  const Error too_long = error_of([&] { split_bars(bars, {.embargo = 30 * day_ms}); });
  EXPECT_EQ(too_long.code(), "market.empty_split");
  EXPECT_NE(too_long.message().find("training and validation"), std::string::npos) << too_long.message();

  SplitConfig later;
  later.validation_from = test_start + 1000 * hour_ms;
  later.test_from = test_start + 2000 * hour_ms;
  EXPECT_NE(error_of([&] { split_bars(bars, later); }).message().find("validation and test"),
            std::string::npos);

  SplitConfig earlier;
  earlier.validation_from = test_start - 200 * hour_ms;
  earlier.test_from = test_start - 100 * hour_ms;
  EXPECT_EQ(error_of([&] { split_bars(bars, earlier); }).code(), "market.empty_split");

  SplitConfig nowhere;
  nowhere.from = test_start + 5000 * hour_ms;
  EXPECT_EQ(error_of([&] { split_bars(bars, nowhere); }).code(), "market.empty_split");
  EXPECT_EQ(error_of([&] { split_bars(Bars{}, {}); }).code(), "market.empty_split");
}

TEST(Split, ReportsAllFaultsTogether) {
  SplitConfig config;
  config.train_fraction = 2;
  config.embargo = -1;
  config.test_from = test_start;
  const Error error = error_of([&] { split_bars(random_bars(1, 100), config); });
  EXPECT_EQ(error.code(), "market.bad_split");
  for (const char* word : {"train_fraction", "embargo", "validation_from"}) {
    EXPECT_NE(error.message().find(word), std::string::npos) << word;
  }
}

TEST(AlignedSet, KeepsExactlyTheCommonStamps) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<Bars> symbols;
    std::vector<std::set<TimeMs>> stamps;
    for (std::uint64_t k = 0; k < 3; ++k) {
      Bars bars = bars_with_random_holes(3 * seed + k, 500);
      bars.symbol = "S" + std::to_string(k);
      stamps.emplace_back(bars.open_time.begin(), bars.open_time.end());
      symbols.push_back(std::move(bars));
    }
    const AlignedSet set = align(symbols);
    std::vector<TimeMs> expected;
    for (const TimeMs time : stamps[0]) {
      if (stamps[1].count(time) != 0 && stamps[2].count(time) != 0) expected.push_back(time);
    }
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(set.symbols[k].open_time, expected);
      EXPECT_EQ(set.symbols[k].symbol, symbols[k].symbol);
      std::size_t source = 0;
      for (std::size_t i = 0; i < set.bars(); ++i) {
        while (symbols[k].open_time[source] != expected[i]) ++source;
        EXPECT_EQ(set.symbols[k].close[i], symbols[k].close[source]);
      }
    }
  }
}

TEST(AlignedSet, RefusesWhatDoesNotFitTogether) {
  Bars a = random_bars(1, 10);
  Bars b = random_bars(2, 10);
  b.symbol = "ETH/USDT";
  EXPECT_EQ(error_of([&] { align({}); }).code(), "market.cannot_align");
  EXPECT_NE(error_of([&] { align({a, a}); }).message().find("twice"), std::string::npos);
  Bars slow = b;
  slow.interval = day_ms;
  EXPECT_NE(error_of([&] { align({a, slow}); }).message().find("resample"), std::string::npos);
  for (TimeMs& time : b.open_time) time += day_ms;
  EXPECT_NE(error_of([&] { align({a, b}); }).message().find("no bar in common"), std::string::npos);
}

TEST(AlignedSet, SharedPerpetualsHaveOneClock) {
  std::vector<std::filesystem::path> paths;
  for (const char* name : {"BTC", "ETH", "SOL"}) {
    paths.push_back(shared_file(std::string("perp/") + name + "USDT-PERP_1h_202010_202406.csv.gz"));
    if (paths.back().empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  }
  const AlignedSet set = read_aligned_set(paths);
  EXPECT_EQ(set.bars(), 31'973u);
  EXPECT_EQ(set.symbols[1].symbol, "ETH/USDT:USDT");
}

std::string side_csv(const std::vector<std::pair<TimeMs, double>>& rows) {
  std::string text = "timestamp,mood\n";
  for (const auto& [time, value] : rows) text += std::to_string(time) + "," + std::to_string(value) + "\n";
  return text;
}

TEST(SideSeries, ValueIsThatOfTheLastRowKnownAtTheClose) {
  const Bars bars = random_bars(1, 6);
  const std::string text =
      side_csv({{test_start, 1}, {test_start + 2 * hour_ms, 2}, {test_start + 4 * hour_ms, 3}});

  const JoinedColumn at_once = join_as_of(parse_side_series(text, "mood.csv", 0), "mood", bars);
  // Bar i closes at hour i + 1: a row stamped at hour 2 is known when bar 1 closes.
  EXPECT_EQ(at_once.values, (std::vector<double>{1, 2, 2, 3, 3, 3}));

  const JoinedColumn late = join_as_of(parse_side_series(text, "mood.csv", 2 * hour_ms), "mood", bars);
  EXPECT_EQ(late.known, (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(late.values, (std::vector<double>{0, 1, 1, 2, 2, 3}));
}

TEST(SideSeries, ChangingRowsNotYetKnownChangesNothing) {
  std::size_t leaks_without_delay = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random(seed, 0);
    const Bars bars = bars_with_random_holes(seed, 300, 15 * minute_ms);
    const TimeMs delay = static_cast<TimeMs>(1 + random.below(5)) * 20 * minute_ms;
    std::vector<std::pair<TimeMs, double>> rows;
    for (TimeMs time = test_start - day_ms; time < bars.open_time.back(); time += hour_ms) {
      rows.emplace_back(time + static_cast<TimeMs>(random.below(50)) * minute_ms, random.normal());
    }
    const std::size_t bar = random.below(bars.size());
    const TimeMs close_time = bars.open_time[bar] + bars.interval;
    auto changed = rows;
    for (auto& [time, value] : changed) {
      if (time + delay > close_time) value = 1e6;
    }
    const auto values_until_bar = [&](const auto& source, TimeMs assumed_delay) {
      const SideSeries series = parse_side_series(side_csv(source), "mood.csv", assumed_delay);
      JoinedColumn joined = join_as_of(series, "mood", bars);
      joined.values.resize(bar + 1);
      return joined.values;
    };
    EXPECT_EQ(values_until_bar(rows, delay), values_until_bar(changed, delay));
    leaks_without_delay += values_until_bar(rows, 0) != values_until_bar(changed, 0);
  }
  EXPECT_GT(leaks_without_delay, 0u);  // this test would notice
}

TEST(SideSeries, EndedSeriesBecomesUnknown) {
  const Bars bars = random_bars(1, 24);
  const std::string text =
      side_csv({{test_start, 1}, {test_start + hour_ms, 2}, {test_start + 2 * hour_ms, 3}});
  const SideSeries series = parse_side_series(text, "mood.csv", 0);
  const auto known_count = [&](TimeMs max_age) {
    const JoinedColumn joined = join_as_of(series, "mood", bars, max_age);
    return std::accumulate(joined.known.begin(), joined.known.end(), 0);
  };
  EXPECT_EQ(known_count(0), 5);  // closes at hours 1..5, the last row being from hour 2
  EXPECT_EQ(known_count(10 * hour_ms), 12);
}

TEST(SideSeries, BadInputGivesCodeAndPlace) {
  const std::string rows = "timestamp,a,b\n1577836800000,1,2\n";
  const std::vector<std::array<std::string, 3>> cases = {
      {"", "market.no_rows", "s.csv"},
      {"timestamp,a\n", "market.no_rows", "s.csv"},
      {"day,a\n1,2\n", "market.missing_column", "s.csv:1"},
      {"timestamp\n1577836800000\n", "market.missing_column", "s.csv:1"},
      {rows + "1577840400000,1\n", "market.few_columns", "s.csv:3"},
      {rows + "1577840400000,1,good\n", "market.bad_number", "s.csv:3"},
      {rows + "1577840400000,1,nan\n", "market.bad_number", "s.csv:3"},
      {rows + "later,1,2\n", "market.bad_time", "s.csv:3"},
      {rows + "1577836800000,1,2\n", "market.duplicate", "s.csv:3"},
      {rows + "1577833200000,1,2\n", "market.unsorted", "s.csv:3"}};
  for (const auto& [text, code, place] : cases) {
    const Error error = error_of([&, &content = text] { parse_side_series(content, "s.csv", 0); });
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.place(), place) << error.what();
  }
  EXPECT_EQ(error_of([&] { parse_side_series(rows, "s.csv", -1); }).code(), "market.bad_delay");
  const SideSeries series = parse_side_series(rows, "s.csv", 0);
  EXPECT_EQ(error_of([&] { join_as_of(series, "c", random_bars(1, 3)); }).code(), "market.missing_column");
}

TEST(SideSeries, SharedFundingIsKnownOnlyAfterItsDay) {
  const auto path = shared_file("sentiment/btc_funding_daily_201909_202412.csv");
  if (path.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  const SideSeries funding = read_side_series(path, day_ms);
  EXPECT_EQ(funding.spacing, day_ms);
  EXPECT_EQ(funding.column_names, (std::vector<std::string>{"funding_mean", "funding_abs"}));
  Bars bars = random_bars(1, 24 * 10);
  const JoinedColumn joined = join_as_of(funding, "funding_mean", bars);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const TimeMs close_time = bars.open_time[i] + bars.interval;
    const TimeMs yesterday = (utc_day(close_time) - 1) * day_ms;
    const auto found = std::find(funding.stamp.begin(), funding.stamp.end(), yesterday);
    ASSERT_NE(found, funding.stamp.end());
    EXPECT_EQ(joined.values[i], funding.columns[0][static_cast<std::size_t>(found - funding.stamp.begin())]);
  }
}

}  // namespace
}  // namespace stevie::market
