#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "env/vector_env.h"

namespace stevie::env {

/// Makes the environment under test with this number of lanes.
using VectorEnvFactory = std::function<std::unique_ptr<VectorEnv>(std::size_t lanes)>;

struct ConformanceConfig {
  std::size_t lanes = 5;      // more than one
  std::size_t steps = 2'000;  // enough for several episodes to end in every lane
  std::uint64_t seed = 7;
  bool episodes_end = true;  // false for an environment without end: then no end may ever be flagged
};

/// Plays the environment with random actions and returns one sentence per broken promise of VectorEnv, none
/// when it keeps all: same seed same bytes; lanes independent of each other, of their number and of threads;
/// rows outside the stepped range untouched; auto-reset with the final observation kept and flags of 0 or 1,
/// never both; finite numbers; saving and loading continues bit for bit, and damaged bytes are refused.
std::vector<std::string> conformance_violations(const VectorEnvFactory& make,
                                                const ConformanceConfig& config = {});

}  // namespace stevie::env
