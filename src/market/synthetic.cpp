#include "market/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "core/error.h"
#include "core/random.h"
#include "market/raw_bars.h"

namespace stevie::market {
namespace {

constexpr double days_per_year = 365.0;
constexpr std::size_t steps_inside_bar = 12;
constexpr double usual_volume = 100.0;        // base currency per bar
constexpr double volume_spread = 0.5;         // standard deviation of the log volume
constexpr double volume_per_deviation = 0.5;  // log volume gained by a move of one standard deviation
constexpr int price_digits = 10;
constexpr std::size_t most_bars = 50'000'000;  // 2.4 GB of columns

/// What a random stream is drawn for.
enum Stream : std::uint64_t {
  stream_returns,
  stream_regimes,
  stream_jumps,
  stream_inside_bar,
  stream_volume,
  stream_signal
};

double bars_per_year(TimeMs interval) {
  return days_per_year * static_cast<double>(day_ms) / static_cast<double>(interval);
}

/// To a fixed number of significant digits, so that files stay short. Keeps order: a <= b stays so.
double round_price(double price) {
  const double scale = std::pow(10.0, price_digits - 1 - std::floor(std::log10(price)));
  return std::round(price * scale) / scale;
}

/// Turns log returns into bars, walking from each open to its close along a Brownian bridge.
class BarPainter {
 public:
  BarPainter(const SyntheticConfig& config, Bars& bars)
      : bars_(bars),
        inside_(config.seed, stream_inside_bar),
        volume_(config.seed, stream_volume),
        log_price_(std::log(config.start_price)) {
    bars_.symbol = config.symbol;
    bars_.interval = config.interval;
    bars_.reserve(config.bars);
    next_open_ = config.start;
  }

  /// deviation: standard deviation the return was drawn with.
  void add(double log_return, double deviation) {
    const double close = log_price_ + log_return;
    double highest = std::max(log_price_, close);
    double lowest = std::min(log_price_, close);
    walk_inside(close, deviation, highest, lowest);
    const double activity = std::min(std::abs(log_return) / deviation, 10.0);
    const double log_volume = volume_spread * volume_.normal() + volume_per_deviation * (activity - 1.0);
    const Bar bar{next_open_,
                  round_price(std::exp(log_price_)),
                  round_price(std::exp(highest)),
                  round_price(std::exp(lowest)),
                  round_price(std::exp(close)),
                  round_price(usual_volume * std::exp(log_volume))};
    if (!has_sound_values(bar)) {
      throw Error(
          "market.bad_synthetic",
          fmt::format("the price left the representable range at bar {}: ask for fewer bars or a lower "
                      "volatility or drift",
                      bars_.size()));
    }
    bars_.push_back(bar);
    log_price_ = close;
    next_open_ += bars_.interval;
  }

 private:
  void walk_inside(double close, double deviation, double& highest, double& lowest) {
    double position = log_price_;
    for (std::size_t step = 0; step + 1 < steps_inside_bar; ++step) {
      // The law of a Brownian path that must arrive at `close` after the steps that are left.
      const double left = static_cast<double>(steps_inside_bar - step);
      const double variance =
          deviation * deviation / static_cast<double>(steps_inside_bar) * (left - 1.0) / left;
      position += (close - position) / left + std::sqrt(variance) * inside_.normal();
      highest = std::max(highest, position);
      lowest = std::min(lowest, position);
    }
  }

