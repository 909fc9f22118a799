#pragma once
#include <string>
#include <vector>

#include "app/bench.h"
#include "market/bars.h"

namespace stevie::app {

/// What augmented episodes cost, on one core and in its own time, with all five usual techniques:
///   env_steps_augmented  the environment alone, 8 lanes, random actions
///   ppo_augmented        whole PPO iterations with Stable-Baselines3's defaults
/// The yardstick of each is the same without augmentation, measured in turn with it.
std::vector<BenchRow> measure_augmentation(const market::Bars& bars, double seconds);

}  // namespace stevie::app
