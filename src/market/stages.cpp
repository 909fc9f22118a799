#include "market/stages.h"

#include <algorithm>
#include <cmath>

namespace stevie::market {
namespace {

constexpr std::size_t least_share_of_window = 7;

/// Volatility and liquidity of the bars behind each bar of a range; shorter than the range by what is too
/// near to its end.
struct Measured {
  std::vector<double> volatility, liquidity;
};

Measured measure(const Bars& bars, BarRange range, std::size_t window) {
  Measured measured;
  if (range.size() < 2) return measured;
  // Running sums from the first bar of the range on, of what comes behind it.
  std::vector<double> squares{0}, returns{0}, value{0};
  for (std::size_t i = range.begin + 1; i < range.end; ++i) {
    const bool joined = bars.open_time[i] - bars.open_time[i - 1] == bars.interval;
    const double move = joined ? std::log(bars.close[i] / bars.close[i - 1]) : 0.0;
    squares.push_back(squares.back() + move * move);
    returns.push_back(returns.back() + (joined ? 1.0 : 0.0));
    value.push_back(value.back() + bars.volume[i] * bars.close[i]);
  }
  const std::size_t least = std::max<std::size_t>(1, window / least_share_of_window);
  for (std::size_t i = 0; i + 1 < squares.size(); ++i) {
    const std::size_t end = std::min(i + window, squares.size() - 1);
    if (end - i < least && i > 0) break;
    const double count = std::max(1.0, returns[end] - returns[i]);
    measured.volatility.push_back(std::sqrt(std::max(0.0, squares[end] - squares[i]) / count));
    measured.liquidity.push_back(std::max(0.0, value[end] - value[i]) / static_cast<double>(end - i));
  }
  return measured;
}

/// Linear between neighbours: type 7 of Hyndman and Fan 1996.
double quantile(const std::vector<double>& sorted, double probability) {
  if (sorted.empty()) return 0;
  const double place = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<std::string> StageConfig::faults() const {
  std::vector<std::string> faults;
  if (window_bars < 1) faults.emplace_back("window_bars must be at least 1");
  bool rising = volatility_quantiles.size() == stage_count - 1;
  double before = 0;
  for (const double quantile : volatility_quantiles) {
    rising = rising && quantile >= before && quantile <= 1;
    before = quantile;
  }
  if (!rising) faults.emplace_back("volatility_quantiles must be three rising numbers from 0 to 1");
  if (!(liquidity_quantile >= 0 && liquidity_quantile < 1))
    faults.emplace_back("liquidity_quantile must be from 0 to below 1");
  return faults;
}

StageCuts fit_stages(const Bars& bars, BarRange training, const StageConfig& config) {
  Measured measured = measure(bars, training, config.window_bars);
  std::ranges::sort(measured.volatility);
  std::ranges::sort(measured.liquidity);
  StageCuts cuts;
  for (std::size_t i = 0; i < cuts.volatility.size(); ++i)
    cuts.volatility[i] = quantile(measured.volatility, config.volatility_quantiles[i]);
  const bool counts = bars.has_volume && config.liquidity_quantile > 0;
  cuts.liquidity = counts ? quantile(measured.liquidity, config.liquidity_quantile) : 0.0;
  return cuts;
}

std::vector<std::uint8_t> label_stages(const Bars& bars, BarRange range, const StageCuts& cuts,
                                       const StageConfig& config) {
  const Measured measured = measure(bars, range, config.window_bars);
  std::vector<std::uint8_t> labels;
  labels.reserve(range.size());
  for (std::size_t i = 0; i < measured.volatility.size(); ++i) {
    std::size_t stage = 0;
    for (const double cut : cuts.volatility) stage += measured.volatility[i] > cut ? 1 : 0;
    stage += measured.liquidity[i] < cuts.liquidity ? 1 : 0;
    labels.push_back(static_cast<std::uint8_t>(std::min(stage, stage_count - 1)));
  }
  labels.resize(range.size(), labels.empty() ? std::uint8_t{0} : labels.back());
  return labels;
}

}  // namespace stevie::market
