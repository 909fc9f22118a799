#include "app/live_bench.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include "app/bench_timing.h"
#include "app/live_config.h"
#include "app/sweep_bench.h"
#include "broker/paper_broker.h"
#include "core/error.h"
#include "ledger/ledger.h"
#include "live/live_figures.h"
#include "live/replay_feed.h"
#include "live/rule_live_strategy.h"

namespace stevie::app {
namespace {

using strategy::Parameter;

constexpr std::uint64_t versions = 10'000;
constexpr std::size_t swap_bars = 20'000;
constexpr double goal_us = 1000;
constexpr int different_values = 997;

/// A folder of its own, gone at the end.
class WorkFolder {
 public:
  WorkFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "stevie_bench_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
      throw Error("file.unwritable", "no temporary folder can be made", path);
    path_ = path;
  }
  ~WorkFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Measures what lies between two calls of next(): a whole step of the loop.
class TimedFeed final : public live::Feed {
 public:
  explicit TimedFeed(std::unique_ptr<live::Feed> inner) : inner_(std::move(inner)) {}
  std::string name() const override { return inner_->name(); }
  const std::vector<std::string>& symbols() const override { return inner_->symbols(); }
  TimeMs interval() const override { return inner_->interval(); }
  TimeMs now() const override { return inner_->now(); }
  market::Bars history(std::size_t symbol, TimeMs before, std::size_t count) override {
    return inner_->history(symbol, before, count);
  }
  void start(const std::vector<std::optional<TimeMs>>& after) override { inner_->start(after); }
  std::optional<live::FeedStep> next(TimeMs patience) override {
    if (handed_over_ > 0) steps.add((app::now() - handed_over_) * 1e6);
    if (app::now() > deadline && at_deadline) at_deadline();
    std::optional<live::FeedStep> step = inner_->next(patience);
    handed_over_ = step ? app::now() : 0;
    if (begun == 0) begun = handed_over_;
    return step;
  }
  void interrupt() override { inner_->interrupt(); }
  live::FeedStatus status() const override { return inner_->status(); }
  const market::Bars* all_bars(std::size_t symbol) const override { return inner_->all_bars(symbol); }

  live::LatencyWindow steps{1'000'000};  // microseconds
  double begun = 0;                      // when the first bar was handed over
  double deadline = std::numeric_limits<double>::infinity();
  std::function<void()> at_deadline;

