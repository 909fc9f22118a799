#include "live/replay_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <set>
#include <utility>

#include "core/error.h"
#include "market/readers.h"

namespace stevie::live {
namespace {

class SteadyPaceClock final : public PaceClock {
 public:
  TimeMs now() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
  }
  void wait_until(TimeMs time) override {
    std::unique_lock lock(mutex_);
    woken_.wait_until(lock, Clock::time_point(std::chrono::milliseconds(time)), [this] { return wake_; });
    wake_ = false;
  }
  void wake() override {
    {
      const std::lock_guard lock(mutex_);
      wake_ = true;
    }
    woken_.notify_all();
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
};

std::size_t first_at_or_after(const market::Bars& bars, TimeMs time) {
  return static_cast<std::size_t>(
      std::distance(bars.open_time.begin(), std::ranges::lower_bound(bars.open_time, time)));
}

std::string coverage(const market::Bars& bars) {
  return fmt::format("{} from {} to {}", bars.symbol, format_time(bars.open_time.front()),
                     format_time(bars.open_time.back() + bars.interval));
}

std::string speed_text(double speed) {
  return speed == 0 ? std::string("full speed") : fmt::format("{:.12g}x", speed);
}

/// "1,234,567".
std::string with_commas(std::size_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

/// What is wrong with the bars themselves.
std::vector<std::string> bar_faults(const std::vector<market::Bars>& bars) {
  std::vector<std::string> faults;
  if (bars.empty()) faults.emplace_back("there is no file to replay: name at least one");
  std::set<std::string> seen;
  for (const market::Bars& of_symbol : bars) {
    const std::string name = of_symbol.symbol.empty() ? "a symbol" : of_symbol.symbol;
    if (of_symbol.symbol.empty()) {
      faults.emplace_back("a file does not tell its symbol: begin its name with it, like BTCUSDT_1h.csv");
    } else if (!seen.insert(of_symbol.symbol).second) {
      faults.push_back(fmt::format("{} is there twice: give one file a symbol", name));
    }
    if (of_symbol.empty()) faults.push_back(fmt::format("there is no bar of {}", name));
    if (of_symbol.interval <= 0) faults.push_back(fmt::format("the interval of {} is not known", name));
    if (of_symbol.interval != bars.front().interval) {
      faults.push_back(fmt::format("the bars of {} are {} apart and those of {} {}: resample one of them",
                                   bars.front().symbol, format_duration(bars.front().interval), name,
                                   format_duration(of_symbol.interval)));
    }
  }
  return faults;
}

/// What is wrong with the part that is to be replayed; the bars themselves are sound.
std::vector<std::string> range_faults(const std::vector<market::Bars>& bars,
                                      const std::vector<market::BarRange>& ranges) {
  std::vector<std::string> faults, covered;
  TimeMs latest_first = bars.front().open_time.front(), earliest_last = bars.front().open_time.back();
  for (std::size_t symbol = 0; symbol < bars.size(); ++symbol) {
    covered.push_back(coverage(bars[symbol]));
    if (ranges[symbol].size() == 0) {
      faults.push_back(fmt::format("no bar of {} lies in the part to be replayed; the file covers {}",
                                   bars[symbol].symbol, covered.back()));
      continue;
    }
    latest_first = std::max(latest_first, bars[symbol].open_time[ranges[symbol].begin]);
    earliest_last = std::min(earliest_last, bars[symbol].open_time[ranges[symbol].end - 1]);
  }
  if (faults.empty() && latest_first > earliest_last) {
    faults.push_back(fmt::format("the files have no time in common: {}", fmt::join(covered, ", ")));
  }
  return faults;
}

void require_none(const std::vector<std::string>& faults) {
  if (faults.empty()) return;
  throw Error("live.bad_replay", fmt::format("{}", fmt::join(faults, "; ")));
}

}  // namespace

std::unique_ptr<PaceClock> steady_pace_clock() {
  return std::make_unique<SteadyPaceClock>();
}

ReplayFeed::ReplayFeed(std::vector<market::Bars> bars, const ReplayOptions& options,
                       std::unique_ptr<PaceClock> clock)
    : options_(options), clock_(std::move(clock)), bars_(std::move(bars)) {
  std::vector<std::string> faults = bar_faults(bars_);
  if (!(options_.speed == 0 || options_.speed >= 1) || !std::isfinite(options_.speed)) {
    faults.push_back(fmt::format("a speed of {} cannot be: it is 1 or more, or 0 for as fast as possible",
                                 options_.speed));
  }
  if (options_.from && options_.until && *options_.from >= *options_.until) {
    faults.emplace_back("the replay must begin before it ends");
  }
  require_none(faults);
  interval_ = bars_.front().interval;
  for (const market::Bars& of_symbol : bars_) {
    symbols_.push_back(of_symbol.symbol);
    market::BarRange range{0, of_symbol.size()};
    if (options_.from) range.begin = first_at_or_after(of_symbol, *options_.from);
    if (options_.until) range.end = std::max(range.begin, first_at_or_after(of_symbol, *options_.until));
    ranges_.push_back(range);
    total_ += range.size();
  }
  require_none(range_faults(bars_, ranges_));
  for (const market::BarRange& range : ranges_) cursors_.push_back(range.begin);
  now_ = *next_open();
}

std::string ReplayFeed::name() const {
  return fmt::format("replay of {} {} at {}", fmt::join(symbols_, ", "), format_duration(interval_),
                     speed_text(options_.speed));
}

market::Bars ReplayFeed::history(std::size_t symbol, TimeMs before, std::size_t count) {
  const market::Bars& bars = bars_.at(symbol);
  const std::size_t end = first_at_or_after(bars, before);
  return bars.slice(end - std::min(count, end), end);
}

void ReplayFeed::start(const std::vector<std::optional<TimeMs>>& after) {
  if (!after.empty() && after.size() != symbols_.size()) {
    throw Error("live.bad_replay", fmt::format("{} symbols are replayed, but {} were told where to begin",
                                               symbols_.size(), after.size()));
  }
  std::size_t left = 0;
  std::optional<TimeMs> last;
  for (std::size_t symbol = 0; symbol < symbols_.size(); ++symbol) {
    const std::optional<TimeMs> newest = after.empty() ? std::nullopt : after[symbol];
    const market::BarRange& range = ranges_[symbol];
    cursors_[symbol] = newest
                           ? std::clamp(first_at_or_after(bars_[symbol], *newest + 1), range.begin, range.end)
                           : range.begin;
    left += range.end - cursors_[symbol];
    if (newest) last = std::max(last.value_or(*newest), *newest);
  }
  const std::optional<TimeMs> open = next_open();
  if (open || last) now_ = open ? *open : *last + interval_;
  paced_from_.reset();
  const std::lock_guard lock(mutex_);
  started_ = true;
  ended_ = left == 0;
  position_ = total_ - left;
  handed_ = 0;
  newest_close_ = 0;
}

std::optional<TimeMs> ReplayFeed::next_open() const {
  std::optional<TimeMs> open;
  for (std::size_t symbol = 0; symbol < bars_.size(); ++symbol) {
    if (cursors_[symbol] >= ranges_[symbol].end) continue;
    const TimeMs of_symbol = bars_[symbol].open_time[cursors_[symbol]];
    open = std::min(open.value_or(of_symbol), of_symbol);
  }
  return open;
}

bool ReplayFeed::wait_for(TimeMs open, TimeMs patience) {
  if (interrupted_.exchange(false)) return false;
  if (options_.speed == 0) return true;
  const TimeMs begun = clock_->now();
  if (!paced_from_) {
    paced_from_ = begun;
    market_start_ = open;
  }
  const auto market_passed = static_cast<double>(open + interval_ - market_start_);
  const TimeMs due = *paced_from_ + static_cast<TimeMs>(std::ceil(market_passed / options_.speed));
  const TimeMs deadline = begun + std::clamp<TimeMs>(patience, 0, day_ms);
  const TimeMs end = std::min(due, deadline);
  while (clock_->now() < end) {
    clock_->wait_until(end);
    if (interrupted_.exchange(false)) return false;
  }
  return clock_->now() >= due;
}

std::optional<FeedStep> ReplayFeed::next(TimeMs patience) {
  const std::optional<TimeMs> open = next_open();
  if (!open) {
    interrupted_ = false;
    const std::lock_guard lock(mutex_);
    ended_ = true;
    return std::nullopt;
  }
  if (!wait_for(*open, patience)) return std::nullopt;
  FeedStep step;
  for (std::size_t symbol = 0; symbol < bars_.size(); ++symbol) {
    std::size_t& cursor = cursors_[symbol];
    if (cursor >= ranges_[symbol].end || bars_[symbol].open_time[cursor] != *open) continue;
    step.bars.push_back({.symbol = symbol, .bar = bars_[symbol][cursor++], .late = false});
  }
  now_ = *open + interval_;
  step.received = now_;
  const bool ended = !next_open();
  const std::lock_guard lock(mutex_);
  position_ += step.bars.size();
  handed_ += step.bars.size();
  newest_close_ = now_;
  ended_ = ended;
  return step;
}

void ReplayFeed::interrupt() {
  interrupted_ = true;
  clock_->wake();
}

FeedStatus ReplayFeed::status() const {
  const std::lock_guard lock(mutex_);
  FeedStatus status;
  const std::string all = with_commas(total_);
  if (ended_) {
    status.health = FeedHealth::ended;
    status.text = fmt::format("all {} bars have been replayed", all);
  } else if (started_) {
    status.health = FeedHealth::live;
    status.text =
        fmt::format("replaying {} of {} bars at {}", with_commas(position_), all, speed_text(options_.speed));
  } else {
    status.text = fmt::format("about to replay {} bars", all);
  }
  status.newest_close = newest_close_;
  status.bars = handed_;
  status.progress = static_cast<double>(position_) / static_cast<double>(total_);
  return status;
}

std::unique_ptr<ReplayFeed> open_replay(std::span<const std::filesystem::path> files,
                                        const ReplayOptions& options, std::unique_ptr<PaceClock> clock) {
  std::vector<market::Bars> bars;
  for (const std::filesystem::path& file : files) bars.push_back(market::read_bars(file));
  return std::make_unique<ReplayFeed>(std::move(bars), options, std::move(clock));
}

}  // namespace stevie::live
