#include "strategy/ensemble_record.h"

#include <fmt/format.h>

#include <cmath>

#include "strategy/json_line.h"

namespace stevie::strategy {
namespace {

std::string exposure_text(double exposure) {
  if (exposure == 0) return "flat";
  return fmt::format("{} {:g} %", exposure > 0 ? "long" : "short", std::abs(exposure) * 100);
}

}  // namespace

std::string to_json(const EnsembleDecision& decision, const std::string& symbol) {
  const std::size_t levels = decision.levels.size();
  JsonLine line;
  line.open('{')
      .member("time", std::string_view(format_time(decision.open_time)))
      .member("symbol", std::string_view(symbol))
      .member("close", decision.close)
      .member("text", std::string_view(summary(decision)))
      .member("exposure", decision.levels[decision.final_level])
      .member("confidence", decision.final_confidence)
      .member("consensus", decision.consensus)
      .member("kept", decision.kept)
      .member("value", decision.value)
      .key("shares")
      .open('[');
  for (std::size_t a = 0; a < levels; ++a) {
    line.next()
        .open('{')
        .member("exposure", decision.levels[a])
        .member("share", decision.shares[a])
        .close('}');
  }
  line.close(']').key("members").open('[');
  for (std::size_t i = 0; i < decision.names.size(); ++i) {
    line.next()
        .open('{')
        .member("name", std::string_view(decision.names[i]))
        .member("vote", decision.levels[decision.chosen[i]])
        .member("weight", decision.weights[i])
        .member("confidence", decision.confidence[i])
        .member("agrees", decision.chosen[i] == decision.final_level)
        .key("probabilities")
        .open('[');
    for (std::size_t a = 0; a < levels; ++a) line.next().value(decision.probabilities[i * levels + a]);
    line.close(']').close('}');
  }
  return line.close(']').close('}').take();
}

std::string summary(const EnsembleDecision& decision) {
  std::size_t agreeing = 0;
  double share = 0;
  for (std::size_t i = 0; i < decision.names.size(); ++i) {
    if (decision.chosen[i] != decision.final_level) continue;
    ++agreeing;
    share += decision.weights[i];
  }
  return fmt::format(
      "{}{}: {} of {} members with {:.0f} % of the weight, confidence {:.2f}, consensus {:.2f}",
      decision.kept ? "too little consensus, stays " : "",
      exposure_text(decision.levels[decision.final_level]), agreeing, decision.names.size(), share * 100,
      decision.final_confidence, decision.consensus);
}

std::string to_text(const EnsembleDecision& decision, const std::string& symbol) {
  std::string text = fmt::format("{} {} {}\n", format_time(decision.open_time), symbol, summary(decision));
  for (std::size_t i = 0; i < decision.names.size(); ++i)
    text += fmt::format("  {}: {}, confidence {:.2f}, weight {:.3f}\n", decision.names[i],
                        exposure_text(decision.levels[decision.chosen[i]]), decision.confidence[i],
                        decision.weights[i]);
  return text;
}

}  // namespace stevie::strategy
