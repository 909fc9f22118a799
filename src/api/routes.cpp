#include "api/routes.h"

#include "api/route_context.h"
#include "api/router.h"
#include "api/serve.h"
#include "core/clock.h"
#include "core/error.h"

namespace stevie::api {

namespace {

RouteTable table_of(const std::shared_ptr<RouteContext>& context) {
  RouteTable table;
  add_training_routes(table, context);
  add_scenario_routes(table, context);
  add_parameter_routes(table, context);
  add_comparison_routes(table, context);
  add_session_routes(table, context);
  add_live_routes(table, context);
  add_chart_routes(table, context);
  add_performance_routes(table, context);
  add_limit_routes(table, context);
  add_model_routes(table, context);
  add_experiment_routes(table, context);
  add_report_routes(table, context);
  add_ledger_routes(table, context);
  add_notification_routes(table, context);
  add_auth_routes(table, context);
  add_user_routes(table, context);
  add_system_routes(table, context);
  return table;
}

}  // namespace

RouteTable make_routes(Services& services) {
  if (!services.now) services.now = system_time;
  const auto context = std::make_shared<RouteContext>(services);
  try {
    // So that the status can tell it without asking the database.
    context->ledger.use([&](app::LedgerPool::Connection& connection) {
      context->heard_of_version(connection.parameters().current().number);
    });
  } catch (const Error&) {
    // No ledger just now: routes that need it say so, and the status tells the version once it is known.
  }
  return table_of(context);
}

std::string openapi_of_this_program() {
  Services nothing;  // a table is described without acting on anything
  nothing.now = system_time;
  return Router({.table = table_of(std::make_shared<RouteContext>(nothing))}).openapi();
}

}  // namespace stevie::api
