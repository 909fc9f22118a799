#include "app/live_history_json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/time.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

std::string time_text(TimeMs time) {
  std::string text = format_time(time);
  if (text.find('.') == std::string::npos && text.ends_with('Z')) {
    text.pop_back();
    text += ".000Z";
  }
  return text;
}
Json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}
Json count_or_null(std::uint64_t value) {
  return value == 0 ? Json(nullptr) : Json(value);
}
Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json interval_json(const stats::Interval& interval) {
  return {{"low", interval.low}, {"high", interval.high}};
}
Json interval_json(const std::optional<stats::Interval>& interval) {
  return interval ? interval_json(*interval) : Json(nullptr);
}

Json metric_json(const stats::Metric& metric, std::string_view name) {
  return {{"name", name},
          {"value", number_or_null(metric.value)},
          {"low", metric.interval ? number_or_null(metric.interval->low) : Json(nullptr)},
          {"high", metric.interval ? number_or_null(metric.interval->high) : Json(nullptr)},
          {"reason", metric.value ? Json(nullptr) : Json(metric.reason)}};
}

Json metrics_json(const stats::Performance& performance) {
  Json metrics = Json::object();
  for (const stats::MetricInfo& info : stats::metric_infos())
    metrics[std::string(info.key)] = metric_json(performance.*info.field, info.name);
  return metrics;
}

Json group_json(const TradeGroup& group) {
  return {{"key", group.key},
          {"trades", group.trades},
          {"few", group.trades < few_trades},
          {"won", group.won},
          {"win_rate", group.win_rate()},
          {"win_rate_interval", interval_json(group.win_rate_interval)},
          {"expectancy", group.expectancy()},
          {"expectancy_interval", interval_json(group.expectancy_interval)},
          {"mean_return", group.mean_return},
          {"profit_factor", number_or_null(group.profit_factor())},
          {"gross_profit", group.gross_profit},
          {"gross_loss", group.gross_loss},
          {"pnl", group.pnl},
          {"fees", group.fees},
          {"mean_duration_ms", group.mean_duration},
          {"first_exit", time_text(group.first)},
          {"last_exit", time_text(group.last)}};
}

Json bin_json(const stats::CalibrationBin& bin) {
  const bool any = bin.count > 0;
  return {{"low", bin.low},
          {"high", bin.high},
          {"trades", bin.count},
          {"few", bin.count < few_trades},
          {"won", bin.successes},
          {"mean_confidence", any ? Json(bin.mean_prediction) : Json(nullptr)},
          {"share_won", any ? Json(bin.share) : Json(nullptr)},
          {"interval", any ? interval_json(bin.interval) : Json(nullptr)}};
}

Json follow_up_json(const FollowUp& follow) {
  const bool any = follow.count > 0;
  return {{"what", follow.what},
          {"rule", text_or_null(follow.rule)},
          {"entries", follow.count},
          {"few", follow.count < few_trades},
          {"pending", follow.pending},
          {"share_right",
           any ? Json(static_cast<double>(follow.right) / static_cast<double>(follow.count)) : Json(nullptr)},
          {"share_right_interval", any ? interval_json(follow.right_interval) : Json(nullptr)},
          {"mean_return", any ? Json(follow.mean_return) : Json(nullptr)},
          {"mean_return_interval", interval_json(follow.mean_interval)}};
}

}  // namespace

std::string to_json(const LiveTrade& trade) {
  const bool open = trade.open();
  return text_of({{"number", trade.number},
                  {"symbol", trade.symbol},
                  {"side", trade.side == execution::Side::long_side ? "long" : "short"},
                  {"open", open},
                  {"entry_time", time_text(trade.entry_time)},
                  {"exit_time", open ? Json(nullptr) : Json(time_text(trade.exit_time))},
                  {"duration_ms", open ? Json(nullptr) : Json(trade.exit_time - trade.entry_time)},
                  {"entry_price", trade.entry_price},
                  {"exit_price", trade.exit_price == 0 ? Json(nullptr) : Json(trade.exit_price)},
                  {"units", trade.units},
                  {"stop", number_or_null(trade.stop)},
                  {"take_profit", number_or_null(trade.take_profit)},
                  {"fees", trade.fees},
                  {"slippage", trade.slippage},
                  {"pnl", open ? Json(nullptr) : number_or_null(trade.profit)},
                  {"return", open ? Json(nullptr) : number_or_null(trade.net_return())},
                  {"exit_reason", text_or_null(trade.exit_reason)},
                  {"order_id", trade.order_id},
                  {"decision", count_or_null(trade.decision)},
                  {"parameter_version", count_or_null(trade.parameter_version)},
                  {"rule", text_or_null(trade.gist.rule)},
                  {"regime", text_or_null(trade.gist.regime)},
                  {"confidence", number_or_null(trade.gist.confidence)}});
}

