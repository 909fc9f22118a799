#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "live/limit_changes.h"
#include "live/live_engine.h"

namespace stevie::live {

/// What one step of the feed, or a person's command between two steps, came to.
struct StepOutcome {
  double equity = 0;
  std::vector<broker::Fill> fills;
  std::vector<DecisionRecord> decisions;                // with latencies
  std::vector<strategy::Decision> wanted;               // (decisions)
  std::vector<broker::Order> orders;                    // that reached the broker
  std::vector<std::pair<std::string, Denial>> denials;  // order ids
  std::vector<std::string> cancelled;
  std::vector<std::string> flattening;  // ids of orders that close everything
  std::vector<std::string> rejected;    // sentences: bars that could not be played
};

/// What a person, or another process for one, asks of the loop.
struct LiveCommand {
  enum class Kind : std::uint8_t { kill, rearm, accept, limits };
  Kind kind = Kind::kill;
  std::string by, reason;
  TimeMs time = 0;
  bool flatten = false;
  std::uint64_t sequence = 0;     // of its event; 0: it could not be written
  LimitOverrides overrides = {};  // of kind limits, as its event has them
  RiskLimits limits = {};         // what they come to, which the loop works out
};
std::string_view to_string(LiveCommand::Kind kind);

/// Broker, risk engine and strategies going over the steps of a feed: the part of the loop that the journal
/// replays. No clock and no input but its calls, so that the same calls give the same outcome, bit for bit,
/// latencies apart.
class TradingStep {
 public:
  struct Parts {
    std::vector<std::string> symbols;
    TimeMs interval = 0;
    double leverage_limit = 1;
    broker::Broker* broker = nullptr;
    RiskEngine* risk = nullptr;
    std::span<const std::unique_ptr<LiveStrategy>> strategies;  // (symbols)
  };
  explicit TradingStep(Parts parts);

  /// Numbers of the newest decision and the newest bars, where an earlier run stopped.
  void go_on_from(std::uint64_t decisions, const std::vector<std::optional<TimeMs>>& newest);

  /// Plays the bars, marks, decides, checks and submits. `now`: the feed's clock. A bar that does not open
  /// after the newest one of its symbol, or that the broker refuses, is left out and told in `rejected`.
  StepOutcome play(const FeedStep& step, TimeMs now);
  StepOutcome obey(const LiveCommand& command, TimeMs now) const;

  std::uint64_t decisions() const { return decisions_; }
  const std::vector<std::optional<TimeMs>>& newest() const { return newest_; }  // (symbols) open times

 private:
  void decide(const ClosedBar& closed, TimeMs now, std::int64_t handed_over, StepOutcome& outcome);
  /// Denial::bad_order where the broker refuses it.
  Denial submit(const broker::Order& order, StepOutcome& outcome) const;
  broker::Order make_order(const ClosedBar& closed, const strategy::Decision& decision,
                           const broker::AccountView& account) const;

  Parts parts_;
  std::uint64_t decisions_ = 0;
  std::vector<std::optional<TimeMs>> newest_;  // (symbols)
  std::vector<std::size_t> bars_;              // (symbols) played
};

/// Nanoseconds of the steady clock.
std::int64_t steady_nanoseconds();

}  // namespace stevie::live
