#include "app/session_config.h"

namespace stevie::app {

void describe(ConfigBinder& binder, SessionConfig& config) {
  constexpr double most_parallel = 16, most_nice = 19, most_cores = 1024, most_waiting = 10'000,
                   most_attempts = 1000;
  binder.field("sessions.parallel", config.parallel,
               {.minimum = 1, .maximum = most_parallel, .help = "training sessions at work at once"});
  binder.field(
      "sessions.nice", config.nice,
      {.minimum = 0, .maximum = most_nice, .help = "nice value of a worker process; 19 yields to all"});
  binder.field("sessions.idle_class", config.idle_class,
               {.help = "workers run in SCHED_IDLE: only where nobody else wants the core"});
  binder.field("sessions.cpu_share", config.cpu_share,
               {.minimum = 0,
                .maximum = most_cores,
                .unit = "cores",
                .help = "that one worker may use on average, all its threads together; 0: no limit"});
  binder.field("sessions.queue", config.queue,
               {.minimum = 1, .maximum = most_waiting, .help = "sessions that may wait"});
  binder.field("sessions.attempts", config.attempts,
               {.minimum = 1,
                .maximum = most_attempts,
                .help = "launches of a session that may be lost with the server before it counts as failed"});
  binder.field("sessions.folder", config.folder, {.help = "one folder a session: log, state, results"});
  binder.rule("sessions.folder", [&config] { return config.folder.empty() ? "name a folder" : ""; });
  binder.field("sessions.data_folders", config.data_folders,
               {.help = "where sessions may take bars from, besides the files that the server trades on"});
}

}  // namespace stevie::app
