#include "stats/anytime.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "core/error.h"

namespace stevie::stats {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void require(bool good, const char* what) {
  if (!good) throw Error("stats.bad_test", what);
}

void require_finite(double value) {
  require(std::isfinite(value), "a value of the stream is not a finite number");
}

/// rho of the normal mixture that is tightest at `variance` (Howard et al. 2021, section 3.5), for a crossing
/// probability in both directions together.
double mixture_precision(double variance, double alpha) {
  const double surprise = -2 * std::log(alpha);
  return variance / (surprise + std::log1p(surprise));
}

double log_normal_cdf(double x) {
  return std::log(0.5 * std::erfc(-x / std::numbers::sqrt2));
}

void check_bound(double variance, double alpha, double optimal_variance, double largest_alpha) {
  require(variance > 0 && std::isfinite(variance), "the variance must be above 0");
  require(optimal_variance > 0 && std::isfinite(optimal_variance), "the optimal variance must be above 0");
  require(alpha > 0 && alpha < largest_alpha, "alpha is out of its range");
}

}  // namespace

double normal_mixture_bound(double variance, double alpha, double optimal_variance) {
  check_bound(variance, alpha, optimal_variance, 0.5);
  const double precision = mixture_precision(optimal_variance, 2 * alpha);
  const double total = variance + precision;
  const auto log_excess = [&](double sum) {
    return 0.5 * std::log(4 * precision / total) + sum * sum / (2 * total) +
           log_normal_cdf(sum / std::sqrt(total)) + std::log(alpha);
  };
  double low = 0;
  double high = std::sqrt(2 * total * std::log1p(std::sqrt(total / precision) / (2 * alpha)));
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (log_excess(middle) < 0 ? low : high) = middle;
  }
  return high;
}

double normal_mixture_bound_two_sided(double variance, double alpha, double optimal_variance) {
  check_bound(variance, alpha, optimal_variance, 1);
  const double precision = mixture_precision(optimal_variance, alpha);
  const double total = variance + precision;
  return std::sqrt(total * (std::log(total / precision) - 2 * std::log(alpha)));
}

ConfidenceSequence::ConfidenceSequence(const ConfidenceSequenceConfig& config)
    : config_(config), running_lower_(-infinity) {
  require(config.alpha > 0 && config.alpha < 0.5, "alpha must lie between 0 and 0.5");
  require(config.optimal_days > 0 && std::isfinite(config.optimal_days), "optimal_days must be above 0");
  require(config.first_look >= 2, "first_look must be at least 2");
  inverse_scale_ = 1 / mixture_precision(config.optimal_days, 2 * config.alpha);
}

void ConfidenceSequence::add(double value) {
  require_finite(value);
  ++count_;
  const double distance = value - mean_;
  mean_ += distance / static_cast<double>(count_);
  squares_ += distance * (value - mean_);
  running_lower_ = std::max(running_lower_, lower());
}

double ConfidenceSequence::lower() const {
  if (count_ < config_.first_look) return -infinity;
  const auto n = static_cast<double>(count_);
  const double deviation = std::sqrt(squares_ / (n - 1));
  const double scaled = n * inverse_scale_ + 1;
  return mean_ - deviation * std::sqrt(2 * scaled / (n * n * inverse_scale_) *
                                       std::log1p(std::sqrt(scaled) / (2 * config_.alpha)));
}

EProcess::EProcess(const EProcessConfig& config) : config_(config), log_wealth_(config.bets, 0.0) {
  require(config.clip > 0 && std::isfinite(config.clip), "clip must be above 0");
  require(config.margin > -config.clip && config.margin < config.clip, "margin must lie within +-clip");
  require(config.bets >= 1, "bets must be at least 1");
  require(config.alpha > 0 && config.alpha < 1, "alpha must lie between 0 and 1");
}

void EProcess::add(double difference) {
  require_finite(difference);
  const double gain = std::clamp(difference, -config_.clip, config_.clip) - config_.margin;
  const double largest_bet = 1 / (config_.clip + config_.margin);
  const auto parts = static_cast<double>(config_.bets + 1);
  for (std::size_t i = 0; i < log_wealth_.size(); ++i)
    log_wealth_[i] += std::log1p(static_cast<double>(i + 1) / parts * largest_bet * gain);
  largest_log_ = std::max(largest_log_, log_value());
  ++count_;
}

double EProcess::log_value() const {
  const double highest = *std::max_element(log_wealth_.begin(), log_wealth_.end());
  double sum = 0;
  for (const double value : log_wealth_) sum += std::exp(value - highest);
  return highest + std::log(sum / static_cast<double>(log_wealth_.size()));
}

double EProcess::p() const {
  return std::exp(-largest_log_);
}

bool EProcess::rejects() const {
  return largest_log_ >= -std::log(config_.alpha);
}

MixtureTest::MixtureTest(const MixtureTestConfig& config) : config_(config) {
  require(std::isfinite(config.null_mean), "null_mean must be a finite number");
  require(config.variance > 0 && std::isfinite(config.variance), "variance must be above 0");
  require(config.mixture_variance > 0 && std::isfinite(config.mixture_variance),
          "mixture_variance must be above 0");
}

void MixtureTest::add(double value) {
  require_finite(value);
  sum_ += value - config_.null_mean;
  ++count_;
  largest_log_ = std::max(largest_log_, log_likelihood_ratio());
}

double MixtureTest::log_likelihood_ratio() const {
  const double variance = config_.variance;
  const double total = variance + static_cast<double>(count_) * config_.mixture_variance;
  return 0.5 * std::log(variance / total) + config_.mixture_variance * sum_ * sum_ / (2 * variance * total);
}

double MixtureTest::p() const {
  return std::exp(-largest_log_);
}

}  // namespace stevie::stats
