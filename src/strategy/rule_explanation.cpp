#include "strategy/rule_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "strategy/json_line.h"

namespace stevie::strategy {
namespace {

std::string_view side_name(Side side) {
  return side == Side::long_side ? "long" : "short";
}

RuleCondition at_least(std::string name, double value, double bound, std::string bound_name) {
  return {std::move(name), value, ">=", bound, std::move(bound_name), value >= bound};
}

RuleCondition at_most(std::string name, double value, double bound, std::string bound_name) {
  return {std::move(name), value, "<=", bound, std::move(bound_name), value <= bound};
}

RuleFinding finish(Rule rule, Side side, std::vector<RuleCondition> conditions) {
  RuleFinding finding{rule, side, false, std::move(conditions)};
  finding.qualifies = std::all_of(finding.conditions.begin(), finding.conditions.end(),
                                  [](const RuleCondition& condition) { return condition.holds; });
  return finding;
}

/// Of the two directions that a rule has, the one that the close is nearer to.
RuleFinding find_breakout(const RuleRow& row, const ParameterSet& set) {
  const bool up =
      row.breakout > 0 || (row.breakout == 0 && row.channel_high - row.close <= row.close - row.channel_low);
  RuleCondition channel =
      up ? RuleCondition{"close", row.close, ">", row.channel_high, "channel_high", row.breakout > 0}
         : RuleCondition{"close", row.close, "<", row.channel_low, "channel_low", row.breakout < 0};
  return finish(Rule::breakout, up ? Side::long_side : Side::short_side,
                {at_least("volatility_percentile", row.volatility_percentile,
                          set[Parameter::vol_pct_breakout], "volPctBreakout"),
                 std::move(channel)});
}

RuleFinding find_mean_reversion(const RuleRow& row, double stretch, const ParameterSet& set) {
  const bool above = row.z_score > 0;
  return finish(Rule::mean_reversion, above ? Side::short_side : Side::long_side,
                {at_most("volatility_percentile", row.volatility_percentile,
                         set[Parameter::vol_pct_mean_revert], "volPctMeanRevert"),
                 above ? at_least("z_score", row.z_score, stretch, "stretch")
                       : at_most("z_score", row.z_score, -stretch, "-stretch")});
}

RuleFinding find_news(const RuleRow& row, const ParameterSet& set) {
  const bool good = row.social_score >= 0;
  const double bound = set[Parameter::social_go];
  const double fresh = row.social_fresh ? 1.0 : 0.0;
  return finish(Rule::news, good ? Side::long_side : Side::short_side,
                {{"social_fresh", fresh, "is", 1.0, "an event on this bar", row.social_fresh},
                 good ? at_least("social_score", row.social_score, bound, "socialGo")
                      : at_most("social_score", row.social_score, -bound, "-socialGo")});
}

void write_inputs(JsonLine& line, const RuleRow& row) {
  line.open('{')
      .member("close", row.close)
      .member("volatility", row.volatility)
      .member("volatility_percentile", row.volatility_percentile)
      .member("channel_high", row.channel_high)
      .member("channel_low", row.channel_low)
      .member("mean", row.mean)
      .member("z_score", row.z_score)
      .member("atr_share", row.atr_share)
      .member("range", row.range)
      .member("social_score", row.social_score)
      .member("social_fresh", row.social_fresh)
      .member("regime", std::string_view(to_string(row.regime)))
      .member("ready", row.ready)
      .close('}');
}

void write_findings(JsonLine& line, const std::vector<RuleFinding>& findings) {
  line.open('[');
  for (const RuleFinding& finding : findings) {
    line.next()
        .open('{')
        .member("rule", std::string_view(to_string(finding.rule)))
        .member("side", side_name(finding.side))
        .member("qualifies", finding.qualifies)
        .key("conditions")
        .open('[');
    for (const RuleCondition& condition : finding.conditions) {
      line.next()
          .open('{')
          .member("name", std::string_view(condition.name))
          .member("value", condition.value)
          .member("comparison", std::string_view(condition.comparison))
          .member("bound", condition.bound)
          .member("bound_name", std::string_view(condition.bound_name))
          .member("holds", condition.holds)
          .close('}');
    }
    line.close(']').close('}');
  }
  line.close(']');
}

}  // namespace

std::string summary(const RuleExplanation& explanation) {
  const RuleDecision& decision = explanation.decision;
  const HeldRule& held = explanation.held;
  switch (decision.reason) {
    case RuleReason::not_ready:
      return "nothing: too few bars since the beginning or a gap for every input to be known";
    case RuleReason::holding:
      return fmt::format("nothing: the {} position of {} is held until its own exits", side_name(held.side),
                         to_string(held.rule));
    case RuleReason::no_rule:
      return "nothing: no rule qualifies";
    case RuleReason::cost_cap:
      return fmt::format(
          "nothing: {} {} qualifies, but a round trip costs {:.4g} bps, above costCapBps {:.4g}",
          to_string(decision.rule), side_name(decision.side), decision.cost_bps,
          explanation.parameters[Parameter::cost_cap_bps]);
    case RuleReason::qualified:
      return fmt::format(
          "enter {}: {}, risking {:.4g} % of equity at a stop {:.3f} % away, take profit {:.3f} % away, "
          "confidence {:.2f}",
          side_name(decision.side), to_string(decision.rule), decision.risk * 100, decision.stop_loss * 100,
          decision.take_profit * 100, decision.confidence);
    case RuleReason::mean_reached:
      break;
  }
  return fmt::format("exit {}: the close {:.6g} has come back to the mean {:.6g}", side_name(held.side),
                     explanation.row.close, explanation.row.mean);
}

RuleExplanation explain_rules(const RuleRow& row, double stretch, const ParameterSet& parameters,
                              const RoundTripCost& cost, const HeldRule& held) {
  RuleExplanation explanation;
  explanation.row = row;
  explanation.stretch = stretch;
  explanation.parameters = parameters;
  explanation.held = held;
  explanation.decision = decide_rules(row, stretch, parameters, cost, held);
  explanation.cost_bps = cost.bps(row.range);
  explanation.findings = {find_breakout(row, parameters), find_mean_reversion(row, stretch, parameters),
                          find_news(row, parameters)};
  return explanation;
}

std::string to_json(const RuleExplanation& explanation) {
  const RuleDecision& decision = explanation.decision;
  const HeldRule& held = explanation.held;
  const bool has_rule = decision.rule != Rule::none;
  JsonLine line;
  line.open('{')
      .member("time", std::string_view(format_time(explanation.open_time)))
      .member("symbol", std::string_view(explanation.symbol))
      .member("action", std::string_view(to_string(decision.action)))
      .member("reason", std::string_view(to_string(decision.reason)))
      .member("text", std::string_view(summary(explanation)))
      .member_if(has_rule, "rule", to_string(decision.rule))
      .member_if(has_rule, "side", side_name(decision.side))
      .member("confidence", decision.confidence)
      .member("risk", decision.risk)
      .member("stop_loss", decision.stop_loss)
      .member("take_profit", decision.take_profit)
      .member("cost_bps", explanation.cost_bps)
      .key("held");
  if (held.held) {
    line.open('{')
        .member("side", side_name(held.side))
        .member("rule", std::string_view(to_string(held.rule)))
        .close('}');
  } else {
    line.null();
  }
  line.key("inputs");
  write_inputs(line, explanation.row);
  line.member("stretch", explanation.stretch).key("rules");
  write_findings(line, explanation.findings);
  line.key("parameters").open('{');
  for (std::size_t i = 0; i < parameter_count; ++i)
    line.member(parameter_schema()[i].name, explanation.parameters.values[i]);
  return line.close('}').close('}').take();
}

std::string to_text(const RuleExplanation& explanation) {
  std::string text =
      fmt::format("{} {} {}\n", format_time(explanation.open_time), explanation.symbol, summary(explanation));
  for (const RuleFinding& finding : explanation.findings) {
    text += fmt::format("  {} {}: {}\n", to_string(finding.rule), side_name(finding.side),
                        finding.qualifies ? "qualifies" : "does not qualify");
    for (const RuleCondition& condition : finding.conditions) {
      text += fmt::format("    {} {:.6g} {} {} {:.6g}: {}\n", condition.name, condition.value,
                          condition.comparison, condition.bound_name, condition.bound,
                          condition.holds ? "yes" : "no");
    }
  }
  text += fmt::format("  round trip {:.4g} bps, costCapBps {:.4g}; regime {}\n", explanation.cost_bps,
                      explanation.parameters[Parameter::cost_cap_bps], to_string(explanation.row.regime));
  return text;
}

}  // namespace stevie::strategy
