#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "market/bars.h"
#include "market/readers.h"

namespace stevie::market {

/// Several symbols on one clock: all have the same open times and interval, so bar i is the same hour
/// everywhere.
struct AlignedSet {
  std::vector<Bars> symbols;  // in the order given; equal size and open_time

  std::size_t bars() const { return symbols.empty() ? 0 : symbols.front().size(); }
  const std::vector<TimeMs>& open_time() const { return symbols.front().open_time; }
};

/// Keeps the stamps that every symbol has. Throws Error "market.cannot_align": no symbols, a symbol twice,
/// different intervals (resample first), or no stamp in common (with the time each one covers).
AlignedSet align(std::vector<Bars> symbols);

/// Reads the files and aligns them. Throws what read_bars and align throw.
AlignedSet read_aligned_set(std::span<const std::filesystem::path> paths);

}  // namespace stevie::market
