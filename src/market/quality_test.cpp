#include "market/quality.h"

#include "core/file.h"
#include "market/market_testing.h"

namespace stevie::market {
namespace {

QualityReport check(const Bars& bars) {
  return check_quality(format_bars(bars), "BTCUSDT_1h.csv");
}

struct PublishedGaps {
  const char* file;
  std::size_t missing;
  std::size_t longest;
};

class SharedGaps : public ::testing::TestWithParam<PublishedGaps> {};

/// The numbers that come with the data.
TEST_P(SharedGaps, AreCountedAsPublished) {
  const auto path = shared_file(GetParam().file);
  if (path.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  const QualityReport report = check_quality(read_file(path), path.string());
  EXPECT_TRUE(report.usable());
  EXPECT_EQ(report.missing_bars, GetParam().missing);
  EXPECT_EQ(report.longest_gap, GetParam().longest);
  EXPECT_EQ(report.off_grid, 0u);
  EXPECT_EQ(report.interval, interval_from_name(path.string()));
}

INSTANTIATE_TEST_SUITE_P(Quality, SharedGaps,
                         ::testing::Values(PublishedGaps{"BTCUSDT_1h_201708_202412.csv.gz", 128, 33},
                                           PublishedGaps{"BTCUSDT_5m_201708_202412.csv.gz", 1715, 402},
                                           PublishedGaps{"BTCUSDT_1m_2021.csv.gz", 993, 284},
                                           PublishedGaps{"ETHUSDT_5m_202401_202409.csv.gz", 0, 0}));

TEST(Quality, FileOfZeroVolumeHasNone) {
  const auto path = shared_file("SOLUSDT_1h_202008_202412_novolume.csv.gz");
  if (path.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  const QualityReport report = check_quality(read_file(path), path.string());
  EXPECT_TRUE(report.usable());
  EXPECT_FALSE(report.has_volume);
  EXPECT_EQ(report.missing_bars, 20u);
}

TEST(Quality, CleanBarsAreClean) {
  const QualityReport report = check(random_bars(1, 2000));
  EXPECT_TRUE(report.usable());
  EXPECT_TRUE(report.gaps.empty());
  EXPECT_TRUE(report.outliers.empty());
  EXPECT_EQ(report.off_grid, 0u);
  EXPECT_EQ(report.zero_volume, 0u);
  EXPECT_EQ(report.rows, 2000u);
  EXPECT_EQ(report.first, test_start);
  EXPECT_EQ(report.last, test_start + 1999 * hour_ms);
}

TEST(Quality, ListsEveryKindOfFaultInsteadOfStopping) {
  const std::string text =
      "timestamp,open,high,low,close,volume\n"
      "1577836800000,10,12,9,11,5\n"   // line 2, good
      "1577840400000,10,12,9,x,5\n"    // a text
      "1577844000000,10,12,9\n"        // few columns
      "tomorrow,10,12,9,11,5\n"        // no time
      "1577851200000,10,12,9,11,5\n"   // line 6, good
      "1577851200000,10,12,9,11,5\n"   // duplicate
      "1577847600000,10,12,9,11,5\n"   // unsorted
      "1577854800000,10,12,-9,11,5\n"  // negative
      "1577858400000,10,8,9,11,5\n"    // contradictory
      "1577862000000,10,12,9,11,-5\n"  // negative volume
      "1577836800000,10,12,9,11,5\n";  // unsorted, and line 2 again
  const QualityReport report = check_quality(text, "x.csv");
  EXPECT_FALSE(report.usable());
  EXPECT_EQ(report.rows, 11u);
  EXPECT_EQ(report.faults.count(FaultKind::bad_number), 1u);
  EXPECT_EQ(report.faults.count(FaultKind::few_columns), 1u);
  EXPECT_EQ(report.faults.count(FaultKind::bad_time), 1u);
  EXPECT_EQ(report.faults.count(FaultKind::duplicate), 2u);
  EXPECT_EQ(report.faults.count(FaultKind::unsorted), 2u);
  EXPECT_EQ(report.faults.count(FaultKind::bad_price), 1u);
  EXPECT_EQ(report.faults.count(FaultKind::bad_range), 1u);
  EXPECT_EQ(report.faults.count(FaultKind::bad_volume), 1u);
  EXPECT_EQ(report.faults.total(), 10u);
  EXPECT_EQ(report.faults.earliest().line, 3u);
}

TEST(Quality, CountsAllFaultsButKeepsFewExamples) {
  std::string text = "timestamp,open,high,low,close\n";
  for (int i = 0; i < 1000; ++i) text += "soon,1,1,1,1\n";
  const QualityReport report = check_quality(text, "x.csv");
  EXPECT_EQ(report.faults.count(FaultKind::bad_time), 1000u);
  EXPECT_EQ(report.faults.first.size(), FaultList::kept_per_kind);
  EXPECT_FALSE(report.first.has_value());
}

TEST(Quality, FindsRemovedBars) {
  const Bars bars =
      keep_if(random_bars(2, 1000), [](std::size_t i) { return i != 100 && (i < 300 || i >= 340); });
  const QualityReport report = check(bars);
  EXPECT_TRUE(report.usable());
  ASSERT_EQ(report.gaps.size(), 2u);
  EXPECT_EQ(report.gaps[0].first_missing, test_start + 100 * hour_ms);
  EXPECT_EQ(report.gaps[0].missing_bars, 1u);
  EXPECT_EQ(report.gaps[1].resumes, test_start + 340 * hour_ms);
  EXPECT_EQ(report.longest_gap, 40u);
  EXPECT_EQ(report.missing_bars, 41u);
}

TEST(Quality, FindsStampsOffTheCommonGrid) {
  Bars bars = random_bars(3, 500);
  for (TimeMs& time : bars.open_time) time += 30 * minute_ms;  // half hours are as good a grid as any
  bars.open_time[7] += minute_ms;
  bars.open_time[70] -= second_ms;
  const QualityReport report = check(bars);
  EXPECT_TRUE(report.usable());
  EXPECT_EQ(report.off_grid, 2u);
  EXPECT_EQ(report.first_off_grid, (std::vector<TimeMs>{bars.open_time[7], bars.open_time[70]}));
  EXPECT_TRUE(report.gaps.empty());
}

TEST(Quality, CountsZeroVolume) {
  Bars bars = random_bars(4, 500);
  bars.volume[3] = bars.volume[4] = 0;
  EXPECT_EQ(check(bars).zero_volume, 2u);
}

TEST(Quality, FindsPlantedOutliersAndScalesWithTheirSize) {
  Bars bars = random_bars(5, 2000);
  const auto spike = [&](std::size_t i, double factor) {
    bars.close[i] *= factor;
    bars.high[i] = std::max(bars.high[i], bars.close[i]);
    bars.low[i] = std::min(bars.low[i], bars.close[i]);
  };
  spike(1500, 1.5);  // 40 of the walk's standard deviations of 0.01 up, and down again
  const QualityReport report = check(bars);
  ASSERT_EQ(report.outliers.size(), 2u);
  EXPECT_EQ(report.outliers[0].time, bars.open_time[1500]);
  EXPECT_GT(report.outliers[0].log_return, 0.35);
  EXPECT_EQ(report.outliers[1].time, bars.open_time[1501]);
  EXPECT_LT(report.outliers[1].log_return, -0.35);
  // 500 absolute returns fix the median to about a tenth.
  EXPECT_NEAR(report.outliers[0].deviations, report.outliers[0].log_return / 0.01, 0.15 * 40);
}

TEST(Quality, RefusesImpossibleConfiguration) {
  const Error error =
      error_of([] { check_quality("x", "x", {.outlier_deviations = -1, .outlier_window = 0}); });
  EXPECT_EQ(error.code(), "market.bad_quality_config");
  EXPECT_NE(error.message().find("outlier_deviations"), std::string::npos);
  EXPECT_NE(error.message().find("outlier_window"), std::string::npos);
  EXPECT_EQ(
      error_of([] { check_quality("x", "x", {.outlier_window = static_cast<std::size_t>(-1)}); }).code(),
      "market.bad_quality_config");
}

TEST(Quality, ListsTheFaultsBesideASingleUsableBar) {
  const QualityReport report = check_quality(
      "timestamp,open,high,low,close,volume\n1000,1,1,1,1,1\n1561939200000,10,12,9,11,5\n", "in.csv", {});
  EXPECT_EQ(report.rows, 2u);
  EXPECT_EQ(report.faults.count(FaultKind::bad_time), 1u);
  EXPECT_FALSE(report.first);
}

}  // namespace
}  // namespace stevie::market
