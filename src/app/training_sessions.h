#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/news.h"
#include "app/session_config.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"

namespace stevie::app {

/// What a session is asked to do.
struct SessionRequest {
  std::string kind = "optimize";                // one of session_kinds()
  std::string scenario;                         // of optimize: id; "recommended" takes the recommended one
  std::string algorithm;                        // of train: "ppo" or "dqn"; empty: ppo
  std::string augment;                          // of train and bootstrap: augmentation.techniques, "all"
  bool curriculum = false;                      // of train and bootstrap: curriculum.enabled
  std::string from;                             // of train: model file to start from
  std::string expert;                           // of clone: "rsi-ma" or a model file; empty: rsi-ma
  std::vector<std::string> data;                // bar files; empty: those of the configuration
  std::map<std::string, std::string> settings;  // "optimize.seed" -> "2": as --set takes them
  std::optional<double> minutes;                // limits instead of the scenario's
  std::optional<std::size_t> episodes;
  bool dry_run = false;
  live::Signature by;  // who asks, and why
};

enum class SessionState : std::uint8_t {
  queued,
  running,
  stopping,    // running, and asked to stop
  finished,    // did what it was asked; `outcome` tells what came of it
  failed,      // `sentence` tells why
  stopped,     // by a person
  interrupted  // the server, or whoever ran it by hand, ended first; the server goes on with its own
};
std::string_view to_string(SessionState state);

/// A session as everybody sees it.
struct TrainingSession {
  std::string id;  // "20260304-050607-quick_tune"
  SessionRequest request;
  std::string scenario;  // that is searched: of "recommended" the one it came to
  bool by_hand = false;  // started with `stevie optimize`, not by the queue
  SessionState state = SessionState::queued;
  TimeMs queued = 0;
  std::optional<TimeMs> started, ended;
  // Progress, of the newest report of the worker.
  std::string phase;                      // "loading", "searching", "judging", "writing"; empty: none told
  std::size_t episode = 0, episodes = 0;  // of a training in unit_of() its kind
  std::uint64_t candidates = 0;
  std::optional<double> best_reward, running_reward;
  double fraction = 0;                 // 0 to 1
  std::optional<double> seconds_left;  // counted down between two reports
  std::optional<TimeMs> updated;       // when the worker last told something new; absent: not at work
  // How it ended.
  std::string outcome;   // SessionOutcome of optimize: "promoted", "rejected", ...; "trained"; empty before
  std::string verdict;   // "PROMOTE", "REJECT", "NOT ENOUGH EVIDENCE"; empty without one
  std::string sentence;  // what it means for the parameters; of a failure: what and what to do
  std::optional<std::uint64_t> new_version;
  std::uint64_t decision_event = 0;  // ledger sequence; 0: none
  std::filesystem::path folder;      // results.json, report.txt, report.html, worker.log
  std::size_t attempts = 0;          // launches, resumptions included
};

/// The session as a JSON object on one line; times as ISO 8601.
std::string session_json(const TrainingSession& session);

/// The queue of training sessions and their worker processes. The queue is a projection of the ledger
/// ("training.queued", "training.started", "training.ended"), so that another process may queue or stop, and
/// a restart finds what was at work and resumes it. Sessions that people run with `stevie optimize` are
/// listed as well. Progress is not on the ledger. Thread-safe; run() has a thread of its own.
class TrainingSessions {
 public:
  struct Parts {
    SessionConfig config;
    ledger::LedgerConfig ledger;  // opens its own connections
    std::string program;          // path of the stevie binary; workers are `stevie optimize ...` and others
    std::string config_file;      // handed to workers
    /// "section.key=value" as --set takes them, handed to workers.
    std::vector<std::string> settings;
    /// "NAME=text", of which workers get what they need (worker_environment).
    std::vector<std::string> environment;
    /// Bars that the server trades on: what a session without data searches, and always allowed.
    std::vector<std::string> default_data;
    NewsHub* news = nullptr;  // topic "sessions": kinds "session.queued", ".progress", ".ended"
    std::function<TimeMs()> now;
  };
  /// Reads the sessions of the ledger. Throws as Ledger::open does.
  explicit TrainingSessions(Parts parts);
  ~TrainingSessions();

  /// Launches, watches and resumes until stop(); then interrupts the workers, whose state is saved. A ledger
  /// that cannot be reached is tried again; trouble() tells meanwhile.
  void run();
  void stop();

  /// Throws Error "app.bad_session" with every fault, "app.queue_full".
  TrainingSession start(const SessionRequest& request);
  /// Queued: taken out. Running: interrupted within a second. Throws Error "app.unknown_session",
  /// "app.session_ended".
  TrainingSession stop_session(const std::string& id, const live::Signature& by);

  std::vector<TrainingSession> sessions() const;  // newest first
  /// The newest `most` of them that are queued or at work.
  std::vector<TrainingSession> active(std::size_t most = 1000) const;
  /// Throws Error "app.unknown_session", which names the nearest one.
  TrainingSession session(const std::string& id) const;
  /// Higher after each change of any session, progress included: what was rendered before is then old.
  std::uint64_t revision() const;
  /// Why no session is launched at the moment (ledger out of reach, folder not writable, another server at
  /// work); empty where nothing is in the way.
  std::string trouble() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::app
