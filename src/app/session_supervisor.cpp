#include "app/session_supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "app/clone.h"
#include "app/session_kinds.h"
#include "app/session_results.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder_lock.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto pause = 200ms;         // between two looks at the ledger
constexpr auto retry_pause = 1000ms;  // after trouble
constexpr auto tick = 20ms;           // of the minder
constexpr int ticks_a_report = 10;
constexpr const char* author = "server";
constexpr const char* unchanged = "The parameters stay as they are.";

std::string how_to_resume(const TrainingSession& session) {
  if (!has_saved_state(session)) return "";
  std::string command = fmt::format("stevie {}", fmt::join(command_of(session.request), " "));
  if (session.request.kind == "optimize")
    command += " " + (session.scenario.empty() ? "SCENARIO" : session.scenario);
  return fmt::format(
      " What it has found is saved: `{}` with the same data and settings{} and --out {} goes on.", command,
      resumes_by_flag(session) ? ", --resume" : "", session.folder.string());
}

std::string how_far(const TrainingSession& session) {
  if (session.episodes == 0) return "";
  return fmt::format(" after {} of {} {}", session.episode, session.episodes, unit_of(session.request.kind));
}

void finish_training(TrainingSession& session) {
  session.state = SessionState::finished;
  session.outcome = "trained";
  session.fraction = 1;
  session.sentence = training_sentence(session.folder, session.request.kind);
}

}  // namespace

std::vector<std::string> worker_arguments(const TrainingSession& session, const std::string& config_file,
                                          const std::vector<std::string>& settings) {
  const SessionRequest& request = session.request;
  std::vector<std::string> words;
  const auto add = [&words](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (!config_file.empty()) add({"--config", config_file});
  for (const std::string& setting : settings) add({"--set", setting});
  for (const auto& [key, value] : settings_of(request)) add({"--set", key + "=" + value});
  for (const std::string& word : command_of(request)) words.push_back(word);
  if (!is_training(request.kind)) add({request.scenario, "--session", session.id});
  // A whole path cannot be mistaken for a flag.
  for (const std::string& file : request.data) add({"--data", fs::weakly_canonical(file).string()});
  if (!request.from.empty()) add({"--from", fs::weakly_canonical(request.from).string()});
  if (!request.expert.empty())
    add({"--expert",
         request.expert == rsi_ma_expert ? request.expert : fs::weakly_canonical(request.expert).string()});
  add({"--out", session.folder.string(), "--progress-file", (session.folder / progress_file_name).string()});
  if (request.minutes) add({"--minutes", fmt::format("{}", *request.minutes)});
  if (request.episodes) add({"--episodes", fmt::format("{}", *request.episodes)});
  if (request.dry_run) add({"--dry-run"});
  if (resumes_by_flag(session)) add({"--resume"});
  return words;
}

SessionSupervisor::SessionSupervisor(const TrainingSessions::Parts& parts, SessionBoard& board)
    : parts_(parts),
      board_(board),
      rules_{.data_folders = parts.config.data_folders,
             .default_data = parts.default_data,
             .config_file = parts.config_file,
             .settings = parts.settings,
             .model_folders = model_folders_of(parts.config)},
      folder_(fs::absolute(parts.config.folder)) {}

void SessionSupervisor::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void SessionSupervisor::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void SessionSupervisor::interrupt(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job != jobs_.end()) job->second.worker->interrupt();
}

void SessionSupervisor::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [this] { return stopping_ || woken_; });
  woken_ = false;
}

bool SessionSupervisor::has_job(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return jobs_.contains(id);
}

std::size_t SessionSupervisor::job_count() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

/// A worker that needs the ledger meanwhile fails, which is no fault of its session.
void SessionSupervisor::remember_outage() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, job] : jobs_) job.ledger_was_away = true;
}

