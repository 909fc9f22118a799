#include "app/social_sources.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "core/file.h"
#include "core/testing.h"
#include "market/market_testing.h"
#include "market/readers.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

constexpr TimeMs start = 1'577'836'800'000;  // 2020-01-01

market::Bars hour_bars(const std::string& symbol, std::size_t days = 60) {
  market::Bars bars;
  bars.symbol = symbol;
  bars.interval = hour_ms;
  for (std::size_t i = 0; i < 24 * days; ++i) {
    bars.push_back({start + static_cast<TimeMs>(i) * hour_ms, 1, 1, 1, 1, 1});
  }
  return bars;
}

/// A series of `rows` days from `first` on with one column.
std::string daily_series(const std::string& column, TimeMs first = start, int rows = 60) {
  std::string text = "timestamp," + column + "\n";
  for (int i = 0; i < rows; ++i) {
    text += std::to_string(first + i * day_ms) + "," + std::to_string((i * 37) % 101) + "\n";
  }
  return text;
}

class SocialSourcesTest : public testing::Test {
 protected:
  SocialSourcesTest() { fs::create_directories(folder_.path() / "sentiment"); }
  std::string write(const std::string& name, const std::string& text) const {
    const fs::path file = folder_.path() / name;
    write_file(file, text);
    return file.string();
  }
  SocialSources load(std::vector<std::string> files, const std::string& symbol = "BTC/USDT") const {
    return load_social_sources({.files = std::move(files)}, bars_file(), hour_bars(symbol));
  }
  fs::path bars_file() const { return folder_.path() / "BTCUSDT_1h.csv"; }
  Error fault_of(const std::string& file) const {
    return error_of([&] { load({file}); });
  }

  TemporaryFolder folder_;
};

TEST(SocialSpec, ReadsFileColumnAndDelay) {
  const auto check = [](const std::string& text, const std::string& file, const std::string& column,
                        std::optional<TimeMs> delay) {
    const SocialSpec spec = parse_social_spec(text);
    EXPECT_EQ(spec.file, file) << text;
    EXPECT_EQ(spec.column, column) << text;
    EXPECT_EQ(spec.delay, delay) << text;
  };
  check("mood.csv", "mood.csv", "", {});
  check("mood.csv:Overall", "mood.csv", "overall", {});
  check("mood.csv@1h", "mood.csv", "", hour_ms);
  check("a/mood.csv:overall@0s", "a/mood.csv", "overall", 0);
  check("a@b/c:d/mood.csv", "a@b/c:d/mood.csv", "", {});
  for (const char* bad : {"", ":overall", "a/", "mood.csv:", "mood.csv@", "mood.csv@soon", "mood.csv@-1h"}) {
    EXPECT_EQ(error_of([&] { parse_social_spec(bad); }).code(), "app.bad_social") << bad;
  }
}

TEST(SocialSpec, OnlyColumnsThatGrowWithTheMoodAreTaken) {
  for (const char* name : {"overall", "fear_greed", "sentiment"}) EXPECT_TRUE(is_social_column(name)) << name;
  for (const char* name : {"funding_mean", "funding_abs", "neg", "pos", "negative_sentiment", "volume"}) {
    EXPECT_FALSE(is_social_column(name)) << name;
  }
}

TEST_F(SocialSourcesTest, ARowIsKnownOneSpacingLaterUnlessToldOtherwise) {
  const std::string file = write("mood.csv", daily_series("overall"));
  const SocialSources safe = load({file});
  ASSERT_EQ(safe.sources.size(), 1U);
  EXPECT_EQ(safe.sources[0].series.publication_delay, day_ms);
  EXPECT_EQ(safe.sources[0].column, "overall");
  ASSERT_EQ(safe.notes.size(), 1U);
  EXPECT_NE(safe.notes[0].find("known 1d after its stamp (its own spacing"), std::string::npos)
      << safe.notes[0];
  EXPECT_EQ(load({file + "@0s"}).sources[0].series.publication_delay, 0);
  EXPECT_NE(load({file + "@0s"}).notes[0].find("as told"), std::string::npos);
}

TEST_F(SocialSourcesTest, ANamedColumnIsTakenWhateverItsName) {
  const std::string file = write("funding.csv", daily_series("funding_mean"));
  EXPECT_EQ(fault_of(file).code(), "app.bad_social");
  EXPECT_NE(fault_of(file).message().find("funding_mean"), std::string::npos);
  EXPECT_EQ(load({file + ":funding_mean"}).sources[0].column, "funding_mean");
}

