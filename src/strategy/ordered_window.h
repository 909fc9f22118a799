#pragma once
#include <cstddef>
#include <vector>

namespace stevie::strategy {

/// A sorted bag of numbers that tells how many lie below a value, for percentiles over long windows: sorted
/// blocks of at most block_size values. insert, remove and the counts take O(sqrt(size)) cheap steps for
/// sizes around block_size squared.
class OrderedWindow {
 public:
  static constexpr std::size_t block_size = 512;

  void insert(double value);
  /// The value must be in the bag (asserted); one of equals leaves.
  void remove(double value);
  std::size_t count_below(double value) const;
  std::size_t count_up_to(double value) const;  // below or equal
  std::size_t size() const { return size_; }

 private:
  std::size_t block_of(double value) const;  // the first block whose largest value is not below `value`

  std::vector<std::vector<double>> blocks_;  // none is empty
  std::vector<double> largest_;              // of each block
  std::vector<std::size_t> count_;           // of each block
  std::size_t size_ = 0;
};

}  // namespace stevie::strategy
