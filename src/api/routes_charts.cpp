#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/route_context.h"
#include "app/live_history_json.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using accounts::Role;

constexpr std::size_t most_points = 5000, most_markers = 1000;

// Schemas

Json candle_schema() {
  using namespace schema;
  return object({{"time", time("Begin of its span")},
                 {"open", number("Of its first bar")},
                 {"high", number("Highest of its bars")},
                 {"low", number("Lowest of its bars")},
                 {"close", number("Of its last bar")},
                 {"volume", nullable(number("Sum, in base currency; null: the source has none"))},
                 {"bars", integer("Put together in it", 1)}},
                "Neighbouring bars put together");
}

Json marker_schema() {
  using namespace schema;
  return object(
      {{"time", time("Open of the bar it filled on")},
       {"candle", time("Time of the candle of this answer that holds it")},
       {"kind", choice("What the fill did", {"entry", "exit", "stop", "take_profit", "liquidation"})},
       {"side", choice("Of the fill", {"buy", "sell"})},
       {"price", number("After spread and slippage")},
       {"units", number("Of base currency, above 0")},
       {"units_after", number("Of the position, signed")},
       {"reason", text("entry, target, or why it was left: stop_loss, take_profit, exit_signal, ...")},
       {"fee", number("Account currency")},
       {"stop", nullable(number("Of an entry: price of the protective stop it set"))},
       {"take_profit", nullable(number("Of an entry: price of the take profit it set"))},
       {"order_id", text("Of the order behind it; of the entry, where a protective exit filled")},
       {"decision", nullable(integer("Number of the decision behind it", 1))},
       {"trade", nullable(integer("Number of its trade in GET /api/live/trades", 1))}},
      "A fill, as a chart marks it");
}

Json bars_schema() {
  using namespace schema;
  return object({{"symbol", text("Such as BTC/USDT")},
                 {"interval_ms", integer("Length of a bar that is traded on", 1)},
                 {"candle_ms", integer("Length of a candle: the same, or a round multiple", 1)},
                 {"now", nullable(time("The loop's clock: no bar closes behind it"))},
                 {"first", nullable(time("Open of the oldest bar there is"))},
                 {"last", nullable(time("Open of the newest bar there is"))},
                 {"candles", list(ref("Candle"), "Oldest first; none where there is no bar")},
                 {"markers", list(ref("Marker"), "Fills within the candles, oldest first")},
                 {"markers_left_out", integer("Older ones within the candles, beyond the newest 1,000")}});
}

Json trade_schema() {
  using namespace schema;
  return object(
      {{"number", integer("1, 2, ... in order of entry, over the life of the account", 1)},
       {"symbol", text("Such as BTC/USDT")},
       {"side", choice("Of the position", {"long", "short"})},
       {"open", boolean("Whether the position is still held")},
       {"entry_time", time("Open of the bar the entry filled on")},
       {"exit_time", nullable(time("Open of the bar the last exit filled on"))},
       {"duration_ms", nullable(integer("From entry to exit"))},
       {"entry_price", number("Average, after spread and slippage")},
       {"exit_price", nullable(number("Average of what was left so far"))},
       {"units", number("Entered, of base currency")},
       {"stop", nullable(number("Price of the protective stop that the entry set"))},
       {"take_profit", nullable(number("Price of the take profit that the entry set"))},
       {"fees", number("Of both sides so far, with funding once closed; account currency")},
       {"slippage", number("Loss of the fills against their reference prices, account currency")},
       {"pnl", nullable(number("Net of everything, account currency; null while open"))},
       {"return", nullable(number("pnl over the value at entry, a fraction"))},
       {"exit_reason",
        nullable(text("exit_signal, stop_loss, trailing_stop, take_profit, roi, liquidation, target"))},
       {"order_id", text("Of the entry")},
       {"decision", nullable(integer("Number of the decision to enter", 1))},
       {"parameter_version", nullable(integer("That the entry was decided by", 1))},
       {"rule", nullable(text("That entered: breakout, mean reversion, news"))},
       {"regime", nullable(text("Of the market on the bar of the decision: bull, bear, sideways, volatile"))},
       {"confidence", nullable(number("Of the decision to enter", 0, 1))}},
      "A round trip, from flat to flat");
}

