#include "app/worker_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "app/worker_log.h"
#include "app/worker_progress.h"
#include "core/file.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

class WorkerProcessTest : public ::testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }
  /// A shell that runs these lines.
  WorkerOrder shell(const std::string& script) const {
    return {.program = "/bin/sh",
            .arguments = {"-c", script},
            .environment = {"PATH=/usr/bin:/bin"},
            .log = path("worker.log")};
  }
  /// Ticks until it ends, or for so many seconds.
  static bool ends(WorkerProcess& worker, double seconds = 10) {
    const auto begin = std::chrono::steady_clock::now();
    while (!worker.tick()) {
      if (std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(seconds)) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  /// Ticks until the file is there.
  static bool appears(WorkerProcess& worker, const fs::path& file) {
    for (int i = 0; i < 1000 && !fs::exists(file); ++i) {
      worker.tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return fs::exists(file);
  }
  std::string log() const { return read_file(path("worker.log")); }

  const TemporaryFolder folder_;
};

TEST_F(WorkerProcessTest, ItsCodeOutputAndLastMessageAreKept) {
  WorkerProcess worker(shell("echo one; echo 'stevie: two' >&2; echo three; cat; exit 2"));
  ASSERT_TRUE(ends(worker));
  EXPECT_EQ(worker.end()->code, 2);
  EXPECT_EQ(worker.end()->last_message, "two");
  EXPECT_EQ(log(), "one\nstevie: two\nthree\n");
}

TEST_F(WorkerProcessTest, ItHasAGroupANiceValueAndAClassOfItsOwn) {
  WorkerOrder order = shell("exec sleep 60");
  order.nice = 19;
  order.idle_class = true;
  WorkerProcess worker(order);
  EXPECT_EQ(::getpgid(worker.id()), worker.id());
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(worker.id())), 19);
  EXPECT_EQ(::sched_getscheduler(worker.id()), SCHED_IDLE);
}

TEST_F(WorkerProcessTest, ItInheritsNoDescriptorAndNoHandler) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);  // without close-on-exec
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGUSR1, &ignore, &before);
  {
    WorkerProcess worker(shell("ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status"));
    ASSERT_TRUE(ends(worker));
  }
  ::sigaction(SIGUSR1, &before, nullptr);
  ::close(socket);
  EXPECT_EQ(log(), "0 1 2 3 SigIgn:\t0000000000000000\n");  // 3 is the folder that ls reads
}

TEST_F(WorkerProcessTest, ItsVariablesAreThoseItWasGiven) {
  WorkerProcess worker(shell("env | sort | grep -v -e PWD -e SHLVL -e ^_"));
  ASSERT_TRUE(ends(worker));
  EXPECT_EQ(log(), "PATH=/usr/bin:/bin\n");
}

TEST_F(WorkerProcessTest, OnlyHarmlessVariablesAreHandedOn) {
  const std::vector<std::string> all{"PATH=/bin",
                                     "HOME=/root",
                                     "LC_ALL=C",
                                     "PGPASSFILE=/root/.pgpass",
                                     "STEVIE__PPO__GAMMA=0.9",
                                     "STEVIE__ACCOUNTS__TOKEN=secret",
                                     "STEVIE__SERVER__KEY=secret",
                                     "STEVIE__LIVE__FEED=none",
                                     "AWS_SECRET_ACCESS_KEY=secret",
                                     "PATHOLOGY=1",
                                     "",
                                     "=x"};
  EXPECT_EQ(worker_environment(all), std::vector<std::string>(all.begin(), all.begin() + 5));
}

TEST_F(WorkerProcessTest, AnInterruptEndsIt) {
  WorkerOrder order =
      shell("trap 'exit 130' INT; touch '" + path("ready").string() + "'; while :; do sleep 0.01; done");
  WorkerProcess listening(order);
  ASSERT_TRUE(appears(listening, path("ready")));
  listening.interrupt();
  ASSERT_TRUE(ends(listening));
  EXPECT_EQ(listening.end()->code, 130);
  EXPECT_FALSE(listening.end()->killed);
}

TEST_F(WorkerProcessTest, OneThatDoesNotListenIsKilledWithItsChildren) {
  WorkerOrder order = shell("trap '' INT; sleep 600 & echo $! > '" + path("child").string() + "'; touch '" +
                            path("ready").string() + "'; while :; do sleep 0.01; done");
  order.kill_after = 50;
  WorkerProcess worker(order);
  ASSERT_TRUE(appears(worker, path("ready")));
  worker.interrupt();
  ASSERT_TRUE(ends(worker));
  EXPECT_TRUE(worker.end()->killed);
  EXPECT_EQ(worker.end()->signal, SIGKILL);
  // Nobody has to wait for the orphan here; it is a zombie of somebody else at most.
  const auto child = static_cast<pid_t>(std::stoi(read_file(path("child"))));
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    const fs::path status = fs::path("/proc") / std::to_string(child) / "status";
    gone = !fs::exists(status) || read_file(status).find("State:\tZ") != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(gone);
}

