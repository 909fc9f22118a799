#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stevie::execution {

/// Which of two levels that both lie inside one bar was touched first.
enum class IntrabarPolicy : std::uint8_t {
  worst,     // the stop, always: the default
  ohlc,      // open, high, low, close
  adaptive,  // the extreme nearer to the open first
  detail     // replay the finer bars inside; `worst` inside each of them
};
/// Throws Error "execution.bad_policy".
IntrabarPolicy parse_intrabar_policy(std::string_view text);

/// From `minutes` after the entry on, a net profit of `ratio` closes the position.
struct RoiStep {
  double minutes = 0;
  double ratio = 0;
};
/// Reads "0:0.1,30:0.05" (minutes:profit). Throws Error "execution.bad_roi".
std::vector<RoiStep> parse_minimal_roi(std::string_view text);

/// Protective exits of a position, as shares of its entry price (0.05 is 5 %). Absent: not used.
struct ExitRules {
  std::optional<double> stop_loss;      // loss at which the position is closed
  std::optional<double> take_profit;    // gain at which it is closed
  std::optional<double> trailing_stop;  // distance of the stop to the best price since the entry
  /// The trailing stop starts only once the gain has reached this; needs trailing_stop. Absent: from the
  /// entry on.
  std::optional<double> trailing_offset;
  /// Profit net of fees at which the position is closed, falling with its age; the last step whose minutes
  /// have passed counts. A ratio of -1 or below closes the position at the open of the first bar of that age.
  std::vector<RoiStep> minimal_roi;
  IntrabarPolicy intrabar = IntrabarPolicy::worst;

  bool any() const { return stop_loss || take_profit || trailing_stop || !minimal_roi.empty(); }
  std::vector<std::string> faults() const;
};

}  // namespace stevie::execution
