#include "strategy/rule_strategy.h"

#include <utility>

#include "core/error.h"

namespace stevie::strategy {

RuleStrategy::RuleStrategy(std::shared_ptr<const RuleInputs> inputs, ParameterSource parameters,
                           const execution::Instrument& instrument)
    : symbol_(inputs->symbol),
      inputs_(std::move(inputs)),
      parameters_(std::move(parameters)),
      cost_(instrument),
      stretch_(inputs_->stretch) {}

RuleStrategy::RuleStrategy(std::shared_ptr<const RuleInputs> inputs, const ResolvedParameters& parameters,
                           const execution::Instrument& instrument)
    : RuleStrategy(
          std::move(inputs), [parameters]() -> const ResolvedParameters& { return parameters; }, instrument) {
}

RuleStrategy::RuleStrategy(std::string symbol, TimeMs interval, const RuleSettings& settings,
                           ParameterSource parameters, const execution::Instrument& instrument,
                           RuleSideSource sides)
    : symbol_(std::move(symbol)),
      stream_(std::make_unique<RuleInputStream>(settings, interval)),
      settings_(settings),
      interval_(interval),
      sides_(std::move(sides)),
      parameters_(std::move(parameters)),
      cost_(instrument),
      stretch_(settings.stretch) {}

void RuleStrategy::start() {
  if (stream_) *stream_ = RuleInputStream(settings_, interval_);
  opened_by_ = Rule::none;
  restored_side_.reset();
  last_ = {};
  counts_ = {};
}

RuleRow RuleStrategy::next_row(const Situation& situation) {
  if (stream_) return stream_->push(situation.bar, sides_ ? sides_(situation.bar) : RuleSide{});
  const std::size_t bar = situation.bar_index;
  if (bar >= inputs_->size() || inputs_->open_time[bar] != situation.bar.open_time) {
    throw Error("strategy.unaligned",
                "the rules were measured on other bars than the run goes over: measure them on the same bars",
                format_time(situation.bar.open_time));
  }
  return (*inputs_)[bar];
}

void RuleStrategy::restore(const HeldRule& held) {
  opened_by_ = held.held ? held.rule : Rule::none;
  restored_side_ = held.held ? std::optional(held.side) : std::nullopt;
}

HeldRule RuleStrategy::held_in(const Situation& situation) {
  const std::optional<Side> told = std::exchange(restored_side_, std::nullopt);
  if (situation.side == 0) {
    if (told) opened_by_ = Rule::none;
    return {};
  }
  const Side side = situation.side > 0 ? Side::long_side : Side::short_side;
  if (told && *told != side) {
    throw Error(
        "strategy.wrong_position",
        "the account holds the other side than the position that the rules were told of: restore them "
        "from the state that belongs to this account",
        format_time(situation.bar.open_time));
  }
  return {true, side, opened_by_};
}

Decision RuleStrategy::decide(const Situation& situation) {
  const HeldRule held = held_in(situation);
  const RuleRow row = next_row(situation);
  const ParameterSet& set = parameters_()[row.regime];
  last_ = decide_rules(row, stretch_, set, cost_, held);
  counts_.add(last_);
  if (observer_) {
    RuleExplanation explanation = explain_rules(row, stretch_, set, cost_, held);
    explanation.symbol = symbol_;
    explanation.open_time = situation.bar.open_time;
    observer_(explanation);
  }
  if (last_.action == RuleAction::exit) return Decision::exit();
  if (last_.action == RuleAction::nothing) return Decision::hold();
  opened_by_ = last_.rule;
  return Decision::enter(last_.side, {execution::Stake::Kind::risk, last_.risk},
                         {last_.stop_loss, last_.take_profit});
}

}  // namespace stevie::strategy
