#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "api/route_context.h"
#include "app/live_account.h"
#include "app/live_limits.h"
#include "core/error.h"
#include "live/live_commands.h"

namespace stevie::api {
namespace {

using accounts::Role;
using live::LiveView;

constexpr std::size_t most_looked_through = 2'000;

std::vector<std::string> risk_states() {
  return {"active", "reducing", "halted"};
}

std::vector<std::string> denial_codes() {
  std::vector<std::string> codes;
  for (std::size_t i = 0; i < live::denial_count; ++i)
    codes.emplace_back(to_string(static_cast<live::Denial>(i)));
  return codes;
}

std::string_view kind_of(const strategy::Decision& decision) {
  switch (decision.kind) {
    case strategy::Decision::Kind::target:
      return "target";
    case strategy::Decision::Kind::enter:
      return "enter";
    case strategy::Decision::Kind::exit:
      return "exit";
    case strategy::Decision::Kind::hold:
      break;
  }
  return "hold";
}

// Schemas

Json feed_schema() {
  using namespace schema;
  return object(
      {{"health", choice("How the feed is doing", {"connecting", "live", "stale", "reconnecting", "ended"})},
       {"text", text("The same as a sentence")},
       {"newest_close", nullable(time("Close of the newest bar"))},
       {"bars", integer("Bars handed over")},
       {"reconnects", integer("Times the connection was made anew")},
       {"gaps_filled", integer("Bars fetched after the fact")},
       {"rejected", integer("Messages that were malformed, out of order or contradicted a closed bar")},
       {"progress", nullable(number("0 to 1 of a replay; null: no end is known", 0, 1))}});
}

Json summary_schema() {
  using namespace schema;
  return object(
      {{"mode", choice("What is traded: paper, or none where this server does not trade", {"paper", "none"})},
       {"running", boolean("Whether the loop runs")},
       {"text", text("One sentence: what the loop is doing")},
       {"session", nullable(text("Name of the run of the loop"))},
       {"now", nullable(time("The feed's clock"))},
       {"symbols", list(text("Such as BTC/USDT"))},
       {"risk_state",
        choice("active: orders pass within the limits; reducing: only smaller positions; halted: none",
               risk_states())},
       {"risk_why", text("Why; empty while active")},
       {"killed", boolean("Whether the kill switch is latched")},
       {"reconciled", boolean("Whether account and record agree; trading waits until they do")},
       {"equity", number("Cash and positions at their mark prices, in account currency")},
       {"cash", number("Account currency")},
       {"initial_equity", number("Account currency")},
       {"positions", integer("Symbols held")},
       {"waiting_orders", integer("Orders that have not filled yet")},
       {"steps", integer("Steps of the feed")},
       {"decisions", integer("Over the whole life of the account")},
       {"orders", integer("Submitted")},
       {"fills", integer("Changes of positions")},
       {"feed", ref("LiveFeed")},
       {"persistence_fault", nullable(text("Why nothing can be recorded just now; trading waits"))}},
      "The live loop in brief");
}

Json kill_schema() {
  using namespace schema;
  return object({{"by", text("Who")},
                 {"reason", text("Why")},
                 {"time", time("When, by the feed's clock")},
                 {"flatten", boolean("Whether positions are closed")}});
}

Json limits_schema() {
  using namespace schema;
  return object({{"order_notional_share", number("Largest order value over equity")},
                 {"symbol_notional_share", number("Largest position value of a symbol over equity")},
                 {"exposure_share", number("Largest sum of position values over equity")},
                 {"orders_per_minute", integer("0: no limit")},
                 {"price_collar_share", number("Largest distance of the newest price from the order's")},
                 {"stale_intervals", number("Data older than this many bars: no entry")},
                 {"daily_loss_share", number("Loss of the day from which positions are only reduced")},
                 {"drawdown_share", number("Fall from the peak that halts trading")}},
                "In force; GET /api/live/limits tells them beside those of the configuration");
}

Json state_schema() {
  using namespace schema;
  Json denials = map_of(integer("Orders refused"), "By code of the denial; a code with none is left out");
  return object(
      {{"summary", ref("LiveSummary")},
       {"started", nullable(time("When this process began to trade"))},
       {"interval_ms", integer("Length of a bar")},
       {"parameter_version", nullable(integer("That the loop trades by", 1))},
       {"differences", list(text("A sentence for each point on which account and record differ"))},
       {"risk", object({{"state", choice("As in the summary", risk_states())},
                        {"why", text("Empty while active")},
                        {"kill", nullable(ref("LiveKill"))},
                        {"halt", nullable(text("Why trading is halted other than by a kill"))},
                        {"peak_equity", number("Account currency")},
                        {"day_start_equity", number("Equity at 00:00 UTC")},
                        {"passed", integer("Orders that passed")},
                        {"denials", std::move(denials)},
                        {"limits", ref("RiskLimits")}})},
       {"latency_us",
        object({{"p50", number("Median")}, {"p99", number("99th percentile")}, {"max", number("Largest")}},
               "From a bar to its decision, over the newest 10,000 decisions")}});
}

Json position_schema() {
  using namespace schema;
  return object({{"symbol", text("Such as BTC/USDT")},
                 {"units", number("Signed; below 0 is short")},
                 {"entry_price", number("Price")},
                 {"mark_price", number("Close of the newest bar")},
                 {"value", number("Units at the mark price, account currency")},
                 {"unrealised", number("Account currency, before exit costs")},
                 {"opened", time("Open of the bar the entry filled on")},
                 {"order_id", text("Of the entry")},
                 {"stop", nullable(number("Price at which it closes by itself"))},
                 {"take_profit", nullable(number("Price at which it closes by itself"))}});
}

Json order_schema() {
  using namespace schema;
  return object({{"id", text("Unique for ever")},
                 {"symbol", text("Such as BTC/USDT")},
                 {"kind", choice("What is wanted", {"enter", "target", "exit", "hold"})},
                 {"units", number("Expected change of the position, signed")},
                 {"reference_price", number("Close of the bar it was decided on")},
                 {"decided", time("Open of that bar")}});
}

Json fill_schema() {
  using namespace schema;
  return object(
      {{"order_id", text("Of the order behind it")},
       {"symbol", text("Such as BTC/USDT")},
       {"time", time("Open of the bar it happened on")},
       {"units", number("Signed; above 0: bought")},
       {"price", number("After spread and slippage")},
       {"fee", number("Account currency")},
       {"slippage", number("Loss against the reference price, account currency")},
       {"units_after", number("Of the position")},
       {"reason", text("entry, target, or why it was left: stop_loss, take_profit, exit_signal, ...")}});
}

std::vector<schema::Member> decision_members() {
  using namespace schema;
  return {{"number", integer("1, 2, ... over the life of the account", 1)},
          {"symbol", text("Such as BTC/USDT")},
          {"bar", object({{"open_time", time("Open")},
                          {"open", number("Price")},
                          {"high", number("Price")},
                          {"low", number("Price")},
                          {"close", number("Price")},
                          {"volume", nullable(number("In base currency"))}},
                         "On whose close it was taken")},
          {"action", choice("What was wanted", {"hold", "enter", "exit", "target"})},
          {"summary", text("One sentence")},
          {"parameter_version", nullable(integer("That it was taken by", 1))},
          {"order_id", nullable(text("null: no order"))},
          {"denial", choice("Why the order did not pass; none: it did, or there was none", denial_codes())},
          {"latency_us", number("From the bar to the decision")}};
}

Json decision_schema() {
  return schema::object(decision_members());
}

Json whole_decision_schema() {
  std::vector<schema::Member> members = decision_members();
  members.push_back({"explanation", schema::free_object("The strategy's reasons: docs/strategy.md")});
  return schema::object(members);
}

// Values

Json position_json(const broker::Position& position) {
  return {{"symbol", position.symbol},
          {"units", position.units},
          {"entry_price", position.entry_price},
          {"mark_price", position.mark_price},
          {"value", position.units * position.mark_price},
          {"unrealised", position.unrealised},
          {"opened", iso_time(position.opened)},
          {"order_id", position.order_id},
          {"stop", finite_or_null(position.stop)},
          {"take_profit", finite_or_null(position.take_profit)}};
}

Json order_json(const broker::Order& order) {
  return {{"id", order.id},
          {"symbol", order.symbol},
          {"kind", kind_of(order.decision)},
          {"units", order.units},
          {"reference_price", order.reference_price},
          {"decided", iso_time(order.decided)}};
}

Json decision_json(const live::DecisionRecord& record) {
  return {
      {"number", record.number},
      {"symbol", record.symbol},
      {"bar",
       {{"open_time", iso_time(record.bar.open_time)},
        {"open", record.bar.open},
        {"high", record.bar.high},
        {"low", record.bar.low},
        {"close", record.bar.close},
        {"volume", finite_or_null(record.bar.volume)}}},
      {"action", record.action},
      {"summary", record.summary},
      {"parameter_version", record.parameter_version == 0 ? Json(nullptr) : Json(record.parameter_version)},
      {"order_id", record.order_id.empty() ? Json(nullptr) : Json(record.order_id)},
      {"denial", to_string(record.denial)},
      {"latency_us", record.latency_us}};
}

Json kill_json(const live::Kill& kill) {
  return {{"by", kill.by}, {"reason", kill.reason}, {"time", iso_time(kill.time)}, {"flatten", kill.flatten}};
}

Json risk_limits(const live::RiskLimits& limits) {
  return {{"order_notional_share", limits.order_notional_share},
          {"symbol_notional_share", limits.symbol_notional_share},
          {"exposure_share", limits.exposure_share},
          {"orders_per_minute", limits.orders_per_minute},
          {"price_collar_share", limits.price_collar_share},
          {"stale_intervals", limits.stale_intervals},
          {"daily_loss_share", limits.daily_loss_share},
          {"drawdown_share", limits.drawdown_share}};
}

Json state_json(const LiveView& view) {
  Json denials = Json::object();
  for (std::size_t i = 1; i < live::denial_count; ++i) {
    if (view.risk.denials[i] > 0)
      denials[std::string(to_string(static_cast<live::Denial>(i)))] = view.risk.denials[i];
  }
  return {{"summary", live_summary_json(view)},
          {"started", iso_or_null(view.started)},
          {"interval_ms", view.interval},
          {"parameter_version", view.parameter_version == 0 ? Json(nullptr) : Json(view.parameter_version)},
          {"differences", view.differences},
          {"risk",
           {{"state", to_string(view.risk_state)},
            {"why", view.risk_why},
            {"kill", view.risk.kill ? kill_json(*view.risk.kill) : Json(nullptr)},
            {"halt", view.risk.halt ? Json(*view.risk.halt) : Json(nullptr)},
            {"peak_equity", view.risk.peak_equity},
            {"day_start_equity", view.risk.day_start_equity},
            {"passed", view.risk.passed},
            {"denials", std::move(denials)},
            {"limits", risk_limits(view.limits)}}},
          {"latency_us",
           {{"p50", view.latency_p50_us}, {"p99", view.latency_p99_us}, {"max", view.latency_max_us}}}};
}

// Handlers

Response fills(const Context& context, const Request& request) {
  const PageRequest page = page_request(request);  // cursor: number of the last fill of the page before
  return context->life([&](const app::LiveLife& life) {
    const std::uint64_t oldest = life.fills_left_out() + 1,
                        newest = life.fills_left_out() + life.fills().size();
    std::uint64_t number = page.cursor == 0 ? newest : std::min(newest, page.cursor - 1);
    Json items = Json::array();
    for (; number >= oldest && items.size() < page.limit; --number)
      items.push_back(fill_json(life.fills()[number - oldest].fill));
    return json_response(page_json(std::move(items), number >= oldest ? number + 1 : 0));
  });
}

/// Whether a trade was wanted: there is an order, a denial, or a rule that the cost cap held back.
bool wants_trade(const live::DecisionRecord& decision) {
  return !decision.order_id.empty() || decision.denial != live::Denial::none ||
         decision.explanation.find(R"("reason":"cost_cap")") != std::string::npos;
}

/// Of a page of those that wanted a trade: it looks through a stretch of decisions, however many they are.
Response wanted_decisions(const Context& context, const PageRequest& page) {
  Json items = Json::array();
  const std::uint64_t before = page.cursor == 0 ? std::numeric_limits<std::uint64_t>::max() : page.cursor;
  const auto found = context->live().decisions(before, most_looked_through);
  std::uint64_t next = found.size() < most_looked_through ? 0 : found.back().number;
  for (const live::DecisionRecord& decision : found) {
    if (!wants_trade(decision)) continue;
    items.push_back(decision_json(decision));
    if (items.size() < page.limit) continue;
    next = decision.number == found.back().number ? next : decision.number;
    break;
  }
  return json_response(page_json(std::move(items), next > 1 ? next : 0));
}

Response decisions(const Context& context, const Request& request) {
  const PageRequest page = page_request(request);  // cursor: number before which the page begins
  if (context->services.live != nullptr && query_text(request, "wanted") == "true")
    return wanted_decisions(context, page);
  Json items = Json::array();
  std::uint64_t next = 0;
  if (context->services.live != nullptr) {
    const std::uint64_t before = page.cursor == 0 ? std::numeric_limits<std::uint64_t>::max() : page.cursor;
    const auto found = context->live().decisions(before, page.limit + 1);
    for (std::size_t i = 0; i < found.size() && i < page.limit; ++i) items.push_back(decision_json(found[i]));
    if (found.size() > page.limit) next = found[page.limit - 1].number;
  }
  return json_response(page_json(std::move(items), next));
}

Response one_decision(const Context& context, const Request& request) {
  const std::uint64_t number = whole_number(request.path_parameters.at("number"), "number");
  std::vector<live::DecisionRecord> found;
  if (context->services.live != nullptr && number < std::numeric_limits<std::uint64_t>::max())
    found = context->live().decisions(number + 1, 1);
  if (found.empty() || found.front().number != number)
    throw Error("api.not_found",
                fmt::format("decision {} was never taken, or is too old to be at hand: older ones "
                            "are in the journal (stevie live decisions)",
                            number));
  Json json = decision_json(found.front());
  Json explanation = Json::parse(found.front().explanation, nullptr, false);
  json["explanation"] = explanation.is_object() ? std::move(explanation) : Json::object();
  return json_response(json);
}

Response equity(const Context& context, const Request& request) {
  const auto from = query_time(request, "from");
  const auto to = query_time(request, "to");
  if (from && to && *from > *to)
    throw Error("api.bad_parameter", "from lies behind to: give the earlier time as from");
  const std::size_t points = optional_number(request, "points").value_or(500);
  const std::vector<app::SymbolCloses> closes = context->closes();
  const app::EquityTrace trace = context->life([&](const app::LiveLife& life) {
    return app::trace_equity(life, closes, {.from = from, .to = to, .points = points});
  });
  Json list = Json::array();
  for (const app::EquityTracePoint& point : trace.points) {
    list.push_back({{"time", iso_time(point.time)}, {"equity", point.equity}, {"drawdown", point.drawdown}});
  }
  return json_response({{"points", std::move(list)}});
}

/// Of a server that does not trade, with the kill switch and the halt that are on record: the next server
/// that trades finds them.
LiveView idle_view(const Context& context, const ledger::Ledger& ledger) {
  LiveView view = *context->view();
  const live::RiskLimits& configured = context->services.config.risk;
  view.limits = app::read_limits(ledger, configured).in_force;
  view.risk = app::read_live_account(ledger, configured).risk;
  return view;
}

Response state_answer(const Context& context) {
  if (context->services.live != nullptr) return json_response(state_json(*context->view()));
  return context->ledger.use([&](app::LedgerPool::Connection& connection) {
    return json_response(state_json(idle_view(context, connection.ledger())));
  });
}

/// The state once the loop has done what was asked of it; as it is where that takes longer than a moment.
Response state_once(const Context& context, const std::function<bool(const LiveView&)>& done) {
  wait_for_loop(*context, done);
  return state_answer(context);
}

Json command_schema() {
  return schema::object({{"reason", schema::reason()}});
}

void add_schemas(RouteTable& table) {
  table.schemas["LiveFeed"] = feed_schema().dump();
  table.schemas["LiveSummary"] = summary_schema().dump();
  table.schemas["LiveKill"] = kill_schema().dump();
  table.schemas["RiskLimits"] = limits_schema().dump();
  table.schemas["LiveState"] = state_schema().dump();
  table.schemas["Position"] = position_schema().dump();
  table.schemas["Order"] = order_schema().dump();
  table.schemas["Fill"] = fill_schema().dump();
  table.schemas["Decision"] = decision_schema().dump();
  table.schemas["ExplainedDecision"] = whole_decision_schema().dump();
}

Route look(const std::string& path, std::string summary) {
  return make_route(Method::get, "/api/live/" + path, "live", std::move(summary), Role::viewer);
}

void add_reading_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  Route route = look("state", "State of the live loop, its risk engine and its limits");
  route.description =
      "Of a server that does not trade: mode none, halted, and the kill switch as it is on record.";
  route.slow = context->services.live == nullptr;  // reads the ledger then
  route.responses = {answer(ref("LiveState"), "The state at this moment")};
  route.handler = [context](const Request&) { return state_answer(context); };
  table.routes.push_back(route);

