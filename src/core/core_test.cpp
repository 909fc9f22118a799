#include "core/core.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>

namespace stevie {
namespace {

TEST(Time, ReadsEveryUnitOfUnixTimeAndIso) {
  const TimeMs expected = 1'706'702'400'000;  // 2024-01-31 12:00 UTC
  for (const char* text : {"1706702400", "1706702400000", "1706702400000000", "2024-01-31T12:00:00Z",
                           "2024-01-31 12:00", "2024-01-31 12:00:00", "2024-01-31T13:00:00+01:00",
                           "2024-01-31T12:00:00.000Z", "2024-01-31T06:30:00-0530"}) {
    EXPECT_EQ(parse_time(text), expected) << text;
  }
  EXPECT_EQ(parse_time("2024-01-31"), expected - 12 * hour_ms);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "abc", "12", "2024-02-30", "2024-01-31T25:00", "2024-01-31T12:00:00Q", "1e9",
                           "-5", "99999999999999999999"}) {
    EXPECT_THROW(parse_time(text), Error) << text;
  }
}

TEST(Time, PrintsAndReadsBack) {
  EXPECT_EQ(format_time(1'706'702'400'000), "2024-01-31T12:00:00Z");
  EXPECT_EQ(format_time(1'706'702'400'005), "2024-01-31T12:00:00.005Z");
  EXPECT_EQ(format_date(-1), "1969-12-31");
  EXPECT_EQ(format_duration(parse_duration("90s")), "90s");
  EXPECT_EQ(format_duration(parse_duration("60m")), "1h");
  EXPECT_THROW(parse_duration("5 minutes"), Error);
}

TEST(NearestName, IsTheOneThatDiffersLeast) {
  const std::vector<std::string_view> names{"learning_rate", "learning_rates", "clip", "seed"};
  EXPECT_EQ(nearest_name("learning_rte", names), "learning_rate");
  EXPECT_EQ(nearest_name("clap", names), "clip");
  EXPECT_EQ(nearest_name("sed", names), "seed");
  EXPECT_EQ(nearest_name("entirely_else", names), "");
  EXPECT_EQ(nearest_name("seed", {}), "");
}

// Known-answer vectors published with the reference implementation (Random123, kat_vectors).
TEST(Random, PhiloxMatchesPublishedVectors) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Random, ContinuesFromAPosition) {
  RandomStream whole(7, 3);
  for (int i = 0; i < 5; ++i) whole.next_u32();
  RandomStream resumed(7, 3, whole.position());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(whole.next_u32(), resumed.next_u32());
}

TEST(Random, MomentsOfTheDistributions) {
  RandomStream random(1, 0);
  constexpr int draws = 200'000;
  double uniform_sum = 0, normal_sum = 0, normal_squares = 0, t_squares = 0;
  for (int i = 0; i < draws; ++i) {
    uniform_sum += random.uniform();
    const double z = random.normal();
    normal_sum += z;
    normal_squares += z * z;
    const double t = random.student_t_unit_variance(8.0);
    t_squares += t * t;
  }
  EXPECT_NEAR(uniform_sum / draws, 0.5, 0.003);
  EXPECT_NEAR(normal_sum / draws, 0.0, 0.01);
  EXPECT_NEAR(normal_squares / draws, 1.0, 0.02);
  EXPECT_NEAR(t_squares / draws, 1.0, 0.05);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
}

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("stevie-file-test-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(FileTest, WritesWholeFilesAndLeavesNoTemporaryBehind) {
  write_file(folder_ / "deep" / "a.txt", "one");
  write_file(folder_ / "deep" / "a.txt", "two");
  EXPECT_EQ(read_file(folder_ / "deep" / "a.txt"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "deep"), {}), 1);
}

TEST_F(FileTest, GzipIsReadTransparentlyAndATruncatedOneIsRefused) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + "\n";
  const std::string packed = gzip(text);
  EXPECT_LT(packed.size(), text.size());
  write_file(folder_ / "a.gz", packed);
  EXPECT_EQ(read_file(folder_ / "a.gz"), text);
  EXPECT_EQ(gunzip(packed + packed, "twice"), text + text);
  for (const std::size_t kept : {std::size_t{5}, packed.size() / 2, packed.size() - 1}) {
    EXPECT_THROW(gunzip(packed.substr(0, kept), "cut"), Error) << kept;
  }
}

TEST_F(FileTest, WhatUnpacksToTooMuchIsRefused) {
  const std::string bomb = gzip(std::string(1 << 20, 'x'));
  EXPECT_EQ(gunzip(bomb, "bomb", 1 << 20).size(), std::size_t{1} << 20);
  for (const std::size_t most : {std::size_t{0}, std::size_t{1000}, (std::size_t{1} << 20) - 1}) {
    try {
      gunzip(bomb, "bomb", most);
      FAIL() << "more than " << most << " bytes were unpacked";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "file.too_large");
      EXPECT_EQ(error.place(), "bomb");
    }
  }
}

TEST_F(FileTest, TooLargeAndUnreadableFilesAreRefused) {
  std::filesystem::create_directories(folder_);
  write_file(folder_ / "sparse", "x");
  std::filesystem::resize_file(folder_ / "sparse", largest_file_bytes + 1);
  for (const auto& [path, code] :
       std::vector<std::pair<std::filesystem::path, std::string>>{{folder_ / "sparse", "file.too_large"},
                                                                  {folder_, "file.unreadable"},
                                                                  {"/proc/self/mem", "file.unreadable"}}) {
    try {
      read_file(path);
      FAIL() << path << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_EQ(error.place(), path.string());
    }
  }
}

TEST(Printable, ShowsNoControlCharactersAndNoBrokenText) {
  EXPECT_EQ(printable("plain \xc3\xb6 \xe2\x82\xac \xf0\x9f\x98\x80\n\tend"),
            "plain \xc3\xb6 \xe2\x82\xac \xf0\x9f\x98\x80\n\tend");
  EXPECT_EQ(printable(std::string("a\0b\x1b[31m\x7f\r", 10)), "a\\x00b\\x1b[31m\\x7f\\x0d");
  EXPECT_EQ(printable("Gr\xf6\xdf"
                      "e"),
            "Gr\\xf6\\xdfe");
  // Cut short, overlong, a surrogate, beyond Unicode, a C1 control.
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a\\xe2\\x80\\xae"
            "b");  // what follows would read backwards
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");
  EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
}

TEST_F(FileTest, ErrorsNameTheFile) {
  try {
    read_file(folder_ / "none.csv");
    FAIL() << "a missing file was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "file.missing");
    EXPECT_NE(std::string(error.what()).find("none.csv"), std::string::npos);
  }
  EXPECT_THROW(write_file("/proc/stevie/none", "x"), Error);
  EXPECT_THROW(write_file("", "x"), Error);
}

TEST(Bytes, ReadsBackAndRefusesDamage) {
  ByteWriter writer;
  writer.value(std::int32_t{5});
  const std::vector<float> numbers{1.0f, 2.0f};
  writer.array(std::span<const float>(numbers));
  const std::string bytes = writer.take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.value<std::int32_t>(), 5);
  EXPECT_EQ(reader.array<float>(), numbers);
  EXPECT_TRUE(reader.done());
  ByteReader cut(std::string_view(bytes).substr(0, bytes.size() - 1));
  cut.value<std::int32_t>();
  EXPECT_THROW(cut.array<float>(), Error);
}

}  // namespace
}  // namespace stevie
