#include "validation/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/comparison_tests.h"

namespace stevie::validation {
namespace {

using stats::Metric;

/// What the Sharpe ratio has to grow by, in annual points.
double required_difference(const Measured& m) {
  const bool relative = m.running && *m.running.value > 0;
  return relative ? m.config.improvement * *m.running.value : m.config.absolute_improvement;
}

/// The bootstrap, and whether it was broken off once its p value was certain to miss the level.
struct Tested {
  stats::BestOfManyResult result;
  bool broken_off = false;
};

/// So many replicates that the level can be met with room to spare.
std::size_t needed_replicates(const Measured& m) {
  constexpr double steps = 10, most = 200'000;
  return std::max(m.config.replicates, static_cast<std::size_t>(std::min(std::ceil(steps / m.level), most)));
}

Tested test_best_of_many(const Measured& m) {
  std::vector<double> values;
  values.reserve(m.evidence.candidates.size() * m.days);
  for (const std::vector<double>& row : m.evidence.candidates)
    values.insert(values.end(), row.begin(), row.end());
  const auto chosen = static_cast<std::size_t>(
      std::ranges::find(m.evidence.candidates, m.evidence.proposed.returns) - m.evidence.candidates.begin());
  stats::BestOfManyTest test;
  const auto run = [&](std::size_t replicates) {
    const auto count = static_cast<double>(replicates);
    return test.run(
        m.evidence.running.returns, {values, m.evidence.candidates.size(), m.days}, chosen,
        {.seed = m.config.seed,
         .replicates = replicates,
         .confidence = std::min(1 - m.level, count / (count + 1)),
         .relative_margin = m.config.strict ? m.config.improvement : 0,
         .absolute_margin =
             m.config.strict ? m.config.absolute_improvement / std::sqrt(stats::days_per_year) : 0});
  };
  const std::size_t all = needed_replicates(m);
  // The first replicates of a longer run are those of a shorter one. Once so many of them reach the chosen
  // candidate's statistic that the whole run has to miss the level, the rest cannot bring it back.
  if (!m.config.full_report) {
    const double misses = m.level * static_cast<double>(all + 1);
    for (auto part = static_cast<std::size_t>(std::max(100.0, 2 * misses)); 2 * part < all; part *= 3) {
      stats::BestOfManyResult result = run(part);
      const double reached = result.p_adjusted * static_cast<double>(part + 1);
      if (reached - 0.5 > misses) return {std::move(result), true};
    }
  }
  return {run(all), false};
}

Metric annual(const std::optional<double>& daily, const char* reason) {
  return daily ? Metric::of(*daily * std::sqrt(stats::days_per_year)) : Metric::absent(reason);
}

std::vector<Figure> probability_figures(const Measured& m, const Tested& tested) {
  const stats::BestOfManyResult& result = tested.result;
  const auto full = [&tested](const Metric& value) {
    return tested.broken_off ? Metric::absent("broken off: it cannot reach the confidence needed") : value;
  };
  return {
      {"confidence", "Confidence that it is better", Unit::probability,
       full(Metric::of(1 - result.p_adjusted))},
      {"confidence_needed", "Confidence needed", Unit::probability, Metric::of(1 - m.level)},
      {"p_adjusted", "p, corrected for all candidates", Unit::ratio, full(Metric::of(result.p_adjusted))},
      {"p_single", "p, of this candidate alone", Unit::ratio, full(Metric::of(result.chosen.p_greater))},
      {"difference_low", m.config.strict ? "Lower bound beyond the margin" : "Lower bound of the difference",
       Unit::ratio, full(annual(result.theta_low, "the test is not defined"))},
      {"improvement_low", "Lower bound of the improvement", Unit::percent,
       full(result.improvement_low ? Metric::of(*result.improvement_low)
                                   : Metric::absent("the running Sharpe ratio is not surely above 0"))},
      {"candidates", "Candidates looked at", Unit::count, count_of(m.evidence.candidates.size())},
      {"judged_before", "Proposals judged before on these days", Unit::count,
       count_of(m.evidence.judged_before)},
      {"block", "Days resampled together", Unit::days, count_of(result.chosen.block)}};
}

}  // namespace

Check check_improvement(const Measured& m) {
  Check check{"improvement", 2, "The estimated improvement is large enough", Outcome::lacking, {}, {}};
  const double running = m.running.value.value_or(0);
  const double difference = m.proposed.value.value_or(0) - running;
  const double required = required_difference(m);
  const bool relative = running > 0;
  check.figures = {{"sharpe_running", "Sharpe ratio, running", Unit::ratio,
                    m.running ? m.running : Metric::absent(holds_nothing)},
                   {"sharpe_proposed", "Sharpe ratio, proposed", Unit::ratio,
                    m.proposed ? m.proposed : Metric::absent(holds_nothing)},
                   {"difference", "Difference", Unit::ratio, Metric::of(difference)},
                   {"improvement", "As a share of the running one", Unit::percent,
                    relative ? Metric::of(difference / running)
                             : Metric::absent("the running Sharpe ratio is not above 0")},
                   {"difference_needed", "Difference needed", Unit::ratio, Metric::of(required)}};
  if (!m.proposed) {
    check.sentence = "The proposed arm holds nothing on these days: there is nothing to judge.";
    return check;
  }
  check.outcome = difference >= required ? Outcome::passed : Outcome::failed;
  const std::string from = m.running ? fmt::format("from {:.2f}", running) : "against holding nothing";
  const std::string needed = relative ? percent_text(m.config.improvement)
                                      : fmt::format("{:.2f} points", m.config.absolute_improvement);
  check.sentence = fmt::format("The Sharpe ratio moves {} to {:.2f}; at least {} more is asked for.", from,
                               *m.proposed.value, needed);
  return check;
}

Check check_probability(const Measured& m, bool enough_data, bool run) {
  Check check{"probability", 2, "It is better, and not only the luckiest of many", Outcome::lacking, {}, {}};
  if (m.config.strict) check.title = "It is better by the margin, and not only the luckiest of many";
  if (!run) {
    check.outcome = Outcome::skipped;
    check.sentence = "Left out: another check has decided.";
    return check;
  }
  if (!m.enough_days || !m.proposed) {
    check.sentence = m.enough_days ? "The proposed arm holds nothing on these days."
                                   : "There are too few days to resample.";
    return check;
  }
  const Tested tested = test_best_of_many(m);
  check.figures = probability_figures(m, tested);
  const double p = tested.result.p_adjusted;
  const bool proven = !tested.broken_off && tested.result.chosen.undefined.empty() && p <= m.level;
  check.outcome = proven ? Outcome::passed : enough_data ? Outcome::failed : Outcome::lacking;
  const std::size_t count = m.evidence.candidates.size();
  const std::string best = count == 1 ? "An equally good candidate"
                                      : fmt::format("The luckiest of {} equally good candidates", count);
  if (!tested.result.chosen.undefined.empty())
    check.sentence = "There is no test: " + tested.result.chosen.undefined + ".";
  else if (tested.broken_off)
    check.sentence =
        fmt::format("{} would look this good in more than {} of cases.", best, percent_text(m.level));
  else
    check.sentence = fmt::format("{} would look this good in {} of cases; at most {} is allowed.", best,
                                 percent_text(p), percent_text(m.level));
  return check;
}

}  // namespace stevie::validation
