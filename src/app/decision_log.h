#pragma once
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace stevie::app {

/// A file of lines that goes on in another one where it gets large: `path` has the newest lines, path.1 those
/// before, and so on up to the number kept; older ones are removed.
class DecisionLog {
 public:
  /// Begins anew: what earlier runs left under these names is removed. Throws Error "file.unwritable".
  DecisionLog(std::filesystem::path path, std::uint64_t most_bytes, std::size_t kept_files);

  /// One line, without the line feed. A line is never cut; a file may be larger by one line only where that
  /// line alone is. Throws Error "file.unwritable".
  void add(std::string_view line);
  /// Everything that was added is in the file. Throws Error "file.unwritable".
  void flush();

  std::uint64_t lines() const { return lines_; }

 private:
  std::filesystem::path older(std::size_t number) const;
  void open();
  void rotate();
  void require_sound() const;

  std::filesystem::path path_;
  std::uint64_t most_bytes_;
  std::size_t kept_files_;
  std::ofstream file_;
  std::uint64_t bytes_ = 0, lines_ = 0;
};

}  // namespace stevie::app
