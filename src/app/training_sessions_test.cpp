#include "app/training_sessions.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/session_board.h"
#include "app/session_queue.h"
#include "app/session_supervisor.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/testing.h"
#include "ledger/ledger.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr TimeMs start_time = 1'700'000'000'000;  // 2023-11-14 22:13:20

/// A worker that does what the test says: it waits for the file `go` in its folder and ends with the code
/// that stands there. SIGINT ends it with 130, unless the file `deaf` lies there.
constexpr const char* fake_worker = R"sh(#!/bin/sh
all="$*"
while [ $# -gt 0 ]; do
  [ "$1" = --out ] && out="$2"
  shift
done
echo "$all" >> "$out/arguments"
env > "$out/environment"
trap '[ -e "$out/deaf" ] || { echo "stevie: stopped as asked"; exit 130; }' INT
echo $$ > "$out/pid.next" && mv "$out/pid.next" "$out/pid"
while [ ! -e "$out/go" ]; do sleep 0.01; done
echo "stevie: the bars are damaged"
exit "$(cat "$out/go")"
)sh";

/// Waits up to ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// Runs sessions in a thread of its own while it lives.
class Running {
 public:
  explicit Running(TrainingSessions& sessions)
      : sessions_(sessions), thread_([&sessions] { sessions.run(); }) {}
  ~Running() {
    sessions_.stop();
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  TrainingSessions& sessions_;
  std::thread thread_;
};

class TrainingSessionsTest : public ::testing::Test {
 protected:
  TrainingSessionsTest() {
    fs::create_directories(path("data"));
    write_file(path("data/BTCUSDT_1h.csv"), "bars");
    write_program(fake_worker);
  }
  ~TrainingSessionsTest() override { end(); }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  void write_program(const std::string& text) const {
    write_file(path("worker"), text);
    fs::permissions(path("worker"), fs::perms::owner_all);
  }
  TrainingSessions::Parts parts() {
    TrainingSessions::Parts parts;
    parts.config.folder = path("sessions").string();
    parts.config.data_folders = {path("data").string()};
    parts.config.cpu_share = 0;
    parts.ledger = config();
    parts.program = path("worker").string();
    parts.environment = {"PATH=/usr/bin:/bin", "STEVIE__ACCOUNTS__SECRET=no", "STEVIE__PPO__GAMMA=0.9",
                         "AWS_SECRET_ACCESS_KEY=no"};
    parts.news = &news_;
    parts.now = [] { return start_time; };
    return parts;
  }
  ledger::LedgerConfig config() const { return {.url = "sqlite:///" + path("stevie.db").string()}; }
  std::unique_ptr<ledger::Ledger> open_ledger() const { return ledger::Ledger::open(config()); }

  SessionRequest request() const {
    SessionRequest request;
    request.scenario = "quick_tune";
    request.data = {path("data/BTCUSDT_1h.csv").string()};
    request.by = {"anna", "a calmer market"};
    return request;
  }

  TrainingSessions& begin(TrainingSessions::Parts parts) {
    end();
    sessions_ = std::make_unique<TrainingSessions>(std::move(parts));
    thread_ = std::thread([this] { sessions_->run(); });
    return *sessions_;
  }
  TrainingSessions& begin() { return begin(parts()); }
  /// As a server does that is told to end.
  void end() {
    if (!sessions_) return;
    sessions_->stop();
    thread_.join();
    sessions_.reset();
  }

  fs::path folder_of(const std::string& id) const { return path("sessions") / id; }
  /// Until the worker of the session has begun its attempt number so and so.
  bool at_work(const std::string& id, std::size_t attempt = 1) const {
    return eventually([&] {
      std::ifstream in(folder_of(id) / "arguments");
      std::size_t lines = 0;
      for (std::string line; std::getline(in, line);) ++lines;
      return lines >= attempt && fs::exists(folder_of(id) / "pid");
    });
  }
  void let_end(const std::string& id, int code) const {
    write_file(folder_of(id) / "go", std::to_string(code));
  }
  /// What `stevie optimize` writes when it is done.
  void tell_finished(const std::string& id, const json& more) const {
    json body{{"session", id},
              {"scenario", "quick_tune"},
              {"outcome", "finished"},
              {"episodes", 4},
              {"candidates", 40}};
    body.update(more);
    open_ledger()->append("session.finished", body.dump(), "quick_tune", start_time);
  }
  SessionState state(const std::string& id) const { return sessions_->session(id).state; }
  bool reaches(const std::string& id, SessionState wanted) const {
    return eventually([&] { return state(id) == wanted; });
  }
  pid_t worker_of(const std::string& id) const {
    return static_cast<pid_t>(std::stoi(read_file(folder_of(id) / "pid")));
  }

