#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

/// One way to change bars so that they could have happened too. The first five are the usual ones; the last
/// two put whole blocks of bars into another order.
enum class Technique : std::uint8_t {
  noise,       // every price times exp(e), e ~ N(0, noise_deviation^2), independently
  volume,      // every volume times a factor, uniform in 1 +- volume_change
  shift,       // the price level: times a factor, uniform in 1 +- price_shift, drawn again at random bars
  volatility,  // all log moves times one factor for the whole window
  warp,        // time runs faster or slower by one factor for the whole window
  bootstrap,   // a path of blocks drawn from the pool: the stationary bootstrap of Politis and Romano 1994
  permutation  // the window's own blocks in another order, each used once: the null augmentation
};
inline constexpr Technique all_techniques[] = {Technique::noise,      Technique::volume, Technique::shift,
                                               Technique::volatility, Technique::warp,   Technique::bootstrap,
                                               Technique::permutation};
std::string_view to_string(Technique technique);  // "noise", "volume", ...

/// Which bars of a training are changed and by how much. Default: none are.
struct AugmentationConfig {
  /// Names of the techniques in use; "all" stands for the first five. Default none: off. They are applied in
  /// this order, however they are listed: permutation, bootstrap, warp, volatility, shift, noise, volume.
  std::vector<std::string> techniques;
  /// Share of the episodes that are augmented; the others see the bars as they are. Default 1.
  double share = 1.0;
  /// Standard deviation of the noise in log price. Default 0.001. More hides single bars better and lets the
  /// ranges grow.
  double noise_deviation = 0.001;
  /// Largest relative change of a volume. Default 0.05.
  double volume_change = 0.05;
  /// Largest relative change of the price level. Default 0.002.
  double price_shift = 0.002;
  /// Bars between two changes of the level, on average. Default 168, a week of hours. One level for a whole
  /// window would change nothing: observations do not depend on the level.
  double shift_bars = 168;
  /// Range of the factor of all log moves. Default 0.8 to 1.2. Drift is scaled with them.
  double volatility_from = 0.8, volatility_to = 1.2;
  /// Range of the speed of time: at 1.2 a new bar spans 1.2 old ones. Default 0.8 to 1.2.
  double warp_from = 0.8, warp_to = 1.2;
  /// Mean length of the blocks of bootstrap, and length of those of permutation. Default 48, two days of
  /// hours. Shorter keeps less of what follows from what.
  std::size_t block_bars = 48;

  bool on() const { return !techniques.empty(); }
  bool uses(Technique technique) const;
  /// One sentence each; also where a technique is not known.
  std::vector<std::string> faults() const;
  /// Throws Error "market.bad_augmentation" that lists all faults.
  void validate() const;
};

/// What random numbers depend on: the same key gives the same bars. Streams of the generator with bit 61 set
/// belong to augmentation. stream (a lane) < 2^26.
struct AugmentationKey {
  std::uint64_t seed = 1;
  std::uint64_t stream = 0;
  std::uint64_t episode = 0;  // its lower 32 bits count
};

/// The factors that hold for a whole window.
struct AugmentationDraw {
  bool augmented = true;  // false: this one is among those that `share` leaves alone
  double volatility = 1;
  double warp = 1;
};
AugmentationDraw draw_of(const AugmentationConfig& config, const AugmentationKey& key);

/// Bars of `window`, changed: a pure function of its arguments that keeps all promises of Bars. The first bar
/// stays at its time. There are as many as in the window, except that a warp makes size / factor of them, and
/// never more than `most`; fewer never changes those that are left, but for permutation.
///
///   noise, volume, shift, volatility keep every bar's time. Only warp lays them on a grid without gaps.
///   bootstrap, permutation put the returns and shapes of bars - open to last close, high, low and close to
///     open - one behind the other; the gap of a block's first bar is left out where there is no bar right
///     before it. Volumes of a drawn block are brought to the size of those of the window.
///   warp cuts a bar where a new one begins. The price there is drawn from a Brownian bridge from open to
///     close whose volatility goes with the bar's range, so that neighbouring returns stay as unrelated as
///     they were: straight lines between open and close would make a trend that never was. Such a price may
///     lie a little outside the old bar's range.
///
/// pool: bars that bootstrap draws from, for example the training split, so that nothing later is seen.
/// config must be valid; window and pool lie in bars.
Bars augment(const Bars& bars, BarRange window, BarRange pool, const AugmentationConfig& config,
             const AugmentationKey& key, std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace stevie::market
