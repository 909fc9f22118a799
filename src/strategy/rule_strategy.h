#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "strategy/rule_explanation.h"
#include "strategy/rule_inputs.h"
#include "strategy/rules.h"
#include "strategy/strategy.h"

namespace stevie::strategy {

/// What each bar is decided by. Called once per bar, before the decision; what it returns must stay until the
/// next call. A live program returns the newest version here, so that a change takes effect between bars.
using ParameterSource = std::function<const ResolvedParameters&()>;

/// What stands beside the bar that has just closed, for rules that run bar by bar.
using RuleSideSource = std::function<RuleSide(const market::Bar&)>;

/// Sees each decision with its reasons.
using RuleObserver = std::function<void(const RuleExplanation&)>;

/// The live algorithm behind the Strategy interface: one position, bracket orders sized by their risk.
///
/// The rule that opened the position is remembered from the entry to the close on which the account is flat
/// again. The bracket is the position's own: parameters that change meanwhile do not move it.
class RuleStrategy final : public Strategy {
 public:
  /// Over columns measured before, in which a bar is found by Situation::bar_index. decide() throws Error
  /// "strategy.unaligned" where the bar there opens at another time.
  RuleStrategy(std::shared_ptr<const RuleInputs> inputs, ParameterSource parameters,
               const execution::Instrument& instrument);
  RuleStrategy(std::shared_ptr<const RuleInputs> inputs, const ResolvedParameters& parameters,
               const execution::Instrument& instrument);

  /// Bar by bar. No side source: neither social score nor regime. Throws as RuleInputStream; decide() throws
  /// what RuleInputStream::push throws.
  RuleStrategy(std::string symbol, TimeMs interval, const RuleSettings& settings, ParameterSource parameters,
               const execution::Instrument& instrument, RuleSideSource sides = {});

  std::string name() const override { return "rules"; }
  void start() override;
  Decision decide(const Situation& situation) override;

  /// Tells which rule opened the position that the account holds before the next decide(), for a run that
  /// goes on where an earlier one stopped: else the position leaves at its bracket only, never at the mean.
  /// Call it behind start() and behind any bars that are gone over for the inputs alone. Not held, or flat at
  /// the next decide(): nothing is remembered. decide() throws Error "strategy.wrong_position" where the
  /// account then holds the other side.
  void restore(const HeldRule& held);
  /// What restore() needs where a position is held: the rule of the newest entry that was asked for.
  Rule opened_by() const { return opened_by_; }

  /// Called for each decision; nothing: none is explained, which is much faster.
  void observe_with(RuleObserver observer) { observer_ = std::move(observer); }

  /// The bare decision behind the last decide().
  const RuleDecision& last() const { return last_; }
  const RuleCounts& counts() const { return counts_; }

 private:
  RuleRow next_row(const Situation& situation);
  HeldRule held_in(const Situation& situation);

  std::string symbol_;
  std::shared_ptr<const RuleInputs> inputs_;  // nothing: bar by bar
  std::unique_ptr<RuleInputStream> stream_;
  RuleSettings settings_;
  TimeMs interval_ = 0;
  RuleSideSource sides_;
  ParameterSource parameters_;
  RoundTripCost cost_;
  double stretch_ = 0;
  RuleObserver observer_;
  Rule opened_by_ = Rule::none;        // of the newest entry that was asked for
  std::optional<Side> restored_side_;  // until the next decision
  RuleDecision last_;
  RuleCounts counts_;
};

}  // namespace stevie::strategy