  const TemporaryFolder folder_;
  NewsHub news_;
  std::unique_ptr<TrainingSessions> sessions_;
  std::thread thread_;
};

TEST_F(TrainingSessionsTest, ASessionIsQueuedLaunchedAndItsResultTold) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  EXPECT_EQ(id, "20231114-221320-quick_tune");
  ASSERT_TRUE(at_work(id));
  ASSERT_TRUE(reaches(id, SessionState::running));
  tell_finished(id, {{"result", "rejected"}, {"decision", 7}, {"sentence", "The gate rejected it."}});
  let_end(id, 0);
  ASSERT_TRUE(reaches(id, SessionState::finished));
  const TrainingSession session = sessions.session(id);
  EXPECT_EQ(session.outcome, "rejected");
  EXPECT_EQ(session.verdict, "REJECT");
  EXPECT_EQ(session.sentence, "The gate rejected it.");
  EXPECT_EQ(session.decision_event, 7u);
  EXPECT_EQ(session.attempts, 1u);
  EXPECT_EQ(session.request.by.name, "anna");
  EXPECT_TRUE(eventually([&] { return open_ledger()->read({.kind = "training.ended"}).size() == 1; }));
}

TEST_F(TrainingSessionsTest, AWorkerGetsWhatItNeedsAndNoSecret) {
  TrainingSessions::Parts given = parts();
  given.settings = {"optimize.pairs=4"};
  TrainingSessions& sessions = begin(std::move(given));
  SessionRequest wanted = request();
  wanted.settings = {{"optimize.seed", "9"}};
  wanted.minutes = 1.5;
  wanted.episodes = 3;
  wanted.dry_run = true;
  const std::string id = sessions.start(wanted).id;
  ASSERT_TRUE(at_work(id));
  const std::string folder = folder_of(id).string();
  EXPECT_EQ(read_file(folder_of(id) / "arguments"),
            "--set optimize.pairs=4 --set optimize.seed=9 optimize quick_tune --session " + id + " --data " +
                fs::canonical(path("data/BTCUSDT_1h.csv")).string() + " --out " + folder +
                " --progress-file " + folder + "/progress.json --minutes 1.5 --episodes 3 --dry-run\n");
  const std::string environment = read_file(folder_of(id) / "environment");
  EXPECT_NE(environment.find("STEVIE__PPO__GAMMA=0.9"), std::string::npos);
  EXPECT_NE(environment.find("STEVIE__LEDGER__URL=" + config().url), std::string::npos);
  EXPECT_EQ(environment.find("SECRET"), std::string::npos) << environment;
}

TEST_F(TrainingSessionsTest, ATrainingTellsWhatItFoundAndPromotesNothing) {
  TrainingSessions& sessions = begin();
  SessionRequest several = request();
  several.kind = "bootstrap";
  several.scenario.clear();
  const std::string id = sessions.start(several).id;
  EXPECT_EQ(id, "20231114-221320-bootstrap");
  ASSERT_TRUE(at_work(id));
  ProgressFile(folder_of(id) / "progress.json")
      .write({.phase = WorkerPhase::searching, .episode = 30, .episodes = 90, .fraction = 1.0 / 3});
  ASSERT_TRUE(eventually([&] { return sessions.session(id).episode == 30; }));
  write_file(folder_of(id) / "training_results.json",
             R"({"kind":"bootstrap","sentence":"Of 3 trainings PPO with seed 2 did best."})");
  let_end(id, 0);
  ASSERT_TRUE(reaches(id, SessionState::finished));
  const TrainingSession session = sessions.session(id);
  EXPECT_EQ(session.outcome, "trained");
  EXPECT_EQ(session.sentence, "Of 3 trainings PPO with seed 2 did best.");
  EXPECT_TRUE(session.verdict.empty());
  EXPECT_FALSE(session.new_version);
  EXPECT_TRUE(open_ledger()->read({.kind = "parameters.version"}).empty());
}

