#include "strategy/ordered_window.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace stevie::strategy {
namespace {

std::ptrdiff_t offset(std::size_t index) {
  return static_cast<std::ptrdiff_t>(index);
}

}  // namespace

std::size_t OrderedWindow::block_of(double value) const {
  return static_cast<std::size_t>(std::lower_bound(largest_.begin(), largest_.end(), value) -
                                  largest_.begin());
}

void OrderedWindow::insert(double value) {
  if (blocks_.empty()) {
    blocks_.emplace_back();
    blocks_.back().reserve(block_size);
    largest_.push_back(value);
    count_.push_back(0);
  }
  const std::size_t at = std::min(block_of(value), blocks_.size() - 1);
  std::vector<double>& block = blocks_[at];
  block.insert(std::lower_bound(block.begin(), block.end(), value), value);
  ++size_;
  if (block.size() == block_size) {
    std::vector<double> upper;
    upper.reserve(block_size);
    upper.assign(block.begin() + offset(block_size / 2), block.end());
    block.resize(block_size / 2);
    largest_.insert(largest_.begin() + offset(at + 1), upper.back());
    count_.insert(count_.begin() + offset(at + 1), upper.size());
    blocks_.insert(blocks_.begin() + offset(at + 1), std::move(upper));
  }
  largest_[at] = blocks_[at].back();
  count_[at] = blocks_[at].size();
}

void OrderedWindow::remove(double value) {
  const std::size_t at = block_of(value);
  assert(at < blocks_.size());
  std::vector<double>& block = blocks_[at];
  const auto found = std::lower_bound(block.begin(), block.end(), value);
  assert(found != block.end() && *found == value);
  block.erase(found);
  --size_;
  if (block.empty()) {
    blocks_.erase(blocks_.begin() + offset(at));
    largest_.erase(largest_.begin() + offset(at));
    count_.erase(count_.begin() + offset(at));
    return;
  }
  largest_[at] = block.back();
  count_[at] = block.size();
}

std::size_t OrderedWindow::count_below(double value) const {
  const std::size_t at = block_of(value);
  const std::size_t before = std::accumulate(count_.begin(), count_.begin() + offset(at), std::size_t{0});
  if (at == blocks_.size()) return before;
  const std::vector<double>& block = blocks_[at];
  return before +
         static_cast<std::size_t>(std::lower_bound(block.begin(), block.end(), value) - block.begin());
}

std::size_t OrderedWindow::count_up_to(double value) const {
  const auto at =
      static_cast<std::size_t>(std::upper_bound(largest_.begin(), largest_.end(), value) - largest_.begin());
  const std::size_t before = std::accumulate(count_.begin(), count_.begin() + offset(at), std::size_t{0});
  if (at == blocks_.size()) return before;
  const std::vector<double>& block = blocks_[at];
  return before +
         static_cast<std::size_t>(std::upper_bound(block.begin(), block.end(), value) - block.begin());
}

}  // namespace stevie::strategy
