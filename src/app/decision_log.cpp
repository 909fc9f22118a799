#include "app/decision_log.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "core/file.h"

namespace stevie::app {

DecisionLog::DecisionLog(std::filesystem::path path, std::uint64_t most_bytes, std::size_t kept_files)
    : path_(std::move(path)), most_bytes_(most_bytes), kept_files_(kept_files) {
  if (path_.has_parent_path()) require_writable_folder(path_.parent_path());
  std::error_code ignored;
  for (std::size_t i = 1; std::filesystem::remove(older(i), ignored); ++i) {
  }
  open();
}

std::filesystem::path DecisionLog::older(std::size_t number) const {
  std::filesystem::path name = path_;
  return name += fmt::format(".{}", number);
}

void DecisionLog::open() {
  file_ = std::ofstream(path_, std::ios::binary | std::ios::trunc);
  bytes_ = 0;
  require_sound();
}

void DecisionLog::require_sound() const {
  if (!file_)
    throw Error("file.unwritable", "the decisions cannot be written: make room, or choose another folder",
                path_.string());
}

void DecisionLog::rotate() {
  flush();
  file_.close();
  std::error_code ignored;
  std::filesystem::remove(older(kept_files_), ignored);
  for (std::size_t i = kept_files_; i > 1; --i) std::filesystem::rename(older(i - 1), older(i), ignored);
  if (kept_files_ > 0) std::filesystem::rename(path_, older(1), ignored);
  open();
}

void DecisionLog::add(std::string_view line) {
  if (bytes_ > 0 && bytes_ + line.size() + 1 > most_bytes_) rotate();
  file_ << line << '\n';
  bytes_ += line.size() + 1;
  ++lines_;
  require_sound();
}

void DecisionLog::flush() {
  file_.flush();
  require_sound();
}

}  // namespace stevie::app
