#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "market/bars.h"

namespace stevie::app {

/// Markets in which the price is its own best forecast.
enum class MartingaleKind : std::uint8_t {
  plain,       // market::SyntheticModel::martingale: a constant volatility
  continuous,  // the same law of closes; high and low are those of a path without steps
  clustered    // volatility that clusters (GARCH) and drifts, Student-t noise, jumps
};
inline constexpr MartingaleKind martingale_kinds[] = {MartingaleKind::plain, MartingaleKind::continuous,
                                                      MartingaleKind::clustered};
std::string_view to_string(MartingaleKind kind);  // "plain", "continuous", "clustered"

/// Hourly bars named SYNTH/USDT, fixed by the seed.
///
/// In `continuous` and `clustered` no order can gain on average without costs, stops and take profits
/// included, which needs more than closes that are a martingale: a stop is filled at its level, so the price
/// has to go through the level and not over it. Each bar is a Brownian path whose variance is known at its
/// open - Student's t is such a path of random variance - with high and low drawn by the exact law of the
/// extremes of a Brownian bridge; jumps happen between two bars, where a stop is filled behind them. The path
/// of `plain` has twelve steps inside a bar, which step over levels: a stop is filled better there than the
/// price that comes next, and a take profit worse.
market::Bars make_martingale(MartingaleKind kind, std::size_t bars, std::uint64_t seed);

/// A side series "timestamp,sentiment" of every sixth hour that knows nothing of the price.
std::string make_unrelated_social(const market::Bars& bars, std::uint64_t seed);

}  // namespace stevie::app
