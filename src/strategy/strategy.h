#pragma once
/// strategy: decision makers behind one interface.
///
/// A Strategy is asked once per bar, at the bar's close, and answers with the exposure it wants: position
/// value as a share of equity, negative for short. Whoever asks - the backtest, later the paper and live
/// loops - carries the answer out on the NEXT bar. A strategy sees only what Situation holds, so it cannot
/// look ahead. Start with:
///   strategy.h         Strategy and Situation
///   policy_strategy.h  a trained actor-critic network that takes its most probable action
///   simple.h           constant exposure: cash, buy and hold
///
/// In: scaled market values of the closed bar and the account values, in the layout of
/// features/observation.h. Out: a target exposure; the execution engine rounds it, caps it and charges for
/// it.
///
/// What always holds:
///   - the same Situations in the same order after start() give the same answers: no clock, no shared state;
///   - the answer is finite.
#include <span>
#include <string>

#include "core/time.h"

namespace stevie::strategy {

/// What is known at the close of one bar.
struct Situation {
  TimeMs open_time = 0;                // of the bar that has just closed
  double close = 0;                    // its last price
  double exposure = 0;                 // position value / equity now, signed
  std::span<const float> observation;  // (features::observation_size) market values, then account values
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  /// For people: "PPO policy", "buy and hold".
  virtual std::string name() const = 0;

  /// Forgets everything seen before; called ahead of the first bar of a run.
  virtual void start() {}

  /// Wanted exposure from the next bar on. Equal to the exposure wanted before means: no order.
  virtual double decide(const Situation& situation) = 0;
};

}  // namespace stevie::strategy
