#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::strategy {

/// The state a market is in. Order and names are part of stored parameter layers: only append.
enum class Regime : std::uint8_t { bull, bear, sideways, volatile_market };

inline constexpr std::size_t regime_count = 4;
inline constexpr std::array<Regime, regime_count> all_regimes{Regime::bull, Regime::bear, Regime::sideways,
                                                              Regime::volatile_market};

/// "bull", "bear", "sideways", "volatile". The reverse throws Error "strategy.unknown_regime".
std::string_view to_string(Regime regime);
Regime parse_regime(std::string_view name);

/// How the detector sees a market. All times are in days, so that one configuration serves every bar length.
///
/// Volatilities are multiples of the market's own long-run volatility and the drift of a trend is in units of
/// it too, so that one configuration serves every symbol. docs/regimes.md gives the measurements behind the
/// defaults.
struct RegimeConfig {
  double scale_days = 365;   // memory of the long-run volatility, 10 to 3650
  double warm_up_days = 30;  // returns needed before a label is given, 1 to 3650, not above scale_days
  /// Bars shorter than this are put together: the filter takes one step each step_hours, so that minute bars
  /// cost little and read as hour bars do. Longer bars are one step each. 0.25 to 24.
  double step_hours = 1;
  /// Yearly drift of a bull market, and less it of a bear market, over the yearly long-run volatility. 0.1 to
  /// 20. Larger: only steep trends count, found sooner.
  double trend_drift = 3;
  double trend_volatility = 0.95;     // of bull and bear, 0.05 to 10
  double sideways_volatility = 0.55;  // 0.05 to 10, below volatile_volatility
  double volatile_volatility = 1.8;   // 0.05 to 10, above trend_volatility
  double trend_days = 60;             // expected stay, 1 to 3650. Longer: steadier labels, found later
  double sideways_days = 45;
  double volatile_days = 20;
  /// Degrees of freedom of the returns, above 2 to 100. Fewer: a single large move counts for less.
  double student_degrees = 5;
  /// Volatility clusters inside a regime as well, GARCH(1,1) with Student-t noise: a burst fades within about
  /// this many days, 0.1 to 100, and a squared return has this share in the next variance, 0 to 0.5. Without
  /// it every burst of an hour reads as another regime.
  double cluster_days = 2;
  double shock_share = 0.12;
  /// Hysteresis: another regime takes over once its weight exceeds that of the present one by this. 0 to 0.9.
  /// The weight is the probability over the regime's long-run share of the time, scaled to sum 1: a rare
  /// regime is not drowned by the common ones.
  double switch_margin = 0.2;
  /// After a hole in the data longer than this everything is forgotten, the long-run volatility too. 1 to
  /// 3650. Over shorter holes the probabilities fade to how often each regime occurs, and the return across
  /// the hole is not used.
  double forget_after_days = 30;

  /// Throws Error "strategy.bad_regime_config" naming all faults.
  void validate() const;
};

/// What is known about the regime when a bar closes.
struct RegimeState {
  Regime regime = Regime::sideways;                // sideways while not known
  bool known = false;                              // false during the warm-up
  std::array<double, regime_count> probability{};  // by Regime, sum 1; the long-run shares while not known
};

/// The regime bar by bar, by the forward filter of a hidden Markov model (Hamilton 1989, "A new approach to
/// the economic analysis of nonstationary time series") over returns standardised by the long-run volatility
/// of the past. Each regime carries a GARCH variance of its own, mixed on switching as interacting multiple
/// models are (Blom and Bar-Shalom 1988), with the score-driven weight of Student-t noise (Creal, Koopman and
/// Lucas 2013) so that a single jump does not shake it. Causal: a state depends on bars up to its own alone.
/// No allocation after construction.
class RegimeStream {
 public:
  /// interval: distance of neighbouring bars, > 0. Throws Error "strategy.bad_regime_config", also where the
  /// interval is not positive or longer than 7 days.
  explicit RegimeStream(TimeMs interval, const RegimeConfig& config = {});

  /// Takes the next closed bar; open_time must increase (asserted).
  const RegimeState& update(TimeMs open_time, double close);
  const RegimeState& state() const { return state_; }

 private:
  void forget();
  void move_on();
  void fade(TimeMs duration);
  void observe(double log_return, double years);
  void weigh(double standard, double root_years);
  void choose();

  RegimeConfig config_;
  TimeMs interval_;
  TimeMs step_ = 0;
  std::array<double, regime_count> stay_{};        // probability to be in the same regime a step later
  std::array<double, regime_count> share_{};       // of the time, in the long run
  std::array<double, regime_count> drift_{};       // yearly, over the yearly long-run volatility
  std::array<double, regime_count> target_{};      // stationary variance over the long-run variance
  double pull_ = 0, shock_share_ = 0;              // of a step: towards the target, and of the newest square
  double decay_ = 0;                               // of the long-run variance, a step
  double variance_weight_ = 0, variance_sum_ = 0;  // the variance of a year is sum / weight
  double observed_steps_ = 0, wanted_steps_ = 0;

  RegimeState state_;
  std::array<double, regime_count> variance_{};  // of the present step in each regime
  std::array<double, regime_count> handed_{};    // what it leaves of itself for the next step
  bool started_ = false;
  TimeMs last_open_ = 0;   // of the newest bar
  TimeMs step_began_ = 0;  // close from which the step under way counts
  double step_log_price_ = 0;
};

/// The regimes of a whole series; (bars) each.
struct RegimeColumns {
  std::vector<Regime> regime;  // sideways where not known
  std::vector<std::uint8_t> known;
};
/// Bit for bit what RegimeStream gives bar by bar. Throws as RegimeStream does; empty bars give empty
/// columns.
RegimeColumns make_regimes(const market::Bars& bars, const RegimeConfig& config = {});

}  // namespace stevie::strategy
