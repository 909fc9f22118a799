#include "stats/paired_seeds.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace stevie::stats {
namespace {

constexpr std::size_t most_exact_pairs = 16;
constexpr std::uint64_t drawn_signs = 65'535;

/// Sum with the signs that the bits say.
double signed_sum(const std::vector<double>& differences, std::uint64_t bits) {
  double sum = 0;
  for (std::size_t i = 0; i < differences.size(); ++i)
    sum += (bits >> i & 1) != 0 ? -differences[i] : differences[i];
  return sum;
}

double sign_flip_p(const std::vector<double>& differences, std::uint64_t seed) {
  const double total = std::accumulate(differences.begin(), differences.end(), 0.0);
  double size = 0;
  for (const double difference : differences) size += std::abs(difference);
  // Sums of the same numbers in another order may differ by rounding.
  const double reached = std::abs(total) - 1e-12 * size;
  if (differences.size() <= most_exact_pairs) {
    const std::uint64_t all = std::uint64_t{1} << differences.size();
    std::uint64_t count = 0;
    for (std::uint64_t bits = 0; bits < all; ++bits)
      count += std::abs(signed_sum(differences, bits)) >= reached;
    return static_cast<double>(count) / static_cast<double>(all);
  }
  std::uint64_t count = 1;
  for (std::uint64_t draw = 0; draw < drawn_signs; ++draw) {
    RandomStream random(seed, draw);
    double sum = 0;
    for (const double difference : differences)
      sum += (random.next_u32() & 1) != 0 ? -difference : difference;
    count += std::abs(sum) >= reached;
  }
  return static_cast<double>(count) / static_cast<double>(drawn_signs + 1);
}

}  // namespace

PairedSeeds compare_seeds(std::span<const double> first, std::span<const double> second, double level,
                          std::uint64_t seed) {
  if (first.size() != second.size()) {
    throw Error("stats.unpaired", "both settings need a score for each seed", "scores of seeds");
  }
  const auto finite = [](double score) { return std::isfinite(score); };
  if (first.size() < 2 || !(level > 0 && level < 1) || !std::ranges::all_of(first, finite) ||
      !std::ranges::all_of(second, finite)) {
    throw Error("stats.bad_test",
                "comparing seeds needs two finite scores or more of each setting and a level in (0, 1)",
                "scores of seeds");
  }
  std::vector<double> differences(first.size());
  std::ranges::transform(first, second, differences.begin(), std::minus{});
  const auto count = static_cast<double>(differences.size());
  PairedSeeds result;
  result.mean = std::accumulate(differences.begin(), differences.end(), 0.0) / count;
  double squares = 0;
  for (const double difference : differences)
    squares += (difference - result.mean) * (difference - result.mean);
  const double error = std::sqrt(squares / (count - 1) / count);
  const double quantile = boost::math::quantile(boost::math::students_t(count - 1), 0.5 + 0.5 * level);
  result.interval = {result.mean - quantile * error, result.mean + quantile * error};
  result.p_two_sided = sign_flip_p(differences, seed);
  return result;
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  if (!std::ranges::all_of(p_values, [](double p) { return p >= 0 && p <= 1; })) {
    throw Error("stats.bad_test", "a p value must lie in [0, 1]", "p values");
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double corrected = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    largest = std::max(largest, std::min(1.0, corrected));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace stevie::stats
