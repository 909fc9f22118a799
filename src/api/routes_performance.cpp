#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "api/route_context.h"
#include "app/live_history_json.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using accounts::Role;

// Schemas

Json interval_schema() {
  using namespace schema;
  return object({{"low", number("Lower end")}, {"high", number("Upper end")}}, "Of the answer's level");
}

Json summary_schema() {
  using namespace schema;
  const Json metrics = map_of(ref("Metric"), "By key: docs/metrics.md");
  return object({{"symbol", nullable(text("Such as BTC/USDT; null: the whole account"))},
                 {"from", time("Open of the first bar measured")},
                 {"to", time("Close of the last one")},
                 {"bars", integer("Measured", 1)},
                 {"days", integer("UTC days")},
                 {"trades", integer("Closed round trips")},
                 {"open_trades", integer("Positions that are still held")},
                 {"initial_equity", number("At the beginning; of a symbol its share of the account")},
                 {"final_equity", number("At the end")},
                 {"fees", number("Paid, account currency")},
                 {"traded_notional", number("Sum of the values of all fills")},
                 {"level", number("Coverage of the intervals", 0, 1)},
                 {"metrics", metrics},
                 {"buy_and_hold", metrics}});
}

Json period_schema() {
  using namespace schema;
  return object({{"period", text("2026-01-02 of a day, 2026-01 of a month")},
                 {"from", time("Begin of the calendar's period")},
                 {"to", time("Its end")},
                 {"bars", integer("With a close in it", 1)},
                 {"start_equity", number("Before its first bar")},
                 {"end_equity", number("At its last close")},
                 {"return", nullable(number("pnl over start_equity; null where that is nothing"))},
                 {"pnl", number("Change of the equity, with positions held at their marks")},
                 {"max_drawdown", number("Largest fall from a peak within the period, a fraction")},
                 {"trades", integer("Closed in it")},
                 {"won", integer("Of those with a profit")},
                 {"win_rate", nullable(number("won over trades; null without trades", 0, 1))},
                 {"trade_pnl", number("Net profit of those trades")},
                 {"fees", number("Of the fills in it")},
                 {"buy_and_hold_return", number("Of buying when the account began and holding")}});
}

Json group_schema() {
  using namespace schema;
  return object({{"key", text("Such as bull, breakout, stop_loss; unknown where the record does not say")},
                 {"trades", integer("Closed", 1)},
                 {"few", boolean("Fewer than 30 trades: the figures say little")},
                 {"won", integer("With a profit")},
                 {"win_rate", number("won over trades", 0, 1)},
                 {"win_rate_interval", ref("PerformanceInterval")},
                 {"expectancy", number("Mean net profit of a trade, account currency")},
                 {"expectancy_interval", nullable(ref("PerformanceInterval"))},
                 {"mean_return", number("Mean of the trades' returns")},
                 {"profit_factor", nullable(number("gross_profit over gross_loss; null without a loss"))},
                 {"gross_profit", number("Sum of the profits")},
                 {"gross_loss", number("Sum of the losses, above 0")},
                 {"pnl", number("Net profit")},
                 {"fees", number("Account currency")},
                 {"mean_duration_ms", number("From entry to exit")},
                 {"first_exit", time("Of the oldest trade")},
                 {"last_exit", time("Of the newest trade")}});
}

Json groups_schema() {
  using namespace schema;
  return object({{"by", choice("What trades are put together by",
                               {"regime", "rule", "symbol", "version", "exit", "side"})},
                 {"level", number("Coverage of the intervals", 0, 1)},
                 {"trades_left_out", integer("Oldest ones that are not at hand any more")},
                 {"groups", list(ref("PerformanceGroup"), "Most trades first")},
                 {"all", nullable(ref("PerformanceGroup"))}});
}

Json calibration_schema() {
  using namespace schema;
  const Json bin = object({{"low", number("Confidence from", 0, 1)},
                           {"high", number("Confidence below; of the last bin up to", 0, 1)},
                           {"trades", integer("Closed, with a confidence in the bin")},
                           {"few", boolean("Fewer than 30")},
                           {"won", integer("Of those with a profit")},
                           {"mean_confidence", nullable(number("Null without trades", 0, 1))},
                           {"share_won", nullable(number("Null without trades", 0, 1))},
                           {"interval", nullable(ref("PerformanceInterval"))}});
  return object({{"trades", integer("Closed, whose decision gave a confidence")},
                 {"won", integer("Of those with a profit")},
                 {"share_won", nullable(number("Null without trades", 0, 1))},
                 {"too_few", boolean("Fewer than 30: no score is given")},
                 {"without_confidence", integer("Closed trades whose decision gave none")},
                 {"level", number("Coverage of the intervals", 0, 1)},
                 {"bins", list(bin, "Of equal width, lowest first")},
                 {"brier", ref("Metric")},
                 {"brier_skill", ref("Metric")},
                 {"expected_calibration_error", ref("Metric")}});
}