 private:
  std::unique_ptr<live::Feed> inner_;
  double handed_over_ = 0;
};

/// Version v: two parameters stand at the same share of their bounds, which v gives.
double share_of(std::uint64_t version) {
  return static_cast<double>(version % different_values) / different_values;
}
double value_at(Parameter parameter, double share) {
  const strategy::ParameterInfo& info = strategy::info(parameter);
  return info.minimum + share * (info.maximum - info.minimum);
}
constexpr Parameter first_mark = Parameter::social_go, second_mark = Parameter::vol_pct_breakout;

std::unique_ptr<const live::ParameterSnapshot> version_of(std::uint64_t version) {
  strategy::ParameterLayers layers;
  for (const Parameter parameter : {first_mark, second_mark})
    layers.global[parameter] = value_at(parameter, share_of(version));
  return live::make_snapshot(version, fmt::format("{}", version), layers);
}

/// A parameter feed that checks what it hands on.
live::ParameterFeed checked(const live::ParameterFeed& inner, std::atomic<bool>& torn) {
  return {[inner, &torn]() -> const strategy::ResolvedParameters& {
            const strategy::ResolvedParameters& parameters = inner.at_bar();
            const double share = share_of(inner.version());
            for (const strategy::Regime regime : strategy::all_regimes) {
              for (const Parameter parameter : {first_mark, second_mark})
                if (parameters[regime][parameter] != value_at(parameter, share)) torn = true;
            }
            return parameters;
          },
          inner.version};
}

/// The loop with everything it stands on.
class BenchLoop {
 public:
  BenchLoop(const market::Bars& bars, const live::ReplayOptions& options, std::uint64_t checkpoint_steps,
            TimeMs gap)
      : cell_(version_of(1)) {
    ledger_ = ledger::Ledger::open({.url = "sqlite:///" + (folder_.path() / "bench.db").string()});
    std::vector<market::Bars> all{bars};
    all.front().symbol = "BTC/USDT";
    feed = std::make_unique<TimedFeed>(std::make_unique<live::ReplayFeed>(std::move(all), options));
    broker_ = std::make_unique<broker::PaperBroker>(
        broker::PaperConfig{.symbols = feed->symbols(), .interval = feed->interval()});
    risk_ = std::make_unique<live::RiskEngine>(live::RiskLimits{});
    live::RuleLiveSettings settings;
    settings.symbol = feed->symbols().front();
    settings.interval = feed->interval();
    settings.warm_up_bars = std::numeric_limits<std::size_t>::max();
    live::LiveParts parts;
    parts.ledger = ledger_.get();
    parts.feed = feed.get();
    parts.broker = broker_.get();
    parts.risk = risk_.get();
    parts.strategies.push_back(std::make_unique<live::RuleLiveStrategy>(
        std::move(settings), checked(live::parameter_feed(cell_, feed->symbols().front()), torn)));
    parts.journal_folder = (folder_.path() / "live").string();
    parts.session = "bench";
    parts.checkpoint_steps = checkpoint_steps;
    parts.checkpoint_gap = gap;
    parts.observer.decision = [this](const live::DecisionRecord& decision) {
      opened.push_back(decision.bar.open_time);
      decided = opened.size();
    };
    engine = std::make_unique<live::LiveEngine>(std::move(parts));
  }
  void publish(std::uint64_t version) { cell_.publish(version_of(version)); }

  std::atomic<bool> torn = false;
  std::atomic<std::size_t> decided = 0;
  std::vector<TimeMs> opened;  // bars decided on, in order

 private:
  WorkFolder folder_;
  live::ParameterCell cell_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<broker::PaperBroker> broker_;
  std::unique_ptr<live::RiskEngine> risk_;

 public:
  std::unique_ptr<TimedFeed> feed;
  std::unique_ptr<live::LiveEngine> engine;  // last: it stands on all the others
};

live::ReplayOptions newest(const market::Bars& bars, std::size_t count, double speed) {
  const std::size_t begin = bars.size() - std::min(count, bars.size() / 2);
  return {.speed = speed, .from = bars.open_time[begin]};
}

/// Bars a second of the loop over the newest bars.
double bars_per_second(const market::Bars& bars, bool swapping) {
  const live::ReplayOptions options = newest(bars, swap_bars, 0);
  BenchLoop loop(bars, options, live::LiveParts{}.checkpoint_steps, checkpoint_gap);
  const auto first = std::ranges::lower_bound(bars.open_time, *options.from);
  const auto expected = static_cast<std::size_t>(bars.open_time.end() - first);
  std::atomic<bool> ended = false;
  std::thread publisher([&] {
    if (!swapping) return;
    for (std::uint64_t version = 2; version <= versions + 1 && !ended; ++version) {
      // Spread over the run.
      while (!ended && loop.decided * versions < (version - 2) * expected) std::this_thread::yield();
      loop.publish(version);
    }
  });
  loop.engine->run();
  const double elapsed = now() - loop.feed->begun;  // the warm-up is no part of it
  ended = true;
  publisher.join();
  if (!std::equal(loop.opened.begin(), loop.opened.end(), first, bars.open_time.end()))
    throw Error("bench.lost_bar",
                fmt::format("{} bars were handed over and {} decided on", expected, loop.opened.size()));
  if (loop.torn) throw Error("bench.torn_version", "a decision saw parts of two versions of the parameters");
  return static_cast<double>(expected) / elapsed;
}

/// Searches at idle priority on every core while it lives, in processes of their own as a training session's
/// worker is one. They are killed at the end: on a busy machine they may not get to any end by themselves.
class TrainingLoad {
 public:
  explicit TrainingLoad(const market::Bars& bars) {
    for (unsigned core = 0; core < std::max(1U, std::thread::hardware_concurrency()); ++core) {
      const pid_t worker = ::fork();
      if (worker == 0) work(bars);
      if (worker > 0) workers_.push_back(worker);
    }
  }
  ~TrainingLoad() {
    for (const pid_t worker : workers_) {
      ::kill(worker, SIGKILL);
      ::waitpid(worker, nullptr, 0);
    }
  }
  TrainingLoad(const TrainingLoad&) = delete;
  TrainingLoad& operator=(const TrainingLoad&) = delete;