  route = look("positions", "Positions held");
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("Position")), "By symbol")};
  route.handler = [context](const Request& request) {
    return json_response(page_of(request, context->view()->account.positions, position_json));
  };
  table.routes.push_back(route);

  route = look("orders", "Orders that have not filled yet");
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("Order")), "Oldest first")};
  route.handler = [context](const Request& request) {
    return json_response(page_of(request, context->view()->account.waiting, order_json));
  };
  table.routes.push_back(route);

  route = look("fills", "Changes of positions, newest first");
  route.parameters = page_parameters();
  route.responses = {
      answer(schema::page(ref("Fill")), "The newest 100,000 of the account's life, as the ledger has them")};
  route.slow = true;
  route.handler = [context](const Request& request) { return fills(context, request); };
  table.routes.push_back(route);

  route = look("decisions", "Decisions, newest first");
  route.description =
      "With wanted=true a page comes from the newest 2,000 decisions before the cursor: it may hold fewer "
      "than "
      "limit, or none, and next_cursor goes on behind them.";
  route.parameters = page_parameters();
  route.parameters.push_back(
      query_parameter("wanted",
                      "true: only those in which a trade was wanted: with an order, refused by the risk "
                      "engine, or held back by the cost cap",
                      schema::boolean(""), "false"));
  route.responses = {answer(schema::page(ref("Decision")), "Those at hand; all are in the journal")};
  route.slow = true;
  route.handler = [context](const Request& request) { return decisions(context, request); };
  table.routes.push_back(route);

  route = look("decisions/{number}", "One decision with the strategy's reasons");
  route.parameters = {path_parameter("number", "Of the decision", schema::integer("", 1))};
  route.responses = {answer(ref("ExplainedDecision"), "The decision")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return one_decision(context, request); };
  table.routes.push_back(route);

  route = look("equity", "The equity curve, thinned out so that extremes stay");
  route.parameters = {query_parameter("from", "First time", schema::time("")),
                      query_parameter("to", "Last time", schema::time("")),
                      query_parameter("points", "How many at most", schema::integer("", 2, 5000), "500")};
  route.responses = {answer(
      schema::object(
          {{"points", schema::list(schema::object({{"time", schema::time("Close of the bar")},
                                                   {"equity", schema::number("Account currency")},
                                                   {"drawdown", schema::number("Loss from the highest equity "
                                                                               "of the account's life until "
                                                                               "then, a fraction")}}))}}),
      "Oldest first")};
  route.slow = true;
  route.handler = [context](const Request& request) { return equity(context, request); };
  table.routes.push_back(route);
}

