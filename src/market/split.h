#pragma once
#include <optional>

#include "market/bars.h"

namespace stevie::market {

/// How bars are divided by time: training, then validation, then test. A policy learns on the first, is
/// chosen on the second and judged on the third.
struct SplitConfig {
  /// Bars before this time or from `to` on are left out altogether. Default: none are.
  std::optional<TimeMs> from, to;
  /// Shares of the time between the first and the last bar; test has the rest. Defaults 0.7 and 0.15. More
  /// training data learns more, longer validation and test judge more surely. Not used where the dates below
  /// are set.
  double train_fraction = 0.7;
  double validation_fraction = 0.15;
  /// The times at which validation and test begin; set both or neither. Default: by the fractions.
  std::optional<TimeMs> validation_from, test_from;
  /// Left unused at the end of training and of validation, so that what was learnt or chosen on a trade that
  /// spans the border says nothing about the next part. Default one day.
  TimeMs embargo = day_ms;

  /// Throws Error "market.bad_split" naming all faults.
  void validate() const;
};

struct Split {
  BarRange train, validation, test;  // indices into the bars that were split; none is empty
};

/// Throws Error "market.bad_split" (all faults of the configuration together) and "market.empty_split" (which
/// part is empty, what the data cover and what to change).
Split split_bars(const Bars& bars, const SplitConfig& config = {});

/// The bars with from <= open_time < to; a missing limit does not limit. May be empty.
BarRange time_range(const Bars& bars, std::optional<TimeMs> from, std::optional<TimeMs> to);

}  // namespace stevie::market
