#pragma once
#include <cstdint>

namespace stevie {

/// Bytes of memory that this process may use at most: what the machine has, or the limit of its control group
/// where that is lower.
std::uint64_t machine_memory_bytes();

}  // namespace stevie