Route command(const std::string& path, std::string summary, Role role) {
  Route route = make_route(Method::post, "/api/live/" + path, "live", std::move(summary), role);
  route.request_schema = command_schema().dump();
  route.responses = {answer(schema::ref("LiveState"),
                            "On record; the state once the loop has obeyed, or after half a second")};
  route.faults = {409, 422};
  route.changes = route.slow = true;
  return route;
}

void add_commands(RouteTable& table, const Context& context) {
  Route route =
      command("kill", "Stop trading: cancel all orders, close positions if wanted", Role::operator_role);
  route.description =
      "The switch is latched: it survives a restart, and only a person re-arms it. A second call is recorded "
      "as well. A server that does not trade records it for the one that does. It holds even while the "
      "ledger "
      "cannot be written; the answer is then 503 with the code live.kill_unrecorded.";
  route.request_schema =
      schema::object(
          {{"reason", schema::reason()},
           {"flatten", schema::boolean("true: close every position with an order at the next bar"), false}})
          .dump();
  route.request_example = R"({"reason":"exchange in trouble","flatten":true})";
  route.handler = [context](const Request& request) {
    const Json body = body_of(request);
    const live::Signature person = signature(request, body.at("reason"));
    const bool flatten = body.value("flatten", false);
    live::LiveEngine* engine = context->services.live;
    bool is_told = false;
    try {
      context->ledger.use([&](app::LedgerPool::Connection& connection) {
        is_told = true;
        if (engine != nullptr)
          engine->kill(connection.ledger(), person, flatten);
        else
          live::write_kill(connection.ledger(), person, flatten, context->now());
      });
    } catch (const Error& error) {
      if (engine == nullptr || !error.code().starts_with("ledger.")) throw;
      if (!is_told) engine->kill_unrecorded(person, flatten);
      throw Error("live.kill_unrecorded",
                  fmt::format("the kill holds, but it is not on record yet: {}", error.message()));
    }
    return state_once(context, [](const LiveView& view) { return view.risk.kill.has_value(); });
  };
  route.acts_unrecorded = true;
  table.routes.push_back(route);

  route = command("re-arm", "End a kill or a halt and trade again", Role::operator_role);
  route.description = "The peak from which the drawdown counts begins anew.";
  route.request_example = R"({"reason":"it was a false alarm"})";
  route.handler = [context](const Request& request) {
    const live::Signature person = signature(request, body_of(request).at("reason"));
    context->ledger.use([&](app::LedgerPool::Connection& connection) {
      if (live::LiveEngine* engine = context->services.live)
        engine->rearm(connection.ledger(), person);
      else
        live::write_rearm(connection.ledger(), person, context->now());
    });
    return state_once(context, [](const LiveView& view) { return !view.risk.kill && !view.risk.halt; });
  };
  table.routes.push_back(route);

  route =
      command("accept", "Take the broker's account as the truth where it and the record differ", Role::admin);
  route.request_example = R"({"reason":"the deposit of Monday"})";
  route.handler = [context](const Request& request) {
    live::LiveEngine& engine = context->live();
    const live::Signature person = signature(request, body_of(request).at("reason"));
    context->ledger.use(
        [&](app::LedgerPool::Connection& connection) { engine.accept_account(connection.ledger(), person); });
    return state_answer(context);
  };
  table.routes.push_back(route);
}

}  // namespace