TEST_F(WorkerProcessTest, ItUsesNoMoreThanItsShareOfTheProcessor) {
  WorkerOrder order = shell("while :; do :; done");
  order.cpu_share = 0.2;
  WorkerProcess worker(order);
  const auto begin = std::chrono::steady_clock::now();
  ends(worker, 2.0);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double share = worker.cpu_seconds() / wall;
  RecordProperty("share", std::to_string(share));
  EXPECT_LT(share, 0.6);
  EXPECT_GT(share, 0.005);
}

TEST_F(WorkerProcessTest, AStoppedOneListensToAnInterrupt) {
  WorkerOrder order =
      shell("trap 'exit 130' INT; touch '" + path("ready").string() + "'; while :; do :; done");
  order.cpu_share = 0.01;
  order.kill_after = 60'000;
  WorkerProcess worker(order);
  ASSERT_TRUE(appears(worker, path("ready")));
  ends(worker, 0.3);  // by now it is over its share
  worker.interrupt();
  ASSERT_TRUE(ends(worker));
  EXPECT_EQ(worker.end()->code, 130);
}

TEST_F(WorkerProcessTest, OneThatMustNotBeStoppedIsNot) {
  WorkerOrder order = shell("while :; do :; done");
  order.cpu_share = 0.01;
  order.at_ease = [] { return false; };
  WorkerProcess worker(order);
  bool was_stopped = false;
  for (int i = 0; i < 30; ++i) {
    worker.tick();
    const std::string status = read_file(fs::path("/proc") / std::to_string(worker.id()) / "status");
    was_stopped = was_stopped || status.find("State:\tT") != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(was_stopped);
}

TEST_F(WorkerProcessTest, ItEndsWithTheThreadThatMadeIt) {
  std::unique_ptr<WorkerProcess> worker;
  std::thread([&] { worker = std::make_unique<WorkerProcess>(shell("exec sleep 600")); }).join();
  ASSERT_TRUE(ends(*worker));
  EXPECT_EQ(worker->end()->signal, SIGKILL);
}

TEST_F(WorkerProcessTest, AProgramThatCannotBeRunIsTold) {
  for (const char* program : {"/nowhere/stevie", "/etc/passwd", "/"}) {
    WorkerOrder order = shell("");
    order.program = program;
    const Error error = error_of([&] { WorkerProcess worker(order); });
    EXPECT_EQ(error.code(), "app.worker_not_started");
    EXPECT_EQ(error.place(), program);
  }
}

TEST_F(WorkerProcessTest, AChattyOneDoesNotFillTheDisk) {
  WorkerProcess worker(shell("head -c 5000000 /dev/zero | tr '\\0' 'x'; echo; echo 'stevie: the end'"));
  ASSERT_TRUE(ends(worker));
  EXPECT_LT(log().size(), 700'000u);
  EXPECT_GT(log().size(), 500'000u);
  EXPECT_NE(log().find("bytes are left out here"), std::string::npos);
  EXPECT_EQ(worker.end()->last_message, "the end");
}

TEST_F(WorkerProcessTest, WhatItSaysCannotDriveATerminal) {
  WorkerLog log(path("log"));
  log.write("stevie: \x1b[2Jgone\n\n");
  EXPECT_EQ(log.last_message(), "\\x1b[2Jgone");
}

TEST(WorkerProgress, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const WorkerProgress progress{.phase = WorkerPhase::judging,
                                .episode = 3,
                                .episodes = 10,
                                .candidates = 48,
                                .best_reward = 0.1,
                                .running_reward = {},
                                .fraction = 1.0 / 3,
                                .seconds_left = 0.5};
  ProgressFile file(folder.path() / "progress.json");
  file.write(progress);
  EXPECT_EQ(read_progress(folder.path() / "progress.json"), progress);
  file.enter(WorkerPhase::writing);
  EXPECT_EQ(read_progress(folder.path() / "progress.json")->phase, WorkerPhase::writing);
  EXPECT_EQ(read_progress(folder.path() / "progress.json")->candidates, 48u);
}

TEST(WorkerProgress, WhatIsNoneIsNotTaken) {
  for (const char* text : {"", "\n", "{}\n", "[]\n", "{\"phase\":\"sleeping\"}\n", "{\"phase\":1}\n",
                           "{\"phase\":\"judging\"}", "nonsense\n"})
    EXPECT_FALSE(parse_progress(text)) << text;
  EXPECT_FALSE(parse_progress(std::string(10'000, '{') + "\n"));
  EXPECT_EQ(parse_progress("{\"phase\":\"loading\",\"fraction\":1e99,\"episode\":-3}\n")->fraction, 1);
  EXPECT_FALSE(read_progress("/nowhere/progress.json"));
}

TEST(WorkerProgress, AFileThatCannotBeWrittenStopsNobody) {
  ProgressFile("/proc/nowhere/progress.json").write({});
}

}  // namespace
}  // namespace stevie::app