TEST_F(SocialSourcesTest, BadFilesAreNamed) {
  const std::string good = write("good.csv", daily_series("mood"));
  EXPECT_EQ(fault_of(good + ":joy").code(), "market.missing_column");
  EXPECT_EQ(fault_of(good + ":joy").place(), good);
  EXPECT_EQ(error_of([&] { load({good, good + ":mood"}); }).code(), "app.bad_social");
  EXPECT_EQ(fault_of(write("two.csv", "timestamp,mood,overall\n1577836800,1,2\n1577923200,1,2\n")).code(),
            "app.bad_social");
  EXPECT_EQ(fault_of(write("single.csv", daily_series("mood", start, 1))).code(), "app.bad_social");
  EXPECT_EQ(fault_of(write("unsorted.csv", "timestamp,mood\n1577923200,1\n1577836800,2\n")).code(),
            "market.unsorted");
  EXPECT_EQ(fault_of(write("text.csv", "timestamp,mood\n1577836800,good\n1577923200,1\n")).code(),
            "market.bad_number");
  EXPECT_EQ(fault_of(write("no_stamp.csv", "day,mood\n1,2\n")).code(), "market.missing_column");
  const std::string early = write("early.csv", daily_series("mood", start - 400 * day_ms));
  EXPECT_EQ(fault_of(early).code(), "app.social_no_overlap");
  EXPECT_EQ(fault_of(early).place(), early);
  EXPECT_THROW(load({(folder_.path() / "none.csv").string()}), Error);
}

TEST_F(SocialSourcesTest, FindsWhatFitsBesideTheBarsAndSaysWhatDoesNot) {
  write("sentiment/btc_tweets_hourly.csv", daily_series("overall"));
  write("sentiment/BTCUSDT_news.csv", daily_series("sentiment"));
  write("sentiment/fear_greed_daily.csv", daily_series("fear_greed"));
  write("sentiment/eth_tweets_hourly.csv", daily_series("overall"));
  write("sentiment/btc_funding_daily.csv", daily_series("funding_mean"));
  write("sentiment/btc_old.csv", daily_series("mood", start - 400 * day_ms));
  write("sentiment/btc_broken.csv", "timestamp,mood\n5,5\n");
  write("sentiment/readme.txt", "no series");
  const SocialSources found = load({});
  std::vector<std::string> used;
  for (const strategy::SocialSource& source : found.sources) used.push_back(source.series.name);
  EXPECT_EQ(used, (std::vector<std::string>{"BTCUSDT_news", "btc_tweets_hourly", "fear_greed_daily"}));
  for (const strategy::SocialSource& source : found.sources) {
    EXPECT_EQ(source.series.publication_delay, day_ms);
  }
  std::size_t left_out = 0;
  for (const std::string& note : found.notes) left_out += note.starts_with("not a social score: ") ? 1U : 0U;
  EXPECT_EQ(left_out, 4U);
  EXPECT_EQ(found.notes.size(), 7U);

  used.clear();
  for (const strategy::SocialSource& source : load({}, "ETH/USD").sources) used.push_back(source.series.name);
  EXPECT_EQ(used, (std::vector<std::string>{"eth_tweets_hourly", "fear_greed_daily"}));
  EXPECT_EQ(load({}, "").sources.size(), 1U);
  EXPECT_TRUE(load({}, "SYNTH/USDT").sources.empty());
}

TEST_F(SocialSourcesTest, DiscoveryCanBeSwitchedOffAndNamedFilesReplaceIt) {
  write("sentiment/fear_greed_daily.csv", daily_series("fear_greed"));
  const SocialSources off =
      load_social_sources({.files = {}, .discover = false}, bars_file(), hour_bars("BTC/USDT"));
  EXPECT_TRUE(off.sources.empty());
  EXPECT_TRUE(off.notes.empty());
  const SocialSources named = load({write("mood.csv", daily_series("mood"))});
  ASSERT_EQ(named.sources.size(), 1U);
  EXPECT_EQ(named.sources[0].series.name, "mood");
}

TEST_F(SocialSourcesTest, NoFolderIsNoFault) {
  fs::remove_all(folder_.path() / "sentiment");
  EXPECT_TRUE(load({}).sources.empty());
  EXPECT_TRUE(load_social_sources({}, "bars.csv", hour_bars("BTC/USDT")).sources.empty());
}

/// Facts about the shared files.
TEST(SocialSources, TheSharedSeriesAreRead) {
  const fs::path file = market::shared_file("BTCUSDT_1h_201708_202412.csv.gz");
  if (file.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  const SocialSources found = load_social_sources({}, file, market::read_bars(file));
  ASSERT_EQ(found.sources.size(), 2U);
  EXPECT_EQ(found.sources[0].column, "overall");
  EXPECT_EQ(found.sources[0].series.publication_delay, hour_ms);
  EXPECT_EQ(found.sources[1].column, "fear_greed");
  EXPECT_EQ(found.sources[1].series.publication_delay, day_ms);
  EXPECT_EQ(found.notes.size(), 3U);  // funding is left out
}

}  // namespace
}  // namespace stevie::app
