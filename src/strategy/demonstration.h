#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/trading_env.h"
#include "rl/behaviour_cloning.h"
#include "strategy/strategy.h"

namespace stevie::strategy {

/// A strategy as an agent of env::TradingEnv would have to trade it: its position becomes one of a few target
/// exposures, and its brackets become orders at the next open.
///
///   target, enter   the exposure nearest to the one asked for, of those with its sign; the one nearest to 0
///                   where none has it. An entry asks for what its stake comes to: risk over stop, capped by
///                   the leverage limit.
///   exit            the exposure nearest to 0
///   hold            the exposure before
///
/// A stop or take profit that a bar has touched is obeyed at its close: the strategy is told that it is flat
/// and its position leaves at the next open, where the environment trades.
class DiscretisedStrategy final : public Strategy {
 public:
  /// exposures: as TradingEnvConfig has them. `inner` must outlive it.
  DiscretisedStrategy(Strategy& inner, std::vector<double> exposures, double leverage_limit);

  std::string name() const override { return inner_.name() + " by the environment's actions"; }
  bool observes() const override { return inner_.observes(); }
  void start() override;
  Decision decide(const Situation& situation) override;

  /// Of the last decide(): which of the exposures.
  std::int32_t action() const { return static_cast<std::int32_t>(level_); }

 private:
  std::size_t nearest(double exposure) const;
  bool bracket_touched(const market::Bar& bar) const;
  double exposure_of(const Decision& entry, const Situation& situation) const;

  Strategy& inner_;
  std::vector<double> exposures_;
  double leverage_limit_;
  std::size_t flat_;   // the exposure nearest to 0
  std::size_t level_;  // wanted now
  std::optional<execution::Bracket> bracket_;
  double entry_price_ = 0;      // open of the bar behind the entry
  bool entry_pending_ = false;  // that bar has not come yet
};

/// Actions made elsewhere, from the first bar with one to the last.
struct ActionSchedule {
  std::vector<std::int32_t> actions;  // (bars) -1: none, as before the first
  std::size_t first = 0, last = 0;    // bars of the first and the last action

  market::BarRange range() const { return {first, last + 1}; }
};

/// Reads a CSV (gzip or not) with the columns `time` (or `timestamp`) and `action`: the open time of a bar of
/// `bars`, and what to hold from the next one on, as one of the exposures (-1, 0, 1) or as `short`, `flat`,
/// `long` (also `sell`, `buy`), which are the smallest, the one nearest to 0 and the largest. Empty,
/// `hold` and bars without a row: no change. Rows ascend.
///
/// All faults are reported together as Error "signals.faults", each with path:line; one alone as it is:
/// "signals.no_column", "signals.few_columns", "signals.bad_time", "signals.unsorted" (also repeated times),
/// "signals.unknown_bar", "signals.bad_value", "signals.no_rows". Throws what read_file throws.
ActionSchedule read_actions(const std::filesystem::path& path, const market::Bars& bars,
                            const std::vector<double>& exposures);
ActionSchedule parse_actions(std::string_view text, const std::string& place, const market::Bars& bars,
                             const std::vector<double>& exposures);
/// What read_actions() reads back: a row for each bar with an action.
std::string format_actions(const std::vector<std::size_t>& bars, const std::vector<std::int32_t>& actions,
                           const std::vector<TimeMs>& open_time, const std::vector<double>& exposures);

/// Plays a schedule.
class ScheduledActions final : public Strategy {
 public:
  ScheduledActions(ActionSchedule schedule, std::vector<double> exposures)
      : schedule_(std::move(schedule)), exposures_(std::move(exposures)) {}
  std::string name() const override { return "actions of a file"; }
  Decision decide(const Situation& situation) override;

 private:
  ActionSchedule schedule_;
  std::vector<double> exposures_;
};

/// What a strategy did in the environment.
struct RecordedDemonstrations {
  rl::Demonstrations rows;
  std::vector<std::size_t> bars;  // (rows) at whose close the action was taken
};

/// Plays the strategy once over the bars `range` of the environment, episode after episode from the first bar
/// on, at the costs themselves, and notes at every close what an agent would have seen - account values
/// included, of an account that did what the strategy did - and which action the strategy took.
///
/// expert_features: the market values that the strategy itself observes, where they are scaled in another way
/// than the environment's; nullptr: the environment's. Throws what TradingEnv and the strategy throw.
RecordedDemonstrations record_demonstrations(Strategy& strategy,
                                             const std::shared_ptr<const env::MarketData>& market,
                                             market::BarRange range, env::TradingEnvConfig config,
                                             const features::FeatureMatrix* expert_features = nullptr);

}  // namespace stevie::strategy
