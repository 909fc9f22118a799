#include "market/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"

namespace stevie::market {
namespace {

constexpr std::size_t kept_off_grid = 10;
constexpr std::size_t longest_outlier_window = 1'000'000;
constexpr double deviations_per_median = 1.4826;  // standard deviation / median absolute deviation, normal

/// The rows without faults of their own, sorted, the first of equal stamps kept.
Bars usable_rows(const RawBars& raw) {
  const Bars& rows = raw.rows;
  std::vector<std::size_t> order;
  order.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (has_sound_values(rows[i])) order.push_back(i);
  }
  const auto earlier = [&](std::size_t a, std::size_t b) { return rows.open_time[a] < rows.open_time[b]; };
  if (!std::is_sorted(order.begin(), order.end(), earlier))
    std::stable_sort(order.begin(), order.end(), earlier);

  Bars usable = rows.slice(0, 0);
  usable.reserve(order.size());
  for (const std::size_t i : order) {
    if (usable.empty() || usable.open_time.back() != rows.open_time[i]) usable.push_back(rows[i]);
  }
  return usable;
}

void judge_gaps(const Bars& bars, QualityReport& report) {
  report.gaps = find_gaps(bars);
  for (const Gap& gap : report.gaps) {
    report.missing_bars += gap.missing_bars;
    report.longest_gap = std::max(report.longest_gap, gap.missing_bars);
  }
}

void judge_grid(const Bars& bars, QualityReport& report) {
  std::map<TimeMs, std::size_t> offsets;
  for (const TimeMs time : bars.open_time) ++offsets[time % bars.interval];
  const auto common = std::max_element(offsets.begin(), offsets.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const TimeMs time : bars.open_time) {
    if (time % bars.interval == common->first) continue;
    ++report.off_grid;
    if (report.first_off_grid.size() < kept_off_grid) report.first_off_grid.push_back(time);
  }
}

/// The median of the last `window` numbers, kept sorted.
class RollingMedian {
 public:
  explicit RollingMedian(std::size_t window) : window_(window) { sorted_.reserve(window); }

  bool full() const { return sorted_.size() == window_; }
  double median() const {
    const std::size_t middle = sorted_.size() / 2;
    return sorted_.size() % 2 == 1 ? sorted_[middle] : 0.5 * (sorted_[middle - 1] + sorted_[middle]);
  }
  /// Adds a number; once full, `oldest` (the one added `window` calls ago) goes.
  void push(double number, double oldest) {
    if (full()) sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), oldest));
    sorted_.insert(std::lower_bound(sorted_.begin(), sorted_.end(), number), number);
  }

 private:
  std::size_t window_;
  std::vector<double> sorted_;
};

void judge_returns(const Bars& bars, const QualityConfig& config, QualityReport& report) {
  std::vector<double> sizes;  // |log return| into bar i + 1
  sizes.reserve(bars.size());
  RollingMedian median(config.outlier_window);
  for (std::size_t i = 1; i < bars.size(); ++i) {
    const double log_return = std::log(bars.close[i] / bars.close[i - 1]);
    const double size = std::abs(log_return);
    const double deviation = median.full() ? deviations_per_median * median.median() : 0.0;
    if (deviation > 0 && size > config.outlier_deviations * deviation) {
      report.outliers.push_back({bars.open_time[i], log_return, size / deviation});
    }
    median.push(size, median.full() ? sizes[sizes.size() - config.outlier_window] : 0.0);
    sizes.push_back(size);
  }
}

}  // namespace

void QualityConfig::validate() const {
  std::vector<std::string> faults;
  if (!std::isfinite(outlier_deviations) || outlier_deviations <= 0) {
    faults.push_back("outlier_deviations must be above 0");
  }
  if (outlier_window < 2 || outlier_window > longest_outlier_window) {
    faults.push_back(fmt::format("outlier_window must lie between 2 and {}", longest_outlier_window));
  }
  if (!faults.empty()) throw Error("market.bad_quality_config", fmt::format("{}", fmt::join(faults, "; ")));
}

QualityReport check_quality(std::string_view text, const std::string& place, const QualityConfig& config,
                            const ReadOptions& options) {
  config.validate();
  const RawBars raw = parse_raw_bars(text, place);
  QualityReport report;
  report.format = raw.format;
  report.faults = find_faults(raw);
  report.rows = raw.rows.size() + raw.unreadable.total();
  report.has_volume = raw.rows.has_volume;

  Bars bars = usable_rows(raw);
  // A single bar tells no interval; where others are faulty, those are what there is to mend.
  if (bars.empty() || (bars.size() == 1 && !report.usable())) {
    report.symbol = symbol_from_name(place);
    return report;
  }
  name_bars(bars, place, options);
  report.symbol = bars.symbol;
  report.interval = bars.interval;
  report.first = bars.open_time.front();
  report.last = bars.open_time.back();
  judge_gaps(bars, report);
  judge_grid(bars, report);
  judge_returns(bars, config, report);
  if (bars.has_volume) {
    report.zero_volume = static_cast<std::size_t>(std::count(bars.volume.begin(), bars.volume.end(), 0.0));
  }
  return report;
}

}  // namespace stevie::market
