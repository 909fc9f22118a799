#pragma once
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

namespace stevie::rl {

/// Numbers of at least 0 whose sums are kept in a binary tree, so that one of them is changed, or found by
/// its share of the total, in a logarithm of their number: Schaul et al. 2016, appendix B.2.1. A sum is
/// always that of its two parts as they are, so nothing drifts.
class SumTree {
 public:
  /// `leaves` numbers, all 0.
  explicit SumTree(std::size_t leaves) : first_(std::bit_ceil(leaves)), sums_(2 * first_, 0.0) {}

  /// Memory of a tree, without making it.
  static std::size_t bytes_for(std::size_t leaves) { return 2 * std::bit_ceil(leaves) * sizeof(double); }

  void set(std::size_t leaf, double value) {
    std::size_t node = first_ + leaf;
    sums_[node] = value;
    for (node /= 2; node > 0; node /= 2) sums_[node] = sums_[2 * node] + sums_[2 * node + 1];
  }
  double value(std::size_t leaf) const { return sums_[first_ + leaf]; }
  double total() const { return sums_[1]; }

  /// The leaf in which `mass`, at least 0 and below total(), lies when all are laid end to end. Never one of
  /// value 0 while the total is above 0, rounding included.
  std::size_t find(double mass) const {
    std::size_t node = 1;
    while (node < first_) {
      const double left = sums_[2 * node], right = sums_[2 * node + 1];
      if (mass < left || right == 0) {
        node = 2 * node;
      } else {
        mass -= left;
        node = 2 * node + 1;
      }
    }
    return node - first_;
  }

 private:
  std::size_t first_;         // node of leaf 0
  std::vector<double> sums_;  // node 1 is the root, 2 n and 2 n + 1 are the parts of n
};

}  // namespace stevie::rl