/// Minds the workers: their logs, their share, their end, their progress.
void SessionSupervisor::mind() {
  int ticks = 0;
  std::unique_lock lock(mutex_);
  while (minding_) {
    std::map<std::string, Job> jobs;
    for (const auto& [id, job] : jobs_) {
      if (!job.ended) jobs.emplace(id, job);
    }
    if (jobs.empty()) {
      changed_.wait_for(lock, pause);
      continue;
    }
    lock.unlock();
    const bool report = ++ticks % ticks_a_report == 0;
    std::vector<std::string> ended;
    for (const auto& [id, job] : jobs) {
      if (job.worker->tick()) ended.push_back(id);
      if (!report && (ended.empty() || ended.back() != id)) continue;
      if (const auto progress = read_progress(job.folder / progress_file_name))
        board_.take_progress(id, *progress);
    }
    jobs.clear();
    std::this_thread::sleep_for(tick);
    lock.lock();
    for (const std::string& id : ended) {
      const auto job = jobs_.find(id);
      if (job != jobs_.end()) job->second.ended = true;
      woken_ = true;
    }
    if (!ended.empty()) changed_.notify_all();
  }
}

void SessionSupervisor::run() {
  minding_ = true;
  std::thread minder([this] { mind(); });
  const auto stopped = [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  };
  while (!stopped()) {
    try {
      supervise();
    } catch (const std::exception& error) {
      board_.set_trouble(error.what());
      const auto* known = dynamic_cast<const Error*>(&error);
      if (known != nullptr && known->code().starts_with("ledger.")) remember_outage();
      wait(retry_pause);
    }
  }
  shut_down();
  {
    const std::lock_guard lock(mutex_);
    minding_ = false;
    changed_.notify_all();
  }
  minder.join();
}

/// Works until stop() or until something is in the way. Workers go on meanwhile.
void SessionSupervisor::supervise() {
  const auto ledger = ledger::Ledger::open(parts_.ledger);
  std::unique_ptr<FolderLock> lock;
  for (;;) {
    try {
      // Where another server works the queue off, this one still knows what becomes of it.
      board_.read(*ledger);
      if (!lock) {
        require_writable_folder(folder_);
        lock = std::make_unique<FolderLock>(folder_);
      }
    } catch (const Error& error) {
      if (error.code().starts_with("ledger.")) throw;
      board_.set_trouble(error.what());
    }
    if (lock) {
      pass(*ledger);
      board_.set_trouble("");
    }
    wait(lock ? pause : retry_pause);
    const std::lock_guard guard(mutex_);
    if (stopping_) return;
  }
}

void SessionSupervisor::pass(ledger::Ledger& ledger) {
  board_.read(ledger);
  close_ended(ledger);
  const std::vector<SessionRecord> unended = board_.unended();
  for (const SessionRecord& record : unended) {
    const TrainingSession& session = record.session;
    if (session.by_hand) {
      if (!session.folder.empty()) board_.take_liveness(session.id, !nobody_works_in(session.folder));
    } else if (has_job(session.id)) {
      if (session.state == SessionState::stopping) interrupt(session.id);
    } else if (session.state != SessionState::queued) {
      settle(ledger, record);
    }
  }
  for (const SessionRecord& record : unended) {
    if (job_count() >= parts_.config.parallel) break;
    if (record.session.state == SessionState::queued) launch(ledger, record);
  }
}

/// A session that was at work when a server ended, and that nobody here works on.
void SessionSupervisor::settle(ledger::Ledger& ledger, const SessionRecord& record) {
  TrainingSession session = record.session;
  const bool elsewhere =
      !session.folder.empty() && session.folder.parent_path() != folder_ && !fs::exists(session.folder);
  // The worker may have outlived its server by a moment; another machine's folder is not for this one.
  if (elsewhere || (fs::exists(session.folder) && !nobody_works_in(session.folder))) return;
  const bool has_result = record.worker_outcome == "finished" || session.new_version;
  if (has_result || session.state == SessionState::stopping) {
    tell_end(ledger, ending(record, {}), false);
    return;
  }
  const std::size_t lost = record.lost + (session.state == SessionState::interrupted ? 0 : 1);
  if (lost >= parts_.config.attempts) {
    session.state = SessionState::failed;
    session.sentence = fmt::format("The server ended {} times while it was at work. {}{}", lost, unchanged,
                                   how_to_resume(session));
    tell_end(ledger, std::move(session), false);
    return;
  }
  if (job_count() < parts_.config.parallel) launch(ledger, record);
}

