/// What a training needs at most: measured on the program itself, with the longest series of bars at hand.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace stevie {
namespace {

namespace fs = std::filesystem;

/// Runs the program and returns its peak memory in kilobytes; 0 where it fails.
long peak_memory_kb(const std::string& data, const std::string& out) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    ::execl(STEVIE_PROGRAM, "stevie", "--quiet", "train", "ppo", "--data", data.c_str(), "--out", out.c_str(),
            "--timesteps", "50000", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child || status != 0) return 0;
  return usage.ru_maxrss;
}

TEST(TrainMemory, stays_under_a_gigabyte_on_774109_bars) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory would be measured";
#endif
  const char* shared = std::getenv("STEVIE_SHARED");
  const fs::path data =
      fs::path(shared == nullptr ? "" : shared) / "data" / "BTCUSDT_5m_201708_202412.csv.gz";
  if (shared == nullptr || !fs::exists(data)) GTEST_SKIP() << "there is no " << data << " (STEVIE_SHARED)";
  std::string folder = (fs::temp_directory_path() / "stevie_memory_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const long peak = peak_memory_kb(data.string(), folder);
  fs::remove_all(folder);
  RecordProperty("peak_kb", static_cast<int>(peak));
  EXPECT_GT(peak, 0);
  EXPECT_LT(peak, 1'000'000);
}

}  // namespace
}  // namespace stevie
