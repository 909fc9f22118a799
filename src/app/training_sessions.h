#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/news.h"
#include "core/config.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"

namespace stevie::app {

/// How worker processes are run.
struct SessionConfig {
  std::size_t parallel = 1;  // sessions at work at once, 1 to 16
  int nice = 19;             // of the worker, 0 to 19
  bool idle_class = true;    // SCHED_IDLE: runs where nobody else wants the core
  double cpu_share = 0.5;    // of one core a worker thread may use on average, above 0 to 1; 1: no limit
  std::size_t queue = 100;   // sessions that may wait
  std::string folder = "runs/sessions";  // one folder a session: log, results
};
void describe(ConfigBinder& binder, SessionConfig& config);

/// What a session is asked to do.
struct SessionRequest {
  std::string kind = "optimize";                // "optimize" or "train"
  std::string scenario;                         // of optimize: id; "recommended" takes the recommended one
  std::vector<std::string> data;                // bar files; empty: those of the configuration
  std::map<std::string, std::string> settings;  // "optimize.search.seed" -> "2": as --set takes them
  std::optional<double> minutes;                // limits instead of the scenario's
  std::optional<std::size_t> episodes;
  bool dry_run = false;
  live::Signature by;  // who asks, and why
};

enum class SessionState : std::uint8_t { queued, running, stopping, finished, failed, stopped, interrupted };
std::string_view to_string(SessionState state);

/// A session as everybody sees it.
struct TrainingSession {
  std::string id;  // "20260304-050607-quick_tune"
  SessionRequest request;
  SessionState state = SessionState::queued;
  TimeMs queued = 0;
  std::optional<TimeMs> started, ended;
  // Progress, of the newest report of the worker.
  std::size_t episode = 0, episodes = 0;
  std::uint64_t candidates = 0;
  std::optional<double> best_reward, running_reward;
  double fraction = 0;  // 0 to 1
  std::optional<double> seconds_left;
  // How it ended.
  std::string outcome;   // SessionOutcome of optimize: "promoted", "rejected", ...; empty before
  std::string verdict;   // "PROMOTE", "REJECT", "NOT ENOUGH EVIDENCE"; empty without one
  std::string sentence;  // what it means for the parameters; of a failure: what and what to do
  std::optional<std::uint64_t> new_version;
  std::uint64_t decision_event = 0;  // ledger sequence; 0: none
  std::filesystem::path folder;      // results.json, report.txt, report.html, worker.log
  std::size_t attempts = 0;          // launches, resumptions included
};

/// The queue of training sessions and their worker processes. The queue is a projection of the ledger
/// ("training.queued", "training.started", "training.ended"), so that another process may queue or stop, and
/// a restart finds what was at work and resumes it. Thread-safe; run() has a thread of its own.
class TrainingSessions {
 public:
  struct Parts {
    SessionConfig config;
    ledger::LedgerConfig ledger;        // opens its own connections
    std::string program;                // path of the stevie binary; workers are `stevie optimize ...`
    std::string config_file;            // handed to workers
    std::vector<std::string> settings;  // --set, handed to workers
    std::vector<std::string> default_data;
    NewsHub* news = nullptr;  // topic "sessions": kinds "session.queued", ".progress", ".ended"
    std::function<TimeMs()> now;
  };
  explicit TrainingSessions(Parts parts);
  ~TrainingSessions();

  /// Launches, watches and resumes until stop(); then interrupts the workers, whose state is saved.
  void run();
  void stop();

  /// Throws Error "app.bad_session" with every fault, "app.queue_full".
  TrainingSession start(const SessionRequest& request);
  /// Queued: taken out. Running: interrupted within a second. Throws Error "app.unknown_session",
  /// "app.session_ended".
  TrainingSession stop_session(const std::string& id, const live::Signature& by);

  std::vector<TrainingSession> sessions() const;  // newest first
  TrainingSession session(const std::string& id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::app
