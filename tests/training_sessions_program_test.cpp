/// Training sessions with `stevie optimize` as their worker.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <thread>

#include "app/session_progress.h"
#include "app/session_results.h"
#include "app/training_sessions.h"
#include "core/file.h"
#include "core/testing.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

/// Waits up to a minute: the machine may have much else to do.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class SessionsProgram : public ::testing::Test {
 protected:
  SessionsProgram() {
    fs::create_directories(path("data"));
    market::SyntheticConfig market;
    market.model = market::SyntheticModel::martingale;
    market.bars = 500 * 24;
    market.seed = 3;
    market::write_bars(path("data/SYNTHUSDT_1h.csv"), market::make_synthetic_market(market).bars);
  }
  ~SessionsProgram() override { end(); }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  TrainingSessions::Parts parts() const {
    TrainingSessions::Parts parts;
    parts.config.folder = path("sessions").string();
    parts.config.data_folders = {path("data").string()};
    parts.config.idle_class = false;  // other tests run beside this one
    parts.config.nice = 0;
    parts.config.cpu_share = 0;
    parts.config.parallel = 2;
    parts.ledger.url = "sqlite:///" + path("stevie.db").string();
    parts.program = STEVIE_PROGRAM;
    parts.environment = {"PATH=/usr/bin:/bin"};
    return parts;
  }
  std::unique_ptr<ledger::Ledger> open_ledger() const { return ledger::Ledger::open(parts().ledger); }
  SessionRequest request(std::size_t episodes) const {
    SessionRequest request;
    request.scenario = "quick_tune";
    request.data = {path("data/SYNTHUSDT_1h.csv").string()};
    request.episodes = episodes;
    request.by = {"anna", "a test"};
    return request;
  }
  TrainingSessions& begin() {
    sessions_ = std::make_unique<TrainingSessions>(parts());
    thread_ = std::thread([this] { sessions_->run(); });
    return *sessions_;
  }
  void end() {
    if (!sessions_) return;
    sessions_->stop();
    thread_.join();
    sessions_.reset();
  }
  bool reaches(const std::string& id, SessionState state) const {
    return eventually([&] { return sessions_->session(id).state == state; });
  }
  bool searches(const std::string& id) const {
    return eventually([&] { return sessions_->session(id).episode > 0; });
  }
  std::uint64_t version_in_force() const {
    const auto ledger = open_ledger();
    return live::ParameterStore(*ledger).current().number;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<TrainingSessions> sessions_;
  std::thread thread_;
};

TEST_F(SessionsProgram, TwoAtOnceEndWithTheirVerdicts) {
  TrainingSessions& sessions = begin();
  SessionRequest second = request(2);
  second.scenario = "recommended";
  const std::string ids[] = {sessions.start(request(2)).id, sessions.start(second).id};
  for (const std::string& id : ids) {
    ASSERT_TRUE(reaches(id, SessionState::finished)) << sessions.session(id).sentence;
    const TrainingSession session = sessions.session(id);
    EXPECT_FALSE(session.outcome.empty());
    EXPECT_NE(session.outcome, "promoted");  // nothing can be earned there
    EXPECT_NE(session.sentence.find("version 1 is in force"), std::string::npos) << session.sentence;
    EXPECT_FALSE(session.scenario.empty());
    EXPECT_EQ(session.episode, 2u);
    EXPECT_GT(session.candidates, 0u);
    for (const char* name : {"results.json", "report.txt", "report.html", "worker.log"})
      EXPECT_TRUE(fs::exists(session.folder / name)) << name;
  }
  EXPECT_TRUE(open_ledger()->verify().clean());
}

