#pragma once
/// The live algorithm. docs/strategy.md tells it as a whole; decide_rules() is all of it in one function,
/// rule_strategy.h puts it behind the Strategy interface and rule_explanation.h says why it decided so.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "execution/costs.h"
#include "execution/simulation_result.h"
#include "strategy/parameters.h"
#include "strategy/rule_inputs.h"

namespace stevie::strategy {

using execution::Side;

/// The sub-strategies in the order in which they are asked.
enum class Rule : std::uint8_t { none, breakout, mean_reversion, news };
inline constexpr std::size_t rule_count = 4;  // `none` included, so that a Rule is an index
std::string_view to_string(Rule rule);        // "breakout", "mean reversion"

/// What a decision wants.
enum class RuleAction : std::uint8_t { nothing, enter, exit };
std::string_view to_string(RuleAction action);

/// Why a decision is what it is.
enum class RuleReason : std::uint8_t {
  not_ready,     // nothing: too few bars since the beginning or a gap
  holding,       // nothing: a position is held, which leaves at its own exits
  no_rule,       // nothing: no rule qualifies
  cost_cap,      // nothing: `rule` qualifies, but a round trip costs more than costCapBps
  qualified,     // enter: `rule` is the first that qualifies
  mean_reached,  // exit: the close has come back to its mean
};
std::string_view to_string(RuleReason reason);  // "cost_cap"

/// What one round trip of market orders costs: 2 x (taker fee + half spread + slippage + volatility share x
/// range), in bps of the position. Square-root impact depends on the size and is left out, as is funding.
struct RoundTripCost {
  double fixed_bps = 0;
  double range_bps = 0;  // per unit of RuleRow::range

  RoundTripCost() = default;
  explicit RoundTripCost(const execution::Instrument& instrument);
  double bps(double range) const { return fixed_bps + range_bps * range; }
};

/// The position on the close of the bar.
struct HeldRule {
  bool held = false;
  Side side = Side::long_side;
  Rule rule = Rule::none;  // that opened it
};

/// Largest shares of the price a bracket may lie away, whatever the ATR: a stop further off is none, and a
/// short cannot gain 100 %.
inline constexpr double largest_stop_share = 0.5;
inline constexpr double largest_profit_share = 0.9;

/// What the rules want on one close.
struct RuleDecision {
  RuleAction action = RuleAction::nothing;
  RuleReason reason = RuleReason::not_ready;
  Rule rule = Rule::none;       // that qualified, or that opened the position which leaves
  Side side = Side::long_side;  // to enter; refused by the cost cap: would have entered
  double risk = 0;              // share of equity lost at the stop
  double stop_loss = 0;         // shares of the entry price, both above 0 where a rule qualified
  double take_profit = 0;
  double confidence = 0;  // 0 to 1: see rule_confidence; 1 for an exit; 0 where no rule qualified
  double cost_bps = 0;    // expected round trip; 0 where no rule qualified

