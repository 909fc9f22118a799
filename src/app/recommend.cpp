#include "app/recommend.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/evaluate.h"
#include "app/rule_market.h"
#include "core/error.h"
#include "evaluation/parameter_sweep.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"
#include "market/split.h"
#include "strategy/rules.h"

namespace stevie::app {
namespace {

using strategy::RuleDecision;

/// The last `days` of the bars on which the rules can decide.
market::BarRange last_days(const RuleMarket& market, double days) {
  const TimeMs end = market.bars.open_time.back() + market.bars.interval;
  const TimeMs from = end - static_cast<TimeMs>(days * static_cast<double>(day_ms));
  market::BarRange range = market::time_range(market.bars, from, std::nullopt);
  range.begin = std::min(std::max(range.begin, market.first_ready()), range.end);
  return range;
}

/// Confidence of every close on which a rule qualifies, as if nothing were held. What costCapBps refuses
/// counts as 0: the rules wanted a trade that the parameters do not let them take.
RecommendReason judge_confidence(const RuleMarket& market, const strategy::ResolvedParameters& parameters,
                                 const execution::Instrument& instrument, const RecommendRules& rules) {
  const strategy::RoundTripCost cost(instrument);
  std::size_t qualified = 0, refused = 0;
  double sum = 0;
  const market::BarRange range = last_days(market, rules.confidence_days);
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const strategy::RuleRow row = (*market.inputs)[i];
    const RuleDecision decision =
        strategy::decide_rules(row, market.inputs->stretch, parameters[row.regime], cost, {});
    if (decision.rule == strategy::Rule::none) continue;
    ++qualified;
    if (decision.reason == strategy::RuleReason::cost_cap) {
      ++refused;
    } else {
      sum += decision.confidence;
    }
  }
  const double mean = qualified > 0 ? sum / static_cast<double>(qualified) : 0.0;
  RecommendReason reason{.scenario = "quick_tune", .applies = mean < rules.low_confidence, .sentence = {}};
  reason.sentence =
      qualified == 0
          ? fmt::format("no rule qualified once in the last {:g} days", rules.confidence_days)
          : fmt::format(
                "mean confidence {:.2f} over {} decisions of the last {:g} days, {} of them refused by "
                "costCapBps; low is below {:g}",
                mean, qualified, rules.confidence_days, refused, rules.low_confidence);
  return reason;
}

RecommendReason judge_drawdown(const RuleMarket& market, const strategy::ResolvedParameters& parameters,
                               const execution::EngineConfig& engine, const RecommendRules& rules) {
  const market::BarRange range = last_days(market, rules.drawdown_days);
  RecommendReason reason{.scenario = "risk_optimizer", .applies = false, .sentence = {}};
  if (range.size() < 2) {
    reason.sentence = "too few bars to replay";
    return reason;
  }
  const evaluation::ParameterSweep sweep(market.tape, *market.inputs, engine, range);
  const evaluation::SweepOutcome outcome = sweep.evaluate(parameters);
  reason.applies = outcome.max_drawdown > rules.high_drawdown;
  reason.sentence =
      fmt::format("max drawdown {:.1f} % in {} trades of the last {:g} days; high is above {:g} %",
                  100 * outcome.max_drawdown, outcome.trades, rules.drawdown_days, 100 * rules.high_drawdown);
  return reason;
}

RecommendReason judge_volatility(const RuleMarket& market, const RecommendRules& rules) {
  const market::BarRange range = last_days(market, rules.volatility_days);
  double sum = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) sum += market.inputs->volatility_percentile[i];
  const double mean = range.size() > 0 ? sum / static_cast<double>(range.size()) : 0.0;
  return {.scenario = "volatility_master",
          .applies = mean >= rules.high_volatility,
          .sentence =
              fmt::format("mean volatility percentile {:.0f} over the last {:g} days; high is {:g} or more",
                          mean, rules.volatility_days, rules.high_volatility)};
}

RecommendReason judge_history(const RuleMarket& market, const RecommendRules& rules) {
  const TimeMs usable =
      market.bars.open_time.back() + market.bars.interval - market.bars.open_time[market.first_ready()];
  const double days = static_cast<double>(usable) / static_cast<double>(day_ms);
  return {.scenario = "comprehensive_evolution",
          .applies = days < rules.short_history_days,
          .sentence = fmt::format("{:.0f} days on which the rules can decide; little is below {:g}", days,
                                  rules.short_history_days)};
}

/// What runs: the newest version on the ledger, the defaults where there is no ledger yet.
std::pair<strategy::ParameterLayers, std::uint64_t> running_parameters(ledger::LedgerConfig config) {
  try {
    config.access = ledger::Access::read;
    const auto ledger = ledger::Ledger::open(config);
    if (ledger->read({.kind = "parameters.version", .last = 1}).empty()) return {{}, 0};
    const live::ParameterStore store(*ledger);
    return {store.current().layers, store.current().number};
  } catch (const Error& error) {
    if (error.code() != "ledger.missing") throw;
    return {{}, 0};
  }
}

}  // namespace

Recommendation recommend(const RecommendRequest& request) {
  const auto running = running_parameters(request.config.ledger);
  const execution::EngineConfig engine = judging_engine(request.config.env);
  const RuleMarket market =
      load_rule_market(request.data, request.social, engine.instrument, request.config.measuring);
  const strategy::ResolvedParameters parameters = strategy::resolve(running.first, market.bars.symbol);
  Recommendation result;
  result.version = running.second;
  result.notes = market.notes;
  result.reasons = {judge_confidence(market, parameters, engine.instrument, request.rules),
                    judge_drawdown(market, parameters, engine, request.rules),
                    judge_volatility(market, request.rules), judge_history(market, request.rules)};
  const auto first = std::ranges::find(result.reasons, true, &RecommendReason::applies);
  const bool none = first == result.reasons.end();
  result.scenario = none ? "news_sentiment_pro" : first->scenario;
  result.reasons.push_back(
      {.scenario = "news_sentiment_pro", .applies = none, .sentence = "where nothing above applies"});
  return result;
}

std::string render_text(const Recommendation& recommendation) {
  std::string text = fmt::format("Recommended: stevie optimize {}\n\n", recommendation.scenario);
  text += recommendation.version == 0
              ? "Measured with the default parameters, as no version is on the ledger yet.\n"
              : fmt::format("Measured with version {} of the parameters.\n", recommendation.version);
  for (const RecommendReason& reason : recommendation.reasons)
    text +=
        fmt::format("  {:<4}{:<24} {}\n", reason.applies ? "yes" : "no", reason.scenario, reason.sentence);
  text += "The first that says yes is the one.\n";
  for (const std::string& note : recommendation.notes) text += "- " + note + "\n";
  return text;
}

}  // namespace stevie::app