// Values

/// The document model would take ten times as long.
void write_candles(std::string& text, const market::CandleChart& chart) {
  text += '[';
  for (const market::Candle& candle : chart.candles) {
    if (text.back() != '[') text += ',';
    fmt::format_to(std::back_inserter(text),
                   R"({{"time":"{}","open":{},"high":{},"low":{},"close":{},"volume":)",
                   iso_time(candle.open_time), candle.open, candle.high, candle.low, candle.close);
    if (chart.has_volume)
      fmt::format_to(std::back_inserter(text), "{}", candle.volume);
    else
      text += "null";
    fmt::format_to(std::back_inserter(text), R"(,"bars":{}}})", candle.bars);
  }
  text += ']';
}

const app::LiveTrade* trade_of(const app::LiveLife& life, std::uint64_t number) {
  const std::uint64_t oldest = life.trades_left_out() + 1;
  if (number < oldest || number - oldest >= life.trades().size()) return nullptr;
  return &life.trades()[number - oldest];
}

Json marker_json(const app::LiveLife& life, const app::LiveFill& fill, TimeMs candle) {
  const app::LiveTrade* trade = trade_of(life, fill.trade);
  const bool entry = fill.kind == app::FillKind::entry && trade != nullptr;
  return {{"time", iso_time(fill.fill.time)},
          {"candle", iso_time(candle)},
          {"kind", app::to_string(fill.kind)},
          {"side", fill.fill.units > 0 ? "buy" : "sell"},
          {"price", fill.fill.price},
          {"units", std::abs(fill.fill.units)},
          {"units_after", fill.fill.units_after},
          {"reason", fill.fill.reason},
          {"fee", fill.fill.fee},
          {"stop", entry ? finite_or_null(trade->stop) : Json(nullptr)},
          {"take_profit", entry ? finite_or_null(trade->take_profit) : Json(nullptr)},
          {"order_id", fill.fill.order_id},
          {"decision", fill.decision == 0 ? Json(nullptr) : Json(fill.decision)},
          {"trade", fill.trade == 0 ? Json(nullptr) : Json(fill.trade)}};
}

struct Markers {
  Json list = Json::array();
  std::size_t left_out = 0;
};

Markers markers_within(const app::LiveLife& life, const std::string& symbol,
                       const market::CandleChart& chart) {
  Markers markers;
  if (chart.candles.empty()) return markers;
  const TimeMs begin = chart.candles.front().open_time, end = chart.candles.back().open_time + chart.width;
  std::vector<Json> newest_first;
  for (auto fill = life.fills().rbegin(); fill != life.fills().rend(); ++fill) {
    if (fill->fill.symbol != symbol || fill->fill.time >= end) continue;
    if (fill->fill.time < begin) break;
    if (newest_first.size() == most_markers) {
      ++markers.left_out;
      continue;
    }
    const auto behind =
        std::ranges::upper_bound(chart.candles, fill->fill.time, {}, &market::Candle::open_time);
    newest_first.push_back(marker_json(life, *fill, std::prev(behind)->open_time));
  }
  for (auto marker = newest_first.rbegin(); marker != newest_first.rend(); ++marker)
    markers.list.push_back(std::move(*marker));
  return markers;
}

// Handlers

void require_order(const std::optional<TimeMs>& from, const std::optional<TimeMs>& to) {
  if (from && to && *from > *to)
    throw Error("api.bad_parameter", "from lies behind to: give the earlier time as from");
}

Response bars(const Context& context, const Request& request) {
  market::CandleRequest asked;
  asked.from = query_time(request, "from");
  asked.to = query_time(request, "to");
  asked.points = optional_number(request, "points").value_or(asked.points);
  require_order(asked.from, asked.to);
  const std::string symbol = traded_symbol(*context, query_text(request, "symbol"));
  const live::BarHistory& history = context->live().bars();
  const market::CandleChart chart = history.candles(history.find(symbol).value(), asked);
  // The view is made anew every few milliseconds and may be behind the bars.
  const TimeMs now = std::max(context->view()->now, chart.last ? *chart.last + history.interval() : 0);
  const Markers markers =
      context->life([&](const app::LiveLife& life) { return markers_within(life, symbol, chart); });
  Response response;
  response.body =
      fmt::format(R"({{"symbol":{},"interval_ms":{},"candle_ms":{},"now":{},"first":{},"last":{},"candles":)",
                  Json(symbol).dump(), history.interval(), chart.width, iso_or_null(now).dump(),
                  iso_or_null(chart.first).dump(), iso_or_null(chart.last).dump());
  write_candles(response.body, chart);
  response.body +=
      fmt::format(R"(,"markers":{},"markers_left_out":{}}})",
                  markers.list.dump(-1, ' ', false, Json::error_handler_t::replace), markers.left_out);
  return response;
}

