#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "live/live_engine.h"
#include "live/parameter_snapshot.h"
#include "strategy/rule_sides.h"
#include "strategy/rule_strategy.h"

namespace stevie::live {

/// Where a strategy takes its parameters from: at_bar() is called once a decision and stays valid until the
/// next call; version() is of what it returned.
struct ParameterFeed {
  std::function<const strategy::ResolvedParameters&()> at_bar;
  std::function<std::uint64_t()> version;
};
/// The newest version of the cell at each bar. `cell` must outlive it; for one thread.
ParameterFeed parameter_feed(ParameterCell& cell, std::string symbol);

/// What the live algorithm is made from, for one symbol.
struct RuleLiveSettings {
  std::string symbol;
  TimeMs interval = 0;
  strategy::RuleSettings rules;
  strategy::RegimeConfig regime;
  strategy::SocialConfig social;
  /// Read before the start: rows that are published later are not seen while it runs.
  std::vector<strategy::SocialSource> sources;
  execution::Instrument instrument;  // for the expected cost of a round trip
  /// Bars it is warmed up with. Absent: as many as the percentile looks back over and a month more. All there
  /// are (the largest number): what a back-test over the same file has seen, bit for bit.
  std::optional<std::size_t> warm_up_bars;
};

/// The rules, bar by bar, with regime and social score: the decisions of `stevie backtest --strategy rules`.
class RuleLiveStrategy final : public LiveStrategy {
 public:
  /// Throws as strategy::RuleStrategy and RuleSideStream do.
  RuleLiveStrategy(RuleLiveSettings settings, ParameterFeed parameters);
  RuleLiveStrategy(const RuleLiveStrategy&) = delete;
  RuleLiveStrategy& operator=(const RuleLiveStrategy&) = delete;

  void warm_up(const market::Bar& bar) override;
  strategy::Decision decide(const strategy::Situation& situation) override;
  std::string explanation_json() const override;
  std::string summary() const override;
  DecisionGist gist() const override;
  std::uint64_t parameter_version() const override { return version_; }
  std::string parameters_json() const override;
  /// {"rule":"breakout","side":"long"}: of the newest entry asked for; nulls where there was none.
  std::string save() const override;
  /// Throws Error "live.bad_strategy_state" and changes nothing.
  void restore(const std::string& json) override;
  std::size_t warm_up_bars() const override;

 private:
  RuleLiveSettings settings_;
  ParameterFeed parameters_;
  strategy::RuleSideStream sides_;
  strategy::RuleStrategy rules_;
  bool warming_ = false;
  std::uint64_t version_ = 0;
  strategy::ResolvedParameters used_;  // of version_
  strategy::Side newest_side_ = strategy::Side::long_side;
  std::optional<strategy::RuleExplanation> explanation_;
};

/// Resolved parameters as the journal has them, and back: bit for bit. Throws Error
/// "strategy.bad_parameters".
std::string parameters_text(const strategy::ResolvedParameters& parameters);
strategy::ResolvedParameters parse_parameters_text(const std::string& text, const std::string& place);

}  // namespace stevie::live
