#pragma once
#include <string>
#include <vector>

#include "strategy/rules.h"

namespace stevie::strategy {

/// One comparison of a rule: "percentile 82.1 >= volPctBreakout 70".
struct RuleCondition {
  std::string name;  // "volatility_percentile"
  double value = 0;
  std::string comparison;  // ">=", "<=", ">", "<", "is"
  double bound = 0;
  std::string bound_name;  // "volPctBreakout", "channel_high", "stretch"
  bool holds = false;
};

/// What one rule found.
struct RuleFinding {
  Rule rule = Rule::none;
  Side side = Side::long_side;  // that the conditions are about
  bool qualifies = false;       // all conditions hold
  std::vector<RuleCondition> conditions;
};

/// Everything behind one decision. The decision is that of decide_rules(); qualifying_rule() and the findings
/// agree.
struct RuleExplanation {
  std::string symbol;
  TimeMs open_time = 0;  // of the bar that has closed
  RuleRow row;
  double stretch = 2.0;
  ParameterSet parameters;
  HeldRule held;
  RuleDecision decision;
  double cost_bps = 0;                // expected round trip now, whether a rule qualified or not
  std::vector<RuleFinding> findings;  // breakout, mean reversion, news
};

/// Decides as decide_rules() does and keeps the reasons.
RuleExplanation explain_rules(const RuleRow& row, double stretch, const ParameterSet& parameters,
                              const RoundTripCost& cost, const HeldRule& held);

/// One JSON object on one line, without the line feed. Keys and meanings: docs/strategy.md.
std::string to_json(const RuleExplanation& explanation);

/// One sentence: what is done and why.
std::string summary(const RuleExplanation& explanation);

/// A few lines for a person; the first says what is done and why.
std::string to_text(const RuleExplanation& explanation);

}  // namespace stevie::strategy
