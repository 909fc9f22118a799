#pragma once
#include <cstdint>
#include <mutex>
#include <utility>

#include "app/live_life.h"

namespace stevie::ledger {
class Ledger;
}  // namespace stevie::ledger

namespace stevie::app {

/// The life of the live account out of a ledger, read on as the ledger grows: the same with and without a
/// server that trades, and after any restart. Thread-safe.
class LiveHistory {
 public:
  explicit LiveHistory(std::size_t most_kept = 100'000) : life_(most_kept) {}

  /// Takes in the events that were appended since the last call. Throws Error "live.damaged_step" and as the
  /// ledger does; what was read before stays.
  void catch_up(const ledger::Ledger& ledger);

  /// What `read(life)` returns; it must not call back.
  template <class Read>
  auto read(Read&& read) const {
    const std::lock_guard lock(mutex_);
    return std::forward<Read>(read)(life_);
  }

 private:
  mutable std::mutex mutex_;
  LiveLife life_;
  std::uint64_t sequence_ = 0;  // of the newest event taken in
};

}  // namespace stevie::app
