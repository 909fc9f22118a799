#include "stats/thin_out.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stevie::stats {
namespace {

struct Extremes {
  std::size_t low, high;
};

/// Of values [begin, end), which are not none; the first of equals.
Extremes extremes_of(std::span<const double> values, std::size_t begin, std::size_t end) {
  Extremes found{begin, begin};
  for (std::size_t i = begin; i < end; ++i) {
    if (values[i] < values[found.low] || std::isnan(values[found.low])) found.low = i;
    if (values[i] > values[found.high] || std::isnan(values[found.high])) found.high = i;
  }
  return found;
}

std::vector<std::size_t> few(std::span<const double> values, std::size_t most) {
  const std::size_t last = values.size() - 1;
  if (most == 0) return {};
  if (most == 1) return {last};
  if (most == 2) return {0, last};
  const Extremes inner = extremes_of(values, 1, last);
  const double middle = (values[0] + values[last]) / 2;
  const bool high_is_further = values[inner.high] - middle > middle - values[inner.low];
  return {0, high_is_further ? inner.high : inner.low, last};
}

}  // namespace

std::vector<std::size_t> thin_out(std::span<const double> values, std::size_t most) {
  constexpr std::size_t room_for_extremes = 4;
  std::vector<std::size_t> places;
  if (values.size() <= most) {
    places.resize(values.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    return places;
  }
  if (most < room_for_extremes) return few(values, most);
  const std::size_t stretches = (most - 2) / 2, inner = values.size() - 2;
  places.reserve(most);
  places.push_back(0);
  for (std::size_t stretch = 0; stretch < stretches; ++stretch) {
    const std::size_t begin = 1 + stretch * inner / stretches, end = 1 + (stretch + 1) * inner / stretches;
    const auto [low, high] = extremes_of(values, begin, end);
    places.push_back(std::min(low, high));
    if (low != high) places.push_back(std::max(low, high));
  }
  places.push_back(values.size() - 1);
  return places;
}

}  // namespace stevie::stats
