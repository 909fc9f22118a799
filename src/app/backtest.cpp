#include "app/backtest.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "market/readers.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t notices_in_text = 10;

stats::Performance measure(const execution::SimulationResult& result) {
  std::vector<double> profits;
  profits.reserve(result.trades.size());
  for (const execution::RoundTrip& trade : result.trades) profits.push_back(trade.profit_abs);
  return stats::measure({.initial_equity = result.initial_equity,
                         .interval = result.interval,
                         .open_time = result.open_time,
                         .equity = result.equity,
                         .exposure = result.exposure,
                         .trade_profit = profits,
                         .traded_notional = result.traded_notional});
}

std::map<std::string_view, std::size_t> exits_by_reason(const execution::SimulationResult& result) {
  std::map<std::string_view, std::size_t> counts;
  for (const execution::RoundTrip& trade : result.trades) ++counts[execution::to_string(trade.exit_reason)];
  return counts;
}

std::string shown(const stats::Metric& metric, stats::Unit unit) {
  if (!metric) return "- (" + metric.reason + ")";
  switch (unit) {
    case stats::Unit::percent:
      return fmt::format("{:.4f} %", *metric.value * 100);
    case stats::Unit::currency:
      return fmt::format("{:.2f}", *metric.value);
    default:
      return fmt::format("{:.4f}", *metric.value);
  }
}

Json as_json(const stats::Metric& metric) {
  if (metric) return {{"value", *metric.value}};
  return {{"value", nullptr}, {"reason", metric.reason}};
}

}  // namespace

BacktestReport run_signal_backtest(const BacktestRequest& request) {
  request.config.engine.validate();
  const market::Bars bars = market::read_bars(request.bars);
  const evaluation::Signals signals = evaluation::read_signals(request.signals, bars);
  const execution::Instrument& instrument = request.config.engine.instrument;
  const execution::BarTape tape = execution::make_bar_tape(bars, instrument, nullptr, request.bars.string());
  execution::BarTape detail;
  if (!request.detail_bars.empty()) {
    detail = execution::make_bar_tape(market::read_bars(request.detail_bars), instrument, nullptr,
                                      request.detail_bars.string());
  }
  BacktestReport report{request, bars.symbol, {}, {}};
  report.replay = evaluation::replay_signals(tape, signals, request.config,
                                             request.detail_bars.empty() ? nullptr : &detail);
  report.performance = measure(report.replay.result);
  if (!request.trades_out.empty()) {
    write_file(request.trades_out, evaluation::format_trades(report.replay.result.trades));
  }
  return report;
}

std::string backtest_text(const BacktestReport& report) {
  const execution::SimulationResult& result = report.replay.result;
  std::string text =
      fmt::format("Signals {} on {}{}\n", report.request.signals.string(), report.request.bars.string(),
                  report.symbol.empty() ? "" : " (" + report.symbol + ")");
  text += fmt::format("{} to {}, {} bars of {}\n\n", format_time(result.open_time.front()),
                      format_time(result.open_time.back()), result.open_time.size(),
                      format_duration(result.interval));
  const auto row = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<22} {}\n", name, value);
  };
  row("Initial equity", fmt::format("{:.2f}", result.initial_equity));
  row("Final equity", fmt::format("{:.2f}", result.equity.back()));
  row("Round trips", std::to_string(report.performance.trades));
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    row(info.name, shown(report.performance.*info.field, info.unit));
  }
  row("Fees", fmt::format("{:.2f}", result.total_fees));
  row("Spread and slippage", fmt::format("{:.2f}", result.total_slippage));
  row("Funding", fmt::format("{:.2f}", result.total_funding));
  for (const auto& [reason, count] : exits_by_reason(result)) {
    row("Exits by " + std::string(reason), std::to_string(count));
  }
  const auto& notices = report.replay.notices;
  if (!notices.empty()) text += "\nNotices:\n";
  for (std::size_t i = 0; i < std::min(notices.size(), notices_in_text); ++i) {
    text += fmt::format("  {}  {}\n", format_time(notices[i].time), notices[i].text);
  }
  if (notices.size() > notices_in_text) {
    text += fmt::format("  and {} more (--json lists them)\n", notices.size() - notices_in_text);
  }
  return text;
}

std::string backtest_json(const BacktestReport& report) {
  const execution::SimulationResult& result = report.replay.result;
  Json json;
  json["bars"] = report.request.bars.string();
  json["signals"] = report.request.signals.string();
  json["symbol"] = report.symbol;
  json["from"] = format_time(result.open_time.front());
  json["to"] = format_time(result.open_time.back());
  json["bar_count"] = result.open_time.size();
  json["interval"] = format_duration(result.interval);
  json["initial_equity"] = result.initial_equity;
  json["final_equity"] = result.equity.back();
  json["trades"] = report.performance.trades;
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    json["metrics"][std::string(info.key)] = as_json(report.performance.*info.field);
  }
  json["fees"] = result.total_fees;
  json["slippage"] = result.total_slippage;
  json["funding"] = result.total_funding;
  json["traded_notional"] = result.traded_notional;
  json["exit_reasons"] = Json::object();
  for (const auto& [reason, count] : exits_by_reason(result))
    json["exit_reasons"][std::string(reason)] = count;
  json["notices"] = Json::array();
  for (const execution::Notice& notice : report.replay.notices) {
    json["notices"].push_back({{"time", format_time(notice.time)}, {"text", notice.text}});
  }
  return json.dump(2) + "\n";
}

}  // namespace stevie::app
