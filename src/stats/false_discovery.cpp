#include "stats/false_discovery.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace stevie::stats {
namespace {

/// The constant that is in use everywhere (onlineFDR); with it the weights sum to 0.976.
constexpr double lord_scale = 0.07720838;
/// 1 / zeta(1.6).
constexpr double saffron_scale = 0.4374901658;

}  // namespace

double stream_weight(StreamRule rule, std::size_t t) {
  const auto number = static_cast<double>(t);
  if (rule == StreamRule::saffron) return saffron_scale / std::pow(number, 1.6);
  return lord_scale * std::log(std::max(number, 2.0)) / (number * std::exp(std::sqrt(std::log(number))));
}

ProposalStream::ProposalStream(const StreamConfig& config) : config_(config) {
  std::string faults;
  const auto fault = [&](const char* text) { faults += (faults.empty() ? "" : "; ") + std::string(text); };
  if (!(config.alpha > 0 && config.alpha < 1)) fault("alpha must lie between 0 and 1");
  if (config.rule != StreamRule::alpha_spending &&
      !(config.initial_wealth > 0 && config.initial_wealth < config.alpha))
    fault("initial_wealth must lie between 0 and alpha");
  if (!(config.candidate > 0 && config.candidate < 1)) fault("candidate must lie between 0 and 1");
  if (!faults.empty()) throw Error("stats.bad_test", faults, "stream of proposals");
}

double ProposalStream::next_level() const {
  const StreamRule rule = config_.rule;
  const std::size_t now = judged_ + 1;
  if (rule == StreamRule::alpha_spending) return config_.alpha * stream_weight(rule, now);
  const bool saffron = rule == StreamRule::saffron;
  // candidates do not use up time
  double level = config_.initial_wealth * stream_weight(rule, saffron ? now - candidates_ : now);
  for (std::size_t j = 0; j < promotions_.size(); ++j) {
    const double earned = j == 0 ? config_.alpha - config_.initial_wealth : config_.alpha;
    const std::size_t since = now - promotions_[j].at;
    const std::size_t free = saffron ? candidates_ - promotions_[j].candidates : 0;
    level += earned * stream_weight(rule, since - free);
  }
  return saffron ? std::min(config_.candidate, (1 - config_.candidate) * level) : level;
}

bool ProposalStream::judge(double p) {
  if (!(p >= 0 && p <= 1)) throw Error("stats.bad_test", "a p value must lie between 0 and 1");
  const bool promoted = p <= next_level();
  ++judged_;
  if (p <= config_.candidate) ++candidates_;
  if (promoted) promotions_.push_back({judged_, candidates_});
  return promoted;
}

}  // namespace stevie::stats
