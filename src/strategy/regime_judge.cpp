#include "strategy/regime_judge.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace stevie::strategy {
namespace {

constexpr double days_per_year = 365.0;

/// Density of a Student-t variate scaled to the given variance, up to a factor common to all variances.
double student_density(double deviation, double variance, double degrees) {
  const double scale = variance * (degrees - 2.0) / degrees;
  return std::pow(1.0 + deviation * deviation / (scale * degrees), -0.5 * (degrees + 1.0)) / std::sqrt(scale);
}

/// That factor.
double student_constant(double degrees) {
  return std::exp(std::lgamma(0.5 * (degrees + 1.0)) - std::lgamma(0.5 * degrees)) /
         std::sqrt(degrees * M_PI);
}

double normal_density(double deviation, double variance) {
  return std::exp(-0.5 * deviation * deviation / variance) / std::sqrt(2.0 * M_PI * variance);
}

/// The filter of one who knows the market's parameters.
class Oracle {
 public:
  Oracle(const market::SyntheticConfig& config, bool with_garch)
      : config_(config), with_garch_(with_garch), transitions_(market::transition_matrix(config.regimes)) {
    const double bars_per_year =
        days_per_year * static_cast<double>(day_ms) / static_cast<double>(config.interval);
    double all = 0;
    for (const market::Regime& regime : config.regimes) all += regime.mean_duration_bars;
    for (const market::Regime& regime : config.regimes) {
      drift_.push_back(regime.drift_per_year / bars_per_year);
      stationary_.push_back(regime.volatility_per_year * regime.volatility_per_year / bars_per_year);
      share_.push_back(regime.mean_duration_bars / all);
    }
    probability_ = share_;
    variance_ = stationary_;
    constant_ = student_constant(config.student_degrees);
  }

  std::uint8_t label(double log_return) {
    const std::size_t count = share_.size();
    double total = 0;
    for (std::size_t k = 0; k < count; ++k) {
      probability_[k] *= density(log_return - drift_[k], variance_[k]);
      total += probability_[k];
    }
    for (double& probability : probability_) probability /= total;
    std::size_t best = 0;
    for (std::size_t k = 1; k < count; ++k) {
      if (probability_[k] / share_[k] > probability_[best] / share_[best]) best = k;
    }
    move_on(log_return);
    return static_cast<std::uint8_t>(best);
  }

 private:
  double density(double deviation, double variance) const {
    const double jump_variance = config_.jump_size * config_.jump_size;
    return (1.0 - config_.jump_chance) * constant_ *
               student_density(deviation, variance, config_.student_degrees) +
           config_.jump_chance * normal_density(deviation, variance + jump_variance);
  }

  /// Probabilities and variances ahead of the next bar: each regime takes over the variances of those it may
  /// come from, weighted by how probable that is.
  void move_on(double log_return) {
    const std::size_t count = share_.size();
    next_.assign(count, 0.0);
    mixed_.assign(count, 0.0);
    for (std::size_t j = 0; j < count; ++j) {
      const double handed = with_garch_ ? shocked(j, log_return) : 0.0;
      for (std::size_t k = 0; k < count; ++k) {
        const double path = probability_[j] * transitions_[j * count + k];
        next_[k] += path;
        mixed_[k] += path * handed;
      }
    }
    for (std::size_t k = 0; k < count && with_garch_; ++k) {
      variance_[k] = (1.0 - config_.garch_alpha - config_.garch_beta) * stationary_[k] + mixed_[k] / next_[k];
    }
    std::swap(probability_, next_);
  }

  /// The part of the next variance that the present regime hands on. A jump is no shock of the process: its
  /// share is taken out by probability.
  double shocked(std::size_t j, double log_return) const {
    const double deviation = log_return - drift_[j];
    const double jump_variance = config_.jump_size * config_.jump_size;
    const double jump = config_.jump_chance * normal_density(deviation, variance_[j] + jump_variance);
    const double jumped = jump / density(deviation, variance_[j]);
    const double part = variance_[j] / (variance_[j] + jump_variance);  // of a jump bar's move that is shock
    const double square_if_jump =
        part * part * deviation * deviation + variance_[j] * jump_variance / (variance_[j] + jump_variance);
    const double square = (1.0 - jumped) * deviation * deviation + jumped * square_if_jump;
    return config_.garch_alpha * square + config_.garch_beta * variance_[j];
  }

