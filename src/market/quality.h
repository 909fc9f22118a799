#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/gaps.h"
#include "market/raw_bars.h"
#include "market/readers.h"

namespace stevie::market {

struct QualityConfig {
  /// A bar is an outlier where the size of its log return close to close exceeds this many robust standard
  /// deviations. Default 20: on hours of BTC a handful of crash and recovery bars per year; lower lists more.
  double outlier_deviations = 20;
  /// Number of preceding returns the deviation is taken from: 1.4826 * median(|return|), the median absolute
  /// deviation about zero, scaled to equal the standard deviation of a normal distribution. Bars before the
  /// window is full are not judged. Default 500.
  std::size_t outlier_window = 500;  // 2 to a million

  /// Throws Error "market.bad_quality_config" naming all faults.
  void validate() const;
};

struct Outlier {
  TimeMs time = 0;  // open of the bar
  double log_return = 0;
  double deviations = 0;  // |log_return| / robust standard deviation
};

/// What `stevie data check` prints. Gaps, off-grid stamps, zero volume and outliers are judged over the
/// usable rows: sorted, without duplicates and without rows that have a fault of their own.
struct QualityReport {
  SourceFormat format = SourceFormat::project_csv;
  std::string symbol;
  TimeMs interval = 0;
  std::size_t rows = 0;  // rows in the file, unreadable ones included
  std::optional<TimeMs> first, last;
  FaultList faults;

  std::vector<Gap> gaps;
  std::size_t missing_bars = 0;
  std::size_t longest_gap = 0;  // missing bars

  std::size_t off_grid = 0;  // stamps that are not at the common offset from a multiple of the interval
  std::vector<TimeMs> first_off_grid;  // at most 10
  bool has_volume = true;
  std::size_t zero_volume = 0;  // 0 where has_volume is false
  std::vector<Outlier> outliers;

  /// read_bars accepts the file.
  bool usable() const { return faults.total() == 0; }
};

/// Checks text of any known format. Lists faults of rows instead of throwing; throws what parse_raw_bars
/// throws, for then there are no rows to judge, and "market.no_interval".
QualityReport check_quality(std::string_view text, const std::string& place, const QualityConfig& config = {},
                            const ReadOptions& options = {});

}  // namespace stevie::market
