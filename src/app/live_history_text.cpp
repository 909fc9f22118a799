#include "app/live_history_text.h"

#include <fmt/format.h>

#include "app/live_history_json.h"
#include "core/printable.h"

namespace stevie::app {
namespace {

std::string percent(double share) {
  return fmt::format("{:.2f} %", share * 100);
}
std::string signed_percent(double share) {
  return fmt::format("{:+.2f} %", share * 100);
}
std::string range(const stats::Interval& interval) {
  return fmt::format("{:.1f} to {:.1f} %", interval.low * 100, interval.high * 100);
}
std::string metric_text(const stats::Metric& metric) {
  return metric.value ? fmt::format("{:.4f}", *metric.value) : metric.reason;
}

/// "+12.34 %" or "1.23", with its interval, or why there is none.
std::string figure(const stats::Metric& metric, stats::Unit unit) {
  if (!metric.value) return "- (" + metric.reason + ")";
  const bool in_percent = unit == stats::Unit::percent;
  const auto text = [&](double value) {
    return in_percent ? fmt::format("{:.2f}", value * 100) : fmt::format("{:.3f}", value);
  };
  std::string line = text(*metric.value) + (in_percent ? " %" : "");
  if (metric.interval)
    line += fmt::format(" [{} to {}]", text(metric.interval->low), text(metric.interval->high));
  return line;
}

std::string group_line(const TradeGroup& group) {
  const std::string factor = group.profit_factor() ? fmt::format("{:.2f}", *group.profit_factor()) : "-";
  return fmt::format(
      "{:<16} {:>7} {:>9} {:>16} {:>12.2f} {:>8} {:>14.2f} {:>12}{}\n", group.key, group.trades,
      percent(group.win_rate()), range(group.win_rate_interval), group.expectancy(), factor, group.pnl,
      fmt::format("{:.1f} h", group.mean_duration / hour_ms), group.trades < few_trades ? "  few" : "");
}

}  // namespace

std::string trades_text(std::span<const LiveTrade> newest_first) {
  if (newest_first.empty()) return "no trades\n";
  std::string text =
      fmt::format("{:>6}  {:<12} {:<5} {:<20} {:<20} {:>12} {:>12} {:>12} {:>10}  {}\n", "number", "symbol",
                  "side", "entry", "exit", "in at", "out at", "pnl", "return", "why it was left, rule");
  for (const LiveTrade& trade : newest_first) {
    text += fmt::format(
        "{:>6}  {:<12} {:<5} {:<20} {:<20} {:>12.8g} {:>12} {:>12} {:>10}  {}{}\n", trade.number,
        trade.symbol, execution::to_string(trade.side), format_time(trade.entry_time),
        trade.open() ? "open" : format_time(trade.exit_time), trade.entry_price,
        trade.exit_price == 0 ? "-" : fmt::format("{:.8g}", trade.exit_price),
        trade.open() ? "-" : fmt::format("{:+.2f}", trade.profit),
        trade.open() ? "-" : signed_percent(trade.net_return()), trade.open() ? "-" : trade.exit_reason,
        trade.gist.rule.empty() ? "" : ", " + trade.gist.rule);
  }
  return printable(text);
}

std::string performance_text(const LivePerformance& performance, std::size_t open) {
  std::string text = fmt::format(
      "{} to {}: {} bars, {} UTC days, {} closed trades, {} open\nequity {:.2f} to {:.2f}, fees {:.2f}, "
      "traded "
      "{:.0f}\nin brackets: {:.0f} % intervals, where there are days or trades enough\n\n{:<18} {:<44} {}\n",
      format_time(performance.from), format_time(performance.to), performance.bars, performance.live.days,
      performance.live.trades, open, performance.initial_equity, performance.final_equity, performance.fees,
      performance.traded_notional, performance.level * 100, "", "live", "buy and hold");
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    text += fmt::format("{:<18} {:<44} {}\n", info.name, figure(performance.live.*info.field, info.unit),
                        figure(performance.buy_and_hold.*info.field, info.unit));
  }
  return printable(text);
}