Response trades(const Context& context, const Request& request) {
  const PageRequest page = page_request(request);  // cursor: number of the last trade of the page before
  const auto from = query_time(request, "from");
  const auto to = query_time(request, "to");
  require_order(from, to);
  const std::string asked = query_text(request, "symbol");
  const std::string symbol = asked.empty() ? "" : traded_symbol(*context, asked);
  return context->life([&](const app::LiveLife& life) {
    std::string items;
    std::size_t count = 0;
    std::uint64_t last = 0;
    bool more = false;
    for (auto trade = life.trades().rbegin(); trade != life.trades().rend() && !more; ++trade) {
      const bool passed = page.cursor != 0 && trade->number >= page.cursor;
      const bool other = !symbol.empty() && trade->symbol != symbol;
      const bool outside =
          (to && trade->entry_time > *to) || (from && !trade->open() && trade->exit_time < *from);
      if (passed || other || outside) continue;
      more = count == page.limit;
      if (more) break;
      items += (count > 0 ? "," : "") + app::to_json(*trade);
      last = trade->number;
      ++count;
    }
    Response response;
    response.body = fmt::format(R"({{"items":[{}],"next_cursor":{}}})", items,
                                more ? fmt::format("\"c{}\"", last) : "null");
    return response;
  });
}

Route look(const std::string& path, std::string summary) {
  Route route = make_route(Method::get, "/api/live/" + path, "live", std::move(summary), Role::viewer);
  route.slow = true;
  route.faults = {404};
  return route;
}

std::vector<ParameterSpec> range_parameters() {
  return {query_parameter("from", "First time", schema::time("")),
          query_parameter("to", "Last time", schema::time(""))};
}

}  // namespace

void add_chart_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["Candle"] = candle_schema().dump();
  table.schemas["Marker"] = marker_schema().dump();
  table.schemas["LiveBars"] = bars_schema().dump();
  table.schemas["Trade"] = trade_schema().dump();

  Route route = look("bars", "Candles of a symbol that is traded, with the fills to mark on them");
  route.description =
      "Bars up to the loop's now, those before its start included, put together where there are more than "
      "points: highest highs and lowest lows stay. Candles have round lengths and lie on UTC's grid, so that "
      "panning does not move their borders. Without from: the newest bars, or those before to.";
  route.parameters = range_parameters();
  ParameterSpec symbol =
      query_parameter("symbol", "Of those in GET /api/live/state", traded_symbol_schema(), {}, true);
  symbol.example = "BTCUSDT";
  route.parameters.insert(route.parameters.begin(), std::move(symbol));
  route.parameters.push_back(query_parameter(
      "points", "Candles at most", schema::integer("", 1, static_cast<std::int64_t>(most_points)), "500"));
  route.responses = {answer(ref("LiveBars"), "The candles")};
  route.handler = [context](const Request& request) { return bars(context, request); };
  table.routes.push_back(route);

  route = look("trades", "Round trips of the account, newest entry first");
  route.description =
      "Put together from the fills on record, over the whole life of the account; those that overlap from to "
      "to. A position that is still held is a trade that is open.";
  route.parameters = range_parameters();
  route.parameters.insert(route.parameters.begin(),
                          query_parameter("symbol", "Only of this one", traded_symbol_schema()));
  for (ParameterSpec& parameter : page_parameters()) route.parameters.push_back(std::move(parameter));
  route.responses = {answer(schema::page(ref("Trade")), "The newest 100,000 are at hand")};
  route.handler = [context](const Request& request) { return trades(context, request); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
