#include "strategy/hedge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.h"

namespace stevie::strategy {

double hedge_learning_rate(std::size_t members, std::size_t rounds) {
  return std::sqrt(8 * std::log(static_cast<double>(members)) / static_cast<double>(rounds));
}

double hedge_regret_bound(std::size_t members, std::size_t rounds, double rate, double prior, double floor) {
  const auto all = static_cast<double>(rounds);
  const double of_floor = static_cast<double>(members - 1) * floor * all;
  if (rate == 0) return members == 1 ? 0 : all;  // of no use, but true: weights that never move
  return std::log(1 / prior) / rate + rate * all / 8 + of_floor;
}

HedgeWeights::HedgeWeights(std::span<const double> prior, const HedgeConfig& config)
    : prior_(prior.begin(), prior.end()),
      losses_(prior.size(), 0.0),
      weights_(prior.size()),
      rate_(config.learning_rate),
      floor_(config.floor) {
  std::string faults;
  const auto fault = [&faults](const std::string& sentence) {
    faults += (faults.empty() ? "" : "; ") + sentence;
  };
  if (prior.empty()) fault("there is no member to weigh");
  for (std::size_t i = 0; i < prior.size(); ++i)
    if (!(prior[i] > 0) || !std::isfinite(prior[i]))
      fault(fmt::format("the first weight of member {} must be above 0", i + 1));
  if (!(config.learning_rate >= 0) || !std::isfinite(config.learning_rate))
    fault("the learning rate must be 0 (automatic) or above");
  if (config.learning_rate == 0 && config.horizon == 0) fault("the horizon must be at least one round");
  if (!(config.floor >= 0) || config.floor * static_cast<double>(prior.size()) > 1)
    fault(fmt::format("the floor must lie between 0 and one part in {}", prior.size()));
  if (!faults.empty()) throw Error("strategy.bad_hedge", faults);
  if (rate_ == 0 && prior.size() > 1) rate_ = hedge_learning_rate(prior.size(), config.horizon);
  const double sum = std::accumulate(prior_.begin(), prior_.end(), 0.0);
  for (double& weight : prior_) weight /= sum;
  weigh();
}

void HedgeWeights::weigh() {
  const double least = *std::ranges::min_element(losses_);
  double sum = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    sum += weights_[i] = prior_[i] * std::exp(-rate_ * (losses_[i] - least));
  const double share = 1 - static_cast<double>(weights_.size()) * floor_;
  for (double& weight : weights_) weight = share * weight / sum + floor_;
}

void HedgeWeights::update(std::span<const double> losses) {
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    const double loss = std::clamp(losses[i], 0.0, 1.0);
    own_loss_ += weights_[i] * loss;
    losses_[i] += loss;
  }
  ++rounds_;
  weigh();
}

double HedgeWeights::bound(std::size_t member) const {
  return hedge_regret_bound(size(), rounds_, rate_, prior_[member], floor_);
}

void HedgeWeights::restore(const State& state) {
  const auto possible = [&state](double loss) {
    return loss >= 0 && loss <= static_cast<double>(state.rounds) * (1 + 1e-9);
  };
  if (state.losses.size() != size() || !std::ranges::all_of(state.losses, possible) ||
      !possible(state.own_loss))
    throw Error("bytes.damaged", "the saved weights are damaged or belong to another ensemble");
  losses_ = state.losses;
  own_loss_ = state.own_loss;
  rounds_ = state.rounds;
  weigh();
}

void HedgeWeights::start() {
  std::ranges::fill(losses_, 0.0);
  own_loss_ = 0;
  rounds_ = 0;
  weigh();
}

}  // namespace stevie::strategy