/// Puts on the ledger that this server works on the session. False where somebody else has it, or it was
/// stopped meanwhile.
bool SessionSupervisor::claim(ledger::Ledger& ledger, const SessionRecord& record) {
  const std::string& id = record.session.id;
  const bool crashed = record.session.state == SessionState::running;
  bool ours = false;
  ledger.append_decided([&] {
    board_.read(ledger);
    const SessionRecord now = board_.record(id);
    std::vector<ledger::NewEvent> events;
    if (now.told || now.session.state != record.session.state ||
        now.session.attempts != record.session.attempts)
      return events;
    ours = true;
    const json body{{"id", id},
                    {"attempt", now.session.attempts + 1},
                    {"lost", now.lost + (crashed ? 1 : 0)},
                    {"folder", (folder_ / id).string()}};
    events.push_back({"training.started", body.dump(-1, ' ', false, json::error_handler_t::replace), author,
                      parts_.now()});
    return events;
  });
  board_.read(ledger);
  return ours;
}

void SessionSupervisor::launch(ledger::Ledger& ledger, const SessionRecord& record) {
  if (!claim(ledger, record)) return;
  TrainingSession session = board_.session(record.session.id);
  try {
    checked_request(session.request, rules_);  // another process may have queued it
    require_writable_folder(session.folder);
    const Job job{.worker = std::make_shared<WorkerProcess>(order_of(session)), .folder = session.folder};
    const std::lock_guard lock(mutex_);
    jobs_.emplace(session.id, job);
    changed_.notify_all();
  } catch (const std::exception& error) {
    session.state = SessionState::failed;
    session.sentence = fmt::format("It could not be started: {}. {}", error.what(), unchanged);
    tell_end(ledger, std::move(session), false);
  }
}

WorkerOrder SessionSupervisor::order_of(const TrainingSession& session) const {
  WorkerOrder order{.program = parts_.program,
                    .arguments = worker_arguments(session, parts_.config_file, parts_.settings),
                    .environment = worker_environment(parts_.environment),
                    .log = session.folder / "worker.log",
                    .nice = parts_.config.nice,
                    .idle_class = parts_.config.idle_class,
                    .cpu_share = parts_.config.cpu_share};
  // In the environment, because everybody can read a command line, and a URL may hold a password.
  std::erase_if(order.environment,
                [](const std::string& variable) { return variable.starts_with("STEVIE__LEDGER__"); });
  order.environment.push_back("STEVIE__LEDGER__URL=" + parts_.ledger.url);
  order.environment.push_back("STEVIE__LEDGER__HEAD_FOLDER=" + parts_.ledger.head_folder);
  order.environment.push_back(fmt::format("STEVIE__LEDGER__LOCK_TIMEOUT={}", parts_.ledger.lock_timeout));
  // Whoever holds the ledger must not be stopped: the trading loop would wait for it.
  order.at_ease = [file = session.folder / progress_file_name] {
    const auto progress = read_progress(file);
    return !progress || progress->phase != WorkerPhase::writing;
  };
  return order;
}

