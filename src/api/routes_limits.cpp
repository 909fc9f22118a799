#include <cstdint>
#include <optional>

#include "api/route_context.h"
#include "app/live_limits.h"
#include "core/error.h"
#include "live/live_commands.h"

namespace stevie::api {
namespace {

using accounts::Role;

Json limit_schema() {
  using namespace schema;
  return object({{"name", text("As in the section risk of the configuration")},
                 {"in_force", number("What holds now")},
                 {"configured", number("What the configuration says")},
                 {"changed", boolean("Whether a person set it while the program ran")},
                 {"minimum", number("Least value")},
                 {"above_minimum", boolean("Whether the least value itself is refused")},
                 {"maximum", number("Largest value")},
                 {"whole", boolean("Whether it has no fractions")},
                 {"unit", nullable(text("null: a share"))},
                 {"help", text("What it holds back")}});
}

Json limits_schema() {
  using namespace schema;
  return object({{"limits", list(ref("RiskLimit"))},
                 {"obeyed", boolean("false: on record, and the loop takes it over with its next step")},
                 {"change", nullable(object({{"by", text("Who")},
                                             {"reason", text("Why")},
                                             {"time", time("When")},
                                             {"event", integer("Of the ledger", 1)}},
                                            "The newest; null: nobody has changed any"))}});
}

Response limits_answer(const Context& context, const app::LimitsView& view) {
  Json limits = Json::array();
  for (const live::LimitField& field : live::limit_fields()) {
    limits.push_back({{"name", field.name},
                      {"in_force", live::limit_value(view.in_force, field.name)},
                      {"configured", live::limit_value(view.configured, field.name)},
                      {"changed", view.change && view.change->overrides.contains(field.name)},
                      {"minimum", field.minimum},
                      {"above_minimum", field.above_minimum},
                      {"maximum", field.maximum},
                      {"whole", field.whole},
                      {"unit", field.unit.empty() ? Json(nullptr) : Json(field.unit)},
                      {"help", field.help}});
  }
  const bool trades = context->services.live != nullptr;
  Json change = nullptr;
  if (view.change)
    change = {{"by", view.change->by},
              {"reason", view.change->reason},
              {"time", iso_time(view.change->time)},
              {"event", view.change->sequence}};
  return json_response({{"limits", std::move(limits)},
                        {"obeyed", !trades || context->view()->limits == view.in_force},
                        {"change", std::move(change)}});
}

app::LimitsView read_limits(const Context& context, app::LedgerPool::Connection& connection) {
  return app::read_limits(connection.ledger(), context->services.config.risk);
}

live::LimitRequest limit_request(const Json& body) {
  live::LimitRequest request;
  for (const auto& [name, value] : body.at("limits").items())
    request.values[name] = value.is_null() ? std::nullopt : std::optional(value.get<double>());
  if (body.contains("base")) request.base = body["base"].get<std::uint64_t>();
  return request;
}

/// What holds once the loop has obeyed, or after half a second.
Response set_limits(const Context& context, const Request& request) {
  const Json body = body_of(request);
  const live::Signature person = signature(request, body.at("reason"));
  const live::LimitRequest wanted = limit_request(body);
  live::LiveEngine* engine = context->services.live;
  const app::LimitsView view = context->ledger.use([&](app::LedgerPool::Connection& connection) {
    if (engine != nullptr)
      engine->set_limits(connection.ledger(), person, wanted);
    else
      live::write_limits(connection.ledger(), person, context->services.config.risk, wanted, context->now());
    return read_limits(context, connection);
  });
  wait_for_loop(*context, [&view](const live::LiveView& now) { return now.limits == view.in_force; });
  return limits_answer(context, view);
}

Json request_schema() {
  std::vector<schema::Member> members;
  for (const live::LimitField& field : live::limit_fields())
    members.push_back(
        {field.name, schema::nullable(schema::number(field.help, field.minimum, field.maximum)), false});
  Json limits = schema::object(members, "null: back to the value of the configuration");
  limits["minProperties"] = 1;
  return schema::object(
      {{"limits", std::move(limits)},
       {"reason", schema::reason()},
       {"base",
        schema::integer("Number of the event of the newest change that was read, 0 where there was none: "
                        "refused where another came since",
                        0),
        false}});
}

}  // namespace

void add_limit_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["RiskLimit"] = limit_schema().dump();
  table.schemas["RiskLimitsState"] = limits_schema().dump();

  Route route = make_route(Method::get, "/api/live/limits", "live",
                           "The risk limits in force beside those of the configuration", Role::viewer);
  route.responses = {answer(ref("RiskLimitsState"), "Every limit with its bounds")};
  route.slow = true;
  route.handler = [context](const Request&) {
    return context->ledger.use([&](app::LedgerPool::Connection& connection) {
      return limits_answer(context, read_limits(context, connection));
    });
  };
  table.routes.push_back(route);

  route = make_route(Method::put, "/api/live/limits", "live", "Change risk limits", Role::admin);
  route.description =
      "Takes effect with the next step and holds over restarts, until it is changed again; null goes back to "
      "the configuration. Limits that are not named stay. The bounds are those of the configuration.";
  route.request_schema = request_schema().dump();
  route.responses = {answer(ref("RiskLimitsState"), "On record, and obeyed or about to be")};
  route.faults = {409, 422};
  route.changes = route.slow = true;
  route.request_example =
      R"({"limits":{"exposure_share":1.5,"orders_per_minute":null},"reason":"a quiet week","base":0})";
  route.handler = [context](const Request& request) { return set_limits(context, request); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
