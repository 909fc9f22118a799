#include "market/readers.h"

#include <fmt/format.h>

#include "core/file.h"
#include "market/csv.h"
#include "market/market_testing.h"
#include "market/raw_bars.h"

namespace stevie::market {
namespace {

/// The same three hours of 2019-07-01 in every format: open times 00:00, 01:00 and 02:00 UTC.
constexpr TimeMs first_hour = 1'561'939'200'000;

void expect_three_hours(const Bars& bars, bool has_volume = true) {
  ASSERT_EQ(bars.size(), 3u);
  EXPECT_EQ(bars.interval, hour_ms);
  EXPECT_EQ(bars.open_time,
            (std::vector<TimeMs>{first_hour, first_hour + hour_ms, first_hour + 2 * hour_ms}));
  EXPECT_EQ(bars.open, (std::vector<double>{10, 11, 12}));
  EXPECT_EQ(bars.high, (std::vector<double>{12, 13, 14.5}));
  EXPECT_EQ(bars.low, (std::vector<double>{9, 10, 11.25}));
  EXPECT_EQ(bars.close, (std::vector<double>{11, 12, 13}));
  EXPECT_EQ(bars.has_volume, has_volume);
  if (!has_volume) return;
  EXPECT_EQ(bars.volume, (std::vector<double>{5, 0, 7}));
}

TEST(Readers, ProjectCsvInAnyColumnOrderAndCase) {
  expect_three_hours(
      parse_bars("timestamp,open,high,low,close,volume\n"
                 "1561939200000,10,12,9,11,5\n1561942800000,11,13,10,12,0\n"
                 "1561946400000,12,14.5,11.25,13,7\n",
                 "x.csv"));
  expect_three_hours(
      parse_bars("\xef\xbb\xbf"
                 "Volume, Close ,LOW,High,note,Open,Date\r\n"
                 "5,11,9,12,a,10,2019-07-01T00:00:00Z\r\n0,12,10,13,,11,2019-07-01 01:00\r\n\r\n"
                 "7,13,11.25,1.45e1,\"c\",12,2019-07-01T04:00:00+02:00",
                 "x.csv"));
}

TEST(Readers, EveryUnitOfTime) {
  for (const char* unit : {"", "000", "000000", "000000000", ".0"}) {
    expect_three_hours(
        parse_bars(fmt::format("time,open,high,low,close,volume\n1561939200{0},10,12,9,11,5\n"
                               "1561942800{0},11,13,10,12,0\n1561946400{0},12,14.5,11.25,13,7\n",
                               unit),
                   "x.csv"));
  }
}

TEST(Readers, FilesWithoutVolume) {
  expect_three_hours(
      parse_bars("timestamp,open,high,low,close\n1561939200,10,12,9,11\n1561942800,11,13,10,12\n"
                 "1561946400,12,14.5,11.25,13\n",
                 "x.csv"),
      false);
  expect_three_hours(parse_bars("timestamp,open,high,low,close,volume\n1561939200,10,12,9,11,0\n"
                                "1561942800,11,13,10,12,0\n1561946400,12,14.5,11.25,13,0.0\n",
                                "x.csv"),
                     false);
}

TEST(Readers, BinanceKlinesWithAndWithoutHeader) {
  const std::string header =
      "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
      "taker_buy_quote_volume,ignore\n";
  const std::string rows =
      "1561939200000,10.0,12.0,9.0,11.0,5.0,1561942799999,50.0,3,1.0,10.0,0\n"
      "1561942800000,11.0,13.0,10.0,12.0,0.0,1561946399999,0.0,0,0,0,0\n"
      "1561946400000,12.0,14.5,11.25,13.0,7.0,1561949999999,91.0,4,1.0,10.0,0\n";
  std::string in_microseconds = rows;
  for (const char* stamp : {"1561939200000", "1561942800000", "1561946400000"}) {
    in_microseconds.insert(in_microseconds.find(stamp) + 13, "000");
  }
  for (const std::string& text : {rows, header + rows, in_microseconds}) {
    expect_three_hours(parse_bars(text, "BTCUSDT-1h-2019-07.csv"));
    EXPECT_EQ(parse_raw_bars(text, "x").format, SourceFormat::binance_klines);
    EXPECT_EQ(parse_bars(text, "BTCUSDT-1h-2019-07.csv").symbol, "BTC/USDT");
  }
}

TEST(Readers, CryptoDataDownloadNewestFirst) {
  const std::string seconds =
      "https://www.CryptoDataDownload.com\n"
      "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n"
      "1561946400,2019-07-01 02:00:00,BTC/USD,12,14.5,11.25,13,7,91\n"
      "1561942800,2019-07-01 01:00:00,BTC/USD,11,13,10,12,0,0\n"
      "1561939200,2019-07-01 00:00:00,BTC/USD,10,12,9,11,5,55\n";
  std::string milliseconds = seconds;
  for (const char* stamp : {"1561946400,", "1561942800,", "1561939200,"}) {
    milliseconds.insert(milliseconds.find(stamp) + 10, "000");
  }
  const std::string older =
      "https://www.CryptoDataDownload.com\n"
      "Date,Symbol,Open,High,Low,Close,Volume USD,Volume BTC\n"
      "2019-07-01 02-AM,BTCUSD,12,14.5,11.25,13,91,7\n"
      "2019-07-01 01-AM,BTCUSD,11,13,10,12,0,0\n"
      "2019-07-01 12-AM,BTCUSD,10,12,9,11,55,5\n";
  for (const std::string& text : {seconds, milliseconds, older}) {
    const Bars bars = parse_bars(text, "Coinbase.csv");
    expect_three_hours(bars);
    EXPECT_EQ(bars.symbol, "BTC/USD");
    EXPECT_EQ(parse_raw_bars(text, "x").format, SourceFormat::cryptodatadownload);
  }
}

TEST(Readers, TwelveHourClock) {
  EXPECT_EQ(parse_stamp("2019-07-01 12-AM"), first_hour);
  EXPECT_EQ(parse_stamp("2019-07-01 01-AM"), first_hour + hour_ms);
  EXPECT_EQ(parse_stamp("2019-07-01 12-PM"), first_hour + 12 * hour_ms);
  EXPECT_EQ(parse_stamp("2019-07-01 11-PM"), first_hour + 23 * hour_ms);
  EXPECT_FALSE(parse_stamp("2019-07-01 13-PM"));
  EXPECT_FALSE(parse_stamp("2019-07-01 00-AM"));
}

TEST(Readers, CcxtAndRestJsonRows) {
  expect_three_hours(
      parse_bars("[[1561939200000,10,12,9,11,5],\n[1561942800000,11,13,10,12,0],"
                 "[1561946400000,12.0,14.5,11.25,13,7.0]]",
                 "BTC_USDT-1h.json"));
  expect_three_hours(
      parse_bars(R"([[1561939200000,"10","12","9","11","5",1561942799999,"50",3,"1","10","0"],)"
                 R"([1561942800000,"11","13","10","12","0",0,"",0,"","",null],)"
                 R"([1561946400000,"12.0","14.5","11.25","13","7"]])",
                 "x.json"));
  EXPECT_EQ(parse_bars("[[1561939200000,1,1,1,1,1]]", "data/BTC_USDT-1h.json").symbol, "BTC/USDT");
}

TEST(Readers, GzipOrNotIsToldByContent) {
  const auto folder = fresh_folder();
  const Bars bars = random_bars(1, 200);
  write_file(folder / "BTCUSDT_a.csv", gzip(format_bars(bars)));
  write_file(folder / "BTCUSDT_b.csv.gz", format_bars(bars));
  expect_equal(read_bars(folder / "BTCUSDT_a.csv"), bars);
  expect_equal(read_bars(folder / "BTCUSDT_b.csv.gz"), bars);
}

TEST(Readers, WhatIsWrittenReadsBackToTheSameBits) {
  const auto folder = fresh_folder();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Bars bars = random_bars(seed, 50 + 10 * seed, seed % 2 == 0 ? hour_ms : 5 * minute_ms);
    if (seed == 3) {
      bars.has_volume = false;
      bars.volume.assign(bars.size(), 0.0);
    }
    for (const char* name : {"BTCUSDT_x.csv", "BTCUSDT_x.csv.gz"}) {
      write_bars(folder / name, bars);
      expect_equal(read_bars(folder / name), bars);
    }
  }
  EXPECT_EQ(read_file(folder / "BTCUSDT_x.csv"), read_file(folder / "BTCUSDT_x.csv.gz"));
}

TEST(Readers, OneBarNeedsItsIntervalFromTheName) {
  const std::string text = "timestamp,open,high,low,close\n1561939200,10,12,9,11\n";
  EXPECT_EQ(parse_bars(text, "data/ETHUSDT_15m_2019.csv").interval, 15 * minute_ms);
  EXPECT_EQ(parse_bars(text, "x.csv", {.interval = day_ms}).interval, day_ms);
  EXPECT_EQ(error_of([&] { parse_bars(text, "x.csv"); }).code(), "market.no_interval");
}

struct BadInput {
  const char* name;
  std::string text;
  std::string code;
  std::string place;
};

class BadBars : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadBars, GiveTheirCodeAndPlace) {
  const BadInput& input = GetParam();
  const Error error = error_of([&] { parse_bars(input.text, "in.csv"); });
  EXPECT_EQ(error.code(), input.code) << error.what();
  EXPECT_EQ(error.place(), input.place) << error.what();
  EXPECT_GT(error.message().size(), 20u);
}

