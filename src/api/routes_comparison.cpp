#include <fmt/format.h>

#include "api/route_context.h"
#include "app/comparison_desk.h"
#include "app/params.h"
#include "core/error.h"
#include "market/symbol.h"

namespace stevie::api {
namespace {

using accounts::Role;
using Connection = app::LedgerPool::Connection;

constexpr std::chrono::milliseconds patience{250};  // a worker thread waits for so long
constexpr std::int64_t default_bars = 8760;         // a year of hours
constexpr std::int64_t most_bars = 1'000'000;

Json symbol_schema(std::string_view meaning) {
  return schema::example(schema::pattern(meaning, "^[A-Za-z0-9/:_.-]{2,64}$", 64), "BTC/USDT");
}

Json run_schema() {
  using namespace schema;
  return object({{"name", text("version 3, or version 3 with other values")},
                 {"version", nullable(integer("null: a draft, which is on no record", 1))},
                 {"days", integer("UTC days")},
                 {"trades", integer("Closed round trips")},
                 {"refused_by_cost", integer("Closes on which a rule qualified and costCapBps refused")},
                 {"initial_equity", number("Account currency")},
                 {"final_equity", number("Account currency")},
                 {"fees", number("Paid, account currency")},
                 {"traded_notional", number("Sum of the values of all fills")},
                 {"metrics", map_of(ref("Metric"), "By key: docs/metrics.md")}});
}

Json paired_schema() {
  using namespace schema;
  return object({{"value", nullable(number("Second minus first"))},
                 {"low", nullable(number("Lower end of the interval"))},
                 {"high", nullable(number("Upper end of the interval"))},
                 {"reason", nullable(text("Why there is no value"))},
                 {"probability_better",
                  nullable(number("Share of the resamplings in which the second is higher", 0, 1))}});
}

Json comparison_schema() {
  using namespace schema;
  const Json month = object({{"month", text("2024-03, UTC")},
                             {"first", nullable(number("Return, a fraction"))},
                             {"second", nullable(number("Return, a fraction"))},
                             {"difference", nullable(number("Second minus first"))},
                             {"differs", boolean("Whether the two returns do")}});
  const Json point = object({{"time", time("Close of the bar")},
                             {"first", number("Equity, account currency")},
                             {"second", number("Equity, account currency")}});
  return object({{"symbol", text("Such as BTC/USDT")},
                 {"data", text("Bar file")},
                 {"interval", text("Of the bars: 1h")},
                 {"synthetic", boolean("Whether the bars were generated")},
                 {"from", time("Open of the first bar")},
                 {"to", time("Close of the last one")},
                 {"bars", integer("Replayed", 2)},
                 {"level", number("Coverage of the intervals", 0, 1)},
                 {"first", ref("ComparedRun")},
                 {"second", ref("ComparedRun")},
                 {"differences", list(ref("ParameterDifference"), "Values that the two do not share")},
                 {"same_trades", boolean("Whether both did the same on every bar")},
                 {"difference", object({{"sharpe", ref("PairedDifference")},
                                        {"total_return", ref("PairedDifference")},
                                        {"annual_return", ref("PairedDifference")}},
                                       "Second minus first, days resampled together")},
                 {"months", list(month)},
                 {"curve", list(point, "Thinned out so that the extremes of both stay")},
                 {"notes", list(text("A sentence"))},
                 {"sentence", text("The finding")}});
}

Json answer_schema() {
  using namespace schema;
  return object({{"state", choice("working: ask again in a second", {"working", "done"})},
                 {"asked", time("When the work was asked for")},
                 {"comparison", nullable(ref("ParameterComparison"))}});
}

app::CompareRequest new_request(const RouteContext& context, const std::string& symbol, std::size_t bars) {
  app::CompareRequest request;
  for (const std::string& file : context.services.data) request.data.emplace_back(file);
  if (!symbol.empty()) request.symbol = market::canonical_symbol(symbol);
  request.config = context.services.config;
  request.social = {.files = {}, .discover = context.services.config.live.discover_social};
  request.bars = bars;
  // What the loop has not seen yet is no evidence for what it does now.
  if (context.services.live != nullptr) {
    if (const TimeMs now = context.view()->now; now > 0) request.until = now;
  }
  return request;
}

/// Times of the program's own JSON come without milliseconds where these are zero.
void with_milliseconds(Json& time) {
  time = iso_time(parse_time(time.get<std::string>()));
}

Response compared(const Context& context, const app::CompareRequest& request) {
  const app::ComparisonDesk::Answer answer = context->comparisons->ask(request, patience);
  Json comparison = answer.json ? Json::parse(*answer.json) : Json(nullptr);
  if (answer.json) {
    with_milliseconds(comparison["from"]);
    with_milliseconds(comparison["to"]);
    for (Json& point : comparison["curve"]) with_milliseconds(point["time"]);
  }
  return json_response({{"state", answer.json ? "done" : "working"},
                        {"asked", iso_time(answer.asked)},
                        {"comparison", std::move(comparison)}});
}

Response compare_versions(const Context& context, const Request& request) {
  app::CompareRequest wanted =
      new_request(*context, query_text(request, "symbol"), whole_number(request.query.at("bars"), "bars"));
  context->ledger.use([&](Connection& connection) {
    live::ParameterStore& store = connection.parameters();
    wanted.first = app::compared_version(store, whole_number(request.query.at("from"), "from"));
    wanted.second = app::compared_version(store, optional_number(request, "to"));
  });
  return compared(context, wanted);
}

std::vector<live::ManualValue> draft_values(const Json& body) {
  const Json layer = body.value("layer", Json::object());
  const app::ParameterScope scope = app::parse_scope(layer.value("symbol", ""), layer.value("regime", ""));
  std::vector<live::ManualValue> values;
  std::string faults;
  for (const auto& [name, value] : body.at("values").items()) {
    try {
      live::ManualValue change{.symbol = scope.symbol, .regime = scope.regime};
      change.parameter = strategy::parse_parameter(name);
      if (!value.is_null()) change.value = value.get<double>();
      values.push_back(std::move(change));
    } catch (const Error& error) {
      faults += (faults.empty() ? "" : "; ") + error.message();
    }
  }
  if (!faults.empty()) throw Error("live.refused_change", faults);
  return values;
}

Response compare_draft(const Context& context, const Request& request) {
  const Json body = body_of(request);
  app::CompareRequest wanted =
      new_request(*context, body.value("symbol", ""), body.value("bars", std::size_t{default_bars}));
  const std::vector<live::ManualValue> values = draft_values(body);
  context->ledger.use([&](Connection& connection) {
    std::optional<std::uint64_t> number;
    if (body.contains("from")) number = body.at("from").get<std::uint64_t>();
    wanted.first = app::compared_version(connection.parameters(), number);
  });
  wanted.second = app::compared_draft(wanted.first, values);
  return compared(context, wanted);
}

Json draft_schema() {
  using namespace schema;
  Json values = map_of(Json{{"type", {"number", "null"}}, {"description", "In the parameter's unit"}},
                       "By name of the parameter; null takes the value of the layer away");
  values["minProperties"] = 1;
  values["maxProperties"] = 50;
  values["examples"] = Json::array({Json{{"volPctBreakout", 65}}});
  return object(
      {{"from", integer("Version that the values are set on; default: the one in force", 1), false},
       {"values", std::move(values)},
       {"layer",
        object(
            {{"symbol", symbol_schema("The values would hold for this symbol only"), false},
             {"regime", choice("or in this regime only", {"bull", "bear", "sideways", "volatile"}), false}},
            "Absent: they would hold for all"),
        false},
       {"symbol", symbol_schema("On whose bars; default: the first that is traded"), false},
       {"bars", integer("The last so many; default 8760", 2, most_bars), false}});
}

}  // namespace

void add_comparison_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["ComparedRun"] = run_schema().dump();
  table.schemas["PairedDifference"] = paired_schema().dump();
  table.schemas["ParameterComparison"] = comparison_schema().dump();
  table.schemas["ParameterComparisonAnswer"] = answer_schema().dump();
  const std::string path = "/api/parameters/compare";

