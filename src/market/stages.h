#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

/// How hard the market behind a bar is, from calm to wild.
inline constexpr std::size_t stage_count = 4;
inline constexpr std::array<std::string_view, stage_count> stage_names{"stable", "moderate",
                                                                       "high_volatility", "turbulent"};

struct StageConfig {
  /// Bars behind a bar over which its volatility and liquidity are taken. Default 168, a week of hours.
  std::size_t window_bars = 168;
  /// Quantiles of the training bars' volatility at which the next stage begins, rising. Default quarters.
  std::vector<double> volatility_quantiles{0.25, 0.5, 0.75};
  /// Bars with less liquidity than this quantile of the training bars count one stage higher. Default 0.1; 0:
  /// liquidity does not count. Without volume it does not count either.
  double liquidity_quantile = 0.1;

  std::vector<std::string> faults() const;
};

/// Where one stage ends and the next begins.
struct StageCuts {
  std::array<double, stage_count - 1> volatility{};  // root mean square of log returns per bar
  double liquidity = 0;                              // mean of volume * close per bar
};

/// The cuts that the bars of `training` give.
StageCuts fit_stages(const Bars& bars, BarRange training, const StageConfig& config);

/// (range.size()) number of the stage that begins behind each bar: the window_bars bars after it, or those up
/// to the end of the range, decide. At the end, where fewer than a seventh of the window are left, the label
/// before goes on. Labels look ahead on purpose: they say which episodes to practise, and no decision ever
/// sees them.
std::vector<std::uint8_t> label_stages(const Bars& bars, BarRange range, const StageCuts& cuts,
                                       const StageConfig& config);

}  // namespace stevie::market
