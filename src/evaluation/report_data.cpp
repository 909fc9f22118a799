#include "evaluation/report_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stats/metrics.h"

namespace stevie::evaluation {
namespace {

using Json = nlohmann::ordered_json;

constexpr int price_digits = 10;
constexpr int curve_digits = 6;

/// The number with as many significant digits as a chart can show.
Json short_number(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
  return std::strtod(buffer, nullptr);
}

Json short_numbers(std::span<const double> values, int digits) {
  Json list = Json::array();
  for (const double value : values) list.push_back(short_number(value, digits));
  return list;
}

void add_candles(const market::Bars& bars, std::size_t group, Json& json) {
  for (const char* column : {"time", "open", "high", "low", "close"}) json[column] = Json::array();
  for (std::size_t begin = 0; begin < bars.size(); begin += group) {
    const auto first = static_cast<std::ptrdiff_t>(begin);
    const auto last = static_cast<std::ptrdiff_t>(std::min(begin + group, bars.size()));
    json["time"].push_back(bars.open_time[begin] / second_ms);
    json["open"].push_back(short_number(bars.open[begin], price_digits));
    json["high"].push_back(
        short_number(*std::max_element(bars.high.begin() + first, bars.high.begin() + last), price_digits));
    json["low"].push_back(
        short_number(*std::min_element(bars.low.begin() + first, bars.low.begin() + last), price_digits));
    json["close"].push_back(short_number(bars.close[static_cast<std::size_t>(last - 1)], price_digits));
  }
}

Json line_json(const Contender& contender, const char* name, const char* color, bool with_drawdown,
               std::size_t group) {
  const execution::SimulationResult& run = contender.run.result;
  Json json{
      {"name", name}, {"color", color}, {"equity", short_numbers(thinned(run.equity, group), curve_digits)}};
  if (with_drawdown) {
    const std::vector<double> drawdown = stats::drawdown_series(run.initial_equity, run.equity);
    json["drawdown"] = short_numbers(thinned(drawdown, group), curve_digits);
  }
  return json;
}

Json trades_json(const std::vector<execution::RoundTrip>& trades) {
  constexpr auto reason_count = static_cast<std::size_t>(execution::ExitReason::end_of_data) + 1;
  Json reasons = Json::array();
  for (std::size_t i = 0; i < reason_count; ++i)
    reasons.push_back(execution::to_string(static_cast<execution::ExitReason>(i)));
  Json rows = Json::array();
  const std::size_t half = most_report_trades / 2;
  for (std::size_t i = 0; i < trades.size(); ++i) {
    if (trades.size() > most_report_trades && i >= half && i < trades.size() - half) continue;
    const execution::RoundTrip& trade = trades[i];
    rows.push_back({trade.entry_time / second_ms, trade.exit_time / second_ms,
                    trade.side == execution::Side::short_side ? 1 : 0,
                    short_number(trade.entry_price, price_digits),
                    short_number(trade.exit_price, price_digits), short_number(trade.quantity, price_digits),
                    short_number(trade.fee, curve_digits), short_number(trade.profit_abs, price_digits),
                    short_number(trade.profit_ratio, curve_digits), static_cast<int>(trade.exit_reason)});
  }
  return {{"reasons", std::move(reasons)}, {"rows", std::move(rows)}};
}

}  // namespace

std::vector<double> thinned(std::span<const double> values, std::size_t group) {
  if (group <= 1) return {values.begin(), values.end()};
  std::vector<double> kept;
  for (std::size_t begin = 0; begin < values.size(); begin += 2 * group) {
    const std::span<const double> pair = values.subspan(begin, std::min(2 * group, values.size() - begin));
    const auto [low, high] = std::minmax_element(pair.begin(), pair.end());
    kept.push_back(low < high ? *low : *high);
    if (pair.size() > group) kept.push_back(low < high ? *high : *low);
  }
  if (!kept.empty()) kept.back() = values.back();
  return kept;
}

std::string report_data(const Evaluation& evaluation) {
  const std::size_t group = (evaluation.bars.size() + most_chart_bars - 1) / most_chart_bars;
  const execution::SimulationResult& run = evaluation.strategy.run.result;
  Json json{{"symbol", evaluation.bars.symbol},
            {"interval", evaluation.bars.interval * static_cast<TimeMs>(group) / second_ms},
            {"initial_equity", run.initial_equity}};
  add_candles(evaluation.bars, group, json);
  // With braces alone one compiler makes a list and another a copy.
  json["lines"] = Json::array({line_json(evaluation.strategy, "strategy", "--strategy", true, group)});
  json["lines"].push_back(
      line_json(evaluation.baselines[buy_and_hold_index], "buy and hold", "--hold", true, group));
  if (evaluation.baselines.size() > volatility_matched_index)
    json["lines"].push_back(line_json(evaluation.baselines[volatility_matched_index], "volatility-matched",
                                      "--matched", false, group));
  json["exposure"] = short_numbers(thinned(run.exposure, group), 4);
  json["trades"] = trades_json(run.trades);

  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;  // "</script>" in a symbol's name must not end the element
  safe.reserve(text.size());
  for (const char letter : text) letter == '<' ? safe += "\\u003c" : safe += letter;
  return safe;
}

}  // namespace stevie::evaluation
