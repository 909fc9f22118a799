#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "live/live_view.h"

namespace stevie::live {

/// The equity curve in bounded memory: neighbouring points are put together as the curve grows, keeping the
/// first, lowest, highest and last of each group.
class EquityCurve {
 public:
  /// groups: kept at most, even and above 0.
  explicit EquityCurve(std::size_t groups = 4096) : most_groups_(groups) {}

  void add(const EquityPoint& point);
  /// At most so many points, oldest first: extremes of the curve, and its end, stay.
  std::vector<EquityPoint> points(std::size_t most) const;

 private:
  struct Group {
    EquityPoint first, low, high, last;
    void add(const Group& later);
  };
  std::size_t most_groups_;
  std::size_t width_ = 1;    // points of a full group
  std::size_t in_last_ = 0;  // points of the last one
  std::vector<Group> groups_;
};

/// The newest latencies.
class LatencyWindow {
 public:
  explicit LatencyWindow(std::size_t most = 10'000) : most_(most) {}
  void add(double microseconds);
  struct Figures {
    double p50 = 0, p99 = 0, max = 0;
  };
  /// Nearest rank; zeros where there are none.
  Figures figures() const;

 private:
  std::size_t most_;
  std::size_t next_ = 0;
  std::vector<double> newest_;
};

}  // namespace stevie::live
