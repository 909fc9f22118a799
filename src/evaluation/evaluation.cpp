#include "evaluation/evaluation.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "evaluation/format.h"

namespace stevie::evaluation {
namespace {

Contender measured(NamedRun run, const stats::BootstrapConfig& bootstrap) {
  Contender contender;
  contender.run = std::move(run);
  std::vector<double> profits;
  const stats::EquityCurve curve = equity_curve(contender.run.result, profits);
  contender.performance = stats::measure(curve);
  contender.mean_block = stats::add_intervals(curve, bootstrap, contender.performance);
  return contender;
}

stats::Metric difference_of(const stats::Metric& first, const stats::Metric& second) {
  if (!first) return stats::Metric::absent(first.reason);
  if (!second) return stats::Metric::absent(second.reason);
  return stats::Metric::of(*first.value - *second.value);
}

std::vector<MonthRow> month_rows(const stats::EquityCurve& strategy, const stats::EquityCurve& benchmark) {
  const std::vector<stats::MonthReturn> first = stats::monthly_returns(strategy);
  const std::vector<stats::MonthReturn> second = stats::monthly_returns(benchmark);
  std::vector<MonthRow> rows;
  for (std::size_t i = 0; i < first.size(); ++i)
    rows.push_back({first[i].year, first[i].month, first[i].value, second[i].value,
                    difference_of(first[i].value, second[i].value)});
  return rows;
}

void check_aligned(const NamedRun& run, const market::Bars& bars) {
  if (run.result.open_time != bars.open_time || run.result.equity.size() != bars.size())
    throw Error("evaluation.unaligned",
                "the run '" + run.name + "' does not cover the bars it is shown with");
}

/// What the interval of the Sharpe difference says, as the end of the verdict.
std::string conclusion(const stats::PairedDifference& sharpe, double level) {
  if (!sharpe.difference)
    return "; their Sharpe ratios cannot be compared (" + sharpe.difference.reason + ").";
  std::string text =
      "; the difference of their Sharpe ratios is " + format_fixed(*sharpe.difference.value, 2);
  if (!sharpe.difference.interval) return text + ".";
  const stats::Interval interval = *sharpe.difference.interval;
  text += " with a " + format_fixed(level * 100, 0) + " % interval of [" + format_fixed(interval.low, 2) +
          ", " + format_fixed(interval.high, 2) + "], so ";
  if (interval.low > 0) return text + "it was better than buy and hold by more than chance explains.";
  if (interval.high < 0) return text + "it was worse than buy and hold by more than chance explains.";
  return text + "it cannot be told apart from buy and hold.";
}

}  // namespace

stats::EquityCurve equity_curve(const execution::SimulationResult& result, std::vector<double>& profits) {
  profits.clear();
  for (const execution::RoundTrip& trade : result.trades) profits.push_back(trade.profit_abs);
  return {result.initial_equity, result.interval, result.open_time,      result.equity,
          result.exposure,       profits,         result.traded_notional};
}

Evaluation evaluate(NamedRun strategy, std::vector<NamedRun> baselines, market::Bars bars,
                    Description description, const stats::BootstrapConfig& bootstrap) {
  if (baselines.size() <= buy_and_hold_index)
    throw Error("evaluation.no_baseline", "an evaluation needs the run of buy and hold to compare with");
  if (bars.empty()) throw Error("evaluation.bad_range", "the period holds no bars");
  check_aligned(strategy, bars);
  for (const NamedRun& run : baselines) check_aligned(run, bars);

  Evaluation evaluation;
  evaluation.description = std::move(description);
  evaluation.bootstrap = bootstrap;
  evaluation.bars = std::move(bars);
  evaluation.from = evaluation.bars.open_time.front();
  evaluation.to = evaluation.bars.open_time.back() + evaluation.bars.interval;
  evaluation.strategy = measured(std::move(strategy), bootstrap);
  for (NamedRun& run : baselines) evaluation.baselines.push_back(measured(std::move(run), bootstrap));

  std::vector<double> profits, benchmark_profits;
  const stats::EquityCurve curve = equity_curve(evaluation.strategy.run.result, profits);
  const stats::EquityCurve benchmark =
      equity_curve(evaluation.baselines[buy_and_hold_index].run.result, benchmark_profits);
  evaluation.comparison = stats::compare_paired(curve, benchmark, bootstrap);
  evaluation.months = month_rows(curve, benchmark);
  return evaluation;
}

std::vector<const Contender*> table_order(const Evaluation& evaluation) {
  std::vector<const Contender*> order{&evaluation.strategy};
  for (std::size_t i = buy_and_hold_index; i < evaluation.baselines.size(); ++i)
    order.push_back(&evaluation.baselines[i]);
  order.push_back(&evaluation.baselines[cash_index]);
  return order;
}

std::string verdict(const Evaluation& evaluation) {
  const stats::Performance& policy = evaluation.strategy.performance;
  const stats::Performance& market = evaluation.baselines[buy_and_hold_index].performance;
  std::string text = evaluation.description.synthetic ? "On a synthetic market, over " : "Over ";
  text += format_date(evaluation.from) + " to " + format_date(evaluation.to - 1) + ", " +
          evaluation.description.subject + " ";
  const auto outcome = [](const stats::Metric& total) {
    return (*total.value < 0 ? "lost " : "earned ") + format_percent(std::abs(*total.value));
  };
  const bool traded = evaluation.strategy.run.result.traded_notional > 0;
  text += (traded ? "" : "never traded and ") + outcome(policy.total_return) + " while buy and hold " +
          outcome(market.total_return);
  return text + conclusion(evaluation.comparison.sharpe, evaluation.bootstrap.level);
}

}  // namespace stevie::evaluation
