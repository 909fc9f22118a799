#pragma once
#include <algorithm>
#include <cstdint>

namespace stevie::rl {

/// How a hyper-parameter moves over a training.
enum class Schedule {
  constant,
  linear  // from its value down to 0 at the last step
};

/// The share of a training that is done, at most 1.
inline double progress_of(std::uint64_t done, std::uint64_t total) {
  return total == 0 ? 0.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

/// The value after `done` of `total` steps; total 0: as if nothing were done.
inline double scheduled(double value, Schedule schedule, std::uint64_t done, std::uint64_t total) {
  return schedule == Schedule::constant ? value : value * (1.0 - progress_of(done, total));
}

}  // namespace stevie::rl
