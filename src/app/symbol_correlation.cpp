#include "app/symbol_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stevie::app {
namespace {

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    const double mean = 0.5 * static_cast<double>(first + end - 1);
    for (std::size_t k = first; k < end; ++k) result[order[k]] = mean;
    first = end;
  }
  return result;
}

}  // namespace

std::optional<double> spearman(std::span<const double> first, std::span<const double> second) {
  constexpr std::size_t fewest = 3;
  if (first.size() != second.size() || first.size() < fewest) return std::nullopt;
  const std::vector<double> a = ranks(first), b = ranks(second);
  const double mean = 0.5 * static_cast<double>(a.size() - 1);
  double covariance = 0, variance_a = 0, variance_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    covariance += (a[i] - mean) * (b[i] - mean);
    variance_a += (a[i] - mean) * (a[i] - mean);
    variance_b += (b[i] - mean) * (b[i] - mean);
  }
  if (variance_a == 0 || variance_b == 0) return std::nullopt;
  return std::clamp(covariance / std::sqrt(variance_a * variance_b), -1.0, 1.0);
}

SymbolCorrelation correlate_symbols(const ParameterSearch& search, std::size_t symbols) {
  std::vector<std::vector<double>> rewards(symbols);
  std::vector<std::vector<double>> values(search.dimensions().size());
  for (const Candidate& candidate : search.candidates()) {
    for (std::size_t s = 0; s < symbols; ++s) rewards[s].push_back(candidate.symbol_rewards[s]);
    for (std::size_t i = 0; i < values.size(); ++i) values[i].push_back(candidate.values[i]);
  }
  SymbolCorrelation result;
  for (std::size_t a = 0; a < symbols; ++a) {
    for (std::size_t b = a + 1; b < symbols; ++b)
      result.pairs.push_back({a, b, spearman(rewards[a], rewards[b])});
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    ParameterEffect effect{.dimension = i, .effect = std::vector<std::optional<double>>(symbols)};
    const std::optional<std::size_t> only = search.dimensions()[i].symbol;
    for (std::size_t s = 0; s < symbols; ++s) {
      if (!only || *only == s) effect.effect[s] = spearman(values[i], rewards[s]);
    }
    result.effects.push_back(std::move(effect));
  }
  return result;
}

}  // namespace stevie::app
