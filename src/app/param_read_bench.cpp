#include "app/param_read_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>

#include "live/parameter_snapshot.h"
#include "strategy/regime.h"

namespace stevie::app {
namespace {

using live::ParameterSnapshot;
using Snapshot = std::unique_ptr<const ParameterSnapshot>;

constexpr int rounds = 5;

double one_value(const strategy::ResolvedParameters& parameters) {
  return parameters[strategy::Regime::bull][strategy::Parameter::cost_cap_bps];
}

/// What strategies use.
class BehindCell {
 public:
  explicit BehindCell(Snapshot first) : cell_(std::move(first)), reader_(cell_, "BTC/USDT") {}
  double read() { return one_value(reader_.at_bar()); }
  void publish(Snapshot next) { cell_.publish(std::move(next)); }

 private:
  live::ParameterCell cell_;
  live::ParameterReader reader_;
};

class BehindMutex {
 public:
  explicit BehindMutex(Snapshot first) : current_(std::move(first)) {}
  double read() {
    const std::shared_lock lock(mutex_);
    return one_value(current_->without_symbol);
  }
  void publish(Snapshot next) {
    const std::unique_lock lock(mutex_);
    current_.swap(next);
  }

 private:
  std::shared_mutex mutex_;
  Snapshot current_;
};

class BehindSharedPointer {
 public:
  explicit BehindSharedPointer(Snapshot first) : current_(std::move(first)) {}
  double read() { return one_value(current_.load()->without_symbol); }
  void publish(Snapshot next) { current_.store(std::move(next)); }

 private:
  std::atomic<std::shared_ptr<const ParameterSnapshot>> current_;
};

/// Nanoseconds a read and versions published a second.
struct Reads {
  double nanoseconds = 0;
  double published = 0;
};

template <class Place>
Reads measure(bool publishing, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr int reads_between_looks = 1000;
  const Snapshot sample = live::make_snapshot(1, "sample", {});
  Place place(std::make_unique<ParameterSnapshot>(*sample));
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> published = 0;
  std::optional<std::thread> writer;
  if (publishing) {
    writer.emplace([&] {
      while (!stop) {
        place.publish(std::make_unique<ParameterSnapshot>(*sample));
        ++published;
      }
    });
    while (published == 0) std::this_thread::yield();
  }
  const auto start = Clock::now();
  const std::uint64_t published_before = published;
  std::uint64_t reads = 0;
  double sum = 0, elapsed = 0;
  do {
    for (int i = 0; i < reads_between_looks; ++i) sum += place.read();
    reads += reads_between_looks;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  } while (elapsed < seconds);
  const auto versions = static_cast<double>(published - published_before);
  stop = true;
  if (writer) writer->join();
  const bool kept = sum > 0;  // the reads must not be optimised away
  return {kept ? elapsed / static_cast<double>(reads) * 1e9 : 0, versions / elapsed};
}

double median_of(std::array<Reads, rounds> all, double Reads::*figure) {
  std::ranges::sort(all, {}, figure);
  return all[rounds / 2].*figure;
}

BenchRow row(const std::string& name, bool publishing, double seconds) {
  constexpr double ways = 3;
  const double part = seconds / (ways * rounds);
  std::array<Reads, rounds> cell, mutex, pointer;
  for (std::size_t round = 0; round < rounds; ++round) {
    cell[round] = measure<BehindCell>(publishing, part);
    mutex[round] = measure<BehindMutex>(publishing, part);
    pointer[round] = measure<BehindSharedPointer>(publishing, part);
  }
  const auto nanoseconds = [](const std::array<Reads, rounds>& all) {
    return median_of(all, &Reads::nanoseconds);
  };
  const std::string published =
      publishing ? fmt::format(", with {:.0f} versions a second", median_of(cell, &Reads::published)) : "";
  return {name, nanoseconds(cell), "ns",
          fmt::format("std::shared_mutex {:.1f} ns, std::atomic<std::shared_ptr> {:.1f} ns{}",
                      nanoseconds(mutex), nanoseconds(pointer), published),
          nanoseconds(cell) / std::min(nanoseconds(mutex), nanoseconds(pointer))};
}

}  // namespace

std::vector<BenchRow> measure_parameter_reads(double seconds) {
  return {row("param_read", false, seconds / 2), row("param_read_published", true, seconds / 2)};
}

}  // namespace stevie::app
