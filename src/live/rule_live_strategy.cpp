#include "live/rule_live_strategy.h"

#include <array>
#include <limits>
#include <utility>

#include "core/error.h"
#include "live/json_text.h"

namespace stevie::live {
namespace {

using strategy::Rule;
using strategy::Side;

constexpr std::array rules{Rule::none, Rule::breakout, Rule::mean_reversion, Rule::news};
constexpr std::size_t most_state_bytes = 4096;
constexpr TimeMs warm_up_margin = 30 * day_ms;

/// Takes the parameters that are in force when the rules ask for them.
strategy::ParameterSource remembering(ParameterFeed& feed, const bool& warming, std::uint64_t& version,
                                      strategy::ResolvedParameters& used) {
  return [&feed, &warming, &version, &used]() -> const strategy::ResolvedParameters& {
    const strategy::ResolvedParameters& parameters = feed.at_bar();
    const std::uint64_t newest = feed.version();
    if (!warming && newest != version) {
      version = newest;
      used = parameters;
    }
    return parameters;
  };
}

}  // namespace

ParameterFeed parameter_feed(ParameterCell& cell, std::string symbol) {
  const auto reader = std::make_shared<ParameterReader>(cell, std::move(symbol));
  return {[reader]() -> const strategy::ResolvedParameters& { return reader->at_bar(); },
          [reader] { return reader->version(); }};
}

std::string parameters_text(const strategy::ResolvedParameters& parameters) {
  strategy::ParameterLayers layers;
  layers.global = parameters.by_regime.front();
  for (const strategy::Regime regime : strategy::all_regimes) {
    for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
      const auto parameter = static_cast<strategy::Parameter>(i);
      if (parameters[regime][parameter] != layers.global[parameter])
        layers.by_regime[regime][parameter] = parameters[regime][parameter];
    }
  }
  return strategy::to_json(layers);
}

strategy::ResolvedParameters parse_parameters_text(const std::string& text, const std::string& place) {
  return strategy::resolve(strategy::parse_parameter_layers(text, place), {});
}

RuleLiveStrategy::RuleLiveStrategy(RuleLiveSettings settings, ParameterFeed parameters)
    : settings_(std::move(settings)),
      parameters_(std::move(parameters)),
      sides_(settings_.interval, settings_.regime, settings_.sources, settings_.social),
      rules_(settings_.symbol, settings_.interval, settings_.rules,
             remembering(parameters_, warming_, version_, used_), settings_.instrument,
             [this](const market::Bar& bar) { return sides_.at(bar); }) {
  rules_.start();
}

void RuleLiveStrategy::warm_up(const market::Bar& bar) {
  warming_ = true;
  rules_.observe_with({});
  strategy::Situation situation;
  situation.bar = bar;
  rules_.decide(situation);
  rules_.restore({});
  warming_ = false;
}

strategy::Decision RuleLiveStrategy::decide(const strategy::Situation& situation) {
  rules_.observe_with([this](const strategy::RuleExplanation& explanation) { explanation_ = explanation; });
  const strategy::Decision decision = rules_.decide(situation);
  if (decision.kind == strategy::Decision::Kind::enter) newest_side_ = decision.side;
  return decision;
}

std::string RuleLiveStrategy::explanation_json() const {
  return explanation_ ? strategy::to_json(*explanation_) : "{}";
}

std::string RuleLiveStrategy::summary() const {
  return explanation_ ? strategy::summary(*explanation_) : "nothing was decided yet";
}

DecisionGist RuleLiveStrategy::gist() const {
  if (!explanation_) return {};
  const strategy::RuleDecision& decision = explanation_->decision;
  DecisionGist gist;
  gist.reason = strategy::to_string(decision.reason);
  gist.regime = strategy::to_string(explanation_->row.regime);
  if (decision.rule == Rule::none) return gist;
  gist.rule = strategy::to_string(decision.rule);
  gist.side = decision.side == Side::long_side ? "long" : "short";
  gist.confidence = decision.confidence;
  return gist;
}

std::string RuleLiveStrategy::parameters_json() const {
  return parameters_text(used_);
}

std::string RuleLiveStrategy::save() const {
  const Rule rule = rules_.opened_by();
  if (rule == Rule::none) return R"({"rule":null,"side":null})";
  return nlohmann::json{{"rule", strategy::to_string(rule)},
                        {"side", newest_side_ == Side::long_side ? "long" : "short"}}
      .dump();
}

void RuleLiveStrategy::restore(const std::string& json) {
  const auto refuse = [this](const std::string& message) {
    throw Error("live.bad_strategy_state", message, "state of the rules of " + settings_.symbol);
  };
  const nlohmann::json object =
      parse_object(json, most_state_bytes, "live.bad_strategy_state", "state of " + settings_.symbol);
  const auto rule = object.find("rule"), side = object.find("side");
  if (rule == object.end() || side == object.end()) refuse("'rule' or 'side' is missing");
  if (rule->is_null() && side->is_null()) return rules_.restore({});
  if (!rule->is_string() || !side->is_string()) refuse("'rule' and 'side' must be texts, or null both");
  const std::string rule_name = *rule, side_name = *side;
  if (side_name != "long" && side_name != "short") refuse("'side' is neither long nor short");
  for (const Rule known : rules) {
    if (strategy::to_string(known) != rule_name) continue;
    newest_side_ = side_name == "long" ? Side::long_side : Side::short_side;
    return rules_.restore({.held = known != Rule::none, .side = newest_side_, .rule = known});
  }
  refuse("there is no such rule");
}

std::size_t RuleLiveStrategy::warm_up_bars() const {
  if (settings_.warm_up_bars) return *settings_.warm_up_bars;
  return static_cast<std::size_t>((settings_.rules.percentile_span + warm_up_margin) / settings_.interval);
}

}  // namespace stevie::live
