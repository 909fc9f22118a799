#include "strategy/demonstration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "execution/sizing.h"

namespace stevie::strategy {
namespace {

using Kind = Decision::Kind;

int sign_of(double value) {
  return (value > 0) - (value < 0);
}

}  // namespace

DiscretisedStrategy::DiscretisedStrategy(Strategy& inner, std::vector<double> exposures,
                                         double leverage_limit)
    : inner_(inner),
      exposures_(std::move(exposures)),
      leverage_limit_(leverage_limit),
      flat_(static_cast<std::size_t>(
          std::ranges::min_element(exposures_, {}, [](double exposure) { return std::abs(exposure); }) -
          exposures_.begin())),
      level_(flat_) {}

void DiscretisedStrategy::start() {
  inner_.start();
  level_ = flat_;
  bracket_.reset();
  entry_pending_ = false;
}

std::size_t DiscretisedStrategy::nearest(double exposure) const {
  std::size_t best = flat_;
  double distance = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < exposures_.size(); ++i) {
    if (sign_of(exposures_[i]) != sign_of(exposure)) continue;
    const double away = std::abs(exposures_[i] - exposure);
    if (away >= distance) continue;
    best = i;
    distance = away;
  }
  return best;
}

bool DiscretisedStrategy::bracket_touched(const market::Bar& bar) const {
  if (!bracket_ || entry_pending_) return false;
  const double side = exposures_[level_] > 0 ? 1 : -1;
  const double stop = entry_price_ * (1 - side * bracket_->stop_loss);
  const double profit = entry_price_ * (1 + side * bracket_->take_profit);
  const bool stopped = bracket_->stop_loss > 0 && (side > 0 ? bar.low <= stop : bar.high >= stop);
  const bool gained = bracket_->take_profit > 0 && (side > 0 ? bar.high >= profit : bar.low <= profit);
  return stopped || gained;
}

double DiscretisedStrategy::exposure_of(const Decision& entry, const Situation& situation) const {
  const double side = entry.side == execution::Side::long_side ? 1 : -1;
  const double price = situation.bar.close;
  switch (entry.stake.kind) {
    case execution::Stake::Kind::risk:
      return side * execution::exposure_for_risk(entry.stake.amount, price,
                                                 price * (1 - side * entry.bracket.stop_loss),
                                                 leverage_limit_);
    case execution::Stake::Kind::units:
      return side * leverage_limit_;  // what they are worth depends on an account that is not known here
    case execution::Stake::Kind::equity_share:
      break;
  }
  return side * std::min(entry.stake.amount, leverage_limit_);
}

Decision DiscretisedStrategy::decide(const Situation& situation) {
  Situation seen = situation;
  if (std::exchange(entry_pending_, false)) entry_price_ = situation.bar.open;
  if (level_ != flat_ && (situation.side == 0 || bracket_touched(situation.bar))) {
    level_ = flat_;
    bracket_.reset();
    seen.side = 0;
    seen.exposure = 0;
  }
  const Decision decision = inner_.decide(seen);
  std::size_t level = level_;
  switch (decision.kind) {
    case Kind::hold:
      break;
    case Kind::exit:
      level = flat_;
      break;
    case Kind::target:
      level = nearest(decision.exposure);
      break;
    case Kind::enter:
      if (seen.side == 0) level = nearest(exposure_of(decision, seen));
      break;
  }
  if (level != level_) {
    bracket_.reset();
    if (decision.kind == Kind::enter) bracket_ = decision.bracket;
    entry_pending_ = level != flat_;
    level_ = level;
  }
  return Decision::target(exposures_[level_]);
}

Decision ScheduledActions::decide(const Situation& situation) {
  const std::size_t bar = situation.bar_index;
  const std::int32_t action = bar < schedule_.actions.size() ? schedule_.actions[bar] : -1;
  return action < 0 ? Decision::hold() : Decision::target(exposures_[static_cast<std::size_t>(action)]);
}

namespace {

/// What the strategy is told on the close of a bar.
Situation situation_at(const execution::BarTape& tape, std::size_t bar) {
  const execution::TapeBar& at = tape.bars[bar];
  Situation situation;
  situation.bar = {tape.open_time[bar], at.open, at.high, at.low, at.close, tape.has_volume ? at.volume : 0};
  situation.bar_index = bar;
  return situation;
}

}  // namespace

RecordedDemonstrations record_demonstrations(Strategy& strategy,
                                             const std::shared_ptr<const env::MarketData>& market,
                                             market::BarRange range, env::TradingEnvConfig config,
                                             const features::FeatureMatrix* expert_features) {
  config.random_start = false;
  config.training_cost_factor = 1.0;
  env::TradingEnv environment(market, range, config, 1);
  DiscretisedStrategy expert(strategy, config.exposures, config.instrument.leverage_limit);
  RecordedDemonstrations recorded;
  recorded.rows.observation_size = environment.observation_size();
  recorded.rows.action_count = environment.action_count();
  std::vector<float> observation(environment.observation_size()), final_observation(observation.size()), seen;
  float reward = 0;
  std::uint8_t terminated = 0, truncated = 0;
  expert.start();
  environment.reset(1, observation);
  std::size_t next = environment.bar(0);  // the first bar that the strategy has not been told of
  while (true) {
    const std::size_t bar = environment.bar(0);
    // Bars between two gaps, on which nothing can be traded: the strategy measures them all the same.
    for (; next < bar && !strategy.observes(); ++next) (void)expert.decide(situation_at(market->tape, next));
    next = bar + 1;
    Situation situation = situation_at(market->tape, bar);
    const execution::Account& account = environment.account(0);
    const double equity = account.equity(situation.bar.close);
    situation.side = sign_of(account.units);
    situation.exposure = equity > 0 ? account.units * situation.bar.close / equity : 0;
    seen = observation;
    if (expert_features != nullptr) std::ranges::copy(expert_features->row(bar), seen.begin());
    situation.observation = seen;
    (void)expert.decide(situation);
    const std::int32_t action = expert.action();
    recorded.rows.add(observation, action);
    recorded.bars.push_back(bar);
    environment.step_all(
        {&action, observation.data(), &reward, &terminated, &truncated, final_observation.data()});
    if (environment.bar(0) <= bar) return recorded;  // it has begun again at the first bar
  }
}

}  // namespace stevie::strategy