  Bars& bars_;
  RandomStream inside_;
  RandomStream volume_;
  double log_price_;
  TimeMs next_open_ = 0;
};

/// Index drawn with the given probabilities, which sum to 1.
std::size_t draw_index(RandomStream& random, const double* probabilities, std::size_t count) {
  double left = random.uniform();
  for (std::size_t i = 0; i + 1 < count; ++i) {
    left -= probabilities[i];
    if (left < 0) return i;
  }
  return count - 1;
}

/// Leaving a regime for any other with equal chance visits all equally often, so that the time spent in each
/// is proportional to its mean duration.
std::size_t draw_first_regime(RandomStream& random, const std::vector<Regime>& regimes) {
  double total = 0;
  for (const Regime& regime : regimes) total += regime.mean_duration_bars;
  std::vector<double> probabilities;
  probabilities.reserve(regimes.size());
  for (const Regime& regime : regimes) probabilities.push_back(regime.mean_duration_bars / total);
  return draw_index(random, probabilities.data(), probabilities.size());
}

void make_garch(const SyntheticConfig& config, SyntheticMarket& market) {
  RandomStream noise(config.seed, stream_returns);
  RandomStream switching(config.seed, stream_regimes);
  RandomStream jumps(config.seed, stream_jumps);
  BarPainter painter(config, market.bars);
  const std::vector<double> transitions = transition_matrix(config.regimes);
  const double per_year = bars_per_year(config.interval);
  const auto regime_variance = [&](std::size_t k) {
    return config.regimes[k].volatility_per_year * config.regimes[k].volatility_per_year / per_year;
  };
  for (const Regime& regime : config.regimes) market.regime_names.push_back(regime.name);
  market.regime.reserve(config.bars);

  std::size_t regime = draw_first_regime(switching, config.regimes);
  double variance = regime_variance(regime);
  for (std::size_t t = 0; t < config.bars; ++t) {
    const double deviation = std::sqrt(variance);
    const double shock = deviation * noise.student_t_unit_variance(config.student_degrees);
    const bool jumped = jumps.uniform() < config.jump_chance;
    const double jump = jumped ? config.jump_size * jumps.normal() : 0.0;
    painter.add(config.regimes[regime].drift_per_year / per_year + shock + jump, deviation);
    market.regime.push_back(static_cast<std::uint8_t>(regime));
    regime = draw_index(switching, &transitions[regime * config.regimes.size()], config.regimes.size());
    variance = (1.0 - config.garch_alpha - config.garch_beta) * regime_variance(regime) +
               config.garch_alpha * shock * shock + config.garch_beta * variance;
  }
}

void make_ou(const SyntheticConfig& config, SyntheticMarket& market) {
  RandomStream noise(config.seed, stream_returns);
  RandomStream innovations(config.seed, stream_signal);
  BarPainter painter(config, market.bars);
  const double deviation = config.volatility_per_year / std::sqrt(bars_per_year(config.interval));
  const double innovation_scale = std::sqrt(1.0 - config.signal_phi * config.signal_phi);
  market.signal.reserve(config.bars);
  double signal = innovations.normal();
  for (std::size_t t = 0; t < config.bars; ++t) {
    const double standard =
        std::sqrt(config.signal_share) * signal + std::sqrt(1.0 - config.signal_share) * noise.normal();
    painter.add(deviation * standard - 0.5 * deviation * deviation, deviation);
    signal = config.signal_phi * signal + innovation_scale * innovations.normal();
    market.signal.push_back(signal);
  }
}

void make_martingale(const SyntheticConfig& config, SyntheticMarket& market) {
  RandomStream noise(config.seed, stream_returns);
  BarPainter painter(config, market.bars);
  const double deviation = config.volatility_per_year / std::sqrt(bars_per_year(config.interval));
  for (std::size_t t = 0; t < config.bars; ++t) {
    painter.add(deviation * noise.normal() - 0.5 * deviation * deviation, deviation);
  }
}

void check_general(const SyntheticConfig& config, std::vector<std::string>& faults) {
  if (config.bars == 0 || config.bars > most_bars) {
    faults.push_back(fmt::format("bars must lie between 1 and {}", most_bars));
  }
  if (config.interval <= 0) faults.push_back("interval must be positive");
  if (config.start < 0) faults.push_back("start must not lie before 1970");
  if (!(config.start_price >= 1e-6 && config.start_price <= 1e9)) {
    faults.push_back("start_price must lie between 1e-6 and 1e9");
  }
  if (!(config.volatility_per_year > 0 && config.volatility_per_year <= 100)) {
    faults.push_back("volatility_per_year must lie above 0 and not above 100");
  }
}

void check_garch(const SyntheticConfig& config, std::vector<std::string>& faults) {
  if (!(config.garch_alpha >= 0 && config.garch_beta >= 0 && config.garch_alpha + config.garch_beta < 1)) {
    faults.push_back("garch_alpha and garch_beta must not be negative and their sum must be below 1");
  }
  if (!(config.student_degrees > 2 && std::isfinite(config.student_degrees))) {
    faults.push_back("student_degrees must be above 2");
  }
  if (!(config.jump_chance >= 0 && config.jump_chance <= 1))
    faults.push_back("jump_chance must lie between 0 and 1");
  if (!(config.jump_size >= 0 && config.jump_size <= 1))
    faults.push_back("jump_size must lie between 0 and 1");
  constexpr std::size_t most_regimes = 255;
  if (config.regimes.empty() || config.regimes.size() > most_regimes) {
    faults.push_back(fmt::format("there must be between 1 and {} regimes", most_regimes));
  }
  for (const Regime& regime : config.regimes) {
    if (!std::isfinite(regime.drift_per_year)) {
      faults.push_back(fmt::format("the drift of regime '{}' must be a number", regime.name));
    }
    if (!(regime.volatility_per_year > 0 && regime.volatility_per_year <= 100)) {
      faults.push_back(
          fmt::format("the volatility of regime '{}' must lie above 0 and not above 100", regime.name));
    }
    if (!(regime.mean_duration_bars > 1 && std::isfinite(regime.mean_duration_bars))) {
      faults.push_back(fmt::format("the mean duration of regime '{}' must be above 1 bar", regime.name));
    }
  }
}

}  // namespace

std::string_view to_string(SyntheticModel model) {
  constexpr std::array<std::string_view, 3> names{"garch", "ou", "martingale"};
  return names[static_cast<std::size_t>(model)];
}

SyntheticModel parse_synthetic_model(std::string_view name) {
  for (const auto model : {SyntheticModel::garch, SyntheticModel::ou, SyntheticModel::martingale}) {
    if (name == to_string(model)) return model;
  }
  throw Error(
      "market.bad_model",
      fmt::format("there is no synthetic model '{}': choose garch, ou or martingale", name.substr(0, 40)));
}

void SyntheticConfig::validate() const {
  std::vector<std::string> faults;
  check_general(*this, faults);
  if (model == SyntheticModel::garch) check_garch(*this, faults);
  if (model == SyntheticModel::ou) {
    if (!(signal_phi >= 0 && signal_phi < 1)) faults.push_back("signal_phi must be 0 or more and below 1");
    if (!(signal_share >= 0 && signal_share <= 1)) faults.push_back("signal_share must lie between 0 and 1");
  }
  if (!faults.empty()) throw Error("market.bad_synthetic", fmt::format("{}", fmt::join(faults, "; ")));
}

SyntheticMarket make_synthetic_market(const SyntheticConfig& config) {
  config.validate();
  SyntheticMarket market;
  switch (config.model) {
    case SyntheticModel::garch:
      make_garch(config, market);
      break;
    case SyntheticModel::ou:
      make_ou(config, market);
      break;
    case SyntheticModel::martingale:
      make_martingale(config, market);
      break;
  }
  return market;
}

std::vector<double> transition_matrix(const std::vector<Regime>& regimes) {
  const std::size_t count = regimes.size();
  if (count == 1) return {1.0};
  std::vector<double> matrix;
  for (std::size_t i = 0; i < count; ++i) {
    const double leave = 1.0 / regimes[i].mean_duration_bars;
    for (std::size_t j = 0; j < count; ++j) {
      matrix.push_back(i == j ? 1.0 - leave : leave / static_cast<double>(count - 1));
    }
  }
  return matrix;
}

bool looks_synthetic(const Bars& bars) {
  return bars.symbol.starts_with("SYNTH");
}

std::string format_labels(const SyntheticMarket& market) {
  std::string text = "timestamp,regime,name\n";
  for (std::size_t i = 0; i < market.bars.size(); ++i) {
    const std::size_t regime = market.regime[i];
    fmt::format_to(std::back_inserter(text), "{},{},{}\n", market.bars.open_time[i], regime,
                   market.regime_names[regime]);
  }
  return text;
}

std::string format_signal(const SyntheticMarket& market) {
  std::string text = "timestamp,signal\n";
  for (std::size_t i = 0; i < market.bars.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{},{}\n", market.bars.open_time[i], market.signal[i]);
  }
  return text;
}

}  // namespace stevie::market