const std::string header = "timestamp,open,high,low,close,volume\n";
const std::string good_row = "1561939200000,10,12,9,11,5\n";

INSTANTIATE_TEST_SUITE_P(
    Readers, BadBars,
    ::testing::Values(
        BadInput{"empty", "", "market.no_bars", "in.csv"},
        BadInput{"blank", "\n \n", "market.no_bars", "in.csv"},
        BadInput{"header_only", header, "market.no_bars", "in.csv"},
        BadInput{"address_only", "https://www.CryptoDataDownload.com\n", "market.no_bars", "in.csv"},
        BadInput{"missing_column", "timestamp,open,high,close\n1,2,3,4\n", "market.missing_column",
                 "in.csv:1"},
        BadInput{"semicolons", "timestamp;open;high;low;close\n", "market.missing_column", "in.csv:1"},
        BadInput{"no_header", good_row, "market.missing_column", "in.csv:1"},
        BadInput{"text_in_number", header + good_row + "1561942800000,11,13,ten,12,0\n", "market.bad_number",
                 "in.csv:3"},
        BadInput{"nan", header + good_row + "1561942800000,11,13,10,nan,0\n", "market.bad_number",
                 "in.csv:3"},
        BadInput{"infinity", header + good_row + "1561942800000,11,inf,10,12,0\n", "market.bad_number",
                 "in.csv:3"},
        BadInput{"empty_cell", header + good_row + "1561942800000,11,13,10,12,\n", "market.bad_number",
                 "in.csv:3"},
        BadInput{"overflow", header + "1561942800000,11,1e999,10,12,1\n", "market.bad_number", "in.csv:2"},
        BadInput{"comma_in_a_number", header + "1561942800000,11,\"1,300.5\",10,12,1\n", "market.bad_number",
                 "in.csv:2"},
        BadInput{"open_quote", header + "1561942800000,11,\"13,10,12,1\n", "market.few_columns", "in.csv:2"},
        BadInput{"double_column", "timestamp,open,high,low,close,Close\n", "market.double_column",
                 "in.csv:1"},
        BadInput{"utf16", std::string("\xff\xfet\0i\0m\0e\0", 10), "market.bad_text", "in.csv"},
        BadInput{"carriage_returns", "timestamp,open,high,low,close\r1561942800000,1,1,1,1\r",
                 "market.bad_text", "in.csv"},
        BadInput{"few_columns", header + good_row + "1561942800000,11,13\n", "market.few_columns",
                 "in.csv:3"},
        BadInput{"bad_time", header + "yesterday,10,12,9,11,5\n", "market.bad_time", "in.csv:2"},
        BadInput{"unsorted", header + good_row + "1561935600000,11,13,10,12,0\n", "market.unsorted",
                 "in.csv:3"},
        BadInput{"duplicate", header + good_row + "\n" + good_row, "market.duplicate", "in.csv:4"},
        BadInput{"zero_price", header + "1561939200000,10,12,0,11,5\n", "market.bad_price", "in.csv:2"},
        BadInput{"negative_price", header + "1561939200000,-10,12,-11,11,5\n", "market.bad_price",
                 "in.csv:2"},
        BadInput{"absurd_price", header + "1561939200000,10,1e300,9,11,5\n", "market.bad_price", "in.csv:2"},
        BadInput{"high_below_low", header + "1561939200000,10,8,9,8.5,5\n", "market.bad_range", "in.csv:2"},
        BadInput{"close_outside", header + "1561939200000,10,12,9,13,5\n", "market.bad_range", "in.csv:2"},
        BadInput{"open_outside", header + "1561939200000,8,12,9,11,5\n", "market.bad_range", "in.csv:2"},
        BadInput{"negative_volume", header + "1561939200000,10,12,9,11,-5\n", "market.bad_volume",
                 "in.csv:2"},
        BadInput{"broken_json", "[[1561939200000,10,12", "market.bad_json", "in.csv"},
        BadInput{"json_object", R"({"code":-1121,"msg":"Invalid symbol."})", "market.bad_json", "in.csv"},
        BadInput{"flat_json", "[1,2,3]", "market.bad_json", "in.csv"},
        BadInput{"deep_json", "[[[1]]]", "market.bad_json", "in.csv"},
        BadInput{"empty_json", "[]", "market.no_bars", "in.csv"},
        BadInput{"json_null", "[[1561939200000,10,12,9,11,5],[1561942800000,1,2,null,1,1]]",
                 "market.bad_number", "in.csv:2"},
        BadInput{"short_json", "[[1561939200000,10,12]]", "market.few_columns", "in.csv:1"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Readers, QuotedFieldsMayHoldCommasAndQuotes) {
  const Bars bars = parse_bars(
      "\"note, \"\"long\"\"\",\"timestamp\",open,high,low,close,volume\r\n"
      "\"a, b\",\"1561939200000\",\"10\",12, \"9\" ,11,5\r\n\"\"\"\",1561942800000,11,13,10,12,0\r\n",
      "in.csv");
  ASSERT_EQ(bars.size(), 2u);
  EXPECT_EQ(bars.open[0], 10);
  EXPECT_EQ(bars.low[0], 9);
  EXPECT_EQ(bars.volume[0], 5);
  EXPECT_EQ(bars.open_time[1], 1561942800000);
  EXPECT_EQ(bars.close[1], 12);
}

TEST(Readers, QuoteBytesOfFaultyRowsPrintably) {
  const Error error =
      error_of([] { parse_bars(header + "1561939200000,10,12,9,\x1b[2J\xf6,5\n", "in.csv"); });
  EXPECT_NE(error.message().find("'\\x1b[2J\\xf6'"), std::string::npos) << error.message();
  EXPECT_EQ(parse_bars("symbol," + header +
                           "A\xf6\x1b"
                           ",1561939200000,10,12,9,11,5\n",
                       "in_1h.csv")
                .symbol,
            "A\\XF6\\X1B");
}

TEST(Readers, NameTheFirstFaultAndCountTheRest) {
  const Error error = error_of([] {
    parse_bars(
        header + "1561939200000,10,12,9,13,5\n1561942800000,x,13,10,12,0\n1561942800000,11,13,10,12,0\n",
        "in.csv");
  });
  EXPECT_EQ(error.place(), "in.csv:2");
  EXPECT_EQ(error.code(), "market.bad_range");
  EXPECT_NE(error.message().find("2 faults in all"), std::string::npos) << error.message();
}

TEST(Readers, MissingAndTruncatedFiles) {
  const auto folder = fresh_folder();
  EXPECT_EQ(error_of([&] { read_bars(folder / "none.csv"); }).code(), "file.missing");
  const std::string packed = gzip(format_bars(random_bars(2, 1000)));
  write_file(folder / "cut.csv.gz", packed.substr(0, packed.size() / 2));
  EXPECT_EQ(error_of([&] { read_bars(folder / "cut.csv.gz"); }).code(), "file.truncated_gzip");
}

TEST(WriteBars, KeepsTheSymbolWhateverTheFileIsCalled) {
  Bars bars = random_bars(3, 10);
  bars.symbol = "SYNTHBTC/USDT";
  const std::string text = format_bars(bars, {.with_symbol = true});
  const Bars back = parse_bars(text, "ETHUSDT_1h.csv");
  EXPECT_EQ(back.symbol, "SYNTHBTC/USDT");
  EXPECT_EQ(back.close, bars.close);
  EXPECT_EQ(parse_bars(format_bars(bars), "ETHUSDT_1h.csv").symbol, "ETH/USDT");
  bars.symbol = "A,\"B\"";
  EXPECT_EQ(parse_bars(format_bars(bars, {.with_symbol = true}), "x.csv").volume, bars.volume);
}

TEST(Symbols, AsCcxtWritesThem) {
  EXPECT_EQ(canonical_symbol("btcusdt"), "BTC/USDT");
  EXPECT_EQ(canonical_symbol("BTC/USDT"), "BTC/USDT");
  EXPECT_EQ(canonical_symbol("ETH-USD"), "ETH/USD");
  EXPECT_EQ(canonical_symbol("ETHBTC"), "ETH/BTC");
  EXPECT_EQ(canonical_symbol("BTC/USDT:USDT"), "BTC/USDT:USDT");
  EXPECT_EQ(canonical_symbol("goog"), "GOOG");
  EXPECT_EQ(canonical_symbol("wbtc/usdt"), "WBTC/USDT");
  EXPECT_EQ(canonical_symbol("STETH/USDT:USDT"), "STETH/USDT:USDT");
  EXPECT_EQ(symbol_from_name("a/b/BTCUSDT_1h_201708_202412.csv.gz"), "BTC/USDT");
  EXPECT_EQ(symbol_from_name("BTC_USDT-1h.json"), "BTC/USDT");
  EXPECT_EQ(symbol_from_name("BTCUSDT-PERP_1h_202010_202406.csv.gz"), "BTC/USDT:USDT");
  EXPECT_EQ(symbol_from_name("BTC_USDT_USDT-1h-futures.json"), "BTC/USDT:USDT");
  EXPECT_EQ(symbol_from_name("bars.csv"), "");
}

TEST(Spacing, MostCommonDifference) {
  EXPECT_EQ(most_common_spacing(std::vector<TimeMs>{}), 0);
  EXPECT_EQ(most_common_spacing(std::vector<TimeMs>{5}), 0);
  EXPECT_EQ(most_common_spacing(std::vector<TimeMs>{0, 1, 2, 10, 11}), 1);
  EXPECT_EQ(most_common_spacing(std::vector<TimeMs>{0, 7, 9, 11, 20, 24}), 2);  // no majority
  EXPECT_EQ(most_common_spacing(std::vector<TimeMs>{0, 7, 9}), 2);              // a tie: the smaller one
}

TEST(SharedData, ColumnsOfTheLongestFile) {
  const auto path = shared_file("BTCUSDT_5m_201708_202412.csv.gz");
  if (path.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  const Bars bars = read_bars(path);
  EXPECT_EQ(bars.size(), 774'109u);
  EXPECT_EQ(bars.interval, 5 * minute_ms);
  EXPECT_EQ(bars.symbol, "BTC/USDT");
  EXPECT_EQ(bars.open_time.front(), 1'502'942'400'000);
  EXPECT_EQ(bars.close.front(), 4261.48);
}

}  // namespace
}  // namespace stevie::market
