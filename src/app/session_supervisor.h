#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "app/session_board.h"
#include "app/session_request.h"
#include "app/worker_process.h"

namespace stevie::app {

/// Launches the queued sessions of a board as worker processes, watches them and puts on the ledger what
/// became of them. One at a time works in a folder of sessions.
///
/// Two threads: the one that calls run() owns the ledger and starts the workers; a second one minds them, so
/// that a ledger that is slow or away delays neither an interruption nor the share of the processor.
class SessionSupervisor {
 public:
  SessionSupervisor(const TrainingSessions::Parts& parts, SessionBoard& board);

  void run();
  void stop();
  /// There may be something new on the ledger.
  void wake();
  /// Interrupts the worker of this session at once, where it has one here.
  void interrupt(const std::string& id);

 private:
  struct Job {
    std::shared_ptr<WorkerProcess> worker;
    std::filesystem::path folder;
    bool ended = false;
    bool ledger_was_away = false;
  };

  void supervise();
  void remember_outage();
  void pass(ledger::Ledger& ledger);
  void close_ended(ledger::Ledger& ledger);
  void settle(ledger::Ledger& ledger, const SessionRecord& record);
  bool claim(ledger::Ledger& ledger, const SessionRecord& record);
  void launch(ledger::Ledger& ledger, const SessionRecord& record);
  WorkerOrder order_of(const TrainingSession& session) const;
  TrainingSession ending(SessionRecord record, const WorkerEnd& end) const;
  void tell_end(ledger::Ledger& ledger, TrainingSession session, bool resumes);
  void shut_down();
  void mind();
  void wait(std::chrono::milliseconds most);
  bool has_job(const std::string& id) const;
  std::size_t job_count() const;

  const TrainingSessions::Parts& parts_;
  SessionBoard& board_;
  RequestRules rules_;
  std::filesystem::path folder_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Job> jobs_;
  bool stopping_ = false, woken_ = false, minding_ = false;
};

/// The command line of a session's worker, without the program.
std::vector<std::string> worker_arguments(const TrainingSession& session, const std::string& config_file,
                                          const std::vector<std::string>& settings);

}  // namespace stevie::app
