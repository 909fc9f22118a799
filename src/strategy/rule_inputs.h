#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market/bars.h"
#include "market/gaps.h"
#include "strategy/parameters.h"

namespace stevie::strategy {

/// How the inputs of the rules are measured. The same for every parameter set, so that a search measures
/// once. Windows in bars look the same on every bar length; the volatility is that of a time span.
struct RuleSettings {
  /// Realised volatility is the root mean square of the log returns of this much time, of at least
  /// volatility_min_bars bars. Default one day, 20 bars. Shorter: mostly the time of day.
  TimeMs volatility_span = day_ms;
  std::size_t volatility_min_bars = 20;
  /// It is ranked among its values of the time before the bar. Default a year.
  TimeMs percentile_span = 365 * day_ms;
  /// Fewer values than this much time has bars, or than 10: no percentile and no decision. Default 30
  /// days.
  TimeMs percentile_min_span = 30 * day_ms;
  std::size_t channel_bars = 20;  // Donchian channel: highest high and lowest low of the bars BEFORE this one
  std::size_t mean_bars = 48;     // mean and standard deviation of the closes, this bar's included
  double stretch = 2.0;           // |z-score| from which a close is stretched, 0.5 to 10
  std::size_t atr_bars = 14;      // Wilder's average true range
  /// Behind a gap longer than this everything but the past volatilities begins anew.
  market::GapPolicy gaps;

  /// One sentence per value out of range; empty when all is well. Windows: 2 to 1000 bars.
  std::vector<std::string> faults() const;
  /// Throws Error "strategy.bad_settings" that lists all faults.
  void validate() const;
};

/// What the rules look at on the close of one bar. Values that are not known are 0, and `ready` is false.
struct RuleRow {
  double close = 0;
  double volatility = 0;             // root mean square log return of a bar
  double volatility_percentile = 0;  // 0 to 100: share of earlier values below, plus half of those equal
  double channel_high = 0, channel_low = 0;
  double mean = 0;
  double z_score = 0;         // (close - mean) / standard deviation (n - 1); 0 where the closes do not vary
  double atr_share = 0;       // average true range / close
  double range = 0;           // (high - low) / close: what slippage_volatility_share multiplies
  double social_score = 0;    // -1 to 1
  std::int8_t breakout = 0;   // +1 close above channel_high, -1 below channel_low
  std::int8_t stretched = 0;  // +1 z-score >= stretch, -1 <= -stretch
  bool social_fresh = false;  // an event has become known on this bar
  bool ready = false;         // every value of the bars is known and the ATR is above 0
  Regime regime = Regime::sideways;  // of the market; sideways where the caller gives none

  friend bool operator==(const RuleRow&, const RuleRow&) = default;
};

/// What stands beside the bars; each is known at the close of its bar. An empty column: none of it.
struct RuleSideColumns {
  std::span<const double> social_score;        // (bars) -1 to 1
  std::span<const std::uint8_t> social_fresh;  // (bars) 0 or 1
  std::span<const Regime> regime;              // (bars)
};
struct RuleSide {
  double social_score = 0;
  bool social_fresh = false;
  Regime regime = Regime::sideways;
};

/// The rows of all bars as columns, for sweeps that look at few of them.
struct RuleInputs {
  std::string symbol;
  TimeMs interval = 0;
  double stretch = 2.0;           // of the settings
  std::vector<TimeMs> open_time;  // (bars) and so are all others
  std::vector<double> close, volatility, volatility_percentile, channel_high, channel_low, mean, z_score,
      atr_share, range, social_score;
  std::vector<std::int8_t> breakout, stretched;
  std::vector<std::uint8_t> social_fresh, ready;
  std::vector<Regime> regime;

  std::size_t size() const { return open_time.size(); }
  RuleRow operator[](std::size_t i) const {
    return {close[i],
            volatility[i],
            volatility_percentile[i],
            channel_high[i],
            channel_low[i],
            mean[i],
            z_score[i],
            atr_share[i],
            range[i],
            social_score[i],
            breakout[i],
            stretched[i],
            social_fresh[i] != 0,
            ready[i] != 0,
            regime[i]};
  }
  /// Gives every column this many rows.
  void resize(std::size_t rows);
  void set(std::size_t i, const RuleRow& row);
};

/// Row i depends on bars 0..i and the side columns up to i only. O(sqrt(window)) per bar for the percentile,
/// O(mean_bars) for the mean, O(1) for the rest. Throws Error "strategy.bad_settings"; "strategy.bad_columns"
/// where a side column has another length than the bars, a score is not in [-1, 1] or the interval of the
/// bars is not above 0.
RuleInputs make_rule_inputs(const market::Bars& bars, const RuleSettings& settings = {},
                            const RuleSideColumns& sides = {});

/// The same, one bar at a time: the same bits.
class RuleInputStream {
 public:
  /// interval: of the bars. Throws as make_rule_inputs().
  RuleInputStream(const RuleSettings& settings, TimeMs interval);
  ~RuleInputStream();
  RuleInputStream(RuleInputStream&&) noexcept;
  RuleInputStream& operator=(RuleInputStream&&) noexcept;

  /// The bar that has just closed. Throws Error "strategy.bad_bar", and changes nothing, for a bar that does
  /// not open after the one before or whose prices are not finite and above 0; "strategy.bad_columns" for a
  /// score outside [-1, 1].
  RuleRow push(const market::Bar& bar, const RuleSide& side = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stevie::strategy
