#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::market {

enum class SyntheticModel : std::uint8_t {
  garch,  // regime-switching GARCH(1,1) with Student-t noise and jumps
  ou,     // an observable Ornstein-Uhlenbeck (discretely AR(1)) signal that predicts part of the next return
  martingale  // the price is its own best forecast: nothing can be earned
};
/// "garch", "ou", "martingale". The reverse throws Error "market.bad_model".
std::string_view to_string(SyntheticModel model);
SyntheticModel parse_synthetic_model(std::string_view name);

/// One state of the hidden Markov chain of the garch model.
struct Regime {
  std::string name;
  double drift_per_year = 0;       // of the log price
  double volatility_per_year = 0;  // stationary standard deviation of the log return, > 0
  double mean_duration_bars = 0;   // expected stay, > 1; on leaving, every other regime is equally likely
};

struct SyntheticConfig {
  SyntheticModel model = SyntheticModel::garch;
  std::size_t bars = 10'000;         // 1 to 50 million
  TimeMs interval = hour_ms;         // > 0
  std::uint64_t seed = 1;            // same seed and configuration: same bytes
  TimeMs start = 1'577'836'800'000;  // 2020-01-01; the first bar's open
  double start_price = 10'000;       // > 0
  std::string symbol = "SYNTH/USDT";
  /// Standard deviation of the log return per year of the ou and martingale models. Default 0.6, about that
  /// of BTC.
  double volatility_per_year = 0.6;

  /// garch: variance_{t+1} = (1 - alpha - beta) * regime variance + alpha * shock_t^2 + beta * variance_t
  /// (Bollerslev 1986). alpha + beta < 1. Defaults as commonly estimated on daily and hourly crypto returns.
  double garch_alpha = 0.08;
  double garch_beta = 0.90;
  /// Degrees of freedom of the noise, > 2 (scaled to unit variance). Smaller: fatter tails. Default 5.
  double student_degrees = 5;
  /// Chance of a jump per bar and its standard deviation in log price. Defaults: about one in 500 bars, 2 %.
  double jump_chance = 0.002;
  double jump_size = 0.02;
  std::vector<Regime> regimes = {
      {"calm", 0.10, 0.35, 500}, {"bull", 1.0, 0.7, 250}, {"bear", -1.2, 1.0, 200}};

  /// ou: signal_{t+1} = phi * signal_t + e with unit stationary variance; the log return of bar t + 1 is
  /// sd * (sqrt(share) * signal_t + sqrt(1 - share) * noise) - sd^2 / 2, signal_t being known at the close of
  /// bar t. phi in [0, 1): per bar, default 0.9. share in [0, 1]: part of the return's variance that the
  /// signal explains, default 0.05.
  double signal_phi = 0.9;
  double signal_share = 0.05;

  /// Throws Error "market.bad_synthetic" naming all faults.
  void validate() const;
};

struct SyntheticMarket {
  Bars bars;                         // OHLCV, made by walking inside each bar; bars keep all promises of Bars
  std::vector<std::uint8_t> regime;  // (bars) index into regimes during bar t; empty unless garch
  std::vector<std::string> regime_names;
  std::vector<double> signal;  // (bars) known at the CLOSE of bar t; empty unless ou
};

/// Throws what validate() throws.
SyntheticMarket make_synthetic_market(const SyntheticConfig& config);

/// True where the symbol is one that the generator gives, SYNTH...: such bars, read from a file, are of a
/// made-up market, and every output must say so.
bool looks_synthetic(const Bars& bars);

/// "timestamp,regime,name" with one row per bar. Requires the garch model.
std::string format_labels(const SyntheticMarket& market);

/// "timestamp,signal" with one row per bar, a side series whose publication delay is one interval.
/// Requires the ou model.
std::string format_signal(const SyntheticMarket& market);

/// Probability of going from regime i to j in one bar, row-major.
std::vector<double> transition_matrix(const std::vector<Regime>& regimes);

}  // namespace stevie::market
