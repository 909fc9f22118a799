#include "strategy/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "strategy/rule_explanation.h"

namespace stevie::strategy {
namespace {

constexpr double stretch = 2.0;

/// A row on which no rule qualifies: close 100 in a channel of 90 to 110, ATR 2, quiet, percentile 50.
RuleRow calm_row() {
  RuleRow row;
  row.close = 100;
  row.volatility = 0.01;
  row.volatility_percentile = 50;
  row.channel_high = 110;
  row.channel_low = 90;
  row.mean = 100;
  row.atr_share = 0.02;
  row.range = 0.02;
  row.ready = true;
  return row;
}

RuleRow breakout_row(int direction, double percentile) {
  RuleRow row = calm_row();
  row.volatility_percentile = percentile;
  row.breakout = static_cast<std::int8_t>(direction);
  row.close = direction > 0 ? 111 : 89;
  return row;
}

RuleRow stretched_row(double z_score, double percentile) {
  RuleRow row = calm_row();
  row.volatility_percentile = percentile;
  row.z_score = z_score;
  row.stretched = static_cast<std::int8_t>(z_score >= stretch ? 1 : z_score <= -stretch ? -1 : 0);
  return row;
}

RuleRow news_row(double score) {
  RuleRow row = calm_row();
  row.social_score = score;
  row.social_fresh = true;
  return row;
}

RuleDecision decide(const RuleRow& row, const ParameterSet& set = default_parameters(), double cost = 8,
                    const HeldRule& held = {}) {
  RoundTripCost costs;
  costs.fixed_bps = cost;
  return decide_rules(row, stretch, set, costs, held);
}

void expect_entry(const RuleDecision& decision, Rule rule, Side side, double risk, double stop,
                  double profit) {
  EXPECT_EQ(decision.action, RuleAction::enter);
  EXPECT_EQ(decision.reason, RuleReason::qualified);
  EXPECT_EQ(decision.rule, rule);
  EXPECT_EQ(decision.side, side);
  EXPECT_DOUBLE_EQ(decision.risk, risk);
  EXPECT_DOUBLE_EQ(decision.stop_loss, stop);
  EXPECT_DOUBLE_EQ(decision.take_profit, profit);
}

void expect_nothing(const RuleDecision& decision, RuleReason reason) {
  EXPECT_EQ(decision.action, RuleAction::nothing);
  EXPECT_EQ(decision.reason, reason);
}

// ATR is 2 % of the price. Defaults: breakout stop 2 ATR, profit 4; reversion 2 and 3; news 1.5 and 3.
TEST(DecideRules, TradesABreakoutWithTheMove) {
  expect_entry(decide(breakout_row(1, 80)), Rule::breakout, Side::long_side, 0.01, 0.04, 0.08);
  expect_entry(decide(breakout_row(-1, 80)), Rule::breakout, Side::short_side, 0.01, 0.04, 0.08);
}

TEST(DecideRules, FadesAStretchedClose) {
  expect_entry(decide(stretched_row(2.5, 20)), Rule::mean_reversion, Side::short_side, 0.01, 0.04, 0.06);
  expect_entry(decide(stretched_row(-2.5, 20)), Rule::mean_reversion, Side::long_side, 0.01, 0.04, 0.06);
}

TEST(DecideRules, TradesFreshNewsWithTheSmallerRisk) {
  expect_entry(decide(news_row(0.8)), Rule::news, Side::long_side, 0.005, 0.03, 0.06);
  expect_entry(decide(news_row(-0.8)), Rule::news, Side::short_side, 0.005, 0.03, 0.06);
  ParameterSet careful = default_parameters();
  careful[Parameter::base_risk_pct] = 0.25;
  EXPECT_DOUBLE_EQ(decide(news_row(0.8), careful).risk, 0.0025);
  RuleRow stale = news_row(1);
  stale.social_fresh = false;
  expect_nothing(decide(stale), RuleReason::no_rule);
}

TEST(DecideRules, CountsTheBoundsThemselvesAsReached) {
  const auto below = [](double x) { return std::nextafter(x, -1e9); };
  const auto above = [](double x) { return std::nextafter(x, 1e9); };
  EXPECT_EQ(decide(breakout_row(1, 70)).rule, Rule::breakout);
  EXPECT_EQ(decide(breakout_row(1, below(70))).rule, Rule::none);
  EXPECT_EQ(decide(stretched_row(2, 30)).rule, Rule::mean_reversion);
  EXPECT_EQ(decide(stretched_row(2, above(30))).rule, Rule::none);
  EXPECT_EQ(decide(stretched_row(below(2), 30)).rule, Rule::none);
  EXPECT_EQ(decide(news_row(0.75)).rule, Rule::news);
  EXPECT_EQ(decide(news_row(-0.75)).rule, Rule::news);
  EXPECT_EQ(decide(news_row(below(0.75))).rule, Rule::none);
  EXPECT_EQ(decide(breakout_row(1, 80), default_parameters(), 8).action, RuleAction::enter);
  expect_nothing(decide(breakout_row(1, 80), default_parameters(), above(8)), RuleReason::cost_cap);
}

TEST(DecideRules, TakesTheFirstRuleThatQualifies) {
  ParameterSet set = default_parameters();
  set[Parameter::vol_pct_breakout] = set[Parameter::vol_pct_mean_revert] = 50;
  RuleRow row = breakout_row(1, 50);
  row.z_score = 3;
  row.stretched = 1;
  row.social_fresh = true;
  row.social_score = -1;
  EXPECT_EQ(decide(row, set).rule, Rule::breakout);
  row.breakout = 0;
  EXPECT_EQ(decide(row, set).rule, Rule::mean_reversion);
  row.stretched = 0;
  EXPECT_EQ(decide(row, set).rule, Rule::news);
  row.social_fresh = false;
  expect_nothing(decide(row, set), RuleReason::no_rule);
}

TEST(DecideRules, RefusesWhatCostsTooMuchAndSaysWhichRuleItWas) {
  const RuleDecision decision = decide(stretched_row(-3, 10), default_parameters(), 24);
  expect_nothing(decision, RuleReason::cost_cap);
  EXPECT_EQ(decision.rule, Rule::mean_reversion);
  EXPECT_EQ(decision.side, Side::long_side);
  EXPECT_EQ(decision.cost_bps, 24);
  EXPECT_GT(decision.confidence, 0);
}

TEST(DecideRules, DoesNothingBeforeEveryInputIsKnown) {
  RuleRow row = news_row(1);
  row.ready = false;
  expect_nothing(decide(row), RuleReason::not_ready);
}

TEST(DecideRules, HoldsOnePositionAndLeavesAReversionAtTheMean) {
  const HeldRule reverting{true, Side::long_side, Rule::mean_reversion};
  RuleRow row = breakout_row(1, 90);  // would enter
  row.mean = 120;
  expect_nothing(decide(row, default_parameters(), 8, reverting), RuleReason::holding);
  row.mean = row.close;
  EXPECT_EQ(decide(row, default_parameters(), 8, reverting).action, RuleAction::exit);
  EXPECT_EQ(decide(row, default_parameters(), 8, reverting).reason, RuleReason::mean_reached);
  const HeldRule short_reverting{true, Side::short_side, Rule::mean_reversion};
  EXPECT_EQ(decide(row, default_parameters(), 8, short_reverting).action, RuleAction::exit);
  row.mean = 110;
  expect_nothing(decide(row, default_parameters(), 8, short_reverting), RuleReason::holding);
  const HeldRule breaking{true, Side::long_side, Rule::breakout};
  row.mean = row.close;
  expect_nothing(decide(row, default_parameters(), 8, breaking), RuleReason::holding);
  row.ready = false;
  expect_nothing(decide(row, default_parameters(), 8, reverting), RuleReason::holding);
}

TEST(DecideRules, KeepsBracketsWithinTheirBounds) {
  RuleRow row = breakout_row(-1, 90);
  row.atr_share = 0.8;
  const RuleDecision decision = decide(row);
  EXPECT_EQ(decision.stop_loss, largest_stop_share);
  EXPECT_EQ(decision.take_profit, largest_profit_share);
}

TEST(RoundTripCost, IsTwiceWhatOneMarketOrderCosts) {
  EXPECT_EQ(RoundTripCost(execution::Instrument{}).bps(0.02), 24);  // 2 x (10 + 1 + 1)
  execution::Instrument perpetual;
  perpetual.taker_fee_bps = 2.5;
  perpetual.half_spread_bps = 0.5;
  perpetual.slippage_bps = 0.5;
  perpetual.slippage_volatility_share = 0.01;
  EXPECT_DOUBLE_EQ(RoundTripCost(perpetual).bps(0.02), 2 * (3.5 + 2));  // 1 % of a range of 200 bps
}

TEST(RuleConfidence, IsTheMeanOfWhatTheConditionsAreExceededBy) {
  const ParameterSet set = default_parameters();
  // percentile 85 is half way from 70 to 100; close 111 is 1 above 110, ATR 2.22
  EXPECT_DOUBLE_EQ(decide(breakout_row(1, 85)).confidence, 0.5 * (0.5 + 1 / 2.22));
  // percentile 15 is half way from 30 to 0; z 3 is half a stretch beyond 2
  EXPECT_DOUBLE_EQ(decide(stretched_row(-3, 15)).confidence, 0.5);
  EXPECT_DOUBLE_EQ(decide(news_row(0.875)).confidence, 0.5);
  EXPECT_EQ(decide(news_row(0.75)).confidence, 0);
  EXPECT_EQ(decide(news_row(-1)).confidence, 1);
  ParameterSet full = set;
  full[Parameter::social_go] = 1;
  EXPECT_EQ(decide(news_row(1), full).confidence, 1);
}

/// The algorithm told in other words: every rule is judged, then the first that holds is taken.
RuleDecision plain_decision(const RuleRow& row, const ParameterSet& set, double cost, const HeldRule& held) {
  struct Candidate {
    Rule rule;
    bool up, down;
    double stop, profit, risk;
  };
  const bool wild = row.volatility_percentile >= set.values[0],
             quiet = row.volatility_percentile <= set.values[1];
  const double risk = set.values[4] / 100;
  const Candidate candidates[] = {
      {Rule::breakout, wild && row.close > row.channel_high, wild && row.close < row.channel_low,
       set.values[7], set.values[6], risk},
      {Rule::mean_reversion, quiet && row.z_score <= -stretch, quiet && row.z_score >= stretch, set.values[9],
       set.values[8], risk},
      {Rule::news, row.social_fresh && row.social_score >= set.values[2],
       row.social_fresh && row.social_score <= -set.values[2], set.values[11], set.values[10],
       set.values[4] < set.values[5] ? risk : set.values[5] / 100}};
  RuleDecision decision;
  if (held.held) {
    decision.reason = RuleReason::holding;
    const bool back = held.side == Side::long_side ? row.close >= row.mean : row.close <= row.mean;
    if (row.ready && back && held.rule == Rule::mean_reversion) {
      decision = {.action = RuleAction::exit,
                  .reason = RuleReason::mean_reached,
                  .rule = held.rule,
                  .side = held.side,
                  .confidence = 1};
    }
    return decision;
  }
  if (!row.ready) return decision;
  decision.reason = RuleReason::no_rule;
  for (const Candidate& candidate : candidates) {
    if (!candidate.up && !candidate.down) continue;
    decision = {.action = cost > set.values[3] ? RuleAction::nothing : RuleAction::enter,
                .reason = cost > set.values[3] ? RuleReason::cost_cap : RuleReason::qualified,
                .rule = candidate.rule,
                .side = candidate.up ? Side::long_side : Side::short_side,
                .risk = candidate.risk,
                .stop_loss = std::min(0.5, candidate.stop * row.atr_share),
                .take_profit = std::min(0.9, candidate.profit * row.atr_share),
                .cost_bps = cost};
    return decision;
  }
  return decision;
}

RuleRow random_row(RandomStream& random) {
  RuleRow row = calm_row();
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
  row.ready = random.uniform() < 0.95;
  row.close = between(80, 120);
  row.breakout = static_cast<std::int8_t>(row.close > 110 ? 1 : row.close < 90 ? -1 : 0);
  row.volatility_percentile = std::round(between(0, 100));
  row.z_score = std::round(between(-40, 40)) / 10;
  row.stretched = static_cast<std::int8_t>(row.z_score >= stretch ? 1 : row.z_score <= -stretch ? -1 : 0);
  row.mean = random.uniform() < 0.1 ? row.close : between(80, 120);
  row.social_score = std::round(between(-100, 100)) / 100;
  row.social_fresh = random.uniform() < 0.3;
  row.atr_share = random.uniform() < 0.02 ? between(0.1, 2) : between(0.001, 0.05);
  return row;
}

TEST(DecideRules, AgreesWithAPlainTellingAndWithItsExplanation) {
  RandomStream random(19, 0);
  std::array<int, 6> reasons{};
  for (int k = 0; k < 50'000; ++k) {
    const RuleRow row = random_row(random);
    ParameterSet set;
    for (std::size_t i = 0; i < parameter_count; ++i) {
      const ParameterInfo& about = parameter_schema()[i];
      set.values[i] =
          snap(static_cast<Parameter>(i), about.minimum + (about.maximum - about.minimum) * random.uniform());
    }
    HeldRule held;
    if (random.uniform() < 0.2) {
      held = {true, random.uniform() < 0.5 ? Side::long_side : Side::short_side,
              static_cast<Rule>(1 + random.below(3))};
    }
    RoundTripCost cost;
    cost.fixed_bps = std::round(40 * random.uniform()) / 2;
    RuleDecision decision = decide_rules(row, stretch, set, cost, held);
    const RuleExplanation explanation = explain_rules(row, stretch, set, cost, held);
    EXPECT_EQ(explanation.decision, decision);
    if (decision.rule != Rule::none && !held.held) {
      EXPECT_GE(decision.confidence, 0);
      EXPECT_LE(decision.confidence, 1);
      EXPECT_GT(decision.stop_loss, 0);
      EXPECT_LE(decision.risk, 0.02);
      decision.confidence = 0;
    }
    EXPECT_EQ(decision, plain_decision(row, set, cost.fixed_bps, held)) << k;
    ++reasons[static_cast<std::size_t>(decision.reason)];

    Rule first = Rule::none;
    Side side = Side::long_side;
    for (const RuleFinding& finding : explanation.findings) {
      if (!finding.qualifies || first != Rule::none) continue;
      first = finding.rule;
      side = finding.side;
    }
    if (!held.held && row.ready) {
      EXPECT_EQ(decision.rule, first) << k;
      if (first != Rule::none) {
        EXPECT_EQ(decision.side, side) << k;
      }
    }
  }
  for (const int count : reasons) EXPECT_GT(count, 100);
}

TEST(RuleCounts, AddUp) {
  RuleCounts counts;
  counts.add(decide(breakout_row(1, 80)));
  counts.add(decide(breakout_row(1, 80), default_parameters(), 24));
  counts.add(decide(news_row(1), default_parameters(), 20));
  counts.add(decide(calm_row()));
  counts.add(decide(RuleRow{}));
  counts.add(decide(calm_row(), default_parameters(), 8, {true, Side::long_side, Rule::news}));
  counts.add(decide(calm_row(), default_parameters(), 8, {true, Side::long_side, Rule::mean_reversion}));
  EXPECT_EQ(counts.decisions, 7u);
  EXPECT_EQ(counts.all_entered(), 1u);
  EXPECT_EQ(counts.all_refused_by_cost(), 2u);
  EXPECT_EQ(counts.refused_by_cost[3], 1u);
  EXPECT_EQ(counts.refused_cost_bps, 44);
  EXPECT_EQ(counts.no_rule + counts.not_ready + counts.holding + counts.mean_exits, 4u);
}

RuleExplanation example(double cost) {
  RoundTripCost costs;
  costs.fixed_bps = cost;
  RuleExplanation explanation = explain_rules(breakout_row(1, 85), stretch, default_parameters(), costs, {});
  explanation.symbol = "BTC/USDT";
  explanation.open_time = parse_time("2024-03-01T12:00");
  return explanation;
}

TEST(RuleExplanation, TellsAPersonWhatAndWhy) {
  EXPECT_EQ(
      to_text(example(8)),
      "2024-03-01T12:00:00Z BTC/USDT enter long: breakout, risking 1 % of equity at a stop 4.000 % away, "
      "take profit 8.000 % away, confidence 0.48\n"
      "  breakout long: qualifies\n"
      "    volatility_percentile 85 >= volPctBreakout 70: yes\n"
      "    close 111 > channel_high 110: yes\n"
      "  mean reversion long: does not qualify\n"
      "    volatility_percentile 85 <= volPctMeanRevert 30: no\n"
      "    z_score 0 <= -stretch -2: no\n"
      "  news long: does not qualify\n"
      "    social_fresh 0 is an event on this bar 1: no\n"
      "    social_score 0 >= socialGo 0.75: no\n"
      "  round trip 8 bps, costCapBps 8; regime sideways\n");
  const std::string refused = to_text(example(24));
  EXPECT_EQ(
      refused.substr(0, refused.find('\n')),
      "2024-03-01T12:00:00Z BTC/USDT nothing: breakout long qualifies, but a round trip costs 24 bps, above "
      "costCapBps 8");
}

TEST(RuleExplanation, TellsAProgramTheSame) {
  EXPECT_EQ(
      to_json(example(24)),
      R"({"time":"2024-03-01T12:00:00Z","symbol":"BTC/USDT","action":"nothing","reason":"cost_cap",)"
      R"("text":"nothing: breakout long qualifies, but a round trip costs 24 bps, above costCapBps 8",)"
      R"("rule":"breakout","side":"long","confidence":0.4752252252252252,"risk":0.01,"stop_loss":0.04,)"
      R"("take_profit":0.08,"cost_bps":24.0,"held":null,"inputs":{"close":111.0,"volatility":0.01,)"
      R"("volatility_percentile":85.0,"channel_high":110.0,"channel_low":90.0,"mean":100.0,"z_score":0.0,)"
      R"("atr_share":0.02,"range":0.02,"social_score":0.0,"social_fresh":false,"regime":"sideways",)"
      R"("ready":true},"stretch":2.0,"rules":[{"rule":"breakout","side":"long","qualifies":true,"conditions":[)"
      R"({"name":"volatility_percentile","value":85.0,"comparison":">=","bound":70.0,)"
      R"("bound_name":"volPctBreakout","holds":true},{"name":"close","value":111.0,"comparison":">",)"
      R"("bound":110.0,"bound_name":"channel_high","holds":true}]},{"rule":"mean reversion","side":"long",)"
      R"("qualifies":false,"conditions":[{"name":"volatility_percentile","value":85.0,"comparison":"<=",)"
      R"("bound":30.0,"bound_name":"volPctMeanRevert","holds":false},{"name":"z_score","value":0.0,)"
      R"("comparison":"<=","bound":-2.0,"bound_name":"-stretch","holds":false}]},{"rule":"news","side":"long",)"
      R"("qualifies":false,"conditions":[{"name":"social_fresh","value":0.0,"comparison":"is","bound":1.0,)"
      R"("bound_name":"an event on this bar","holds":false},{"name":"social_score","value":0.0,)"
      R"("comparison":">=","bound":0.75,"bound_name":"socialGo","holds":false}]}],"parameters":{)"
      R"("volPctBreakout":70.0,"volPctMeanRevert":30.0,"socialGo":0.75,"costCapBps":8.0,"baseRiskPct":1.0,)"
      R"("newsMaxRiskPct":0.5,"tpBreakout":4.0,"slBreakout":2.0,"tpRevert":3.0,"slRevert":2.0,"tpNews":3.0,)"
      R"("slNews":1.5}})");
}

}  // namespace
}  // namespace stevie::strategy
