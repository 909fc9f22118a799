#include "features/causality.h"

#include <bit>
#include <cassert>
#include <cstdint>
#include <set>

namespace stevie::features {
namespace {

/// Bars up to and including t, then others in place of the later ones: other prices, volumes and stamps.
market::Bars with_another_future(const market::Bars& bars, std::size_t t) {
  market::Bars changed = bars.slice(0, t + 1);
  for (std::size_t i = t + 1; i < bars.size(); ++i) {
    const double factor = 2.0 + 0.25 * static_cast<double>((i * 7) % 5);
    market::Bar bar = bars[i];
    bar.open_time += bars.interval / 2;
    for (double* price : {&bar.open, &bar.high, &bar.low, &bar.close}) *price *= factor;
    bar.volume = bar.volume * 0.5 + static_cast<double>(i % 3);
    changed.push_back(bar);
  }
  return changed;
}

void compare(const FeatureMatrix& whole, const FeatureMatrix& other, std::size_t t,
             std::set<std::size_t>& differing) {
  assert(other.columns == whole.columns && other.rows > t);
  for (std::size_t bar = 0; bar <= t; ++bar) {
    for (std::size_t k = 0; k < whole.columns; ++k) {
      const auto expected = std::bit_cast<std::uint32_t>(whole.values[bar * whole.columns + k]);
      const auto actual = std::bit_cast<std::uint32_t>(other.values[bar * other.columns + k]);
      if (expected != actual) differing.insert(k);
    }
  }
}

}  // namespace

std::vector<std::size_t> columns_that_see_the_future(const FeatureFunction& compute, const market::Bars& bars,
                                                     std::span<const std::size_t> cuts) {
  const FeatureMatrix whole = compute(bars);
  std::set<std::size_t> differing;
  for (const std::size_t t : cuts) {
    assert(t + 1 < bars.size());
    compare(whole, compute(bars.slice(0, t + 1)), t, differing);
    compare(whole, compute(with_another_future(bars, t)), t, differing);
  }
  return {differing.begin(), differing.end()};
}

}  // namespace stevie::features
