#include "live/live_figures.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace stevie::live {

void EquityCurve::Group::add(const Group& later) {
  if (later.low.equity < low.equity) low = later.low;
  if (later.high.equity > high.equity) high = later.high;
  last = later.last;
}

void EquityCurve::add(const EquityPoint& point) {
  const Group one{point, point, point, point};
  if (!groups_.empty() && in_last_ < width_) {
    groups_.back().add(one);
    ++in_last_;
    return;
  }
  if (groups_.size() == most_groups_) {
    for (std::size_t i = 0; i < most_groups_ / 2; ++i) {
      groups_[i] = groups_[2 * i];
      groups_[i].add(groups_[2 * i + 1]);
    }
    groups_.resize(most_groups_ / 2);
    width_ *= 2;
  }
  groups_.push_back(one);
  in_last_ = 1;
}

std::vector<EquityPoint> EquityCurve::points(std::size_t most) const {
  std::vector<EquityPoint> result;
  if (most == 0 || groups_.empty()) return result;
  constexpr std::size_t points_of_group = 4;
  const std::size_t wanted = std::max<std::size_t>(1, most / points_of_group);
  const std::size_t together = (groups_.size() + wanted - 1) / wanted;
  for (std::size_t begin = 0; begin < groups_.size(); begin += together) {
    Group group = groups_[begin];
    for (std::size_t i = begin + 1; i < std::min(begin + together, groups_.size()); ++i)
      group.add(groups_[i]);
    std::array<EquityPoint, points_of_group> points{group.first, group.low, group.high, group.last};
    std::ranges::stable_sort(points, {}, &EquityPoint::time);
    for (const EquityPoint& point : points) {
      const bool again = !result.empty() && result.back().time == point.time;
      if (!again) result.push_back(point);
    }
  }
  // Fewer than a group's points were asked for: the newest matter most.
  if (result.size() > most) result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(most));
  return result;
}

void LatencyWindow::add(double microseconds) {
  if (newest_.size() < most_) {
    newest_.push_back(microseconds);
    return;
  }
  newest_[next_] = microseconds;
  next_ = (next_ + 1) % most_;
}

LatencyWindow::Figures LatencyWindow::figures() const {
  if (newest_.empty()) return {};
  std::vector<double> sorted = newest_;
  const auto rank = [&sorted](double share) {
    const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()))) - 1;
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(place);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  };
  constexpr double half = 0.5, most = 0.99;
  return {rank(half), rank(most), *std::ranges::max_element(sorted)};
}

}  // namespace stevie::live