Json fill_json(const broker::Fill& fill) {
  return {{"order_id", fill.order_id},   {"symbol", fill.symbol},
          {"time", iso_time(fill.time)}, {"units", fill.units},
          {"price", fill.price},         {"fee", fill.fee},
          {"slippage", fill.slippage},   {"units_after", fill.units_after},
          {"reason", fill.reason}};
}

Json live_summary_json(const LiveView& view) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return {{"mode", view.mode},
          {"running", view.running},
          {"text", view.text},
          {"session", text_or_null(view.session)},
          {"now", iso_or_null(view.now)},
          {"symbols", view.symbols},
          {"risk_state", to_string(view.risk_state)},
          {"risk_why", view.risk_why},
          {"killed", view.risk.kill.has_value()},
          {"reconciled", view.reconciled},
          {"equity", view.account.equity},
          {"cash", view.account.cash},
          {"initial_equity", view.initial_equity},
          {"positions", view.account.positions.size()},
          {"waiting_orders", view.account.waiting.size()},
          {"steps", view.steps},
          {"decisions", view.decisions},
          {"orders", view.orders},
          {"fills", view.fills},
          {"feed",
           {{"health", to_string(view.feed.health)},
            {"text", view.feed.text},
            {"newest_close", iso_or_null(view.feed.newest_close)},
            {"bars", view.feed.bars},
            {"reconnects", view.feed.reconnects},
            {"gaps_filled", view.feed.gaps_filled},
            {"rejected", view.feed.rejected},
            {"progress", view.feed.progress < 0 ? Json(nullptr) : finite_or_null(view.feed.progress)}}},
          {"persistence_fault", text_or_null(view.persistence_fault)}};
}

void add_live_routes(RouteTable& table, const Context& context) {
  add_schemas(table);
  add_reading_routes(table, context);
  add_commands(table, context);
}

}  // namespace stevie::api
