#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace stevie::stats {

/// Several series over the same periods, one after the other: values[k * periods + t]. Larger is better.
struct SeriesView {
  std::span<const double> values;  // (series, periods)
  std::size_t series = 0;
  std::size_t periods = 0;

  std::span<const double> row(std::size_t k) const { return values.subspan(k * periods, periods); }
};

/// Settings of the tests of Sharpe ratios.
struct SharpeTestConfig {
  std::uint64_t seed = 1;         // replicate r draws from RandomStream(seed, r)
  std::size_t replicates = 1000;  // 100 to a million; p values come in steps of 1 / (replicates + 1)
  double confidence = 0.95;       // of the bounds, in (0, 1), and at most replicates / (replicates + 1)
  double relative_margin = 0;     // >= 0: by which share of its own the proposed Sharpe ratio must be higher
  double absolute_margin = 0;     // >= 0, per period: by how much, where the base's ratio is not above 0
  std::optional<std::size_t> block;  // periods resampled together, 1 .. periods / 2; absent: from the data
};

/// The proposed arm against the base on paired returns: theta = SR_proposed - (1 + relative margin) SR_base
/// where SR_base > 0, else SR_proposed - SR_base - absolute margin. Ratios are per period (not annualised),
/// mean / standard deviation over n. An arm whose returns are all 0 holds cash: ratio 0, known exactly.
struct SharpeComparison {
  std::string undefined;  // empty, or why there is no test; p values are then 1 and the bounds absent
  double sharpe_base = 0;
  double sharpe_proposed = 0;
  bool relative = true;  // which margin was applied
  double theta = 0;
  double standard_error = 0;              // of theta: delta method, HAC with the Parzen kernel
  double bandwidth = 0;                   // of that kernel, in periods
  std::size_t block = 0;                  // periods resampled together
  double statistic = 0;                   // theta / standard_error
  double p_greater = 1;                   // of H0: theta <= 0
  double p_two_sided = 1;                 // of H0: theta = 0
  std::optional<double> theta_low;        // one-sided bound at `confidence`; > 0 exactly where p_greater <=
                                          // 1 - confidence
  std::optional<double> improvement;      // SR_proposed / SR_base - 1; absent where SR_base <= 0
  std::optional<double> improvement_low;  // the margin up to which theta_low stays above 0 (Fieller), in
                                          // [-1, 100]; absent where even a margin of -1 is not reached
};

/// Ledoit and Wolf 2008, "Robust performance hypothesis testing with the Sharpe ratio", with a margin:
/// studentised circular-block bootstrap, p = (#{t* >= t} + 1) / (B + 1). Needs at least 20 paired periods.
/// Throws Error "stats.unpaired" (lengths differ), "stats.bad_test" (settings out of range, too few periods,
/// a return that is not finite).
SharpeComparison compare_sharpe(std::span<const double> base, std::span<const double> proposed,
                                const SharpeTestConfig& config);

/// One candidate that was chosen among all that a search looked at.
struct BestOfManyResult {
  SharpeComparison chosen;                // alone, as compare_sharpe gives it: p values NOT corrected
  std::size_t candidates = 0;             // that entered the maximum: those with a defined statistic
  double p_adjusted = 1;                  // P(max_k t*_k >= t_chosen), as (count + 1) / (B + 1); never under
                                          // chosen.p_greater
  double critical = 0;                    // quantile of max_k t*_k at `confidence`
  std::optional<double> theta_low;        // chosen.theta - critical * standard error
  std::optional<double> improvement_low;  // as in SharpeComparison, with `critical`
};

/// The same test, corrected for every candidate looked at: single-step maximum of studentised differences
/// resampled jointly (Romano and Wolf 2005, White 2000). Holds for any rule by which one was chosen.
///
/// Keeps its arrays between calls: use one object per thread again and again. Time grows with candidates *
/// periods / block * replicates; nothing is allocated per replicate.
class BestOfManyTest {
 public:
  BestOfManyTest();
  ~BestOfManyTest();
  BestOfManyTest(BestOfManyTest&&) noexcept;
  BestOfManyTest& operator=(BestOfManyTest&&) noexcept;

  /// candidates: every one looked at, the chosen one and those given up included. Throws as compare_sharpe,
  /// and "stats.bad_test" where there is no candidate or `chosen` is none of them.
  BestOfManyResult run(std::span<const double> base, const SeriesView& candidates, std::size_t chosen,
                       const SharpeTestConfig& config);

 private:
  struct Workspace;
  std::unique_ptr<Workspace> workspace_;
};

/// Settings of the tests of mean differences.
struct MeanTestConfig {
  std::uint64_t seed = 1;  // replicate r draws from RandomStream(seed, r)
  std::size_t replicates = 1000;
  double level = 0.05;               // of stepwise_selection
  std::optional<double> mean_block;  // periods; absent: the largest automatic_block_length of the series
};

/// Hansen 2005, "A test for superior predictive ability": is any candidate better than the base on average?
struct SuperiorAbility {
  double statistic = 0;     // max(0, max_k sqrt(n) mean_k / w_k)
  double mean_block = 1;    // of the stationary bootstrap
  double p_lower = 1;       // liberal: candidates under the base keep their bad mean
  double p_consistent = 1;  // the one to use: only clearly bad candidates keep theirs
  double p_upper = 1;       // conservative: all are taken to be as good as the base
};
/// differences: candidate minus base (or loss of the base minus loss of the candidate), per period; its
/// deviations w_k by the stationary bootstrap's own variance formula. A series that does not vary is left
/// out. Throws Error "stats.bad_test" as above.
SuperiorAbility superior_ability(const SeriesView& differences, const MeanTestConfig& config);

/// White 2000, "A reality check for data snooping": p of max_k sqrt(n) mean_k, not studentised, all
/// recentred.
double reality_check(const SeriesView& differences, const MeanTestConfig& config);

/// Romano and Wolf 2005, "Stepwise multiple testing as formalized data snooping" (StepM): the candidates
/// whose mean is above 0, with a familywise error of at most `level`; studentised by w_k. Ascending.
std::vector<std::size_t> stepwise_selection(const SeriesView& differences, const MeanTestConfig& config);

}  // namespace stevie::stats