 private:
  [[noreturn]] static void work(const market::Bars& bars) {
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
    constexpr int nicest = 19;
    ::setpriority(PRIO_PROCESS, 0, nicest);
    const pid_t parent = ::getppid();
    while (::getppid() == parent) measure_parameter_sweep(bars, 1.0);
    ::_exit(0);
  }

  std::vector<pid_t> workers_;
};

/// How late a thread wakes that only sleeps.
live::LatencyWindow::Figures timer_latency(double seconds) {
  live::LatencyWindow late;
  const double end = now() + seconds;
  while (now() < end) {
    const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
    std::this_thread::sleep_until(due);
    late.add(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - due).count());
  }
  return late.figures();
}

void latency_rows(const market::Bars& bars, double seconds, const std::string& ending,
                  std::vector<BenchRow>& rows) {
  constexpr double bars_a_second = 500;
  const double speed = bars_a_second * static_cast<double>(bars.interval) / second_ms;
  const auto count = static_cast<std::size_t>(std::max(10.0, seconds * bars_a_second));
  const live::LatencyWindow::Figures idle = timer_latency(seconds / 2);
  BenchLoop loop(bars, newest(bars, count, speed), 1, 0);
  // A slow disk takes fewer bars in the time.
  loop.feed->deadline = now() + 2 * seconds + 1;
  loop.feed->at_deadline = [&loop] { loop.engine->stop(); };
  loop.engine->run();
  const auto view = loop.engine->view();
  const live::LatencyWindow::Figures steps = loop.feed->steps.figures();
  const std::string yardstick =
      fmt::format("1000 us; a sleeping thread wakes {:.0f} us late (median), {:.0f} us (99th percentile)",
                  idle.p50, idle.p99);
  rows.push_back({"decision_latency" + ending, view->latency_p99_us, "us",
                  fmt::format("{}; median {:.1f}, largest {:.0f} of {} decisions", yardstick,
                              view->latency_p50_us, view->latency_max_us, view->decisions),
                  view->latency_p99_us / goal_us});
  rows.push_back({"step_latency" + ending, steps.p99, "us",
                  fmt::format("{}; median {:.0f}, largest {:.0f}, each with one event on a SQLite ledger",
                              yardstick, steps.p50, steps.max),
                  steps.p99 / goal_us});
}

}  // namespace

BenchRow measure_hot_swap(const market::Bars& bars, double seconds) {
  std::vector<double> with, without;
  const double end = now() + seconds;
  do {
    without.push_back(bars_per_second(bars, false));
    with.push_back(bars_per_second(bars, true));
  } while (now() < end);
  return {"hot_swap", median(with), "bars/s",
          fmt::format("{:.0f} bars/s without; {} versions, every bar decided on once, by one whole version",
                      median(without), versions),
          median(with) / median(without)};
}

std::vector<BenchRow> measure_decision_latency(const market::Bars& bars, double seconds) {
  std::vector<BenchRow> rows;
  latency_rows(bars, seconds / 2, "", rows);
  const TrainingLoad training(bars);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until it is at work
  latency_rows(bars, seconds / 2, "_training", rows);
  return rows;
}

}  // namespace stevie::app
