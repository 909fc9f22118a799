#include "app/martingale_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "core/random.h"
#include "core/time.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

constexpr double hours_per_year = 365.0 * 24;
constexpr double volatility_per_year = 0.6;
constexpr double garch_alpha = 0.08, garch_beta = 0.90, student_degrees = 5;
constexpr double jump_chance = 0.002, jump_size = 0.02;
constexpr double level_memory = 30 * 24;  // hours over which the level of the volatility is forgotten
constexpr double level_spread = 0.4;      // its standard deviation, in log
constexpr TimeMs social_spacing = 6 * hour_ms;

/// What a random stream is drawn for.
enum Stream : std::uint64_t { stream_returns, stream_mixing, stream_level, stream_jumps, stream_extremes };
constexpr std::uint64_t stream_social = 16;

/// Variance of each bar, known at its open.
class Variance {
 public:
  Variance(bool clustered, std::uint64_t seed)
      : clustered_(clustered), mixing_(seed, stream_mixing), level_(seed, stream_level) {}

  /// Of the next bar, given what the last one did.
  double next(double last_shock) {
    constexpr double usual = volatility_per_year * volatility_per_year / hours_per_year;
    if (!clustered_) return usual;
    constexpr double keep = 1 - 1 / level_memory;
    log_level_ = keep * log_level_ + level_spread * std::sqrt(1 - keep * keep) * level_.normal();
    // Mean `usual`: 2 x log_level_ has the variance 4 level_spread^2.
    const double target = usual * std::exp(2 * log_level_ - 2 * level_spread * level_spread);
    conditional_ = conditional_ == 0 ? target
                                     : (1 - garch_alpha - garch_beta) * target +
                                           garch_alpha * last_shock * last_shock + garch_beta * conditional_;
    // A normal variable of variance (v - 2) / (2 gamma(v / 2)) is Student's t with v degrees, of variance 1.
    return conditional_ * (student_degrees - 2) / (2 * mixing_.gamma(student_degrees / 2));
  }

 private:
  bool clustered_;
  RandomStream mixing_, level_;
  double log_level_ = 0, conditional_ = 0;
};

/// Highest distance above the start of a Brownian bridge that ends `move` away: P(max > m) =
/// exp(-2 m (m - move) / variance).
double bridge_maximum(double move, double variance, RandomStream& random) {
  return (move + std::sqrt(move * move - 2 * variance * std::log(1 - random.uniform()))) / 2;
}

market::Bars make_continuous(bool clustered, std::size_t count, std::uint64_t seed) {
  market::Bars bars;
  bars.symbol = "SYNTH/USDT";
  bars.interval = hour_ms;
  bars.reserve(count);
  Variance variance(clustered, seed);
  RandomStream returns(seed, stream_returns), jumps(seed, stream_jumps), extremes(seed, stream_extremes);
  const market::SyntheticConfig usual;
  double position = std::log(usual.start_price), shock = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (clustered && jumps.uniform() < jump_chance)
      position += jump_size * jumps.normal() - jump_size * jump_size / 2;
    const double of_bar = variance.next(shock);
    shock = std::sqrt(of_bar) * returns.normal();
    const double move = shock - of_bar / 2;
    const double high = bridge_maximum(move, of_bar, extremes);
    const double low = -bridge_maximum(-move, of_bar, extremes);
    const double open = std::exp(position), close = std::exp(position + move);
    bars.push_back({usual.start + static_cast<TimeMs>(i) * hour_ms, open,
                    std::max({open, close, std::exp(position + high)}),
                    std::min({open, close, std::exp(position + low)}), close, 100});
    position += move;
  }
  return bars;
}

}  // namespace

std::string_view to_string(MartingaleKind kind) {
  constexpr std::array<std::string_view, 3> names{"plain", "continuous", "clustered"};
  return names[static_cast<std::size_t>(kind)];
}

market::Bars make_martingale(MartingaleKind kind, std::size_t bars, std::uint64_t seed) {
  if (kind != MartingaleKind::plain) return make_continuous(kind == MartingaleKind::clustered, bars, seed);
  market::SyntheticConfig config;
  config.model = market::SyntheticModel::martingale;
  config.bars = bars;
  config.seed = seed;
  config.volatility_per_year = volatility_per_year;
  return market::make_synthetic_market(config).bars;
}

std::string make_unrelated_social(const market::Bars& bars, std::uint64_t seed) {
  RandomStream random(seed, stream_social);
  std::string text = "timestamp,sentiment\n";
  for (TimeMs time = bars.open_time.front(); time <= bars.open_time.back(); time += social_spacing)
    fmt::format_to(std::back_inserter(text), "{},{:.6f}\n", time, random.normal());
  return text;
}

}  // namespace stevie::app
