#include <nlohmann/json.hpp>

#include "evaluation/format.h"
#include "evaluation/report.h"

namespace stevie::evaluation {
namespace {

using Json = nlohmann::ordered_json;

Json metric_json(const stats::Metric& metric) {
  if (!metric) return {{"value", nullptr}, {"reason", metric.reason}};
  Json json{{"value", *metric.value}};
  if (metric.interval) {
    json["low"] = metric.interval->low;
    json["high"] = metric.interval->high;
  }
  return json;
}

Json contender_json(const Contender& contender) {
  const execution::SimulationResult& run = contender.run.result;
  Json metrics = Json::object();
  for (const stats::MetricInfo& info : stats::metric_infos())
    metrics[std::string(info.key)] = metric_json(contender.performance.*info.field);
  return {{"key", contender.run.key},
          {"name", contender.run.name},
          {"initial_equity", run.initial_equity},
          {"final_equity", run.equity.back()},
          {"days", contender.performance.days},
          {"trades", contender.performance.trades},
          {"mean_block_days", contender.mean_block},
          {"metrics", std::move(metrics)},
          {"costs",
           {{"fees", run.total_fees},
            {"slippage", run.total_slippage},
            {"funding", run.total_funding},
            {"traded_notional", run.traded_notional}}}};
}

Json difference_json(const stats::PairedDifference& row) {
  Json json = metric_json(row.difference);
  json["probability_better"] = row.probability_better ? Json(*row.probability_better) : Json(nullptr);
  return json;
}

Json trade_json(const execution::RoundTrip& trade) {
  return {{"entry_time", format_time(trade.entry_time)},
          {"exit_time", format_time(trade.exit_time)},
          {"side", execution::to_string(trade.side)},
          {"entry_price", trade.entry_price},
          {"exit_price", trade.exit_price},
          {"quantity", trade.quantity},
          {"fee", trade.fee},
          {"profit_abs", trade.profit_abs},
          {"profit_ratio", trade.profit_ratio},
          {"exit_reason", execution::to_string(trade.exit_reason)}};
}

}  // namespace

std::string render_json(const Evaluation& evaluation) {
  const Description& description = evaluation.description;
  Json json{{"format", "stevie-evaluation"},
            {"version", 1},
            {"title", description.title},
            {"model", description.model},
            {"data", description.data},
            {"synthetic", description.synthetic},
            {"from", format_time(evaluation.from)},
            {"to", format_time(evaluation.to)},
            {"bars", evaluation.bars.size()},
            {"interval", format_duration(evaluation.bars.interval)},
            {"verdict", verdict(evaluation)},
            {"notices", description.notices},
            {"bootstrap",
             {{"seed", evaluation.bootstrap.seed},
              {"replicates", evaluation.bootstrap.replicates},
              {"level", evaluation.bootstrap.level}}}};
  json["results"] = Json::array();
  for (const Contender* contender : table_order(evaluation))
    json["results"].push_back(contender_json(*contender));
  json["comparison"] = {{"with", evaluation.baselines[buy_and_hold_index].run.key},
                        {"mean_block_days", evaluation.comparison.mean_block},
                        {"sharpe", difference_json(evaluation.comparison.sharpe)},
                        {"total_return", difference_json(evaluation.comparison.total_return)},
                        {"annual_return", difference_json(evaluation.comparison.annual_return)}};
  json["months"] = Json::array();
  for (const MonthRow& row : evaluation.months)
    json["months"].push_back({{"month", format_month(row.year, row.month)},
                              {"strategy", metric_json(row.strategy)},
                              {"buy_and_hold", metric_json(row.buy_and_hold)},
                              {"difference", metric_json(row.difference)}});
  json["trades"] = Json::array();
  for (const execution::RoundTrip& trade : evaluation.strategy.run.result.trades)
    json["trades"].push_back(trade_json(trade));
  json["configuration"] = Json::object();
  for (const auto& [name, value] : description.configuration) json["configuration"][name] = value;
  // `replace`: a file name that is not UTF-8 must not make the whole report fail
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::evaluation