std::string to_json(const LivePerformance& performance, const std::string& symbol, std::size_t open) {
  return text_of({{"symbol", text_or_null(symbol)},
                  {"from", time_text(performance.from)},
                  {"to", time_text(performance.to)},
                  {"bars", performance.bars},
                  {"days", performance.live.days},
                  {"trades", performance.live.trades},
                  {"open_trades", open},
                  {"initial_equity", performance.initial_equity},
                  {"final_equity", performance.final_equity},
                  {"fees", performance.fees},
                  {"traded_notional", performance.traded_notional},
                  {"level", performance.level},
                  {"metrics", metrics_json(performance.live)},
                  {"buy_and_hold", metrics_json(performance.buy_and_hold)}});
}

std::string period_name(const PeriodRow& row, PeriodLength length) {
  const CivilDate date = civil_date(row.begin);
  return length == PeriodLength::month ? fmt::format("{:04}-{:02}", date.year, date.month)
                                       : fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string to_json(const PeriodRow& row, PeriodLength length) {
  const Json win_rate =
      row.trades > 0 ? Json(static_cast<double>(row.won) / static_cast<double>(row.trades)) : Json(nullptr);
  return text_of({{"period", period_name(row, length)},
                  {"from", time_text(row.begin)},
                  {"to", time_text(row.end)},
                  {"bars", row.bars},
                  {"start_equity", row.start_equity},
                  {"end_equity", row.end_equity},
                  {"return", number_or_null(row.net_return())},
                  {"pnl", row.pnl()},
                  {"max_drawdown", row.max_drawdown},
                  {"trades", row.trades},
                  {"won", row.won},
                  {"win_rate", win_rate},
                  {"trade_pnl", row.trade_pnl},
                  {"fees", row.fees},
                  {"buy_and_hold_return", row.held_return}});
}

std::string to_json(const TradeGroups& groups, GroupBy by) {
  Json list = Json::array();
  for (const TradeGroup& group : groups.groups) list.push_back(group_json(group));
  return text_of({{"by", to_string(by)},
                  {"level", groups.level},
                  {"trades_left_out", groups.trades_left_out},
                  {"groups", std::move(list)},
                  {"all", groups.all ? group_json(*groups.all) : Json(nullptr)}});
}

std::string to_json(const ConfidenceCheck& check) {
  const stats::Calibration& found = check.calibration;
  Json bins = Json::array();
  for (const stats::CalibrationBin& bin : found.bins) bins.push_back(bin_json(bin));
  const bool any = found.count > 0;
  return text_of(
      {{"trades", found.count},
       {"won", found.successes},
       {"share_won",
        any ? Json(static_cast<double>(found.successes) / static_cast<double>(found.count)) : Json(nullptr)},
       {"too_few", found.count < few_trades},
       {"without_confidence", check.without_confidence},
       {"level", check.level},
       {"bins", std::move(bins)},
       {"brier", metric_json(found.brier, "Brier score")},
       {"brier_skill", metric_json(found.brier_skill, "Brier skill score")},
       {"expected_calibration_error", metric_json(found.expected_error, "Expected calibration error")}});
}

std::string to_json(const DecisionQuality& quality) {
  Json follow_ups = Json::array();
  for (const FollowUp& follow : quality.follow_ups) follow_ups.push_back(follow_up_json(follow));
  return text_of({{"decisions", quality.decisions},
                  {"actions", quality.actions},
                  {"denials", quality.denials},
                  {"reasons", quality.reasons},
                  {"horizon_bars", quality.horizon},
                  {"level", quality.level},
                  {"entries", std::move(follow_ups)},
                  {"market_return", number_or_null(quality.market_return)},
                  {"market_bars", quality.market_bars}});
}

}  // namespace stevie::app