TEST_F(TrainingSessionsTest, AStoppedTrainingSaysHowItGoesOn) {
  TrainingSessions& sessions = begin();
  SessionRequest ensemble = request(), clone = request();
  ensemble.kind = "ensemble";
  clone.kind = "clone";
  ensemble.scenario = clone.scenario = "";
  const std::string first = sessions.start(ensemble).id;
  ASSERT_TRUE(at_work(first));
  write_file(folder_of(first) / "models" / "member_1.json", "{}");
  sessions.stop_session(first, {"bert", "enough of it"});
  ASSERT_TRUE(reaches(first, SessionState::stopped));
  EXPECT_NE(sessions.session(first).sentence.find("`stevie ensemble train` with the same data and settings "
                                                  "and --out"),
            std::string::npos)
      << sessions.session(first).sentence;
  const std::string second = sessions.start(clone).id;
  ASSERT_TRUE(at_work(second));
  sessions.stop_session(second, {"bert", "enough of it"});
  ASSERT_TRUE(reaches(second, SessionState::stopped));
  EXPECT_EQ(sessions.session(second).sentence,
            "Stopped by bert: enough of it. The parameters stay as they are.");
}

TEST_F(TrainingSessionsTest, AFailedWorkerIsTellingWhy) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  let_end(id, 2);
  ASSERT_TRUE(reaches(id, SessionState::failed));
  EXPECT_EQ(sessions.session(id).sentence, "the bars are damaged. The parameters stay as they are.");
  EXPECT_NE(read_file(folder_of(id) / "worker.log").find("the bars are damaged"), std::string::npos);
}

TEST_F(TrainingSessionsTest, AWorkerThatASignalEndedHasFailed) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  ::kill(worker_of(id), SIGKILL);
  ASSERT_TRUE(reaches(id, SessionState::failed));
  EXPECT_NE(sessions.session(id).sentence.find("signal 9"), std::string::npos);
}

TEST_F(TrainingSessionsTest, ARunningSessionIsStoppedAndSaysWhatThatMeans) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  write_file(folder_of(id) / "state.bin", "saved");
  EXPECT_EQ(sessions.stop_session(id, {"bert", "wrong bars"}).state, SessionState::stopping);
  ASSERT_TRUE(reaches(id, SessionState::stopped));
  const std::string sentence = sessions.session(id).sentence;
  EXPECT_NE(sentence.find("Stopped by bert"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("wrong bars"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("parameters stay as they are"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("--resume"), std::string::npos) << sentence;
  const auto events = open_ledger()->read({.kind = "training.stop_requested"});
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].author, "bert");
  EXPECT_EQ(error_of([&] { sessions.stop_session(id, {"bert", "again"}); }).code(), "app.session_ended");
}

TEST_F(TrainingSessionsTest, AWorkerThatDoesNotListenIsKilled) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  write_file(folder_of(id) / "deaf", "");
  sessions.stop_session(id, {"bert", "wrong bars"});
  ASSERT_TRUE(reaches(id, SessionState::stopped));
  EXPECT_NE(::kill(worker_of(id), 0), 0);
}

TEST_F(TrainingSessionsTest, ASessionThatPromotedBeforeItWasKilledIsToldPromoted) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  open_ledger()->append("parameters.version",
                        json{{"number", 2}, {"change", "promotion"}, {"reason", "session " + id}}.dump(),
                        "quick_tune", start_time);
  sessions.stop_session(id, {"bert", "too late"});
  ASSERT_TRUE(reaches(id, SessionState::finished));
  EXPECT_EQ(sessions.session(id).outcome, "promoted");
  EXPECT_EQ(sessions.session(id).new_version, 2u);
  EXPECT_NE(sessions.session(id).sentence.find("version 2"), std::string::npos);
}

TEST_F(TrainingSessionsTest, AQueuedSessionIsTakenOut) {
  TrainingSessions& sessions = begin();
  const std::string first = sessions.start(request()).id, second = sessions.start(request()).id;
  EXPECT_EQ(second, first + "-2");
  ASSERT_TRUE(at_work(first));
  EXPECT_EQ(sessions.session(second).state, SessionState::queued);
  EXPECT_EQ(sessions.stop_session(second, {"bert", "not needed"}).state, SessionState::stopped);
  let_end(first, 2);
  ASSERT_TRUE(reaches(first, SessionState::failed));
  EXPECT_FALSE(fs::exists(folder_of(second)));
}

