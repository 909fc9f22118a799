#include "core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

namespace stevie {
namespace {

constexpr double redraw_seconds = 0.1;
constexpr double plain_line_seconds = 10;
constexpr double rate_window_seconds = 3;
constexpr std::size_t bar_cells = 20;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string format_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string format_seconds(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds) + 0.5);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m {}s", whole / 60, whole % 60);
  return fmt::format("{}h {}m", whole / 3600, whole / 60 % 60);
}

ProgressOptions progress_on_stderr(bool quiet) {
  if (quiet) return {};
  return {.out = &std::cerr, .terminal = ::isatty(STDERR_FILENO) == 1, .now_seconds = {}};
}

ProgressBar::ProgressBar(std::string label, std::string unit, std::uint64_t total, ProgressOptions options)
    : label_(std::move(label)), unit_(std::move(unit)), total_(total), options_(std::move(options)) {
  if (!options_.now_seconds) options_.now_seconds = steady_seconds;
}

ProgressBar::~ProgressBar() {
  if (line_open_) *options_.out << "\n" << std::flush;
}

void ProgressBar::update(std::uint64_t done, std::string_view note) {
  if (options_.out == nullptr || finished_) return;
  const double now = options_.now_seconds();
  done_ = done;
  if (!note.empty()) note_ = note;
  if (!started_) {
    started_ = true;
    start_ = last_draw_ = rate_time_ = now;
    first_done_ = rate_done_ = done;
    return;
  }
  const double pause = options_.terminal ? redraw_seconds : plain_line_seconds;
  if (now - last_draw_ < pause) return;
  if (rate_ == 0 || now - rate_time_ >= rate_window_seconds) {
    rate_ = static_cast<double>(done_ - rate_done_) / (now - rate_time_);
    if (now - rate_time_ >= rate_window_seconds) {
      rate_time_ = now;
      rate_done_ = done_;
    }
  }
  draw(now, false);
}

void ProgressBar::finish() {
  if (options_.out == nullptr || finished_ || !started_) return;
  finished_ = true;
  const double now = options_.now_seconds();
  if (now > start_) rate_ = static_cast<double>(done_ - first_done_) / (now - start_);
  draw(now, true);
}

void ProgressBar::draw(double now, bool last) {
  last_draw_ = now;
  std::string line = label_;
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * bar_cells);
    line +=
        fmt::format(" {:3.0f}% [{}{}] {}/{} {}", 100 * share, std::string(filled, '#'),
                    std::string(bar_cells - filled, '-'), format_count(done_), format_count(total_), unit_);
  } else {
    line += fmt::format(" {} {}", format_count(done_), unit_);
  }
  if (rate_ > 0) {
    line += rate_ < 10 ? fmt::format("  {:.2f}/s", rate_)
                       : fmt::format("  {}/s", format_count(static_cast<std::uint64_t>(rate_ + 0.5)));
  }
  if (last) {
    line += "  in " + format_seconds(now - start_);
  } else if (total_ > done_ && rate_ > 0) {
    line += "  " + format_seconds(static_cast<double>(total_ - done_) / rate_) + " left";
  }
  if (!note_.empty()) line += "  " + note_;
  if (options_.terminal) {
    // Return to the line's start and clear what an older, longer text left behind.
    *options_.out << "\r" << line << "\x1b[K" << (last ? "\n" : "") << std::flush;
    line_open_ = !last;
  } else {
    *options_.out << line << "\n" << std::flush;
  }
}

}  // namespace stevie