Json decisions_schema() {
  using namespace schema;
  const Json follow =
      object({{"what", text("taken, or the code of the denial")},
              {"rule", nullable(text("Of the entries; null: all rules"))},
              {"entries", integer("Decisions to enter whose horizon has passed")},
              {"few", boolean("Fewer than 30")},
              {"pending", integer("Whose horizon has not passed yet")},
              {"share_right", nullable(number("Share after which the price had moved the way bet on", 0, 1))},
              {"share_right_interval", nullable(ref("PerformanceInterval"))},
              {"mean_return", nullable(number("Mean change of the price in the direction of the entry"))},
              {"mean_return_interval", nullable(ref("PerformanceInterval"))}});
  return object(
      {{"decisions", integer("Over the life of the account")},
       {"actions", map_of(integer("Decisions"), "Those that wanted something, by action")},
       {"denials", map_of(integer("Decisions"), "Those that the risk engine or the broker refused, by code")},
       {"reasons", map_of(integer("Decisions"), "All, by the strategy's reason, or reason/rule")},
       {"horizon_bars", integer("Bars from the decision to the look back", 1)},
       {"level", number("Coverage of the intervals", 0, 1)},
       {"entries", list(follow, "What followed: entries taken, by rule, and those denied")},
       {"market_return",
        nullable(
            number("Mean change of the price over as many bars, from every bar: the yardstick of a long"))},
       {"market_bars", integer("That it is the mean of")}});
}

// Handlers

/// Symbol of the query; empty: the account. Without a server that trades, any that is on record.
std::string asked_symbol(const Context& context, const Request& request) {
  const std::string text = query_text(request, "symbol");
  return text.empty() ? text : recorded_symbol(*context, text);
}

Response text_response(std::string text) {
  Response response;
  response.body = std::move(text);
  return response;
}

/// What the summary said last, so that pages which ask often do not resample each time.
class SummaryCache {
 public:
  struct Key {
    std::string symbol;
    std::uint64_t steps = 0;
    std::size_t bars = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  std::optional<std::string> find(const Key& key, TimeMs now) const {
    constexpr TimeMs young = 2 * second_ms;
    const std::lock_guard lock(mutex_);
    const bool is_young = key.symbol == key_.symbol && now >= made_ && now - made_ < young;
    if (text_.empty() || !(key == key_ || is_young)) return std::nullopt;
    return text_;
  }
  void keep(const Key& key, TimeMs now, const std::string& text) {
    const std::lock_guard lock(mutex_);
    key_ = key;
    made_ = now;
    text_ = text;
  }