  const market::SyntheticConfig& config_;
  bool with_garch_;
  double constant_ = 1;
  std::vector<double> transitions_;  // (regimes, regimes)
  std::vector<double> drift_, stationary_, share_, probability_, variance_;
  std::vector<double> next_, mixed_;  // of move_on
};

/// A stretch that the data end in has not been judged: it might have been found later.
void judge_switches(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> labels,
                    std::size_t begin, RegimeJudgement& judgement) {
  std::size_t stretch = truth.size();  // first bar of the present stretch; none before the first switch
  for (std::size_t t = begin + 1; t < truth.size(); ++t) {
    if (truth[t] == truth[t - 1]) continue;
    if (stretch < t) {
      ++judgement.switches;
      const auto first = labels.begin() + static_cast<std::ptrdiff_t>(stretch);
      const auto last = labels.begin() + static_cast<std::ptrdiff_t>(t);
      const auto found = std::find(first, last, truth[stretch]);
      if (found == last) {
        ++judgement.never_found;
      } else {
        judgement.lags.push_back(static_cast<double>(found - first));
      }
    }
    stretch = t;
  }
}

}  // namespace

market::SyntheticConfig labelled_market(TimeMs interval, double years, std::uint64_t seed, double contrast) {
  const double bars_per_day = static_cast<double>(day_ms) / static_cast<double>(interval);
  market::SyntheticConfig config;
  config.interval = interval;
  config.bars = static_cast<std::size_t>(years * days_per_year * bars_per_day);
  config.seed = seed;
  // Yearly log drift and volatility, mean stay in days. For comparison BTC: 2020-10 to 2021-04 rose at +3.6 a
  // year, 2018 and 2022 fell at -1.3 and -1.0, the summer of 2023 went nowhere at a volatility of 0.35, and
  // March 2020 ran at 1.8.
  config.regimes = {{"bull", 2.0, 0.65, 60 * bars_per_day},
                    {"bear", -2.0, 0.75, 50 * bars_per_day},
                    {"sideways", 0.0, 0.35, 45 * bars_per_day},
                    {"volatile", 0.0, 1.40, 20 * bars_per_day}};
  constexpr double middle_volatility = 0.7;
  for (market::Regime& regime : config.regimes) {
    regime.drift_per_year *= contrast;
    regime.volatility_per_year =
        middle_volatility * std::pow(regime.volatility_per_year / middle_volatility, contrast);
  }
  if (interval >= day_ms / 2) {
    // Once regimes carry the slow part, what is left of the persistence of daily volatility is small
    // (Lamoureux and Lastrapes 1990); with 0.98 a day the regimes would blur over months.
    config.garch_alpha = 0.06;
    config.garch_beta = 0.80;
    config.jump_chance = 0.02;
    config.jump_size = 0.05;
  }
  return config;
}

std::vector<std::uint8_t> oracle_labels(const market::SyntheticMarket& market,
                                        const market::SyntheticConfig& config, bool with_garch) {
  Oracle oracle(config, with_garch);
  std::vector<std::uint8_t> labels;
  labels.reserve(market.bars.size());
  double before = config.start_price;
  for (const double close : market.bars.close) {
    labels.push_back(oracle.label(std::log(close / before)));
    before = close;
  }
  return labels;
}

RegimeJudgement judge_regimes(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> labels,
                              std::span<const std::uint8_t> known) {
  assert(truth.size() == labels.size() && truth.size() == known.size());
  RegimeJudgement judgement;
  const auto begin = static_cast<std::size_t>(std::find(known.begin(), known.end(), 1) - known.begin());
  std::array<double, regime_count> seen{};
  std::array<double, regime_count> right{};
  for (std::size_t t = begin; t < truth.size(); ++t) {
    seen[truth[t]] += 1;
    right[truth[t]] += truth[t] == labels[t] ? 1 : 0;
    if (t > begin && labels[t] != labels[t - 1]) ++judgement.label_changes;
  }
  judgement.bars = truth.size() - begin;
  judge_switches(truth, labels, begin, judgement);
  double occurring = 0;
  for (std::size_t k = 0; k < regime_count; ++k) {
    if (seen[k] == 0) continue;
    judgement.recall[k] = right[k] / seen[k];
    judgement.balanced_accuracy += judgement.recall[k];
    occurring += 1;
  }
  if (occurring > 0) judgement.balanced_accuracy /= occurring;
  return judgement;
}

}  // namespace stevie::strategy
