#pragma once
#include <mutex>
#include <optional>
#include <string>

#include "live/trading_step.h"

namespace stevie::live {

/// A kill that the ledger could not take when a person gave it, in a file beside the journals: what a restart
/// obeys before its first bar although it was never put on record. Thread-safe.
class PendingKill {
 public:
  explicit PendingKill(std::string folder);  // of all journals; empty: nothing is kept

  /// On the disk when it returns. False where that failed: the kill then holds in this process only.
  bool keep(const LiveCommand& kill);
  /// What is kept. A file that cannot be read is a kill as well: somebody wanted one.
  std::optional<LiveCommand> read() const;
  void remove();  // once it is on the ledger

 private:
  std::string path() const;

  const std::string folder_;
  mutable std::mutex mutex_;
};

}  // namespace stevie::live
