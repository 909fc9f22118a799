#include "app/worker_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"

namespace stevie::app {
namespace {

constexpr std::size_t beginning_bytes = 512 << 10, end_bytes = 64 << 10, tail_bytes = 8 << 10;
constexpr std::size_t longest_message = 1000;

/// Keeps the last `most` bytes; returns how many it dropped.
std::size_t keep_last(std::string& text, std::size_t most) {
  if (text.size() <= most) return 0;
  const std::size_t dropped = text.size() - most;
  text.erase(0, dropped);
  return dropped;
}

}  // namespace

WorkerLog::WorkerLog(const std::filesystem::path& file) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  const bool append = !fault && size < beginning_bytes / 2;
  if (append) written_ = static_cast<std::size_t>(size);
  out_.open(file, std::ios::binary | (append ? std::ios::app : std::ios::trunc));
  if (!out_) throw Error("file.unwritable", "the worker's log cannot be written", file.string());
}

void WorkerLog::write(std::string_view bytes) {
  tail_ += bytes;
  keep_last(tail_, tail_bytes);
  const std::size_t fits = std::min(bytes.size(), beginning_bytes - std::min(beginning_bytes, written_));
  if (fits > 0) {
    out_ << bytes.substr(0, fits) << std::flush;
    written_ += fits;
  }
  held_ += bytes.substr(fits);
  left_out_ += keep_last(held_, end_bytes);
}

void WorkerLog::finish() {
  if (left_out_ > 0) out_ << fmt::format("\n[{} bytes are left out here]\n", left_out_);
  out_ << held_ << std::flush;
  held_.clear();
  left_out_ = 0;
}

std::string WorkerLog::last_message() const {
  constexpr std::string_view mark = "stevie: ";
  std::string_view rest = tail_;
  std::string_view last, marked;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    last = line;
    if (line.starts_with(mark)) marked = line.substr(mark.size());
  }
  return printable((marked.empty() ? last : marked).substr(0, longest_message));
}

}  // namespace stevie::app
