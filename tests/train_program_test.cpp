/// `stevie train ppo` as a process of its own: what it needs at most, and how it ends on a signal.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/file.h"
#include "core/testing.h"

namespace stevie {
namespace {

namespace fs = std::filesystem;

class TrainProgram : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Starts the program with its output in FOLDER/messages.
  pid_t start(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"stevie", "--quiet"});
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    const std::string messages = path("messages");
    const pid_t child = ::fork();
    if (child == 0) {
      constexpr int permissions = 0644;
      const int file = ::open(messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, permissions);
      ::dup2(file, STDOUT_FILENO);
      ::dup2(file, STDERR_FILENO);
      ::execv(STEVIE_PROGRAM, words.data());
      ::_exit(127);
    }
    return child;
  }
  /// Its exit code, -1 where a signal ended it.
  static int wait_for(pid_t child, rusage* usage = nullptr) {
    int status = 0;
    if (::wait4(child, &status, 0, usage) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
  }
  int run(const std::vector<std::string>& arguments) const { return wait_for(start(arguments)); }
  std::string messages() const { return read_file(folder_ / "messages"); }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(TrainProgram, stays_under_a_gigabyte_on_774109_bars) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory would be measured";
#endif
  const char* shared = std::getenv("STEVIE_SHARED");
  const fs::path data =
      fs::path(shared == nullptr ? "" : shared) / "data" / "BTCUSDT_5m_201708_202412.csv.gz";
  if (shared == nullptr || !fs::exists(data)) GTEST_SKIP() << "there is no " << data << " (STEVIE_SHARED)";
  rusage usage{};
  const pid_t child =
      start({"train", "ppo", "--data", data.string(), "--out", path("run"), "--timesteps", "50000"});
  ASSERT_EQ(wait_for(child, &usage), 0) << messages();
  EXPECT_LT(usage.ru_maxrss, 1'000'000);  // kilobytes
}

class TrainProgramSignal : public TrainProgram, public ::testing::WithParamInterface<int> {};

TEST_P(TrainProgramSignal, leaves_a_checkpoint_from_which_it_goes_on_to_the_same_model) {
  const std::string data = path("SYNTHUSDT_1h.csv");
  ASSERT_EQ(run({"data", "synth", "--bars", "3000", "--out", data}), 0) << messages();
  const auto arguments = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> all{"train",     "ppo",         "--data",      data,       "--out",
                                 path(out),   "--timesteps", "150000",      "--n-envs", "4",
                                 "--n-steps", "500",         "--eval-freq", "50000"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  ASSERT_EQ(run(arguments("whole", {})), 0) << messages();

  const pid_t child = start(arguments("parts", {}));
  // The log's folder is the last thing made before the first rollout.
  for (int poll = 0; poll < 60000 && !fs::exists(path("parts/tensorboard_logs/PPO_1")); ++poll)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(::kill(child, GetParam()), 0);
  ASSERT_EQ(wait_for(child), 130) << messages();
  EXPECT_NE(messages().find("--resume"), std::string::npos) << messages();
  EXPECT_FALSE(fs::exists(path("parts/training_results.json")));

  ASSERT_EQ(run(arguments("parts", {"--resume"})), 0) << messages();
  for (const char* file : {"models/ppo_stevie.zip", "checkpoints/ppo.zip", "trades.csv"}) {
    EXPECT_EQ(read_file(folder_ / "parts" / file) == read_file(folder_ / "whole" / file), true) << file;
  }
}

/// Killed outright there is no time for a checkpoint: it goes on from the last one.
TEST_F(TrainProgram, goes_on_after_a_kill_with_its_curriculum_to_the_same_model) {
  const std::string data = path("SYNTHUSDT_1h.csv");
  ASSERT_EQ(run({"data", "synth", "--model", "martingale", "--bars", "3000", "--out", data}), 0)
      << messages();
  const auto arguments = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> all{"train", "ppo", "--data", data, "--out", path(out), "--curriculum"};
    all.insert(all.end(),
               {"--timesteps", "80000", "--n-envs", "4", "--n-steps", "500", "--eval-freq", "4000"});
    all.insert(all.end(), {"--set", "train.checkpoint_freq=8000", "--set", "curriculum.window_bars=24"});
    all.insert(all.end(), {"--set", "curriculum.patience=1"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  ASSERT_EQ(run(arguments("whole", {})), 0) << messages();
  const pid_t child = start(arguments("parts", {}));
  for (int poll = 0; poll < 60000 && !fs::exists(path("parts/checkpoints/ppo.zip")); ++poll)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(wait_for(child), -1) << messages();
  EXPECT_FALSE(fs::exists(path("parts/training_results.json")));

  ASSERT_EQ(run(arguments("parts", {"--resume"})), 0) << messages();
  for (const char* file :
       {"models/ppo_stevie.zip", "checkpoints/ppo.zip", "trades.csv", "curriculum_progress/progress.json"})
    EXPECT_EQ(read_file(folder_ / "parts" / file) == read_file(folder_ / "whole" / file), true) << file;
  EXPECT_NE(read_file(folder_ / "whole/curriculum_progress/progress.json").find("left_plateau"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Signal, TrainProgramSignal, ::testing::Values(SIGINT, SIGTERM));

}  // namespace
}  // namespace stevie
