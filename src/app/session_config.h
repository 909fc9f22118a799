#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "core/config.h"

namespace stevie::app {

/// How worker processes of training sessions are run: the section sessions of the configuration.
struct SessionConfig {
  std::size_t parallel = 1;  // sessions at work at once, 1 to 16
  int nice = 19;             // of the worker, 0 to 19
  bool idle_class = true;    // SCHED_IDLE: runs where nobody else wants the core
  /// Cores that one worker may use on average, all its threads together; 0: no limit. Default 0.5.
  double cpu_share = 0.5;
  std::size_t queue = 100;  // sessions that may wait
  /// Launches of one session that may be lost with the server (kill -9, power) before it counts as failed.
  /// Sessions that the server interrupted when it was stopped are not counted. Default 5.
  std::size_t attempts = 5;
  std::string folder = "runs/sessions";  // one folder a session: log, state, results
  /// Bar files of a session lie below these folders, or are those that the server trades on.
  std::vector<std::string> data_folders = {"data"};
};
void describe(ConfigBinder& binder, SessionConfig& config);

}  // namespace stevie::app
