#pragma once
/// strategy: decision makers behind one interface.
///
/// A Strategy is asked once per bar, at the bar's close, and answers with a Decision: leave all as it is,
/// hold a target exposure, enter with a protective bracket, or leave. Whoever asks - the backtest, later the
/// paper and live loops - carries the answer out on the NEXT bar. A strategy sees only what Situation holds
/// and the inputs it was made with, so it cannot look ahead. Start with:
///   strategy.h         Strategy, Situation and Decision
///   parameters.h       the twelve named parameters of the rules: schema, layers, resolution
///   rule_inputs.h      what the rules look at, as columns or bar by bar
///   rules.h            the live algorithm: breakout, mean reversion, news; every decision can explain itself
///   regime.h           which of four states a market is in
///   social.h           news and sentiment series as a score per bar
///   expert.h           RSI and a crossover of averages: what policies are cloned from
///   demonstration.h    what a strategy does as observations and actions of the environment
///   policy_strategy.h  a trained actor-critic network that takes its most probable action
///   simple.h           constant exposure: cash, buy and hold; ensemble.h: several of all these as one
///
/// In: the closed bar, the position held and, for strategies that observe, scaled market values and account
/// values in the layout of features/observation.h (an Ensemble scales for itself). Out: a Decision; the
/// execution engine rounds it, caps it and charges for it.
///
/// What always holds:
///   - the same Situations in the same order after start() give the same answers: no clock, no shared state;
///   - the numbers of a decision are finite.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/time.h"
#include "execution/engine.h"
#include "market/bars.h"

namespace stevie::strategy {

/// What is known at the close of one bar.
struct Situation {
  market::Bar bar;                     // the bar that has just closed
  std::size_t bar_index = 0;           // its place in the series that the run goes over
  double exposure = 0;                 // position value / equity now, signed
  int side = 0;                        // of the position held now: 1 long, -1 short, 0 flat
  std::span<const float> observation;  // (features::observation_size) market values, then account values;
                                       // empty for a strategy that does not observe
};

/// What a strategy wants from the next open on.
struct Decision {
  enum class Kind : std::uint8_t {
    hold,    // nothing: a position, its bracket and a target stay as they are
    target,  // hold `exposure`; equal to the target set before means no order
    enter,   // open a position where the account is flat by the next open; ignored where it is not
    exit     // close the position
  };
  Kind kind = Kind::hold;
  double exposure = 0;  // of target: position value / equity, negative for short
  execution::Side side = execution::Side::long_side;  // of enter, and so are the two below
  execution::Stake stake;
  execution::Bracket bracket;  // kept by this position until it closes

  static Decision hold() { return {}; }
  static Decision target(double exposure) { return {.kind = Kind::target, .exposure = exposure}; }
  static Decision enter(execution::Side side, const execution::Stake& stake,
                        const execution::Bracket& bracket) {
    return {.kind = Kind::enter, .side = side, .stake = stake, .bracket = bracket};
  }
  static Decision exit() { return {.kind = Kind::exit}; }
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  /// For people: "PPO policy", "buy and hold".
  virtual std::string name() const = 0;

  /// Whether decide() reads Situation::observation. Where it does not, a run needs no features.
  virtual bool observes() const { return false; }

  /// Forgets everything seen before; called ahead of the first bar of a run.
  virtual void start() {}

  virtual Decision decide(const Situation& situation) = 0;
};

}  // namespace stevie::strategy
