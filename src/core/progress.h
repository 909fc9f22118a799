#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace stevie {

/// How progress is shown.
struct ProgressOptions {
  std::ostream* out = nullptr;          // where to; nullptr shows nothing
  bool terminal = false;                // true: one line redrawn in place; false: a plain line now and then
  std::function<double()> now_seconds;  // steady clock; empty: std::chrono::steady_clock
};

/// Progress on stderr, as a bar where that is a terminal and as a line every ten seconds where it is not.
/// quiet: none.
ProgressOptions progress_on_stderr(bool quiet);

/// Shows how far long work is, its rate and the time left:
///   training  42% [########------------]  420,000/1,000,000 steps  212,345/s  2s left  reward 0.12
/// update() may be called as often as one likes: it draws at most ten times a second (terminal) or once in
/// ten seconds. The rate is that of the last few seconds. Not for use from several threads at once.
class ProgressBar {
 public:
  /// total: the work in units, 0 where it is not known (then no percentage and no time left).
  ProgressBar(std::string label, std::string unit, std::uint64_t total, ProgressOptions options);
  /// Ends the line if finish() was not called, for example when an exception passes.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// done: units finished in all, not since the last call. A resumed run starts with what it found done: the
  /// rate counts from the first call. note: a short text shown behind.
  void update(std::uint64_t done, std::string_view note = {});

  /// Draws the last state, with the time used, and ends the line. More calls do nothing.
  void finish();

 private:
  void draw(double now, bool last);

  std::string label_;
  std::string unit_;
  std::uint64_t total_;
  ProgressOptions options_;
  std::string note_;
  std::uint64_t done_ = 0;
  std::uint64_t first_done_ = 0;
  bool started_ = false;
  bool finished_ = false;
  bool line_open_ = false;
  double start_ = 0;      // seconds
  double last_draw_ = 0;  // seconds
  double rate_time_ = 0;  // seconds; the rate is measured from here
  std::uint64_t rate_done_ = 0;
  double rate_ = 0;  // units per second
};

/// "1,234,567".
std::string format_count(std::uint64_t count);

/// "4s", "3m 20s", "2h 5m".
std::string format_seconds(double seconds);

}  // namespace stevie
