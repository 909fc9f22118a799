#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/optimize_search.h"

namespace stevie::app {

/// How two symbols answer to the same candidates.
struct SymbolPair {
  std::size_t first = 0, second = 0;  // indices of symbols
  std::optional<double> rewards;      // Spearman correlation of their rewards over all candidates
};

/// How one searched number moves the rewards of the symbols.
struct ParameterEffect {
  std::size_t dimension = 0;
  /// (symbols) Spearman correlation of the number with the symbol's reward over all candidates: the direction
  /// and the steadiness of its effect where the search looked. Absent where either does not vary, and for
  /// the symbols that the number does not belong to.
  std::vector<std::optional<double>> effect;
};

struct SymbolCorrelation {
  std::vector<SymbolPair> pairs;
  std::vector<ParameterEffect> effects;
};

/// Spearman's rank correlation; equal values share the mean of their ranks. Absent for fewer than three pairs
/// and where one side does not vary.
std::optional<double> spearman(std::span<const double> first, std::span<const double> second);

/// Of all candidates of a search.
SymbolCorrelation correlate_symbols(const ParameterSearch& search, std::size_t symbols);

}  // namespace stevie::app
