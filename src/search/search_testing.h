#pragma once
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "search/search.h"

namespace stevie::search {

using Reward = std::function<double(std::span<const double>)>;

/// Plays episodes until the search has converged or `most` are over; returns how many.
inline std::uint64_t play(Optimizer& optimizer, const Reward& reward, std::uint64_t most) {
  std::vector<double> rewards;
  while (optimizer.episodes() < most && !optimizer.converged()) {
    rewards.clear();
    for (const auto& point : optimizer.ask()) rewards.push_back(reward(point));
    optimizer.tell(rewards);
  }
  return optimizer.episodes();
}

inline Box cube(std::size_t dimensions, double lower, double upper) {
  return {std::vector<double>(dimensions, lower), std::vector<double>(dimensions, upper), {}};
}

/// Distance of two points.
inline double distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace stevie::search
