#pragma once
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace stevie::app {

/// What a worker prints, in a file that does not grow beyond all bounds: its first half MiB, and of what
/// follows the last 64 KiB.
class WorkerLog {
 public:
  /// Appends to an existing file where that is small, and begins it anew where it is not. Throws Error
  /// "file.unwritable".
  explicit WorkerLog(const std::filesystem::path& file);
  void write(std::string_view bytes);
  /// Writes what was kept of the end. Once.
  void finish();
  /// The last line that begins with "stevie: ", without that; where there is none the last line at all. Safe
  /// to be shown.
  std::string last_message() const;

 private:
  std::ofstream out_;
  std::size_t written_ = 0;
  std::size_t left_out_ = 0;  // bytes that are in neither file nor tail
  std::string held_;          // of the end: what is not in the file
  std::string tail_;          // the last bytes of all, for last_message()
};

}  // namespace stevie::app
