#pragma once
#include <vector>

#include "execution/bar_tape.h"
#include "execution/engine.h"
#include "execution/simulation_result.h"

namespace stevie::evaluation {

/// A run with what a person should know about it.
struct Replay {
  execution::SimulationResult result;
  std::vector<execution::Notice> notices;
};

/// Ends the run at the last bar that was played and takes everything out of the engine.
Replay finish(execution::BarEngine& engine, TimeMs interval);

/// Walks finer bars along with the coarse ones.
class DetailCursor {
 public:
  /// Nothing: there are none.
  explicit DetailCursor(const execution::BarTape* tape) : tape_(tape) {}

  /// The finer bars that open from `begin` on and before `end`; both must not decrease from call to call.
  execution::DetailBars within(TimeMs begin, TimeMs end);

 private:
  const execution::BarTape* tape_;
  std::size_t at_ = 0;
};

}  // namespace stevie::evaluation
