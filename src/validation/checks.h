#pragma once
#include <span>
#include <string>
#include <vector>

#include "validation/gate.h"

namespace stevie::validation {

/// All checks of sound evidence, in the order of the report. `level` is the error that this proposal is
/// allowed, after the correction for those judged before it.
std::vector<Check> run_checks(const Evidence& evidence, const GateConfig& config, double level);

/// A number as its unit is read: "12.4 %", "1,095 days"; "-" where it is absent.
std::string figure_text(const stats::Metric& value, Unit unit);

// What follows is shared by the files that hold the checks.

/// Why an arm without volatility has no Sharpe ratio.
inline constexpr const char* holds_nothing = "the arm holds nothing";

/// Figures that several checks need.
struct Measured {
  Measured(const Evidence& the_evidence, const GateConfig& the_config, double the_level);

  const Evidence& evidence;
  const GateConfig& config;
  double level;
  std::size_t days;
  stats::Metric running, proposed;  // annual Sharpe ratios; absent: the arm holds nothing
  double scale = 1;                 // that gives the proposed arm the running arm's volatility
  bool enough_days;                 // minimum_days are reached
};

/// Skewness and kurtosis (normal: 0 and 3) of values that vary.
struct Shape {
  double skewness = 0;
  double kurtosis = 3;
};
Shape shape_of(std::span<const double> values);

stats::Metric count_of(std::size_t count);
std::string percent_text(double fraction);

Check check_improvement(const Measured& m);
/// The bootstrap over all candidates; with `run` false it is left out. A p value that misses the level is a
/// failure where the track record is long enough, else more data could mend it.
Check check_probability(const Measured& m, bool enough_data, bool run);

/// Win rate, deflated Sharpe ratio, probability of overfitting: no part of the verdict.
std::vector<Check> information(const Measured& m, bool run);

}  // namespace stevie::validation
