#include <algorithm>
#include <sstream>
#include <vector>

#include "evaluation/format.h"
#include "evaluation/report.h"

namespace stevie::evaluation {
namespace {

using Table = std::vector<std::vector<std::string>>;

/// Columns padded to their widest cell: the first to the left, the others to the right.
std::string aligned(const Table& table) {
  std::vector<std::size_t> widths;
  for (const auto& row : table) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += i == 0 ? row[i] + padding : padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string header(const Evaluation& evaluation) {
  const Description& description = evaluation.description;
  std::string text = description.title + "\n";
  if (description.synthetic)
    text += "SYNTHETIC MARKET: these prices were generated, nobody ever traded at them.\n";
  if (!description.model.empty()) text += "model   " + description.model + "\n";
  if (!description.data.empty()) text += "data    " + description.data + "\n";
  text += "period  " + format_time(evaluation.from) + " to " + format_time(evaluation.to) + ", " +
          format_fixed(static_cast<double>(evaluation.bars.size()), 0) + " bars of " +
          format_duration(evaluation.bars.interval) + "\n";
  text += "\n" + verdict(evaluation) + "\n";
  for (const std::string& notice : description.notices) text += "note: " + notice + "\n";
  return text;
}

std::string metric_table(const Evaluation& evaluation) {
  const std::vector<const Contender*> contenders = table_order(evaluation);
  Table table{{""}};
  for (const Contender* contender : contenders) {
    table[0].push_back(contender->run.name);
    if (contender == contenders.front())
      table[0].push_back(format_fixed(evaluation.bootstrap.level * 100, 0) + " % interval");
  }
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    std::vector<std::string> row{std::string(info.name)};
    for (const Contender* contender : contenders) {
      const stats::Metric& metric = contender->performance.*info.field;
      row.push_back(format_metric(metric, info.unit));
      if (contender == contenders.front()) row.push_back(format_interval(metric, info.unit));
    }
    table.push_back(std::move(row));
  }
  std::vector<std::string> trades{"Trades"};
  for (const Contender* contender : contenders) {
    trades.push_back(std::to_string(contender->performance.trades));
    if (contender == contenders.front()) trades.emplace_back();
  }
  table.push_back(std::move(trades));
  return aligned(table);
}

/// One line for each reason why figures of the strategy are missing.
std::string absent_reasons(const Evaluation& evaluation) {
  std::vector<std::pair<std::string, std::string>> reasons;  // reason, names
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    const stats::Metric& metric = evaluation.strategy.performance.*info.field;
    if (metric) continue;
    const auto known =
        std::find_if(reasons.begin(), reasons.end(), [&](const auto& r) { return r.first == metric.reason; });
    if (known == reasons.end())
      reasons.emplace_back(metric.reason, std::string(info.name));
    else
      known->second += ", " + std::string(info.name);
  }
  std::string text;
  for (const auto& [reason, names] : reasons) text += "-  " + names + ": " + reason + "\n";
  return text;
}

std::string difference_table(const Evaluation& evaluation) {
  Table table{{"Strategy minus buy and hold", "difference", "interval", "P(better)"}};
  const auto add = [&](const char* name, const stats::PairedDifference& row, stats::Unit unit) {
    table.push_back({name, format_metric(row.difference, unit), format_interval(row.difference, unit),
                     row.probability_better ? format_percent(*row.probability_better) : "-"});
  };
  add("Sharpe ratio", evaluation.comparison.sharpe, stats::Unit::ratio);
  add("Total return", evaluation.comparison.total_return, stats::Unit::percent);
  add("Annual return", evaluation.comparison.annual_return, stats::Unit::percent);
  return aligned(table);
}

std::string month_table(const Evaluation& evaluation) {
  Table table{{"Month", "strategy", "buy and hold", "difference"}};
  for (const MonthRow& row : evaluation.months)
    table.push_back({format_month(row.year, row.month), format_metric(row.strategy, stats::Unit::percent),
                     format_metric(row.buy_and_hold, stats::Unit::percent),
                     format_metric(row.difference, stats::Unit::percent)});
  return aligned(table);
}

std::string cost_table(const Evaluation& evaluation) {
  Table table{{"Costs", "fees", "spread and slippage", "funding", "traded"}};
  for (const Contender* contender : table_order(evaluation)) {
    const execution::SimulationResult& run = contender->run.result;
    table.push_back({contender->run.name, format_fixed(run.total_fees, 2),
                     format_fixed(run.total_slippage, 2), format_fixed(run.total_funding, 2),
                     format_fixed(run.traded_notional, 2)});
  }
  return aligned(table);
}

}  // namespace

std::string render_text(const Evaluation& evaluation) {
  std::string text = header(evaluation) + "\n" + metric_table(evaluation);
  const std::string reasons = absent_reasons(evaluation);
  if (!reasons.empty()) text += reasons;
  return text + "\n" + difference_table(evaluation) + "\n" + month_table(evaluation) + "\n" +
         cost_table(evaluation);
}

}  // namespace stevie::evaluation
