#include "strategy/rules.h"

#include <numeric>

namespace stevie::strategy {
namespace {

constexpr double bps_per_unit = 1e4;

}  // namespace

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::breakout:
      return "breakout";
    case Rule::mean_reversion:
      return "mean reversion";
    case Rule::news:
      return "news";
    case Rule::none:
      break;
  }
  return "none";
}

std::string_view to_string(RuleAction action) {
  switch (action) {
    case RuleAction::enter:
      return "enter";
    case RuleAction::exit:
      return "exit";
    case RuleAction::nothing:
      break;
  }
  return "nothing";
}

std::string_view to_string(RuleReason reason) {
  switch (reason) {
    case RuleReason::holding:
      return "holding";
    case RuleReason::no_rule:
      return "no_rule";
    case RuleReason::cost_cap:
      return "cost_cap";
    case RuleReason::qualified:
      return "qualified";
    case RuleReason::mean_reached:
      return "mean_reached";
    case RuleReason::not_ready:
      break;
  }
  return "not_ready";
}

RoundTripCost::RoundTripCost(const execution::Instrument& instrument)
    : fixed_bps(2.0 * (instrument.taker_fee_bps + instrument.half_spread_bps + instrument.slippage_bps)),
      range_bps(2.0 * bps_per_unit * instrument.slippage_volatility_share) {}

void RuleCounts::add(const RuleDecision& decision) {
  ++decisions;
  switch (decision.reason) {
    case RuleReason::not_ready:
      ++not_ready;
      break;
    case RuleReason::holding:
      ++holding;
      break;
    case RuleReason::no_rule:
      ++no_rule;
      break;
    case RuleReason::cost_cap:
      ++refused_by_cost[static_cast<std::size_t>(decision.rule)];
      refused_cost_bps += decision.cost_bps;
      break;
    case RuleReason::qualified:
      ++entered[static_cast<std::size_t>(decision.rule)];
      break;
    case RuleReason::mean_reached:
      ++mean_exits;
      break;
  }
}

std::uint64_t RuleCounts::all_entered() const {
  return std::accumulate(entered.begin(), entered.end(), std::uint64_t{0});
}

std::uint64_t RuleCounts::all_refused_by_cost() const {
  return std::accumulate(refused_by_cost.begin(), refused_by_cost.end(), std::uint64_t{0});
}

}  // namespace stevie::strategy
