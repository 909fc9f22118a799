#include "live/snapshot_cell.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace stevie::live {
namespace {

/// Counts those that exist and says when one goes.
class Counted {
 public:
  Counted(int number, std::atomic<int>& alive, std::function<void()> at_end = {})
      : number_(number), alive_(alive), at_end_(std::move(at_end)) {
    ++alive_;
  }
  ~Counted() {
    if (at_end_) at_end_();
    --alive_;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  int number() const { return number_; }

 private:
  int number_;
  std::atomic<int>& alive_;
  std::function<void()> at_end_;
};

using CountedCell = SnapshotCell<Counted>;

TEST(SnapshotCell, shows_a_new_value_at_the_next_bar_and_not_before) {
  std::atomic<int> alive = 0;
  CountedCell cell(std::make_unique<Counted>(1, alive));
  CountedCell::Reader reader(cell);
  const Counted& first = reader.at_bar();
  cell.publish(std::make_unique<Counted>(2, alive));
  EXPECT_EQ(first.number(), 1);
  EXPECT_EQ(reader.held().number(), 1);
  EXPECT_EQ(reader.at_bar().number(), 2);
  EXPECT_EQ(&reader.at_bar(), &reader.held());
}

TEST(SnapshotCell, destroys_old_values_that_nobody_holds) {
  std::atomic<int> alive = 0;
  {
    CountedCell cell(std::make_unique<Counted>(0, alive));
    for (int i = 1; i <= 10; ++i) cell.publish(std::make_unique<Counted>(i, alive));
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(SnapshotCell, keeps_one_value_for_a_reader_that_sleeps) {
  std::atomic<int> alive = 0;
  CountedCell cell(std::make_unique<Counted>(0, alive));
  CountedCell::Reader asleep(cell), awake(cell);
  for (int i = 1; i <= 100; ++i) {
    cell.publish(std::make_unique<Counted>(i, alive));
    EXPECT_EQ(awake.at_bar().number(), i);
  }
  EXPECT_EQ(asleep.held().number(), 0);
  EXPECT_EQ(awake.at_bar().number(), 100);
  cell.collect();
  EXPECT_EQ(cell.waiting(), 1U);
  EXPECT_EQ(alive, 2);
  EXPECT_EQ(asleep.at_bar().number(), 100);
  cell.collect();
  EXPECT_EQ(alive, 1);
}

TEST(SnapshotCell, lets_go_of_what_an_ended_reader_held) {
  std::atomic<int> alive = 0;
  CountedCell cell(std::make_unique<Counted>(0, alive));
  {
    CountedCell::Reader ended(cell);
    CountedCell::Reader moved(std::move(ended));
    cell.publish(std::make_unique<Counted>(1, alive));
    EXPECT_EQ(moved.held().number(), 0);
    EXPECT_EQ(alive, 2);
  }
  cell.collect();
  EXPECT_EQ(alive, 1);
  CountedCell::Reader next(cell);
  EXPECT_EQ(next.held().number(), 1);
}

TEST(SnapshotCell, answers_a_reader_while_a_writer_is_stuck) {
  std::atomic<int> alive = 0;
  std::atomic<bool> in_writer = false, let_go = false;
  CountedCell cell(std::make_unique<Counted>(1, alive, [&] {
    in_writer = true;
    in_writer.notify_all();
    let_go.wait(false);
  }));
  CountedCell::Reader reader(cell);
  cell.publish(std::make_unique<Counted>(2, alive));
  EXPECT_EQ(reader.at_bar().number(), 2);
  std::thread writer([&] { cell.publish(std::make_unique<Counted>(3, alive)); });
  in_writer.wait(false);  // the writer is inside publish(), with its lock, in the destructor of value 1
  EXPECT_EQ(reader.at_bar().number(), 3);
  let_go = true;
  let_go.notify_all();
  writer.join();
}

/// Words that follow from the first one, so that a part of another value, or a value that is gone, shows.
class Checked {
 public:
  Checked(std::size_t writer, std::uint64_t number) : writer_(writer), number_(number) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] = word(i);
    ++alive;
  }
  ~Checked() {
    words_.fill(0);
    --alive;
  }
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;

  bool is_whole() const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] != word(i)) return false;
    }
    return true;
  }
  std::size_t writer() const { return writer_; }
  std::uint64_t number() const { return number_; }

  static inline std::atomic<int> alive{0};

 private:
  std::uint64_t word(std::size_t i) const { return (number_ * 2 + writer_ + 1) * 0x9e37'79b9'7f4a'7c15U + i; }

  std::size_t writer_;
  std::uint64_t number_;
  std::array<std::uint64_t, 96> words_{};  // as large as the parameters of all regimes
};

constexpr std::size_t writer_count = 2;

/// Reads until the writers have finished; what went wrong is counted.
struct ReaderLog {
  std::uint64_t torn = 0, backwards = 0, values = 0;

  void read(SnapshotCell<Checked>& cell, const std::atomic<std::size_t>& writers_done) {
    std::array<std::uint64_t, writer_count> last{};
    std::optional<SnapshotCell<Checked>::Reader> reader(cell);
    std::uint64_t bars = 0;
    const Checked* seen = nullptr;
    while (writers_done < writer_count) {
      const Checked& value = reader->at_bar();
      if (&value != seen) ++values;
      seen = &value;
      if (!value.is_whole()) ++torn;
      if (value.number() < last[value.writer()]) ++backwards;
      last[value.writer()] = value.number();
      constexpr std::uint64_t bars_of_a_reader = 1000;
      if (++bars % bars_of_a_reader == 0) {
        reader.reset();
        reader.emplace(cell);
      }
    }
  }
};

TEST(SnapshotCell, never_shows_a_torn_an_older_or_a_destroyed_value_under_load) {
  constexpr std::uint64_t publications = 20'000;
  constexpr std::size_t reader_count = 3;
  {
    SnapshotCell<Checked> cell(std::make_unique<Checked>(0, 0));
    std::array<ReaderLog, reader_count> logs;
    std::atomic<std::size_t> writers_done = 0;
    std::vector<std::thread> threads;
    for (ReaderLog& log : logs) threads.emplace_back([&] { log.read(cell, writers_done); });
    for (std::size_t writer = 0; writer < writer_count; ++writer) {
      threads.emplace_back([&cell, &writers_done, writer] {
        for (std::uint64_t i = 1; i <= publications; ++i) cell.publish(std::make_unique<Checked>(writer, i));
        ++writers_done;
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const ReaderLog& log : logs) {
      EXPECT_EQ(log.torn, 0U);
      EXPECT_EQ(log.backwards, 0U);
      EXPECT_GT(log.values, 0U);
    }
    cell.collect();
    EXPECT_EQ(Checked::alive, 1);
  }
  EXPECT_EQ(Checked::alive, 0);
}

}  // namespace
}  // namespace stevie::live