  Route route = make_route(Method::get, path, "parameters",
                           "Two versions, replayed over the same bars and measured", Role::viewer);
  route.description =
      "The bars are those that the server trades on, up to the loop's present. The work is done beside "
      "trading, one comparison after the other: repeat the request until its state is done. A result is "
      "given again for a minute.";
  route.parameters = {
      query_parameter("from", "Number of the first version", schema::integer("", 1), {}, true),
      query_parameter("to", "Number of the second; default: the one in force", schema::integer("", 1)),
      query_parameter("symbol", "On whose bars; default: the first that is traded", symbol_schema("")),
      query_parameter("bars", "The last so many", schema::integer("", 2, most_bars),
                      std::to_string(default_bars))};
  route.parameters.front().example = "1";
  route.responses = {answer(ref("ParameterComparisonAnswer"), "The comparison, or that it is worked on")};
  route.faults = {404, 429};
  route.slow = true;
  route.handler = [context](const Request& request) { return compare_versions(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::post, path, "parameters",
                     "A version against the same with other values, before they are set", Role::viewer);
  route.description = "Changes nothing and leaves no record. Repeat it until its state is done.";
  route.request_schema = draft_schema().dump();
  route.request_example = R"({"values":{"volPctBreakout":65}})";
  route.responses = {answer(ref("ParameterComparisonAnswer"), "The comparison, or that it is worked on")};
  route.faults = {404, 422, 429};
  route.slow = true;
  route.handler = [context](const Request& request) { return compare_draft(context, request); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