  friend bool operator==(const RuleDecision&, const RuleDecision&) = default;
};

/// How far a row exceeds what the rule asks, 0 (just qualifies) to 1: the mean of
///   breakout        (percentile - volPctBreakout) / (100 - volPctBreakout) and the close's distance from the
///                   channel in ATR, at most 1
///   mean reversion  (volPctMeanRevert - percentile) / volPctMeanRevert and |z| / stretch - 1, at most 1
///   news            (|score| - socialGo) / (1 - socialGo), alone
/// each within 0 to 1, and 1 where the denominator is 0.
inline double rule_confidence(Rule rule, const RuleRow& row, double stretch, const ParameterSet& set) {
  const auto share = [](double part, double whole) {
    return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 1.0;
  };
  if (rule == Rule::breakout) {
    const double bound = set[Parameter::vol_pct_breakout];
    const double beyond = row.breakout > 0 ? row.close - row.channel_high : row.channel_low - row.close;
    return 0.5 * (share(row.volatility_percentile - bound, 100.0 - bound) +
                  share(beyond, row.atr_share * row.close));
  }
  if (rule == Rule::mean_reversion) {
    const double bound = set[Parameter::vol_pct_mean_revert];
    return 0.5 * (share(bound - row.volatility_percentile, bound) +
                  share(std::abs(row.z_score) - stretch, stretch));
  }
  if (rule == Rule::news) {
    const double bound = set[Parameter::social_go];
    return share(std::abs(row.social_score) - bound, 1.0 - bound);
  }
  return 0;
}

/// The first rule that qualifies on this row, and the direction in `side`: +1 long, -1 short.
///   breakout        percentile >= volPctBreakout and the close has left its channel: with the move
///   mean reversion  percentile <= volPctMeanRevert and the close is stretched: against the move
///   news            a fresh event and score >= socialGo: long, <= -socialGo: short
inline Rule qualifying_rule(const RuleRow& row, const ParameterSet& set, int& side) {
  if (row.breakout != 0 && row.volatility_percentile >= set[Parameter::vol_pct_breakout]) {
    side = row.breakout;
    return Rule::breakout;
  }
  if (row.stretched != 0 && row.volatility_percentile <= set[Parameter::vol_pct_mean_revert]) {
    side = -row.stretched;
    return Rule::mean_reversion;
  }
  if (row.social_fresh && std::abs(row.social_score) >= set[Parameter::social_go]) {
    side = row.social_score > 0 ? 1 : -1;
    return Rule::news;
  }
  side = 0;
  return Rule::none;
}

/// A position of mean reversion has come back: close >= mean of a long, close <= mean of a short.
inline bool mean_reached(const RuleRow& row, const HeldRule& held) {
  return held.held && held.rule == Rule::mean_reversion && row.ready &&
         (held.side == Side::long_side ? row.close >= row.mean : row.close <= row.mean);
}

/// The whole algorithm on one close: no state, no clock. `stretch` is that of the settings behind the row.
/// Runs, sweeps and explanations all call this, so that they cannot differ.
inline RuleDecision decide_rules(const RuleRow& row, double stretch, const ParameterSet& set,
                                 const RoundTripCost& cost, const HeldRule& held) {
  RuleDecision decision;
  if (held.held) {
    decision.reason = RuleReason::holding;
    if (mean_reached(row, held)) {
      decision.action = RuleAction::exit;
      decision.reason = RuleReason::mean_reached;
      decision.rule = held.rule;
      decision.side = held.side;
      decision.confidence = 1;
    }
    return decision;
  }
  if (!row.ready) return decision;
  int direction = 0;
  decision.rule = qualifying_rule(row, set, direction);
  decision.reason = RuleReason::no_rule;
  if (decision.rule == Rule::none) return decision;

  decision.side = direction > 0 ? Side::long_side : Side::short_side;
  decision.cost_bps = cost.bps(row.range);
  decision.confidence = rule_confidence(decision.rule, row, stretch, set);
  double risk_pct = set[Parameter::base_risk_pct];
  double stop = set[Parameter::sl_breakout], profit = set[Parameter::tp_breakout];
  if (decision.rule == Rule::mean_reversion) {
    stop = set[Parameter::sl_revert];
    profit = set[Parameter::tp_revert];
  } else if (decision.rule == Rule::news) {
    stop = set[Parameter::sl_news];
    profit = set[Parameter::tp_news];
    risk_pct = std::min(risk_pct, set[Parameter::news_max_risk_pct]);
  }
  decision.risk = risk_pct / 100.0;
  decision.stop_loss = std::min(stop * row.atr_share, largest_stop_share);
  decision.take_profit = std::min(profit * row.atr_share, largest_profit_share);
  const bool affordable = decision.cost_bps <= set[Parameter::cost_cap_bps];
  decision.reason = affordable ? RuleReason::qualified : RuleReason::cost_cap;
  decision.action = affordable ? RuleAction::enter : RuleAction::nothing;
  return decision;
}

/// How often each thing happened in a run.
struct RuleCounts {
  std::uint64_t decisions = 0, not_ready = 0, holding = 0, no_rule = 0;
  std::uint64_t mean_exits = 0;
  std::array<std::uint64_t, rule_count> entered{};          // entries asked for, indexed by Rule
  std::array<std::uint64_t, rule_count> refused_by_cost{};  // indexed by Rule
  double refused_cost_bps = 0;                              // sum of what the refused would have cost

  void add(const RuleDecision& decision);
  std::uint64_t all_entered() const;
  std::uint64_t all_refused_by_cost() const;
  friend bool operator==(const RuleCounts&, const RuleCounts&) = default;
};

}  // namespace stevie::strategy
