#include "strategy/regime.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/printable.h"

namespace stevie::strategy {
namespace {

constexpr double days_per_year = 365.0;
constexpr double year_ms = days_per_year * static_cast<double>(day_ms);
constexpr TimeMs longest_interval = 7 * day_ms;
/// A squared return above this many times the long-run variance adds only so much to it: one crash or bad
/// tick must not set the scale for a year.
constexpr double largest_square = 36.0;
/// Beyond this a return says no more, and the densities stay above the smallest double.
constexpr double largest_standard = 50.0;
/// Keeps a regime that a single return has all but excluded within reach of the following ones.
constexpr double least_probability = 1e-6;

constexpr std::size_t index_of(Regime regime) {
  return static_cast<std::size_t>(regime);
}

class Faults {
 public:
  void within(std::string_view name, double value, double minimum, double maximum) {
    if (value >= minimum && value <= maximum) return;
    texts_.push_back(fmt::format("{} must lie between {} and {}, it is {}", name, minimum, maximum, value));
  }
  void require(bool holds, std::string text) {
    if (!holds) texts_.push_back(std::move(text));
  }
  void throw_any() const {
    if (!texts_.empty()) {
      throw Error("strategy.bad_regime_config", fmt::format("{}", fmt::join(texts_, "; ")));
    }
  }

