#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/session_queue.h"
#include "app/worker_progress.h"

namespace stevie::app {

/// What is known of all sessions: the ledger's queue and the newest progress of those at work. What changes
/// is published. Thread-safe.
class SessionBoard {
 public:
  /// now: milliseconds since 1970; default: the system's.
  explicit SessionBoard(NewsHub* news, std::function<TimeMs()> now = {});

  /// Takes in what is new on the ledger, which only the calling thread uses meanwhile, and of sessions that
  /// are at work what their folders tell.
  void read(const ledger::Ledger& ledger);
  /// What is new is published at once, and what stays the same once a second, as the time left goes on.
  void take_progress(const std::string& id, const WorkerProgress& progress);
  /// Whether anybody still works on a session that is running by the ledger.
  void take_liveness(const std::string& id, bool at_work);

  std::vector<TrainingSession> sessions() const;  // newest first
  std::vector<TrainingSession> active(std::size_t most) const;
  TrainingSession session(const std::string& id) const;
  SessionRecord record(const std::string& id) const;
  std::vector<SessionRecord> unended() const;  // oldest first; those run by hand as well
  std::uint64_t revision() const { return revision_; }

  void set_trouble(std::string trouble);
  std::string trouble() const;

 private:
  void take_what_was_told(const TrainingSession& session);
  TrainingSession view(const SessionRecord& record) const;
  void publish(std::vector<std::pair<std::string, std::string>> items);

  NewsHub* news_;
  std::function<TimeMs()> now_;
  mutable std::mutex mutex_;
  SessionQueue queue_;
  struct Told {
    WorkerProgress progress;
    TimeMs since = 0, published = 0;
  };
  std::map<std::string, Told> progress_;
  std::set<std::string> left_;  // running by the ledger, and nobody works on them any more
  std::string trouble_;
  bool begun_ = false;  // the ledger was read once
  std::atomic<std::uint64_t> revision_{1};
};

/// True where no process holds the lock of this folder (core/folder_lock.h).
bool nobody_works_in(const std::filesystem::path& folder);

}  // namespace stevie::app
