#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace stevie::peers {

/// The Python that has the programs to compare with; empty where there is none, and the test then skips
/// itself:
///   if (python().empty()) GTEST_SKIP() << no_python;
inline std::string python() {
  const char* path = std::getenv("STEVIE_PEERS_PYTHON");
  return path == nullptr ? std::string{} : std::string(path);
}

inline constexpr const char* no_python =
    "STEVIE_PEERS_PYTHON is unset: this comparison needs a Python with tests/peers/requirements.txt "
    "installed";

/// Runs tests/peers/<script> with these arguments (quoted as the shell wants them) and returns its stdout;
/// its stderr goes to the test's. A script that fails fails the test.
inline std::string run(const std::string& script, const std::string& arguments) {
  const std::string path = std::string(STEVIE_PEERS_FOLDER) + "/" + script;
  const std::string command = "'" + python() + "' '" + path + "' " + arguments;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return {};
  }
  std::string output;
  for (int letter = std::fgetc(pipe); letter != EOF; letter = std::fgetc(pipe))
    output += static_cast<char>(letter);
  const int status = ::pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command << "\n" << output;
  return output;
}

/// A new empty folder that goes away with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "stevie_test_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace stevie::peers
