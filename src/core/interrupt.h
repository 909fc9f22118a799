#pragma once
#include <stdexcept>

namespace stevie {

/// While it lives, the first SIGINT (Ctrl-C) or SIGTERM only sets a flag that interrupted() reads, so that
/// long work can stop at a good place and save what it has; a second one ends the program at once. The old
/// handlers come back on destruction, which also clears the flag. A command installs one at a time around its
/// work.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

/// True from the first signal under an InterruptGuard on. Cheap enough for every rollout; safe from any
/// thread.
bool interrupted();

/// While it lives, SIGHUP sets a flag that hangup_came() reads, instead of ending the program: services take
/// it as the wish to read their files again. One at a time.
class HangupGuard {
 public:
  HangupGuard();
  ~HangupGuard();
  HangupGuard(const HangupGuard&) = delete;
  HangupGuard& operator=(const HangupGuard&) = delete;
};

/// Whether a SIGHUP came since the last call.
bool hangup_came();

/// Thrown by a command that stopped because of interrupted(), once everything is saved; the message says how
/// to resume. The program then ends with exit code 130.
class Interrupted : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace stevie