TEST_F(TrainingSessionsTest, AsManyWorkAtOnceAsAreAllowedAndTheOthersInOrder) {
  TrainingSessions::Parts given = parts();
  given.config.parallel = 2;
  given.config.queue = 2;
  TrainingSessions& sessions = begin(std::move(given));
  std::vector<std::string> ids{sessions.start(request()).id, sessions.start(request()).id};
  ASSERT_TRUE(at_work(ids[0]) && at_work(ids[1]));
  ASSERT_TRUE(reaches(ids[1], SessionState::running));
  ids.push_back(sessions.start(request()).id);
  ids.push_back(sessions.start(request()).id);
  EXPECT_EQ(error_of([&] { sessions.start(request()); }).code(), "app.queue_full");
  EXPECT_EQ(sessions.active().size(), 4u);
  let_end(ids[1], 2);
  ASSERT_TRUE(at_work(ids[2]));
  EXPECT_EQ(state(ids[3]), SessionState::queued);
  EXPECT_EQ(sessions.sessions().front().id, ids[3]);
}

TEST_F(TrainingSessionsTest, AnotherProcessQueuesAndStopsThroughTheLedger) {
  TrainingSessions& sessions = begin();
  const auto other = open_ledger();
  const std::string id = queue_session(*other, request(), 10, start_time);
  ASSERT_TRUE(at_work(id));
  request_stop(*other, id, {"bert", "from the shell"}, start_time);
  ASSERT_TRUE(reaches(id, SessionState::stopped));
  EXPECT_NE(sessions.session(id).sentence.find("bert"), std::string::npos);
}

TEST_F(TrainingSessionsTest, AStoppedServerLeavesItsSessionToTheNextOne) {
  begin();
  const std::string id = sessions_->start(request()).id;
  ASSERT_TRUE(at_work(id));
  const pid_t worker = worker_of(id);
  write_file(folder_of(id) / "state.bin", "saved");
  end();
  EXPECT_NE(::kill(worker, 0), 0);
  const TrainingSession left = TrainingSessions(parts()).session(id);
  EXPECT_EQ(left.state, SessionState::interrupted);
  EXPECT_NE(left.sentence.find("goes on"), std::string::npos) << left.sentence;
  EXPECT_NE(left.sentence.find("parameters stay as they are"), std::string::npos) << left.sentence;
  begin();
  ASSERT_TRUE(at_work(id, 2));
  EXPECT_NE(read_file(folder_of(id) / "arguments").find("--resume"), std::string::npos);
  ASSERT_TRUE(reaches(id, SessionState::running));
  EXPECT_EQ(sessions_->session(id).attempts, 2u);
}

TEST_F(TrainingSessionsTest, AWorkerThatFailsWhileTheLedgerIsAwayGoesOnWhenItIsBack) {
  std::atomic<bool> away = false;
  TrainingSessions::Parts given = parts();
  given.ledger.hook = [&away](ledger::WriteStep) {
    if (away) throw Error("ledger.unreachable", "away for a test");
  };
  TrainingSessions& sessions = begin(std::move(given));
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  write_file(folder_of(id) / "state.bin", "saved");
  away = true;
  let_end(id, 2);
  ASSERT_TRUE(eventually([&] { return sessions.trouble().find("away for a test") != std::string::npos; }));
  EXPECT_EQ(error_of([&] { sessions.start(request()); }).code(), "ledger.unreachable");
  fs::remove(folder_of(id) / "go");
  away = false;
  ASSERT_TRUE(at_work(id, 2));
  EXPECT_NE(read_file(folder_of(id) / "arguments").find("--resume"), std::string::npos);
  ASSERT_TRUE(reaches(id, SessionState::running));
  EXPECT_EQ(sessions.session(id).attempts, 2u);
  EXPECT_EQ(sessions.sessions().size(), 1u);
  let_end(id, 2);
  EXPECT_TRUE(reaches(id, SessionState::failed)) << "with the ledger there it is a fault of the session";
  end();
}