 private:
  mutable std::mutex mutex_;
  Key key_;
  TimeMs made_ = 0;
  std::string text_;
};

Response summary(const Context& context, const Request& request, SummaryCache& cache) {
  const std::string symbol = asked_symbol(context, request);
  const std::vector<app::SymbolCloses> closes = context->closes();
  SummaryCache::Key key{.symbol = symbol};
  for (const app::SymbolCloses& series : closes) key.bars += series.close.size();
  key.steps = context->life([](const app::LiveLife& life) { return life.steps(); });
  if (const auto known = cache.find(key, context->now())) return text_response(*known);
  std::size_t open = 0;
  const app::EquityPath path = context->life([&](const app::LiveLife& life) {
    for (const app::LiveTrade& trade : life.trades())
      open += trade.open() && (symbol.empty() || trade.symbol == symbol) ? 1 : 0;
    return app::equity_path(life, closes, symbol);
  });
  if (path.open_time.empty())
    throw Error("api.conflict", "no bar has been traded yet: come back after the next close");
  std::string text = app::to_json(app::measure_life(path), symbol, open);
  cache.keep(key, context->now(), text);
  return text_response(std::move(text));
}

Response periods(const Context& context, const Request& request) {
  const PageRequest page = page_request(request);  // cursor: place of the last row of the page before
  const std::string symbol = asked_symbol(context, request);
  const auto length =
      query_text(request, "by") == "month" ? app::PeriodLength::month : app::PeriodLength::day;
  const std::vector<app::SymbolCloses> closes = context->closes();
  const std::vector<app::PeriodRow> rows = context->life([&](const app::LiveLife& life) {
    return app::measure_periods(life, app::equity_path(life, closes, symbol), length, symbol);
  });
  std::size_t left = page.cursor == 0 ? rows.size() : std::min<std::size_t>(rows.size(), page.cursor - 1);
  std::string items;
  for (std::size_t count = 0; left > 0 && count < page.limit; --left, ++count)
    items += (count > 0 ? "," : "") + app::to_json(rows[left - 1], length);
  return text_response(fmt::format(R"({{"items":[{}],"next_cursor":{}}})", items,
                                   left > 0 ? fmt::format("\"c{}\"", left + 1) : "null"));
}

Response groups(const Context& context, const Request& request) {
  const std::string symbol = asked_symbol(context, request), word = query_text(request, "by");
  app::GroupBy by = app::GroupBy::rule;
  for (const app::GroupBy each : app::all_groupings)
    if (word == app::to_string(each)) by = each;
  return context->life([&](const app::LiveLife& life) {
    return text_response(app::to_json(app::measure_groups(life, by, symbol), by));
  });
}

Response calibration(const Context& context, const Request& request) {
  const std::string symbol = asked_symbol(context, request), rule = query_text(request, "rule");
  const std::size_t bins = optional_number(request, "bins").value_or(10);
  return context->life([&](const app::LiveLife& life) {
    return text_response(app::to_json(app::check_confidence(life, bins, symbol, rule)));
  });
}

Response decisions(const Context& context, const Request& request) {
  const std::string symbol = asked_symbol(context, request);
  const std::size_t horizon = optional_number(request, "horizon").value_or(24);
  const std::vector<app::SymbolCloses> closes = context->closes();
  return context->life([&](const app::LiveLife& life) {
    return text_response(app::to_json(app::judge_decisions(life, closes, horizon, symbol)));
  });
}

Route look(const std::string& path, std::string summary) {
  Route route =
      make_route(Method::get, "/api/performance/" + path, "performance", std::move(summary), Role::viewer);
  route.slow = true;
  route.faults = {404};
  route.parameters = {
      query_parameter("symbol", "Only this one; absent: the whole account", traded_symbol_schema())};
  return route;
}

void add_schemas(RouteTable& table) {
  table.schemas["PerformanceInterval"] = interval_schema().dump();
  table.schemas["PerformanceSummary"] = summary_schema().dump();
  table.schemas["PerformancePeriod"] = period_schema().dump();
  table.schemas["PerformanceGroup"] = group_schema().dump();
  table.schemas["PerformanceGroups"] = groups_schema().dump();
  table.schemas["PerformanceCalibration"] = calibration_schema().dump();
  table.schemas["PerformanceDecisions"] = decisions_schema().dump();
}

}  // namespace

void add_performance_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  add_schemas(table);
  Route route = look("summary", "The account, or one symbol, against buy and hold over its whole life");
  route.description =
      "From every fill on record and the closes traded on. Of several symbols, buy and hold has equal parts "
      "of each. docs/performance.md says what each figure means.";
  route.faults = {404, 409};
  route.responses = {answer(ref("PerformanceSummary"), "The figures, with intervals where days are enough")};
  route.handler = [context, cache = std::make_shared<SummaryCache>()](const Request& request) {
    return summary(context, request, *cache);
  };
  table.routes.push_back(route);

  route = look("periods", "Return, trades, fees and drawdown by UTC day or month, newest first");
  route.parameters.push_back(
      query_parameter("by", "Length of a period", schema::choice("", {"day", "month"}), "day"));
  for (ParameterSpec& parameter : page_parameters()) route.parameters.push_back(std::move(parameter));
  route.responses = {answer(schema::page(ref("PerformancePeriod")), "Those with a bar")};
  route.handler = [context](const Request& request) { return periods(context, request); };
  table.routes.push_back(route);

  route = look("groups", "Closed trades put together by what they have in common");
  route.parameters.push_back(
      query_parameter("by", "What that is",
                      schema::choice("", {"regime", "rule", "symbol", "version", "exit", "side"}), "rule"));
  route.responses = {answer(ref("PerformanceGroups"), "The groups, and all trades together")};
  route.handler = [context](const Request& request) { return groups(context, request); };
  table.routes.push_back(route);

  route = look("calibration", "Confidence of the decisions to enter against how their trades ended");
  route.parameters.push_back(query_parameter("bins", "Of the confidence", schema::integer("", 2, 50), "10"));
  route.parameters.push_back(query_parameter("rule", "Only entries of this rule",
                                             schema::pattern("", "^[A-Za-z0-9 _.-]{1,64}$", 64)));
  route.responses = {answer(ref("PerformanceCalibration"), "Bins, Brier score and calibration error")};
  route.handler = [context](const Request& request) { return calibration(context, request); };
  table.routes.push_back(route);

  route = look("decisions", "What was decided, and what the price did after entries taken and denied");
  route.parameters.push_back(query_parameter("horizon", "Bars after which the price is looked at",
                                             schema::integer("", 1, 10'000), "24"));
  route.responses = {answer(ref("PerformanceDecisions"), "Counts, and what followed")};
  route.handler = [context](const Request& request) { return decisions(context, request); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
