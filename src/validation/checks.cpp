#include "validation/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/printable.h"

namespace stevie::validation {
namespace {

using stats::Metric;

constexpr double tail_share = 0.05;

std::string days_text(std::size_t days) {
  return figure_text(count_of(days), Unit::days);
}

Metric or_nothing(const Metric& metric) {
  return metric ? metric : Metric::absent(holds_nothing);
}

Check check_causality(const Measured& m) {
  const CausalityCheck& replay = m.evidence.causality;
  Check check{"causality", 1, "Stepping bar by bar gives what the batch gave", Outcome::failed, {}, {}};
  const std::string detail = replay.detail.empty() ? "" : ": " + printable(replay.detail);
  if (!replay.done)
    check.sentence = "The replay was not stepped through, so a look into the future was not ruled out.";
  else if (!replay.identical)
    check.sentence = "Stepped and batch results differ" + detail + ".";
  else
    check.sentence = "Stepped and batch results are identical" + detail + ".";
  if (replay.done && replay.identical) check.outcome = Outcome::passed;
  return check;
}

Check check_same_run(const Measured& m) {
  const Arm &running = m.evidence.running, &proposed = m.evidence.proposed;
  std::string differ;
  const auto compare = [&differ](bool same, const char* what) {
    if (!same) differ += (differ.empty() ? "" : ", ") + std::string(what);
  };
  compare(running.path == proposed.path, "path");
  compare(running.costs == proposed.costs, "costs");
  compare(running.seed == proposed.seed, "seed");
  Check check{"same_run", 1, "Both arms ran on the same path, costs and seed", Outcome::passed, {}, {}};
  check.sentence = "Path, costs and seed are the same.";
  if (!differ.empty()) {
    check.outcome = Outcome::failed;
    check.sentence = "The two arms differ in " + differ + ", so their difference proves nothing.";
  }
  return check;
}

Check check_unseen(const Measured& m) {
  const auto seen = std::ranges::count_if(m.evidence.running.days, [&m](std::int64_t day) {
    return std::ranges::any_of(m.evidence.searched, [day](const DayRange& range) {
      return day >= range.first && day <= range.last;
    });
  });
  Check check{"unseen", 1, "The search never saw the judged days", Outcome::passed, {}, {}};
  check.figures = {
      {"days", "Judged days", Unit::days, count_of(m.days)},
      {"days_seen", "Of these seen by the search", Unit::days, Metric::of(static_cast<double>(seen))}};
  check.sentence = "No judged day lies in a window that the search learned from.";
  if (seen > 0) {
    check.outcome = Outcome::failed;
    check.sentence = days_text(static_cast<std::size_t>(seen)) +
                     " of the judged ones lie in windows that the search learned from.";
  }
  return check;
}

/// Days after which a daily difference like the measured one is above 0 with the confidence asked for.
Metric minimum_track_record(const Measured& m) {
  std::vector<double> difference(m.days);
  for (std::size_t i = 0; i < m.days; ++i)
    difference[i] = m.scale * m.evidence.proposed.returns[i] - m.evidence.running.returns[i];
  const Metric sharpe = stats::sharpe_ratio(difference, 1);
  if (!sharpe) return Metric::absent("the two arms do not differ");
  if (*sharpe.value <= 0)
    return Metric::absent("the proposed arm is not ahead, and more days of the same would not change that");
  const Shape shape = shape_of(difference);
  const Metric days =
      stats::minimum_track_record(*sharpe.value, 0, shape.skewness, shape.kurtosis, 1 - m.level);
  return days ? Metric::of(std::ceil(*days.value)) : days;
}

Check check_track_record(const Measured& m) {
  Check check{"track_record", 4, "There is enough data", Outcome::lacking, {}, {}};
  Metric needed = m.days < 2 ? Metric::absent("fewer than 2 days") : minimum_track_record(m);
  const auto days = static_cast<double>(m.days);
  check.figures = {
      {"days", "Judged days", Unit::days, count_of(m.days)},
      {"days_needed", "Minimum track record of the difference", Unit::days, needed},
      {"minimum_days", "Never fewer than", Unit::days, count_of(m.config.minimum_days)},
      {"trades", "Trades, proposed", Unit::count, count_of(m.evidence.proposed.trades)},
      {"minimum_trades", "Trades needed", Unit::count, count_of(m.config.minimum_trades)},
  };
  if (!m.enough_days)
    check.sentence = fmt::format("{} are fewer than the {} that are always needed.", days_text(m.days),
                                 m.config.minimum_days);
  else if (!m.proposed)
    check.sentence = "The proposed arm holds nothing on these days.";
  else if (m.evidence.proposed.trades < m.config.minimum_trades)
    check.sentence = fmt::format("{} trades of the proposed arm are fewer than the {} that are needed.",
                                 m.evidence.proposed.trades, m.config.minimum_trades);
  else if (!needed)
    check.sentence = "There is no minimum track record: " + needed.reason + ".";
  else if (*needed.value > days)
    check.sentence = fmt::format("A difference like this needs {} to be told from luck; there are {}.",
                                 figure_text(needed, Unit::days), m.days);
  else {
    check.outcome = Outcome::passed;
    check.sentence = fmt::format("A difference like this needs {} to be told from luck; there are {}.",
                                 figure_text(needed, Unit::days), m.days);
  }
  return check;
}

/// Sharpe ratios with every cost doubled; 0 where an arm holds nothing.
Check check_doubled_costs(const Measured& m) {
  Check check{"doubled_costs", 4, "It stays ahead when every cost doubles", Outcome::lacking, {}, {}};
  const Metric running = stats::sharpe_ratio(m.evidence.running.doubled_costs_returns, stats::days_per_year);
  const Metric proposed =
      stats::sharpe_ratio(m.evidence.proposed.doubled_costs_returns, stats::days_per_year);
  check.figures = {
      {"sharpe_running", "Sharpe ratio, running, costs doubled", Unit::ratio, or_nothing(running)},
      {"sharpe_proposed", "Sharpe ratio, proposed, costs doubled", Unit::ratio, or_nothing(proposed)}};
  if (!m.proposed) {
    check.sentence = "The proposed arm holds nothing on these days.";
    return check;
  }
  const double before = running.value.value_or(0);
  check.outcome = proposed && *proposed.value > before ? Outcome::passed : Outcome::failed;
  check.sentence = fmt::format("With every cost doubled the Sharpe ratio is {} against {}.",
                               figure_text(proposed, Unit::ratio),
                               running ? figure_text(running, Unit::ratio) : "holding nothing");
  return check;
}

/// Largest loss from a peak of an account that gains these returns times `scale`.
Metric drawdown_of(std::span<const double> returns, double scale) {
  std::vector<double> equity;
  equity.reserve(returns.size());
  double level = 1;
  for (const double value : returns) equity.push_back(level *= std::max(1 + scale * value, 0.0));
  if (!std::isfinite(level)) return Metric::absent("the account grows beyond all numbers");
  return Metric::of(stats::max_drawdown(1, equity));
}

/// Mean loss of the worst days, as a positive number.
Metric tail_loss_of(std::span<const double> returns, double scale) {
  const Metric mean = stats::conditional_value_at_risk(returns, tail_share);
  return mean ? Metric::of(-scale * *mean.value) : mean;
}

/// One figure that must not be worse than the running arm's at its volatility, or, where that arm holds
/// nothing, than a fixed limit.
struct RiskFigure {
  const char* key;
  const char* title;
  const char* name;
  Unit unit;
  Metric running, proposed;
  double idle_limit;
};

Check check_risk(const Measured& m, const RiskFigure& risk) {
  Check check{risk.key, 3, risk.title, Outcome::lacking, {}, {}};
  const bool idle = !m.running;
  const double base = risk.running.value.value_or(0);
  const double limit = idle ? risk.idle_limit : base + m.config.tolerance * std::abs(base);
  check.figures = {
      {"running", fmt::format("{}, running", risk.name), risk.unit,
       idle ? Metric::absent(holds_nothing) : risk.running},
      {"proposed", fmt::format("{}, proposed{}", risk.name, idle ? "" : " at the same volatility"), risk.unit,
       m.proposed ? risk.proposed : Metric::absent(holds_nothing)},
      {"limit", "At most", risk.unit, Metric::of(limit)},
      {"scale", "Proposed arm scaled by", Unit::ratio,
       idle ? Metric::absent("there is no volatility to match") : Metric::of(m.scale)}};
  if (!m.proposed || !m.enough_days) {
    check.sentence =
        m.proposed ? "There are too few days to tell." : "The proposed arm holds nothing on these days.";
    return check;
  }
  if (!risk.proposed || (!idle && !risk.running)) {
    check.outcome = Outcome::failed;
    check.sentence = "It cannot be measured: " + (risk.proposed ? risk.running : risk.proposed).reason + ".";
    return check;
  }
  check.outcome = *risk.proposed.value <= limit ? Outcome::passed : Outcome::failed;
  const std::string against =
      idle ? fmt::format("the fixed limit is {}, as the running arm holds nothing",
                         figure_text(Metric::of(limit), risk.unit))
           : fmt::format("the running arm has {}, and {} is the limit", figure_text(risk.running, risk.unit),
                         figure_text(Metric::of(limit), risk.unit));
  check.sentence = fmt::format("{} is {}; {}.", risk.name, figure_text(risk.proposed, risk.unit), against);
  return check;
}

Check check_drawdown(const Measured& m) {
  return check_risk(m, {"drawdown", "Max drawdown is not worse", "Max drawdown", Unit::percent,
                        drawdown_of(m.evidence.running.returns, 1),
                        drawdown_of(m.evidence.proposed.returns, m.scale), m.config.idle_max_drawdown});
}

Check check_tail_loss(const Measured& m) {
  return check_risk(
      m, {"tail_loss", "The mean loss of the worst 5 % of days (CVaR) is not worse",
          "Mean loss of the worst 5 % of days", Unit::percent, tail_loss_of(m.evidence.running.returns, 1),
          tail_loss_of(m.evidence.proposed.returns, m.scale), m.config.idle_cvar});
}

Check check_turnover(const Measured& m) {
  return check_risk(m, {"turnover", "Turnover is not worse", "Turnover", Unit::per_year,
                        Metric::of(m.evidence.running.turnover),
                        Metric::of(m.scale * m.evidence.proposed.turnover), m.config.idle_turnover});
}

}  // namespace

Measured::Measured(const Evidence& the_evidence, const GateConfig& the_config, double the_level)
    : evidence(the_evidence),
      config(the_config),
      level(the_level),
      days(the_evidence.running.days.size()),
      running(stats::sharpe_ratio(the_evidence.running.returns, stats::days_per_year)),
      proposed(stats::sharpe_ratio(the_evidence.proposed.returns, stats::days_per_year)),
      enough_days(days >= the_config.minimum_days) {
  if (running && proposed)
    scale = *stats::annualised_volatility(evidence.running.returns, 1).value /
            *stats::annualised_volatility(evidence.proposed.returns, 1).value;
}

Shape shape_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double second = 0, third = 0, fourth = 0;
  for (const double value : values) {
    const double distance = value - mean, square = distance * distance;
    second += square / n;
    third += square * distance / n;
    fourth += square * square / n;
  }
  return {third / std::pow(second, 1.5), fourth / (second * second)};
}

Metric count_of(std::size_t count) {
  return Metric::of(static_cast<double>(count));
}

std::string percent_text(double fraction) {
  return figure_text(Metric::of(fraction), Unit::percent);
}

std::vector<Check> run_checks(const Evidence& evidence, const GateConfig& config, double level) {
  const Measured m(evidence, config, level);
  const Check track_record = check_track_record(m);
  std::vector<Check> checks{check_causality(m),   check_same_run(m),      check_unseen(m),
                            check_improvement(m), check_drawdown(m),      check_tail_loss(m),
                            check_turnover(m),    check_doubled_costs(m), track_record};
  const auto passed = [](const Check& check) { return check.outcome == Outcome::passed; };
  const bool open = std::ranges::all_of(checks, passed);
  Check probability = check_probability(m, passed(track_record), config.full_report || open);
  const bool promoted = open && passed(probability);
  checks.insert(checks.begin() + 4, std::move(probability));
  for (Check& check : information(m, config.full_report || promoted)) checks.push_back(std::move(check));
  return checks;
}

}  // namespace stevie::validation