TEST_F(TrainingSessionsTest, AClockThatStepsBackChangesNoOrder) {
  std::atomic<TimeMs> time = start_time;
  TrainingSessions::Parts given = parts();
  given.now = [&time] { return time.load(); };
  TrainingSessions& sessions = begin(std::move(given));
  const std::string first = sessions.start(request()).id;
  ASSERT_TRUE(at_work(first));
  time -= day_ms;
  const std::string second = sessions.start(request()).id;
  const std::string third = sessions.start(request()).id;
  EXPECT_EQ(std::set<std::string>({first, second, third}).size(), 3u);
  EXPECT_EQ(sessions.sessions().front().id, third) << "newest first, by the record";
  let_end(first, 2);
  ASSERT_TRUE(reaches(first, SessionState::failed));
  ASSERT_TRUE(at_work(second));
  EXPECT_EQ(state(third), SessionState::queued);
  let_end(second, 2);
  ASSERT_TRUE(at_work(third));
  end();
}

/// What a server leaves that was killed: a session that is running by the ledger.
class LostSession : public TrainingSessionsTest {
 protected:
  std::string leave(std::size_t lost = 0) const {
    const auto ledger = open_ledger();
    const std::string id = queue_session(*ledger, request(), 10, start_time);
    const json body{{"id", id}, {"attempt", lost + 1}, {"lost", lost}, {"folder", folder_of(id).string()}};
    ledger->append("training.started", body.dump(), "server", start_time);
    fs::create_directories(folder_of(id));
    return id;
  }
};

TEST_F(LostSession, IsResumed) {
  const std::string id = leave();
  TrainingSessions& sessions = begin();
  ASSERT_TRUE(at_work(id));
  ASSERT_TRUE(eventually([&] { return sessions.session(id).attempts == 2; }));
  let_end(id, 2);
  EXPECT_TRUE(reaches(id, SessionState::failed));
}

TEST_F(LostSession, IsAsFarAsItWasBeforeItsNextWorkerSaysAWord) {
  const std::string id = leave();
  ProgressFile(folder_of(id) / "progress.json")
      .write({.phase = WorkerPhase::searching, .episode = 7, .episodes = 10});
  SessionBoard board(nullptr);
  board.read(*open_ledger());
  EXPECT_EQ(board.session(id).state, SessionState::running);
  EXPECT_EQ(board.session(id).episode, 7u);
  EXPECT_EQ(board.session(id).phase, "searching");
}

TEST_F(LostSession, IsTakenAsEndedWhereItsWorkerHasToldItsResult) {
  const std::string id = leave();
  tell_finished(id, {{"result", "nothing_better"}, {"sentence", "No candidate did better."}});
  begin();
  EXPECT_TRUE(eventually([&] { return open_ledger()->read({.kind = "training.ended"}).size() == 1; }));
  ASSERT_TRUE(reaches(id, SessionState::finished));
  EXPECT_EQ(sessions_->session(id).sentence, "No candidate did better.");
  EXPECT_FALSE(fs::exists(folder_of(id) / "arguments"));
}

TEST_F(LostSession, IsNotStartedTwiceWhileItsWorkerLives) {
  const std::string id = leave();
  auto lock = std::make_unique<FolderLock>(folder_of(id));
  TrainingSessions& sessions = begin();
  const std::string next = sessions.start(request()).id;
  ASSERT_TRUE(at_work(next));  // so the first one was looked at
  EXPECT_FALSE(fs::exists(folder_of(id) / "arguments"));
  EXPECT_EQ(state(id), SessionState::running);
  let_end(next, 2);
  lock.reset();
  EXPECT_TRUE(at_work(id));
}

TEST_F(LostSession, FailsInTheEnd) {
  const std::string id = leave(4);
  begin();
  ASSERT_TRUE(reaches(id, SessionState::failed));
  EXPECT_NE(sessions_->session(id).sentence.find("5 times"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_of(id) / "arguments"));
}

TEST_F(LostSession, IsStoppedWithoutAWorker) {
  const std::string id = leave();
  request_stop(*open_ledger(), id, {"bert", "no more"}, start_time);
  begin();
  ASSERT_TRUE(reaches(id, SessionState::stopped));
  EXPECT_FALSE(fs::exists(folder_of(id) / "arguments"));
}

