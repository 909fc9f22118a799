#include "live/kline_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/file.h"
#include "live/exchange_testing.h"
#include "market/market_testing.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;

const market::Bar bar{1'626'992'700'000, 7.608, 7.618, 7.607, 7.617, 3005};
const std::string good = kline_frame("SUSHIUSDT", minute_ms, bar, true, bar.open_time + minute_ms + 203);

TEST(KlineFrame, ReadsWhatBinanceSends) {
  const ParsedFrame frame = parse_kline_frame(good);
  ASSERT_EQ(frame.kind, FrameKind::kline) << frame.fault;
  EXPECT_EQ(frame.kline.symbol, "SUSHIUSDT");
  EXPECT_EQ(frame.kline.interval, "1m");
  EXPECT_TRUE(frame.kline.closed);
  EXPECT_EQ(frame.kline.event_time, bar.open_time + minute_ms + 203);
  EXPECT_EQ(frame.kline.close_time, bar.open_time + minute_ms - 1);
  EXPECT_EQ(frame.kline.bar.open_time, bar.open_time);
  EXPECT_EQ(frame.kline.bar.open, 7.608);
  EXPECT_EQ(frame.kline.bar.high, 7.618);
  EXPECT_EQ(frame.kline.bar.low, 7.607);
  EXPECT_EQ(frame.kline.bar.close, 7.617);
  EXPECT_EQ(frame.kline.bar.volume, 3005);
}

TEST(KlineFrame, OtherEventsAreNoFaults) {
  for (const char* text : {R"({"result":null,"id":1})", R"({"stream":"a@depth","data":{"e":"depthUpdate"}})",
                           "{}", R"({"data":[1,2]})", R"({"e":"kline"})"}) {
    EXPECT_EQ(parse_kline_frame(text).kind, FrameKind::other) << text;
  }
}

TEST(KlineFrame, RefusesEveryFieldThatIsMissingOrOfAnotherType) {
  const std::vector<Json> wrong{nullptr,
                                true,
                                -1,
                                1.5,
                                1e300,
                                "",
                                "x",
                                "nan",
                                "-1",
                                Json::array(),
                                Json::object(),
                                18'446'744'073'709'551'615u,
                                std::string(1000, '9')};
  for (const char* path :
       {"/stream", "/data/E", "/data/s", "/data/k/t", "/data/k/T", "/data/k/s", "/data/k/i", "/data/k/o",
        "/data/k/h", "/data/k/l", "/data/k/c", "/data/k/v", "/data/k/x"}) {
    const Json::json_pointer pointer(path);
    for (const Json& value : wrong) {
      Json frame = Json::parse(good);
      if (frame[pointer].is_boolean() && value.is_boolean()) continue;
      frame[pointer] = value;
      const ParsedFrame parsed = parse_kline_frame(frame.dump());
      EXPECT_EQ(parsed.kind, FrameKind::malformed) << path << " " << value;
      EXPECT_FALSE(parsed.fault.empty());
    }
    Json frame = Json::parse(good);
    frame[pointer.parent_pointer()].erase(pointer.back());
    EXPECT_EQ(parse_kline_frame(frame.dump()).kind, FrameKind::malformed) << path;
  }
}

TEST(KlineFrame, RefusesContradictions) {
  const auto fault = [](const char* path, const Json& value) {
    Json frame = Json::parse(good);
    frame[Json::json_pointer(path)] = value;
    const ParsedFrame parsed = parse_kline_frame(frame.dump());
    EXPECT_EQ(parsed.kind, FrameKind::malformed) << path;
    return parsed.fault;
  };
  EXPECT_EQ(fault("/stream", "btcusdt@kline_1m"), "the stream is not that of the symbol and interval");
  EXPECT_EQ(fault("/data/s", "BTCUSDT"), "the event and its bar name different symbols");
  EXPECT_EQ(fault("/data/k/i", "1h"), "the stream is not that of the symbol and interval");
  EXPECT_EQ(fault("/data/k/h", "7.6"), "its prices or volume cannot be");
  EXPECT_EQ(fault("/data/k/v", "-1"), "its prices or volume cannot be");
  EXPECT_EQ(fault("/data/k/T", bar.open_time), "the bar closes before it opens");
  EXPECT_EQ(fault("/data/E", bar.open_time + 5), "the bar is said to be closed before its end");
  EXPECT_EQ(fault("/data/E", bar.open_time - 5), "the bar lies in the future of its event");
}

TEST(KlineFrame, AnyCutOrFlippedByteIsHarmless) {
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(parse_kline_frame(good.substr(0, length)).kind, FrameKind::malformed);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string text = good;
    text[i] = static_cast<char>(text[i] ^ 0x55);
    const ParsedFrame parsed = parse_kline_frame(text);
    EXPECT_EQ(parsed.kind == FrameKind::malformed, !parsed.fault.empty());
  }
  EXPECT_EQ(parse_kline_frame(std::string(60'000, '[')).kind, FrameKind::malformed);
  EXPECT_EQ(parse_kline_frame(std::string(largest_frame_bytes + 1, ' ')).kind, FrameKind::malformed);
}

/// The frames of a recording: lines "<seconds>: <frame>" behind a first one with the address.
std::vector<std::string> recorded_frames(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  std::vector<std::string> frames;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (const std::size_t colon = line.find(": {"); colon != std::string::npos) {
      frames.push_back(line.substr(colon + 2));
    }
    begin = end + 1;
  }
  return frames;
}

TEST(KlineFrame, ReadsEveryRecordedFrame) {
  std::size_t klines = 0, closed = 0, others = 0, files = 0;
  for (const char* name : {"BINANCE.ws.1.0.gz", "BINANCE_FUTURES.ws.1.0.gz"}) {
    const std::filesystem::path file = market::shared_file(std::string("exchange/cryptofeed/") + name);
    if (file.empty()) continue;
    ++files;
    for (const std::string& text : recorded_frames(file)) {
      const ParsedFrame parsed = parse_kline_frame(text);
      EXPECT_NE(parsed.kind, FrameKind::malformed) << parsed.fault << "\n" << text.substr(0, 300);
      const bool is_kline = text.find("\"e\":\"kline\"") != std::string::npos;
      EXPECT_EQ(parsed.kind == FrameKind::kline, is_kline);
      others += !is_kline;
      klines += is_kline;
      closed += is_kline && parsed.kline.closed;
      EXPECT_TRUE(!is_kline || parsed.kline.close_time == parsed.kline.bar.open_time + minute_ms - 1);
    }
  }
  if (files == 0) GTEST_SKIP() << "the recorded frames are not there (../shared/data/exchange)";
  EXPECT_GT(klines, 60u);
  EXPECT_GT(closed, 3u);
  EXPECT_GT(others, 1000u);
}

}  // namespace
}  // namespace stevie::live
