#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "live/feed.h"

namespace stevie::live {

/// The time that a replay is paced by, passed in so that tests need none.
class PaceClock {
 public:
  virtual ~PaceClock() = default;
  /// Milliseconds that never go back; their zero means nothing.
  virtual TimeMs now() const = 0;
  /// Returns when now() has reached `time`, or after a wake(), also one that came before the wait.
  virtual void wait_until(TimeMs time) = 0;
  virtual void wake() = 0;  // from any thread
};
/// The machine's steady clock.
std::unique_ptr<PaceClock> steady_pace_clock();

struct ReplayOptions {
  /// Seconds of the market that pass in a second of the clock: 1 (the market's own speed) or more. Default 0:
  /// as fast as the bars are taken. A bar comes when it closes, the first one interval after the start; holes
  /// in the data are waited through. Who takes bars more slowly than they come gets them one after another
  /// until the schedule is met again.
  double speed = 0;
  /// The first bar opens at or after this time; those before it are history. Default: from the first bar on.
  std::optional<TimeMs> from;
  /// Only bars that open before this time. Default: all.
  std::optional<TimeMs> until;
};

/// Bars of one or several symbols as if they closed now. Bars that close at the same time are one step; a
/// symbol that has no bar then is missing in it. Nothing is ever late, and the same files give the same steps
/// at every speed.
class ReplayFeed final : public Feed {
 public:
  /// One element for each symbol, all of one interval; more than one must have a common time that all of them
  /// cover. Throws Error "live.bad_replay" with all faults.
  explicit ReplayFeed(std::vector<market::Bars> bars, const ReplayOptions& options = {},
                      std::unique_ptr<PaceClock> clock = steady_pace_clock());

  std::string name() const override;
  const std::vector<std::string>& symbols() const override { return symbols_; }
  TimeMs interval() const override { return interval_; }
  /// Before the first bar: its open.
  TimeMs now() const override { return now_; }
  market::Bars history(std::size_t symbol, TimeMs before, std::size_t count) override;
  /// `after` has an element for each symbol or none at all. Where no bar is left the feed has ended. May be
  /// called again to replay from somewhere else.
  void start(const std::vector<std::optional<TimeMs>>& after) override;
  /// An interrupt() that came before is answered first, once, with nothing.
  std::optional<FeedStep> next(TimeMs patience) override;
  void interrupt() override;
  FeedStatus status() const override;
  const market::Bars* all_bars(std::size_t symbol) const override { return &bars_.at(symbol); }

 private:
  /// Open time of the bars that come next; nothing at the end.
  std::optional<TimeMs> next_open() const;
  /// False where patience or an interrupt ended the wait.
  bool wait_for(TimeMs open, TimeMs patience);

  ReplayOptions options_;
  std::unique_ptr<PaceClock> clock_;
  std::vector<market::Bars> bars_;  // (symbols)
  std::vector<std::string> symbols_;
  TimeMs interval_ = 0;
  std::vector<market::BarRange> ranges_;  // (symbols) what is replayed
  std::size_t total_ = 0;                 // bars in them
  std::vector<std::size_t> cursors_;      // (symbols) next bar
  TimeMs now_ = 0;
  std::optional<TimeMs> paced_from_;  // by the clock, at the first wait
  TimeMs market_start_ = 0;           // what the market's time was then
  std::atomic<bool> interrupted_ = false;

  mutable std::mutex mutex_;  // for what follows
  bool started_ = false;
  bool ended_ = false;
  std::size_t position_ = 0;  // bars of the ranges behind us, skipped ones included
  std::size_t handed_ = 0;
  TimeMs newest_close_ = 0;
};

/// Reads the files (market::read_bars), one for each symbol. Throws what reading throws and Error
/// "live.bad_replay".
std::unique_ptr<ReplayFeed> open_replay(std::span<const std::filesystem::path> files,
                                        const ReplayOptions& options = {},
                                        std::unique_ptr<PaceClock> clock = steady_pace_clock());

}  // namespace stevie::live
