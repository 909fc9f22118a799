#include "rl/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/testing.h"

namespace stevie::rl {
namespace {

namespace fs = std::filesystem;

class EventWriterTest : public ::testing::Test {
 protected:
  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST(Crc32c, gives_the_published_check_value) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  // RFC 3720, appendix B.4.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

TEST_F(EventWriterTest, numbers_runs_after_the_largest_there) {
  const double wall_time = 1700000000.25;
  EXPECT_EQ(EventWriter(folder_ / "log", "PPO", wall_time).folder(), folder_ / "log" / "PPO_1");
  fs::create_directories(folder_ / "log" / "PPO_9");
  fs::create_directories(folder_ / "log" / "PPO_11x");
  fs::create_directories(folder_ / "log" / "DQN_20");
  EXPECT_EQ(EventWriter(folder_ / "log", "PPO", wall_time).folder(), folder_ / "log" / "PPO_10");
  EXPECT_EQ(EventWriter::resume(folder_ / "log", "PPO", wall_time).folder(), folder_ / "log" / "PPO_10");
  EXPECT_EQ(EventWriter::resume(folder_ / "log", "A2C", wall_time).folder(), folder_ / "log" / "A2C_1");
}

TEST_F(EventWriterTest, writes_whole_records_and_never_over_another_file) {
  EventWriter first(folder_, "PPO", 1700000000);
  EventWriter second = EventWriter::resume(folder_, "PPO", 1700000000);
  EXPECT_NE(first.file(), second.file());
  EXPECT_TRUE(first.file().filename().string().starts_with("events.out.tfevents.1700000000."));
  const std::size_t header = fs::file_size(first.file());
  first.scalar("train/loss", 0.5, 2048, 1700000001);
  first.flush();
  const std::string bytes = read_file(first.file());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data() + header, sizeof(length));
  EXPECT_EQ(bytes.size(), header + 8 + 4 + length + 4);
  EXPECT_EQ(read_file(second.file()).size(), header);
}

TEST_F(EventWriterTest, scalars_are_read_as_they_were_written) {
  EventWriter writer(folder_, "PPO", 1700000000);
  writer.scalar("train/loss", 0.5, 2048, 1700000001);
  writer.scalar("rollout/ep_rew_mean", -2, 4096, 1700000002);
  writer.scalar(std::string(1000, 'x'), 1, 4096, 1700000002);
  writer.flush();
  const std::vector<Scalar> scalars = read_scalars(writer.file());
  ASSERT_EQ(scalars.size(), 2U) << "a tag of 1000 bytes is left out";
  EXPECT_EQ(scalars[0].tag, "train/loss");
  EXPECT_EQ(scalars[0].value, 0.5);
  EXPECT_EQ(scalars[0].step, 2048);
  EXPECT_EQ(scalars[1].value, -2);
  EXPECT_TRUE(read_scalars(folder_ / "nowhere").empty());
}

TEST_F(EventWriterTest, reading_ends_at_the_first_damage) {
  fs::path file;
  {
    EventWriter writer(folder_, "PPO", 1700000000);
    for (int step = 0; step < 10; ++step) writer.scalar("a", step, step, 1700000001);
    file = writer.file();
  }
  const std::string whole = read_file(file);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write_file(file, whole.substr(0, length));
    EXPECT_LT(read_scalars(file).size(), 10U);
  }
  for (std::size_t place = 0; place < whole.size(); ++place) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x40);
    write_file(file, damaged);
    const std::vector<Scalar> scalars = read_scalars(file);
    EXPECT_LT(scalars.size(), 10U);
    for (std::size_t i = 0; i < scalars.size(); ++i) EXPECT_EQ(scalars[i].value, static_cast<double>(i));
  }
}

TEST_F(EventWriterTest, keeps_what_was_written_when_moved_or_dropped) {
  fs::path file;
  {
    EventWriter writer(folder_, "PPO", 1700000000);
    writer.scalar("a", 1, 1, 1700000001);
    EventWriter moved = std::move(writer);
    file = moved.file();
    moved.scalar("a", 2, 2, 1700000002);
  }
  const std::string bytes = read_file(file);
  std::size_t records = 0;
  for (std::size_t at = 0; at < bytes.size(); ++records) {
    std::uint64_t length = 0;
    ASSERT_LE(at + sizeof(length), bytes.size());
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    at += 8 + 4 + length + 4;
    ASSERT_LE(at, bytes.size());
  }
  EXPECT_EQ(records, 3U);
}

TEST_F(EventWriterTest, says_where_it_cannot_write) {
  write_file(folder_ / "occupied", "a file where the folder should be");
  try {
    EventWriter writer(folder_ / "occupied", "PPO", 1700000000);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "file.unwritable");
    EXPECT_NE(error.place().find("occupied"), std::string::npos);
  }
}

}  // namespace
}  // namespace stevie::rl
