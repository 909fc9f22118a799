#include "validation/checks.h"

#include "stats/overfitting.h"

namespace stevie::validation {
namespace {

using stats::Metric;

Check left_out(Check check) {
  check.outcome = Outcome::skipped;
  check.sentence = "Left out: it takes no part in the verdict.";
  return check;
}

Check report_win_rate(const Measured& m, bool run) {
  const auto rate = [](const Arm& arm) {
    return arm.win_rate ? Metric::of(*arm.win_rate) : Metric::absent("no closed trades");
  };
  Check check{"win_rate", 0, "Win rate", Outcome::reported, {}, {}};
  if (!run) return left_out(std::move(check));
  check.figures = {{"running", "Win rate, running", Unit::percent, rate(m.evidence.running)},
                   {"proposed", "Win rate, proposed", Unit::percent, rate(m.evidence.proposed)},
                   {"trades_running", "Trades, running", Unit::count, count_of(m.evidence.running.trades)}};
  check.sentence = "It decides nothing: many small wins can hide a large loss.";
  return check;
}

Check report_deflated_sharpe(const Measured& m, bool run) {
  Check check{"deflated_sharpe", 0, "Is the proposal good at all?", Outcome::reported, {}, {}};
  if (!run) return left_out(std::move(check));
  std::vector<double> ratios;
  for (const std::vector<double>& row : m.evidence.candidates) {
    const Metric ratio = stats::sharpe_ratio(row, 1);
    if (ratio) ratios.push_back(*ratio.value);
  }
  const Metric deviation = stats::annualised_volatility(ratios, 1);  // the plain deviation with ddof 1
  const std::span<const double> returns = m.evidence.proposed.returns;
  const Metric daily = stats::sharpe_ratio(returns, 1);
  const auto probability = [&](double benchmark) {
    if (!daily) return Metric::absent(holds_nothing);
    const Shape shape = shape_of(returns);
    return stats::probabilistic_sharpe(*daily.value, benchmark, m.days, shape.skewness, shape.kurtosis);
  };
  check.figures = {
      {"psr", "Probability that its Sharpe ratio is above 0", Unit::probability, probability(0)},
      {"dsr", "The same, deflated for every trial", Unit::probability,
       deviation ? probability(stats::expected_best_sharpe({m.evidence.trials, *deviation.value}))
                 : Metric::absent("fewer than 2 candidates that hold anything")},
      {"trials", "Trials made on the data", Unit::count, count_of(m.evidence.trials)}};
  check.sentence =
      "For information: the gate asks whether it is better than what runs, not whether both are good.";
  return check;
}

Check report_overfitting(const Measured& m, bool run) {
  constexpr std::size_t blocks = 10;
  Check check{"overfitting",     0,  "Does the winner of one half stay ahead on the other?",
              Outcome::reported, {}, {}};
  if (!run) return left_out(std::move(check));
  Metric pbo = Metric::absent("fewer than 2 candidates");
  if (m.days < 2 * blocks) {
    pbo = Metric::absent("there are too few days");
  } else if (m.evidence.candidates.size() >= 2) {
    std::vector<double> values;
    for (const std::vector<double>& row : m.evidence.candidates)
      values.insert(values.end(), row.begin(), row.end());
    pbo = Metric::of(stats::probability_of_overfitting({values, m.evidence.candidates.size(), m.days}, blocks)
                         .probability);
  }
  check.figures = {{"pbo", "Probability of backtest overfitting", Unit::probability, pbo}};
  check.sentence = "For information: about 50 % where the candidates do not differ.";
  return check;
}

}  // namespace

std::vector<Check> information(const Measured& m, bool run) {
  return {report_win_rate(m, run), report_deflated_sharpe(m, run), report_overfitting(m, run)};
}

}  // namespace stevie::validation
