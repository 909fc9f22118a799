#pragma once
#include <cstddef>

namespace stevie::env {

/// Lane steps per second of TradingEnv alone on one thread: every step through step(), every observation
/// written, on a random walk with random features too large for the cache. Random actions, default costs,
/// episodes of 720 bars. Runs for about `seconds`, after a warm-up.
double measure_env_steps_per_second(double seconds, std::size_t lanes = 8);

}  // namespace stevie::env