TEST_F(TrainingSessionsTest, AKilledServerTakesItsWorkersWithIt) {
  // The child has one thread when it makes its own, as a program has.
  const pid_t server = ::fork();
  if (server == 0) {
    TrainingSessions sessions(parts());
    sessions.start(request());
    sessions.run();
    ::_exit(0);
  }
  const std::string id = "20231114-221320-quick_tune";
  const bool begun = at_work(id);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  ASSERT_TRUE(begun);
  const pid_t worker = worker_of(id);
  EXPECT_TRUE(eventually([&] { return ::kill(worker, 0) != 0; }));
  begin();
  EXPECT_TRUE(at_work(id, 2));
  EXPECT_TRUE(open_ledger()->verify().clean());
}

TEST_F(TrainingSessionsTest, TwoServersDoNotWorkOnOneSession) {
  TrainingSessions& first = begin();
  TrainingSessions second(parts());
  const Running second_runs(second);
  const std::string id = second.start(request()).id;
  EXPECT_TRUE(at_work(id));
  EXPECT_TRUE(eventually([&] { return !second.trouble().empty() || !first.trouble().empty(); }));
  let_end(id, 2);
  for (const TrainingSessions* server : {&first, &second}) {
    EXPECT_TRUE(eventually([&] {
      const std::vector<TrainingSession> sessions = server->sessions();
      return sessions.size() == 1 && sessions[0].state == SessionState::failed;
    }));
  }
  EXPECT_EQ(open_ledger()->read({.kind = "training.started"}).size(), 1u);
}

TEST_F(TrainingSessionsTest, SessionsThatPeopleRunAreListedWithTheirResult) {
  const auto ledger = open_ledger();
  const json begun{{"session", "20230101-000000-quick_tune"},
                   {"scenario", "quick_tune"},
                   {"dry_run", true},
                   {"episodes", 4},
                   {"data", {"BTCUSDT_1h.csv"}}};
  ledger->append("session.started", begun.dump(), "quick_tune", start_time);
  TrainingSessions& sessions = begin();
  const std::string id = "20230101-000000-quick_tune";
  EXPECT_TRUE(sessions.session(id).by_hand);
  EXPECT_EQ(sessions.session(id).state, SessionState::running);
  EXPECT_EQ(error_of([&] { sessions.stop_session(id, {"bert", "not mine"}); }).code(), "app.session_by_hand");
  tell_finished(id, {{"result", "promoted"}, {"version", 3}});
  ASSERT_TRUE(reaches(id, SessionState::finished));
  EXPECT_EQ(sessions.session(id).verdict, "PROMOTE");
  EXPECT_EQ(sessions.session(id).new_version, 3u);
}

TEST_F(TrainingSessionsTest, ASessionByHandWhoseProcessIsGoneIsNoLongerRunning) {
  fs::create_directories(path("by_hand"));
  auto lock = std::make_unique<FolderLock>(path("by_hand"));
  const json begun{{"session", "hand"}, {"scenario", "quick_tune"}, {"folder", path("by_hand").string()}};
  open_ledger()->append("session.started", begun.dump(), "quick_tune", start_time);
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  EXPECT_EQ(sessions.session("hand").state, SessionState::running);
  lock.reset();
  EXPECT_TRUE(reaches("hand", SessionState::interrupted));
}

TEST_F(TrainingSessionsTest, ProgressIsPublishedAndIsNotOnTheLedger) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  const std::uint64_t before = open_ledger()->read().size();
  ProgressFile(folder_of(id) / "progress.json")
      .write({.phase = WorkerPhase::searching,
              .episode = 3,
              .episodes = 10,
              .candidates = 48,
              .best_reward = -1.5,
              .running_reward = -10,
              .fraction = 0.3,
              .seconds_left = 12});
  ASSERT_TRUE(eventually([&] { return sessions.session(id).episode == 3; }));
  const TrainingSession session = sessions.session(id);
  EXPECT_EQ(session.phase, "searching");
  EXPECT_EQ(session.candidates, 48u);
  EXPECT_EQ(session.best_reward, -1.5);
  EXPECT_EQ(session.seconds_left, 12);
  EXPECT_EQ(open_ledger()->read().size(), before);
  const NewsHub::Batch batch = news_.after(0, 100);
  ASSERT_FALSE(batch.items.empty());
  EXPECT_EQ(batch.items.front().topic, "sessions");
  EXPECT_EQ(batch.items.front().kind, "session.queued");
  EXPECT_EQ(batch.items.back().kind, "session.progress");
  EXPECT_EQ(json::parse(batch.items.back().body)["episode"], 3);
  sessions.stop_session(id, {"bert", "seen enough"});
  ASSERT_TRUE(reaches(id, SessionState::stopped));
  EXPECT_EQ(sessions.session(id).episode, 3u);
  EXPECT_NE(sessions.session(id).sentence.find("3 of 10 episodes"), std::string::npos);
  EXPECT_EQ(news_.after(0, 100).items.back().kind, "session.ended");
}