TEST_F(SessionsProgram, ACancelledOneLeavesTheParametersAndItsState) {
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request(10'000)).id;
  ASSERT_TRUE(searches(id)) << sessions.session(id).sentence;
  const auto begun = std::chrono::steady_clock::now();
  sessions.stop_session(id, {"bert", "seen enough"});
  ASSERT_TRUE(reaches(id, SessionState::stopped));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  std::cout << "cancelled in " << took.count() << " ms\n";
  EXPECT_EQ(version_in_force(), 1u);
  const TrainingSession session = sessions.session(id);
  EXPECT_NE(session.sentence.find("parameters stay as they are"), std::string::npos) << session.sentence;
  EXPECT_NE(session.sentence.find("--resume"), std::string::npos) << session.sentence;
  EXPECT_TRUE(fs::exists(session.folder / "state.bin"));
  EXPECT_FALSE(fs::exists(session.folder / "results.json"));
}

TEST_F(SessionsProgram, AKilledServerIsFollowedByOneThatGoesOn) {
  const pid_t server = ::fork();
  if (server == 0) {
    TrainingSessions sessions(parts());
    sessions.start(request(40));
    sessions.run();
    ::_exit(0);
  }
  const auto session_folder = [&]() -> fs::path {
    if (fs::exists(path("sessions"))) {
      for (const auto& entry : fs::directory_iterator(path("sessions"))) return entry.path();
    }
    return {};
  };
  const bool saved = eventually([&] {
    const fs::path folder = session_folder();
    return !folder.empty() && fs::exists(folder / "state.bin");
  });
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  ASSERT_TRUE(saved);
  const std::string id = session_folder().filename();
  TrainingSessions& sessions = begin();
  ASSERT_TRUE(reaches(id, SessionState::finished)) << sessions.session(id).sentence;
  EXPECT_EQ(sessions.session(id).attempts, 2u);
  EXPECT_EQ(sessions.session(id).episode, 40u);
  EXPECT_TRUE(open_ledger()->verify().clean());
  EXPECT_EQ(open_ledger()->read({.kind = "session.finished"}).size(), 1u);
  EXPECT_EQ(version_in_force(), 1u);
}

TEST_F(SessionsProgram, ATrainingIsRunAndResumed) {
  SessionRequest training;
  training.kind = "train";
  training.data = {path("data/SYNTHUSDT_1h.csv").string()};
  training.settings = {{"train.total_timesteps", "12000"},
                       {"train.eval_freq", "4000"},
                       {"ppo.n_envs", "4"},
                       {"ppo.n_steps", "250"}};
  training.by = {"anna", "a test"};
  TrainingSessions* sessions = &begin();
  const std::string id = sessions->start(training).id;
  ASSERT_TRUE(searches(id)) << sessions->session(id).sentence;
  end();
  sessions = &begin();
  ASSERT_TRUE(reaches(id, SessionState::finished)) << sessions->session(id).sentence;
  const TrainingSession session = sessions->session(id);
  EXPECT_EQ(session.outcome, "trained");
  EXPECT_NE(session.sentence.find("validation part"), std::string::npos) << session.sentence;
  EXPECT_TRUE(fs::exists(session.folder / "models" / "ppo_stevie.zip"));
}

TEST_F(SessionsProgram, OtherTrainingsGoOnAfterTheServerWasStopped) {
  SessionRequest dqn, several;
  dqn.kind = "train";
  dqn.algorithm = "dqn";
  several.kind = "bootstrap";
  several.settings = {
      {"bootstrap.seeds", "1"}, {"ppo.n_envs", "2"}, {"ppo.n_steps", "100"}, {"ppo.batch_size", "50"}};
  std::vector<std::string> ids;
  TrainingSessions* sessions = &begin();
  for (SessionRequest* asked : {&dqn, &several}) {
    asked->data = {path("data/SYNTHUSDT_1h.csv").string()};
    asked->by = {"anna", "a test"};
    asked->settings.insert({{"train.total_timesteps", "12000"},
                            {"train.eval_freq", "4000"},
                            {"dqn.learning_starts", "100"},
                            {"dqn.buffer_size", "2000"}});
    ids.push_back(sessions->start(*asked).id);
  }
  for (const std::string& id : ids) ASSERT_TRUE(searches(id)) << sessions->session(id).sentence;
  end();
  sessions = &begin();
  for (const std::string& id : ids) {
    ASSERT_TRUE(reaches(id, SessionState::finished)) << sessions->session(id).sentence;
    EXPECT_EQ(sessions->session(id).episode, sessions->session(id).episodes);
    EXPECT_EQ(sessions->session(id).outcome, "trained");
  }
  EXPECT_EQ(version_in_force(), 1U);
}

TEST_F(SessionsProgram, EveryKindOfTrainingRunsToItsEndAndTellsWhatItFound) {
  market::SyntheticConfig market;
  market.bars = 3000;
  market.seed = 5;
  const std::string bars = path("data/SMALLUSDT_1h.csv").string();
  market::write_bars(bars, market::make_synthetic_market(market).bars);
  SessionRequest dqn, several, clone, ensemble;
  dqn.kind = "train";
  dqn.algorithm = "dqn";
  dqn.augment = "noise";
  dqn.settings = {
      {"train.total_timesteps", "1500"}, {"dqn.learning_starts", "100"}, {"dqn.buffer_size", "1000"}};
  several.kind = "bootstrap";
  several.settings = {
      {"train.total_timesteps", "600"}, {"bootstrap.seeds", "1"}, {"ppo.n_envs", "2"},
      {"ppo.n_steps", "100"},           {"ppo.batch_size", "50"}, {"dqn.learning_starts", "100"}};
  clone.kind = "clone";
  clone.settings = {{"cloning.folds", "2"}, {"cloning.max_epochs", "2"}};
  ensemble.kind = "ensemble";
  ensemble.settings = {{"ensemble.members", "2"},
                       {"ensemble.timesteps", "600"},
                       {"ppo.n_envs", "2"},
                       {"ppo.n_steps", "100"},
                       {"ppo.batch_size", "50"}};
  TrainingSessions& sessions = begin();
  std::map<std::string, std::string> ids;
  for (SessionRequest* asked : {&dqn, &several, &clone, &ensemble}) {
    asked->data = {bars};
    asked->by = {"anna", "a test"};
    ids[asked->kind] = sessions.start(*asked).id;
  }
  for (const auto& [kind, id] : ids) {
    ASSERT_TRUE(reaches(id, SessionState::finished)) << sessions.session(id).sentence;
    const TrainingSession session = sessions.session(id);
    EXPECT_EQ(session.outcome, "trained");
    EXPECT_EQ(session.episode, session.episodes) << kind;
    EXPECT_NE(session.sentence.find("buy and hold"), std::string::npos) << session.sentence;
    const auto results = training_results_json(session.folder, kind);
    ASSERT_TRUE(results) << kind;
    EXPECT_NE(results->find("\"sentence\""), std::string::npos);
    EXPECT_FALSE(read_progress_curve(session.folder).empty()) << kind;
  }
  for (const auto& [kind, file] : std::map<std::string, std::string>{{"train", "dqn_stevie.zip"},
                                                                     {"clone", "behavior_cloning_model.zip"},
                                                                     {"ensemble", "ensemble.zip"}})
    EXPECT_TRUE(fs::exists(sessions.session(ids[kind]).folder / "models" / file)) << kind;
  EXPECT_EQ(version_in_force(), 1U);

  // A training starts from the clone that a session left.
  SessionRequest from;
  from.kind = "train";
  from.data = {bars};
  from.by = {"anna", "a test"};
  from.from = (sessions.session(ids["clone"]).folder / "models" / "behavior_cloning_model.zip").string();
  from.settings = {{"train.total_timesteps", "400"},
                   {"ppo.n_envs", "2"},
                   {"ppo.n_steps", "100"},
                   {"ppo.batch_size", "50"}};
  const std::string id = sessions.start(from).id;
  ASSERT_TRUE(reaches(id, SessionState::finished)) << sessions.session(id).sentence;
}

TEST_F(SessionsProgram, ABadFileIsTheWorkersToTell) {
  write_file(path("data/SYNTHUSDT_1h.csv"), "open,high\n1,2\n");
  TrainingSessions& sessions = begin();
  const std::string id = sessions.start(request(2)).id;
  ASSERT_TRUE(reaches(id, SessionState::failed));
  EXPECT_NE(sessions.session(id).sentence.find("SYNTHUSDT_1h.csv"), std::string::npos)
      << sessions.session(id).sentence;
  EXPECT_NE(sessions.session(id).sentence.find("parameters stay as they are"), std::string::npos);
}

}  // namespace
}  // namespace stevie::app
