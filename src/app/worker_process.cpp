#include "app/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string_view>
#include <utility>

#include "app/worker_log.h"
#include "core/error.h"

namespace stevie::app {
namespace {

constexpr double longest_stop_seconds = 0.5;
constexpr double burst_seconds = 0.1;  // of its share that it may save up
constexpr int exit_not_started = 127;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset(int number = -1) {
    if (number_ >= 0) ::close(number_);
    number_ = number;
  }
  int get() const { return number_; }

 private:
  int number_;
};

/// Everything that the child needs, made before it exists: between vfork() and exec() only system calls are
/// allowed, because other threads may hold any lock at that moment.
struct Launch {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int input, output;
  int report;  // an errno is written here where the program does not start; exec() closes it
  int nice;
  bool idle_class;
  pid_t parent;
};

constexpr int report_number = STDERR_FILENO + 1;  // of the report's descriptor in the child

void close_all_from(unsigned first) {
  if (::syscall(SYS_close_range, first, UINT_MAX, 0) == 0) return;
  rlimit limit{};
  const unsigned end = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<unsigned>(limit.rlim_cur) : 1024;
  for (unsigned number = first; number < end; ++number) ::close(static_cast<int>(number));
}

[[noreturn]] void report_and_exit(int descriptor) {
  const int fault = errno;
  if (::write(descriptor, &fault, sizeof fault) < 0) ::_exit(exit_not_started + 1);
  ::_exit(exit_not_started);
}

[[noreturn]] void become_worker(const Launch& launch) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(exit_not_started);  // it ended before the line above
  ::setpriority(PRIO_PROCESS, 0, launch.nice);
  if (launch.idle_class) {
    sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(launch.input, STDIN_FILENO) < 0 || ::dup2(launch.output, STDOUT_FILENO) < 0 ||
      ::dup2(launch.output, STDERR_FILENO) < 0)
    report_and_exit(launch.report);
  if (launch.report != report_number && ::dup3(launch.report, report_number, O_CLOEXEC) < 0)
    report_and_exit(launch.report);
  close_all_from(report_number + 1);
  ::execve(launch.program, launch.arguments, launch.environment);
  report_and_exit(report_number);
}

/// A function of its own, so that nothing of its caller lives in registers that the child may change. vfork()
/// rather than fork(): the pages of a server that trades are neither copied nor marked for it.
[[gnu::noinline]] pid_t spawn(const Launch& launch) {
  const pid_t child = ::vfork();
  if (child == 0) become_worker(launch);
  return child;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void fail(const std::string& program, int fault) {
  throw Error("app.worker_not_started",
              fmt::format("the worker process could not be started ({})", std::strerror(fault)), program);
}

/// Keeps signals from a thread while it lives: a handler that runs in a child of vfork() would run on the
/// parent's memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &old_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t old_{};
};

}  // namespace

struct WorkerProcess::Impl {
  explicit Impl(WorkerOrder given) : order(std::move(given)), log(order.log) { start(); }

  void start();
  void drain();
  void keep_share(double now);
  void stop_or_continue(bool stop);
  void notice_end();
  double used() const;
  void signal_group(int number) const { ::kill(-child, number); }

  WorkerOrder order;
  mutable std::mutex mutex;
  WorkerLog log;
  Descriptor output;
  pid_t child = -1;
  clockid_t clock{};
  bool has_clock = false;
  bool stopped = false;
  double credit = 0;  // seconds of processor time it may still use
  double last_time = 0, last_used = 0;
  std::optional<double> interrupted_at;
  bool killed = false;
  std::optional<WorkerEnd> end;
};

