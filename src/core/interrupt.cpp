#include "core/interrupt.h"

#include <atomic>
#include <csignal>

namespace stevie {
namespace {

// A signal handler can reach nothing but objects of static duration: this flag is the one exception to "no
// global state", and only InterruptGuard and the handler write it.
std::atomic<bool> signal_came{false};
static_assert(std::atomic<bool>::is_always_lock_free);

std::atomic<bool> hangup_flag{false};  // likewise

struct sigaction old_interrupt;
struct sigaction old_terminate;
struct sigaction old_hangup;

void on_signal(int number) {
  if (signal_came.exchange(true)) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
}

void on_hangup(int) {
  hangup_flag = true;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_interrupt);
  sigaction(SIGTERM, &action, &old_terminate);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_interrupt, nullptr);
  sigaction(SIGTERM, &old_terminate, nullptr);
  signal_came = false;
}

bool interrupted() {
  return signal_came.load(std::memory_order_relaxed);
}

HangupGuard::HangupGuard() {
  struct sigaction action = {};
  action.sa_handler = on_hangup;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, &old_hangup);
}

HangupGuard::~HangupGuard() {
  sigaction(SIGHUP, &old_hangup, nullptr);
  hangup_flag = false;
}

bool hangup_came() {
  return hangup_flag.exchange(false);
}

}  // namespace stevie