TEST_F(TrainingSessionsTest, TheTimeLeftGoesOnWhileAWorkerIsSilent) {
  std::atomic<TimeMs> now = start_time;
  TrainingSessions::Parts moving = parts();
  moving.now = [&now] { return now.load(); };
  TrainingSessions& sessions = begin(std::move(moving));
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(at_work(id));
  ProgressFile(folder_of(id) / "progress.json")
      .write({.phase = WorkerPhase::searching,
              .episode = 3,
              .episodes = 10,
              .fraction = 0.3,
              .seconds_left = 12});
  ASSERT_TRUE(eventually([&] { return sessions.session(id).episode == 3; }));
  EXPECT_EQ(sessions.session(id).updated, start_time);
  const std::uint64_t told = news_.newest();
  now = start_time + 2 * second_ms;
  ASSERT_TRUE(eventually([&] { return news_.newest() > told; })) << "it is told again";
  const json again = json::parse(news_.after(told, 1).items.at(0).body);
  EXPECT_EQ(again["episode"], 3);
  EXPECT_EQ(again["seconds_left"], 10);
  EXPECT_EQ(sessions.session(id).updated, start_time) << "nothing new was told";
  now = start_time + hour_ms;
  EXPECT_EQ(sessions.session(id).seconds_left, 0);
  end();
}

TEST_F(TrainingSessionsTest, AFolderThatCannotBeMadeIsTold) {
  TrainingSessions& sessions = begin();
  write_file(path("sessions/20231114-221320-quick_tune"), "in the way");
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(reaches(id, SessionState::failed));
  EXPECT_NE(sessions.session(id).sentence.find("could not be started"), std::string::npos);
}

TEST_F(TrainingSessionsTest, TroubleIsToldAndGoesAway) {
  write_file(path("sessions"), "in the way");
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(eventually([&] { return !sessions.trouble().empty(); }));
  EXPECT_EQ(state(id), SessionState::queued);
  fs::remove(path("sessions"));
  ASSERT_TRUE(at_work(id));
  EXPECT_TRUE(eventually([&] { return sessions.trouble().empty(); }));
}

TEST_F(TrainingSessionsTest, AProgramThatIsNotThereIsTold) {
  TrainingSessions::Parts given = parts();
  given.program = path("nowhere").string();
  TrainingSessions& sessions = begin(std::move(given));
  const std::string id = sessions.start(request()).id;
  ASSERT_TRUE(reaches(id, SessionState::failed));
  EXPECT_NE(sessions.session(id).sentence.find("No such file"), std::string::npos);
}

TEST_F(TrainingSessionsTest, DamagedEventsArePassedOver) {
  const auto ledger = open_ledger();
  for (const char* kind : {"training.queued", "training.started", "training.stop_requested", "training.ended",
                           "session.started", "session.finished", "parameters.version"}) {
    for (const char* body : {R"({})", R"({"id": 3, "session": []})", R"({"id": "x", "request": {"kind": 1}})",
                             R"({"id": "x", "state": "sleeping"})", R"({"id": "x", "request": []})"})
      ledger->append(kind, body, "somebody", start_time);
  }
  EXPECT_TRUE(TrainingSessions(parts()).sessions().empty());
}

TEST_F(TrainingSessionsTest, TheNearestNameIsTold) {
  TrainingSessions sessions(parts());
  sessions.start(request());
  const Error error = error_of([&] { sessions.session("20231114-221320-quick_tun"); });
  EXPECT_EQ(error.code(), "app.unknown_session");
  EXPECT_NE(error.message().find("did you mean 20231114-221320-quick_tune?"), std::string::npos);
}

}  // namespace
}  // namespace stevie::app