void WorkerProcess::Impl::start() {
  const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::array<int, 2> ends{}, report_ends{};
  if (input.get() < 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) fail(order.program, errno);
  output.reset(ends[0]);
  const Descriptor write_end(ends[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  if (::pipe2(report_ends.data(), O_CLOEXEC) != 0) fail(order.program, errno);
  const Descriptor report(report_ends[0]);
  Descriptor report_end(report_ends[1]);

  std::vector<std::string> words = order.arguments;
  words.insert(words.begin(), order.program);
  std::vector<std::string> variables = order.environment;
  const std::vector<char*> arguments = pointers(words), environment = pointers(variables);
  const Launch launch{.program = order.program.c_str(),
                      .arguments = arguments.data(),
                      .environment = environment.data(),
                      .input = input.get(),
                      .output = write_end.get(),
                      .report = report_end.get(),
                      .nice = order.nice,
                      .idle_class = order.idle_class,
                      .parent = ::getpid()};
  {
    const AllSignalsBlocked blocked;
    child = spawn(launch);
  }
  if (child < 0) fail(order.program, errno);
  report_end.reset();
  // Returns at exec(), which closes the other end, or with the errno that came before it.
  int fault = 0;
  ssize_t got = 0;
  while ((got = ::read(report.get(), &fault, sizeof fault)) < 0 && errno == EINTR) {
  }
  if (got == sizeof fault) {
    ::waitpid(child, nullptr, 0);
    fail(order.program, fault);
  }
  has_clock = ::clock_getcpuclockid(child, &clock) == 0;
  last_time = steady_seconds();
}

double WorkerProcess::Impl::used() const {
  timespec time{};
  if (end || !has_clock || ::clock_gettime(clock, &time) != 0) return last_used;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void WorkerProcess::Impl::drain() {
  std::array<char, 16384> bytes;
  for (ssize_t got = 0; (got = ::read(output.get(), bytes.data(), bytes.size())) > 0;)
    log.write({bytes.data(), static_cast<std::size_t>(got)});
}

void WorkerProcess::Impl::stop_or_continue(bool stop) {
  if (stop == stopped) return;
  signal_group(stop ? SIGSTOP : SIGCONT);
  stopped = stop;
}

/// The processor time that the share allows runs into an account, and what is used is taken from it.
void WorkerProcess::Impl::keep_share(double now) {
  const double since = now - last_time, used_now = used();
  credit += order.cpu_share * since - (used_now - last_used);
  credit = std::clamp(credit, -longest_stop_seconds * order.cpu_share, burst_seconds * order.cpu_share);
  last_time = now;
  last_used = used_now;
  if (order.cpu_share <= 0 || interrupted_at) return;
  const bool over = credit < 0;
  stop_or_continue(over && (!order.at_ease || order.at_ease()));
}

void WorkerProcess::Impl::notice_end() {
  siginfo_t info{};
  const int waited = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
  const bool nobody_knows = waited != 0 && errno == ECHILD;
  if (!nobody_knows && (waited != 0 || info.si_pid != child)) return;
  // The number of the group is its own until the process is waited for.
  if (!nobody_knows) signal_group(SIGKILL);
  drain();
  log.finish();
  WorkerEnd result;
  int status = 0;
  if (!nobody_knows && ::waitpid(child, &status, 0) == child) {
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  }
  result.killed = killed && result.signal == SIGKILL;
  result.last_message = log.last_message();
  end = std::move(result);
}

WorkerProcess::WorkerProcess(WorkerOrder order) : impl_(std::make_unique<Impl>(std::move(order))) {}

WorkerProcess::~WorkerProcess() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->end) return;
  impl_->signal_group(SIGKILL);
  while (::waitpid(impl_->child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

pid_t WorkerProcess::id() const {
  return impl_->child;
}

bool WorkerProcess::tick() {
  const std::lock_guard lock(impl_->mutex);
  Impl& self = *impl_;
  if (self.end) return true;
  const double now = steady_seconds();
  self.drain();
  self.keep_share(now);
  const bool late =
      self.interrupted_at && now - *self.interrupted_at >=
                                 static_cast<double>(self.order.kill_after) / static_cast<double>(second_ms);
  if (late && !self.killed) {
    self.killed = true;
    self.signal_group(SIGKILL);
  }
  self.notice_end();
  return self.end.has_value();
}

void WorkerProcess::interrupt() {
  const std::lock_guard lock(impl_->mutex);
  Impl& self = *impl_;
  if (self.end || self.interrupted_at) return;
  self.interrupted_at = steady_seconds();
  self.signal_group(SIGINT);
  self.signal_group(SIGCONT);
  self.stopped = false;
}

std::optional<WorkerEnd> WorkerProcess::end() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->end;
}

double WorkerProcess::cpu_seconds() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->used();
}

std::vector<std::string> worker_environment(const std::vector<std::string>& environment) {
  constexpr std::array<std::string_view, 10> names{
      "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "TZ", "PWD", "SHELL"};
  // PG*: how libpq finds the ledger's server and its password. *_OPTIONS: of the sanitizers.
  constexpr std::array<std::string_view, 6> beginnings{"LC_",           "PG",           "ASAN_OPTIONS",
                                                       "UBSAN_OPTIONS", "TSAN_OPTIONS", "STEVIE__"};
  constexpr std::array<std::string_view, 4> not_theirs{"STEVIE__ACCOUNTS__", "STEVIE__SERVER__",
                                                       "STEVIE__LIVE__", "STEVIE__SESSIONS__"};
  std::vector<std::string> kept;
  for (const std::string& variable : environment) {
    const std::string_view name = std::string_view(variable).substr(0, variable.find('='));
    const auto begins = [&](std::string_view start) { return name.starts_with(start); };
    if ((std::ranges::count(names, name) > 0 || std::ranges::any_of(beginnings, begins)) &&
        std::ranges::none_of(not_theirs, begins))
      kept.push_back(variable);
  }
  return kept;
}

}  // namespace stevie::app