 private:
  std::vector<std::string> texts_;
};

/// Expected stay in each regime, by Regime.
std::array<double, regime_count> stays_in_days(const RegimeConfig& config) {
  return {config.trend_days, config.trend_days, config.sideways_days, config.volatile_days};
}

/// Opens at the distance of one interval, give or take half of one, have nothing missing between them.
bool is_hole(TimeMs earlier_open, TimeMs open, TimeMs interval) {
  return (open - earlier_open + interval / 2) / interval > 1;
}

}  // namespace

std::string_view to_string(Regime regime) {
  constexpr std::array<std::string_view, regime_count> names{"bull", "bear", "sideways", "volatile"};
  return names[index_of(regime)];
}

Regime parse_regime(std::string_view name) {
  for (const Regime regime : all_regimes) {
    if (name == to_string(regime)) return regime;
  }
  throw Error("strategy.unknown_regime",
              fmt::format("there is no regime '{}': choose bull, bear, sideways or volatile",
                          printable(name.substr(0, 40))));
}

void RegimeConfig::validate() const {
  Faults faults;
  faults.within("scale_days", scale_days, 10, 3650);
  faults.within("warm_up_days", warm_up_days, 1, 3650);
  faults.within("step_hours", step_hours, 0.25, 24);
  faults.within("trend_drift", trend_drift, 0.1, 20);
  faults.within("trend_volatility", trend_volatility, 0.05, 10);
  faults.within("sideways_volatility", sideways_volatility, 0.05, 10);
  faults.within("volatile_volatility", volatile_volatility, 0.05, 10);
  faults.within("trend_days", trend_days, 1, 3650);
  faults.within("sideways_days", sideways_days, 1, 3650);
  faults.within("volatile_days", volatile_days, 1, 3650);
  faults.within("student_degrees", student_degrees, 2.1, 100);
  faults.within("cluster_days", cluster_days, 0.1, 100);
  faults.within("shock_share", shock_share, 0, 0.5);
  faults.within("switch_margin", switch_margin, 0, 0.9);
  faults.within("forget_after_days", forget_after_days, 1, 3650);
  faults.require(!(warm_up_days > scale_days), "warm_up_days must not exceed scale_days");
  faults.require(!(trend_volatility >= volatile_volatility || sideways_volatility >= volatile_volatility),
                 "volatile_volatility must exceed trend_volatility and sideways_volatility");
  faults.throw_any();
}

RegimeStream::RegimeStream(TimeMs interval, const RegimeConfig& config)
    : config_(config), interval_(interval) {
  config.validate();
  Faults faults;
  faults.require(interval > 0 && interval <= longest_interval,
                 "the interval of the bars must be above 0 and not above 7 days");
  faults.throw_any();
  step_ = std::max(interval, static_cast<TimeMs>(config.step_hours * static_cast<double>(hour_ms)));
  const double step_days = static_cast<double>(step_) / static_cast<double>(day_ms);

  const std::array<double, regime_count> stays = stays_in_days(config);
  double all_stays = 0;
  for (const double days : stays) all_stays += days;
  const std::array<double, regime_count> volatility{config.trend_volatility, config.trend_volatility,
                                                    config.sideways_volatility, config.volatile_volatility};
  for (std::size_t k = 0; k < regime_count; ++k) {
    stay_[k] = std::exp(-step_days / stays[k]);
    // On leaving, every other regime is equally likely: the time spent in each is as its stay.
    share_[k] = stays[k] / all_stays;
    target_[k] = volatility[k] * volatility[k];
  }
  drift_ = {config.trend_drift, -config.trend_drift, 0.0, 0.0};
  pull_ = 1.0 - std::exp(-step_days / config.cluster_days);
  shock_share_ = (1.0 - pull_) * config.shock_share;
  decay_ = std::exp(-step_days / config.scale_days);
  wanted_steps_ = std::max(2.0, std::ceil(config.warm_up_days / step_days));
  forget();
}

void RegimeStream::forget() {
  variance_weight_ = variance_sum_ = observed_steps_ = 0;
  state_ = {};
  state_.probability = share_;
  variance_ = target_;
  for (std::size_t k = 0; k < regime_count; ++k) handed_[k] = (1.0 - pull_) * variance_[k];
}

void RegimeStream::move_on() {
  constexpr double others = regime_count - 1;
  std::array<double, regime_count>& p = state_.probability;
  std::array<double, regime_count> left{};  // probability that leaves each regime, for each of the others
  double all_left = 0, all_handed = 0;
  for (std::size_t k = 0; k < regime_count; ++k) {
    left[k] = p[k] * (1.0 - stay_[k]) / others;
    all_left += left[k];
    all_handed += left[k] * handed_[k];
  }
  for (std::size_t k = 0; k < regime_count; ++k) {
    const double stayed = p[k] * stay_[k];
    p[k] = stayed + all_left - left[k];
    const double mixed = (stayed * handed_[k] + all_handed - left[k] * handed_[k]) / p[k];
    variance_[k] = pull_ * target_[k] + mixed;
  }
}

void RegimeStream::fade(TimeMs duration) {
  for (TimeMs passed = 0; passed < duration; passed += step_) {
    for (std::size_t k = 0; k < regime_count; ++k) handed_[k] = (1.0 - pull_) * variance_[k];
    move_on();
  }
  for (std::size_t k = 0; k < regime_count; ++k) handed_[k] = (1.0 - pull_) * variance_[k];
}

void RegimeStream::observe(double log_return, double years) {
  move_on();
  double square = log_return * log_return / years;
  if (observed_steps_ >= wanted_steps_) {
    const double variance = variance_sum_ / variance_weight_;
    const double root_years = std::sqrt(years);
    const double standard = variance > 0 ? log_return / (root_years * std::sqrt(variance)) : 0.0;
    weigh(std::clamp(standard, -largest_standard, largest_standard), root_years);
    square = std::min(square, largest_square * variance);
  }
  variance_weight_ = decay_ * variance_weight_ + 1.0;
  variance_sum_ = decay_ * variance_sum_ + square;
  observed_steps_ += 1.0;
  if (observed_steps_ > wanted_steps_) choose();
}

void RegimeStream::weigh(double standard, double root_years) {
  const double degrees = config_.student_degrees;
  const double power = -0.5 * (degrees + 1.0);
  std::array<double, regime_count>& p = state_.probability;
  double total = 0;
  for (std::size_t k = 0; k < regime_count; ++k) {
    const double deviation = standard - drift_[k] * root_years;
    const double square = deviation * deviation / variance_[k];
    // A Student-t variate has variance degrees / (degrees - 2).
    p[k] *= std::pow(1.0 + square / (degrees - 2.0), power) / std::sqrt(variance_[k]);
    total += p[k];
    const double weight = (degrees + 1.0) / (degrees - 2.0 + square);
    handed_[k] = (shock_share_ * weight * square + (1.0 - pull_ - shock_share_)) * variance_[k];
  }
  double kept = 0;
  for (double& probability : p) {
    probability = std::max(probability / total, least_probability);
    kept += probability;
  }
  for (double& probability : p) probability /= kept;
}

void RegimeStream::choose() {
  std::array<double, regime_count> weight{};
  double total = 0;
  for (std::size_t k = 0; k < regime_count; ++k) {
    weight[k] = state_.probability[k] / share_[k];
    total += weight[k];
  }
  std::size_t best = 0;
  for (std::size_t k = 1; k < regime_count; ++k) best = weight[k] > weight[best] ? k : best;
  if (!state_.known || weight[best] > weight[index_of(state_.regime)] + config_.switch_margin * total) {
    state_.regime = static_cast<Regime>(best);
  }
  state_.known = true;
}

const RegimeState& RegimeStream::update(TimeMs open_time, double close) {
  assert(!started_ || open_time > last_open_);
  const TimeMs close_time = open_time + interval_;
  const double log_price = std::log(close);
  if (started_ && !is_hole(last_open_, open_time, interval_)) {
    last_open_ = open_time;
    // Steps end on multiples of their length, so that all bar lengths below it see the same steps.
    if (step_ > interval_ && close_time / step_ == step_began_ / step_) return state_;
    observe(log_price - step_log_price_, static_cast<double>(close_time - step_began_) / year_ms);
  } else if (started_) {
    const TimeMs hole = close_time - step_began_;
    if (static_cast<double>(hole) > config_.forget_after_days * static_cast<double>(day_ms)) {
      forget();
    } else {
      fade(hole);
      if (state_.known) choose();
    }
  }
  started_ = true;
  last_open_ = open_time;
  step_began_ = close_time;
  step_log_price_ = log_price;
  return state_;
}

RegimeColumns make_regimes(const market::Bars& bars, const RegimeConfig& config) {
  RegimeColumns columns;
  if (bars.empty()) return columns;
  columns.regime.reserve(bars.size());
  columns.known.reserve(bars.size());
  RegimeStream stream(bars.interval, config);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const RegimeState& state = stream.update(bars.open_time[i], bars.close[i]);
    columns.regime.push_back(state.regime);
    columns.known.push_back(state.known ? 1 : 0);
  }
  return columns;
}

}  // namespace stevie::strategy
