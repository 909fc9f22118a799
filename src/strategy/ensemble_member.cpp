#include "strategy/ensemble_member.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "stats/temperature.h"

namespace stevie::strategy {

ActorScores::ActorScores(std::shared_ptr<const nn::ActorCritic> network)
    : network_(std::move(network)), workspace_(network_->make_workspace(1)) {}

void ActorScores::score(std::span<const float> observation, std::span<double> scores) {
  network_->forward_policy(observation.data(), observation.size(), 1, workspace_);
  for (std::size_t action = 0; action < scores.size(); ++action)
    scores[action] = workspace_.logits[action * workspace_.batch_stride];
}

PolicyMember::PolicyMember(Parts parts)
    : parts_(std::move(parts)),
      observation_(parts_.scores->observation_size()),
      action_scores_(parts_.scores->action_count()),
      level_scores_(parts_.scores->action_count()) {}

std::size_t PolicyMember::vote(const Situation& situation, std::span<double> probabilities) {
  if (situation.observation.size() != observation_.size()) {
    throw Error("strategy.observation_differs",
                "the policy observes " + std::to_string(observation_.size()) + " values but " +
                    std::to_string(situation.observation.size()) + " are given");
  }
  std::ranges::copy(situation.observation, observation_.begin());
  parts_.scaler.apply(std::span(observation_).first(parts_.scaler.centre.size()));
  for (const std::size_t column : parts_.masked_columns) observation_[column] = 0;
  parts_.scores->score(observation_, action_scores_);
  for (std::size_t action = 0; action < action_scores_.size(); ++action)
    level_scores_[parts_.level_of[action]] = action_scores_[action];
  stats::tempered_softmax(level_scores_, parts_.temperature, probabilities);
  // of the scores: a high temperature may make probabilities equal that are not
  return static_cast<std::size_t>(std::ranges::max_element(level_scores_) - level_scores_.begin());
}

/// Signed exposure of an entry.
double ShadowPosition::entry_exposure(const Decision& entry) const {
  using Stake = execution::Stake::Kind;
  double size = leverage_limit_;  // of a stake in units: how much of the account that is cannot be known here
  if (entry.stake.kind == Stake::equity_share) size = entry.stake.amount;
  if (entry.stake.kind == Stake::risk && entry.bracket.stop_loss > 0)
    size = entry.stake.amount / entry.bracket.stop_loss;
  size = std::min(size, leverage_limit_);
  return entry.side == execution::Side::long_side ? size : -size;
}

void ShadowPosition::open(double exposure, const execution::Bracket& bracket, const market::Bar& bar) {
  exposure_ = std::clamp(exposure, -leverage_limit_, leverage_limit_);
  entry_price_ = exposure_ == 0 ? 0 : bar.open;
  bracket_ = bracket;
}

void ShadowPosition::play(const market::Bar& bar) {
  using Kind = Decision::Kind;
  const Decision decision = std::exchange(waiting_, Decision::hold());
  const bool held_before = exposure_ != 0;
  const execution::ExitRules no_rules;
  const execution::TapeBar tape{.open = bar.open, .high = bar.high, .low = bar.low, .close = bar.close};
  execution::HeldPosition held;
  const auto describe = [&](bool entered) {
    held = {};
    held.side = exposure_ > 0 ? execution::Side::long_side : execution::Side::short_side;
    held.entry_price = entry_price_;
    held.entered_on_bar = entered;
    held.bracket = bracket_;
  };
  if (held_before) describe(false);
  if (decision.kind == Kind::exit ||
      (held_before && execution::exit_at_open(no_rules, held, tape, bar.open_time))) {
    open(0, {}, bar);
  }
  if (decision.kind == Kind::target) {
    open(decision.exposure, {}, bar);
  } else if (decision.kind == Kind::enter && exposure_ == 0) {
    open(entry_exposure(decision), decision.bracket, bar);
  }
  if (exposure_ == 0) return;
  describe(decision.kind == Kind::enter);
  if (execution::exit_inside(no_rules, execution::IntrabarPolicy::worst, held, tape, bar.open_time))
    open(0, {}, bar);
}

void ShadowPosition::decide(const Decision& decision) {
  waiting_ = decision;
}

double ShadowPosition::wanted() const {
  switch (waiting_.kind) {
    case Decision::Kind::exit:
      return 0;
    case Decision::Kind::target:
      return waiting_.exposure;
    case Decision::Kind::enter:
      if (exposure_ == 0) return entry_exposure(waiting_);
      break;
    case Decision::Kind::hold:
      break;
  }
  return exposure_;
}

void ShadowPosition::save(ByteWriter& writer) const {
  for (const double value :
       {exposure_, entry_price_, bracket_.stop_loss, bracket_.take_profit, waiting_.exposure,
        waiting_.stake.amount, waiting_.bracket.stop_loss, waiting_.bracket.take_profit})
    writer.value(value);
  writer.value(static_cast<std::uint8_t>(waiting_.kind));
  writer.value(static_cast<std::uint8_t>(waiting_.side));
  writer.value(static_cast<std::uint8_t>(waiting_.stake.kind));
}

void ShadowPosition::restore(ByteReader& reader) {
  ShadowPosition read(leverage_limit_);
  for (double* value : {&read.exposure_, &read.entry_price_, &read.bracket_.stop_loss,
                        &read.bracket_.take_profit, &read.waiting_.exposure, &read.waiting_.stake.amount,
                        &read.waiting_.bracket.stop_loss, &read.waiting_.bracket.take_profit}) {
    *value = reader.value<double>();
    if (!std::isfinite(*value)) throw Error("bytes.damaged", "the saved position of a member is damaged");
  }
  const auto kind = reader.value<std::uint8_t>(), side = reader.value<std::uint8_t>(),
             stake = reader.value<std::uint8_t>();
  if (kind > 3 || side > 1 || stake > 2 || (read.exposure_ != 0) != (read.entry_price_ > 0))
    throw Error("bytes.damaged", "the saved position of a member is damaged");
  read.waiting_.kind = static_cast<Decision::Kind>(kind);
  read.waiting_.side = static_cast<execution::Side>(side);
  read.waiting_.stake.kind = static_cast<execution::Stake::Kind>(stake);
  *this = read;
}

StrategyMember::StrategyMember(Parts parts) : parts_(std::move(parts)), position_(parts_.leverage_limit) {
  if (parts_.strategy->observes()) {
    throw Error("strategy.bad_member",
                parts_.strategy->name() +
                    " observes features: a strategy that does can be a member only as a model file");
  }
}

void StrategyMember::start() {
  parts_.strategy->start();
  position_ = ShadowPosition(parts_.leverage_limit);
}

void StrategyMember::warm_up(const market::Bar& bar) {
  Situation situation;
  situation.bar = bar;
  parts_.strategy->decide(situation);
}

std::size_t StrategyMember::vote(const Situation& situation, std::span<double> probabilities) {
  position_.play(situation.bar);
  Situation own = situation;
  own.exposure = position_.exposure();
  own.side = position_.side();
  own.observation = {};
  position_.decide(parts_.strategy->decide(own));
  const std::size_t chosen = level_of(parts_.levels, position_.wanted());
  const double rest = (1 - parts_.confidence) / static_cast<double>(probabilities.size() - 1);
  std::ranges::fill(probabilities, rest);
  probabilities[chosen] = parts_.confidence;
  return chosen;
}

void StrategyMember::save(ByteWriter& writer) const {
  position_.save(writer);
  if (parts_.memory) parts_.memory->save(writer);
}

void StrategyMember::restore(ByteReader& reader) {
  position_.restore(reader);
  if (parts_.memory) parts_.memory->restore(reader, position_);
}

std::size_t level_of(std::span<const double> levels, double exposure) {
  const auto sign = [](double value) { return (value > 0) - (value < 0); };
  std::optional<std::size_t> best;
  for (const bool same_sign : {true, false}) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (same_sign && sign(levels[i]) != sign(exposure)) continue;
      if (!best || std::abs(levels[i] - exposure) < std::abs(levels[*best] - exposure)) best = i;
    }
    if (best) break;
  }
  return best.value_or(0);
}

}  // namespace stevie::strategy