/// What the end of a worker means for its session.
TrainingSession SessionSupervisor::ending(SessionRecord record, const WorkerEnd& end) const {
  TrainingSession session = std::move(record.session);
  const bool finished = record.worker_outcome == "finished";
  const bool trained = is_training(session.request.kind) && end.code == 0;
  if (trained) {
    finish_training(session);
  } else if (finished || session.new_version) {
    session.state = SessionState::finished;
    if (!finished) {
      session.outcome = "promoted";
      session.verdict = "PROMOTE";
      session.sentence = fmt::format(
          "The gate promoted the proposal: version {} of the parameters is in force; the "
          "session ended before it could write its report.",
          *session.new_version);
    } else if (end.code && *end.code != 0) {
      session.sentence += " " + end.last_message;
    }
  } else if (record.stopped_by) {
    session.state = SessionState::stopped;
    session.sentence = fmt::format("Stopped by {}{}: {}. {}{}", record.stopped_by->name, how_far(session),
                                   record.stopped_by->reason, unchanged, how_to_resume(session));
  } else if (end.code == 130) {
    session.state = SessionState::interrupted;
    session.sentence = fmt::format("Its worker was interrupted{}. {}{}", how_far(session), unchanged,
                                   how_to_resume(session));
  } else {
    session.state = SessionState::failed;
    const std::string why =
        end.signal != 0 ? fmt::format("Its worker was ended by signal {}{}", end.signal,
                                      end.signal == SIGKILL ? ": by somebody, or for lack of memory" : "")
                        : (end.last_message.empty() ? "Its worker ended without a result" : end.last_message);
    session.sentence = why.find("The parameters") == std::string::npos
                           ? fmt::format("{}. {}{}", why, unchanged, how_to_resume(session))
                           : why;
  }
  return session;
}

void SessionSupervisor::tell_end(ledger::Ledger& ledger, TrainingSession session, bool resumes) {
  session.ended = parts_.now();
  const ledger::NewEvent event = ended_event(session, author, resumes);
  ledger.append(event.kind, event.body, event.author, event.time);
  board_.read(ledger);
}

/// The job is forgotten once its end is on the ledger; where that fails it is tried again.
void SessionSupervisor::close_ended(ledger::Ledger& ledger) {
  std::map<std::string, Job> ended;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, job] : jobs_) {
      if (job.ended) ended.emplace(id, job);
    }
  }
  for (const auto& [id, job] : ended) {
    board_.read(ledger);
    const SessionRecord record = board_.record(id);
    if (!record.told) {
      TrainingSession session = ending(record, *job.worker->end());
      const bool goes_on = session.state == SessionState::failed && job.ledger_was_away;
      if (goes_on) {
        session.state = SessionState::interrupted;
        session.sentence =
            fmt::format("The ledger was out of reach while it was at work{}; it goes on now. {}",
                        how_far(session), unchanged);
      }
      tell_end(ledger, std::move(session), goes_on);
    }
    const std::lock_guard lock(mutex_);
    jobs_.erase(id);
  }
}

/// Interrupts what is at work; what is saved goes on when the server runs again. Where the ledger is out of
/// reach the next start finds the sessions as if the server had been killed.
void SessionSupervisor::shut_down() {
  constexpr auto longest = 5s;
  std::map<std::string, Job> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs = jobs_;
    for (const auto& [id, job] : jobs) job.worker->interrupt();
  }
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& [id, job] : jobs) {
    while (!job.worker->end() && std::chrono::steady_clock::now() - begin < longest)
      std::this_thread::sleep_for(tick);
  }
  try {
    if (jobs.empty()) return;
    const auto ledger = ledger::Ledger::open(parts_.ledger);
    for (const auto& [id, job] : jobs) {
      board_.read(*ledger);
      const SessionRecord record = board_.record(id);
      if (record.told) continue;
      TrainingSession session = ending(record, job.worker->end().value_or(WorkerEnd{}));
      const bool goes_on =
          session.state == SessionState::interrupted || session.state == SessionState::failed;
      if (goes_on) {
        session.state = SessionState::interrupted;
        session.sentence = fmt::format(
            "The server was stopped while it was at work{}; it goes on when the server runs again. {}",
            how_far(session), unchanged);
      }
      tell_end(*ledger, std::move(session), goes_on);
    }
  } catch (const std::exception& error) {
    board_.set_trouble(error.what());
  }
  const std::lock_guard lock(mutex_);
  jobs_.clear();
}

}  // namespace stevie::app