std::string periods_text(std::span<const PeriodRow> newest_first, PeriodLength length) {
  if (newest_first.empty()) return "no bar has been traded yet\n";
  std::string text = fmt::format("{:<10} {:>10} {:>12} {:>10} {:>7} {:>9} {:>10} {:>13}\n", "period",
                                 "return", "pnl", "drawdown", "trades", "win rate", "fees", "buy and hold");
  for (const PeriodRow& row : newest_first) {
    const auto change = row.net_return();
    text += fmt::format(
        "{:<10} {:>10} {:>12.2f} {:>10} {:>7} {:>9} {:>10.2f} {:>13}\n", period_name(row, length),
        change ? signed_percent(*change) : "-", row.pnl(), percent(row.max_drawdown), row.trades,
        row.trades > 0 ? percent(static_cast<double>(row.won) / static_cast<double>(row.trades)) : "-",
        row.fees, signed_percent(row.held_return));
  }
  return text;
}

std::string groups_text(const TradeGroups& groups, GroupBy by) {
  if (!groups.all) return "no trade has been closed yet\n";
  std::string text = fmt::format("{:<16} {:>7} {:>9} {:>16} {:>12} {:>8} {:>14} {:>12}\n", to_string(by),
                                 "trades", "win rate", fmt::format("{:.0f} % interval", groups.level * 100),
                                 "expectancy", "factor", "pnl", "mean length");
  for (const TradeGroup& group : groups.groups) text += group_line(group);
  text += group_line(*groups.all);
  return printable(text + fmt::format("few: under {} trades, which say little\n", few_trades));
}

std::string confidence_text(const ConfidenceCheck& check) {
  const stats::Calibration& found = check.calibration;
  std::string text = fmt::format("{:<14} {:>7} {:>11} {:>10} {:>16}\n", "confidence", "trades", "mean", "won",
                                 fmt::format("{:.0f} % interval", check.level * 100));
  for (const stats::CalibrationBin& bin : found.bins) {
    if (bin.count == 0) continue;
    text += fmt::format("{:<14} {:>7} {:>11.3f} {:>10} {:>16}{}\n",
                        fmt::format("{:.2f} to {:.2f}", bin.low, bin.high), bin.count, bin.mean_prediction,
                        percent(bin.share), range(bin.interval), bin.count < few_trades ? "  few" : "");
  }
  text +=
      fmt::format("{} closed trades with a confidence, {} without\n", found.count, check.without_confidence);
  return text + fmt::format("Brier score {}, skill {}, expected calibration error {}\n",
                            metric_text(found.brier), metric_text(found.brier_skill),
                            metric_text(found.expected_error));
}

std::string decisions_text(const DecisionQuality& quality) {
  const auto counts = [](const std::map<std::string, std::uint64_t>& map) {
    std::string line;
    for (const auto& [key, times] : map) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", key, times);
    return line.empty() ? std::string("none") : line;
  };
  std::string text =
      fmt::format("{} decisions\nby reason: {}\nthat wanted something: {}\ndenied: {}\n\n", quality.decisions,
                  counts(quality.reasons), counts(quality.actions), counts(quality.denials));
  text += fmt::format("{} bars after a decision to enter, before costs:\n{:<28} {:>8} {:>9} {:>16} {:>12}\n",
                      quality.horizon, "", "entries", "right",
                      fmt::format("{:.0f} % interval", quality.level * 100), "mean return");
  for (const FollowUp& follow : quality.follow_ups) {
    const bool any = follow.count > 0;
    text += fmt::format(
        "{:<28} {:>8} {:>9} {:>16} {:>12}{}\n",
        follow.rule.empty() ? follow.what : follow.what + ": " + follow.rule, follow.count,
        any ? percent(static_cast<double>(follow.right) / static_cast<double>(follow.count)) : "-",
        any ? range(follow.right_interval) : "-", any ? signed_percent(follow.mean_return) : "-",
        follow.count < few_trades ? "  few" : "");
  }
  if (quality.market_return)
    text += fmt::format("{:<28} {:>8} {:>9} {:>16} {:>12}\n", "being long at any time", quality.market_bars,
                        "", "", signed_percent(*quality.market_return));
  return printable(text);
}

}  // namespace stevie::app
