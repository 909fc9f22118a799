#pragma once
#include <cstddef>
#include <vector>

namespace stevie::stats {

/// Comparisons that people may look at every day and stop when they like: the error rate holds over all looks
/// together (Ville's inequality), which no p value of a fixed sample does. Each object takes one day at a
/// time in O(1) and is a plain value: copy it to save it.

/// Radius that a sum of increments with total variance `variance` leaves upward at any time with probability
/// at most `alpha`: one-sided normal mixture of Howard, Ramdas, McAuliffe and Sekhon 2021, tightest where the
/// variance is near `optimal_variance`. All > 0, alpha < 1/2.
double normal_mixture_bound(double variance, double alpha, double optimal_variance);
/// The same for both directions together.
double normal_mixture_bound_two_sided(double variance, double alpha, double optimal_variance);

/// One-sided confidence sequence for the mean of a stream, such as the daily return of a live arm minus that
/// of the running one.
struct ConfidenceSequenceConfig {
  double alpha = 0.05;          // in (0, 1/2): chance that the bound is ever above the true mean
  double optimal_days = 365;    // > 0: where the bound is tightest
  std::size_t first_look = 30;  // >= 2: no bound before, since the deviation is estimated from the days seen
};
class ConfidenceSequence {
 public:
  /// Throws Error "stats.bad_test" on settings out of range.
  explicit ConfidenceSequence(const ConfidenceSequenceConfig& config);

  /// Throws Error "stats.bad_test" where the value is not finite.
  void add(double value);
  std::size_t count() const { return count_; }
  double mean() const { return mean_; }
  /// mean - s sqrt{2 (n r^2 + 1) / (n^2 r^2) ln(1 + sqrt(n r^2 + 1) / (2 alpha))}, s the deviation so far
  /// (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024); minus infinity before first_look.
  double lower() const;
  /// The best bound so far: the true mean stays above all of them together with probability 1 - alpha.
  double running_lower() const { return running_lower_; }

 private:
  ConfidenceSequenceConfig config_;
  double inverse_scale_;  // r^2
  std::size_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // sum of squared distances from the mean
  double running_lower_;
};

/// Evidence against "the mean difference is at most `margin`", valid for every sample size: the value is the
/// mean over a grid of bets lambda of prod(1 + lambda (D - margin)), D clipped to +-clip.
struct EProcessConfig {
  double margin = 0;      // > -clip and < clip
  double clip = 0.05;     // > 0, fixed before the first day: the claim is about the mean of the clipped value
  std::size_t bets = 20;  // size of the grid, >= 1: lambda = (i + 1) / (bets + 1) / (clip + margin)
  double alpha = 0.05;    // in (0, 1)
};
class EProcess {
 public:
  /// Throws Error "stats.bad_test" on settings out of range.
  explicit EProcess(const EProcessConfig& config);

  /// Throws Error "stats.bad_test" where the value is not finite.
  void add(double difference);
  double log_value() const;  // natural logarithm of the e-value now
  double p() const;          // min(1, 1 / largest e-value so far): valid at every time
  bool rejects() const;      // the e-value has reached 1 / alpha at some time
  std::size_t count() const { return count_; }

 private:
  EProcessConfig config_;
  std::vector<double> log_wealth_;  // (bets)
  double largest_log_ = 0;
  std::size_t count_ = 0;
};

/// Mixture sequential probability ratio test of "the mean is `null_mean`" in both directions, for normal
/// values of known variance (Johari, Koomen, Pekelis and Walsh 2022).
struct MixtureTestConfig {
  double null_mean = 0;
  double variance = 1;          // > 0, of one value, known beforehand
  double mixture_variance = 1;  // > 0, tau^2: spread of the differences that one hopes to find
};
class MixtureTest {
 public:
  /// Throws Error "stats.bad_test" on settings out of range.
  explicit MixtureTest(const MixtureTestConfig& config);

  /// Throws Error "stats.bad_test" where the value is not finite.
  void add(double value);
  double log_likelihood_ratio() const;
  double p() const;  // min over the days so far of 1 / L_n, at most 1
  std::size_t count() const { return count_; }

 private:
  MixtureTestConfig config_;
  std::size_t count_ = 0;
  double sum_ = 0;  // of value - null_mean
  double largest_log_ = 0;
};

}  // namespace stevie::stats
