#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"

namespace stevie::app {

/// How a program is run as a worker.
struct WorkerOrder {
  std::string program;                   // path; looked for in no other place
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // "NAME=text", the whole of it
  std::filesystem::path log;             // stdout and stderr, at most 1 MiB: the beginning and the end
  int nice = 0;
  bool idle_class = false;
  double cpu_share = 0;           // cores on average; 0: no limit
  std::function<bool()> at_ease;  // false while it must not be stopped for its share; empty: always true
  TimeMs kill_after = 700;        // between interrupt() and SIGKILL
};

/// How a worker ended.
struct WorkerEnd {
  std::optional<int> code;  // absent where a signal ended it, or where nobody knows
  int signal = 0;
  bool killed = false;       // by the SIGKILL behind interrupt()
  std::string last_message;  // the last line "stevie: ..." of its output, or the last line at all
};

/// A child process that cannot outlast its parent, with a process group, a log and a share of the processor
/// of its own. Its stdin is empty, and it inherits no other descriptor. Thread-safe. The thread that made it
/// must live as long as it does: the worker ends with that thread.
///
/// The share is kept by stopping and continuing it (SIGSTOP, SIGCONT), a fraction of a second at a time.
class WorkerProcess {
 public:
  /// Starts it. Throws Error "app.worker_not_started", "file.unwritable".
  explicit WorkerProcess(WorkerOrder order);
  /// Kills it where it is still at work, and waits for its end.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  pid_t id() const;

  /// To be called every few hundredths of a second: writes the log, keeps the share, kills what does not
  /// react to interrupt(), notices the end. Returns true once it has ended.
  bool tick();
  /// SIGINT, and SIGKILL where that does not end it in kill_after. More calls do nothing.
  void interrupt();
  /// How it ended, once tick() has returned true.
  std::optional<WorkerEnd> end() const;
  /// Processor time used so far.
  double cpu_seconds() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The variables that a worker may see: where programs, files and the ledger's server are found, language,
/// and the fields of the configuration, but for sections that no worker needs (accounts, server, live).
std::vector<std::string> worker_environment(const std::vector<std::string>& environment);

}  // namespace stevie::app
