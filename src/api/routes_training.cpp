#include <fmt/format.h>

#include <algorithm>

#include "api/route_context.h"
#include "app/params.h"
#include "app/params_view.h"
#include "app/scenario.h"
#include "app/session_kinds.h"
#include "app/session_request.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using accounts::Role;
using app::SessionState;
using Connection = app::LedgerPool::Connection;

bool waits(const app::TrainingSession& session) {
  return session.state == SessionState::queued;
}
bool at_work(const app::TrainingSession& session) {
  return session.state == SessionState::running || session.state == SessionState::stopping;
}

// Schemas

Json reason_for_scenario_schema() {
  using namespace schema;
  return object({{"scenario", text("That the rule names")},
                 {"applies", boolean("Whether it does")},
                 {"sentence", text("The measurement and its bound")}});
}

Json recommendation_schema() {
  using namespace schema;
  return object({{"scenario", text("Id of the recommended one")},
                 {"measured", time("When")},
                 {"parameter_version", integer("That was replayed; 0: the defaults")},
                 {"reasons", list(reason_for_scenario_schema(),
                                  "Every rule in its order: the first that applies counts")},
                 {"notes", list(text("A sentence"))}});
}

Json status_schema() {
  using namespace schema;
  return object({{"state", choice("stopping: a session ends within a second",
                                  {"idle", "queued", "training", "stopping"})},
                 {"time", time("When this answer was made; it is made anew when something changes")},
                 {"live", ref("LiveSummary")},
                 {"session", nullable(ref("TrainingSession"))},
                 {"last_session", nullable(ref("TrainingSession"))},
                 {"queue", list(text("Id of a session that waits"), "In the order in which they will run")},
                 {"parameter_version", nullable(integer("In force; null: not known yet", 1))},
                 {"recommended", nullable(text("Scenario; null: not measured yet"))}});
}

Json target_schema() {
  using namespace schema;
  return object({{"name", text("In files and flags")},
                 {"unit", text("Of the value")},
                 {"min", number("Smallest value allowed")},
                 {"max", number("Largest value allowed")},
                 {"step", number("Resolution of a search")},
                 {"default", number("What the schema gives")},
                 {"current", number("In force for all symbols and regimes")},
                 {"overrides", list(object({{"layer", text("symbol BTC/USDT, regime bear")},
                                            {"value", number("In force there")}}))},
                 {"meaning", text("One sentence")},
                 {"used_by", text("Which rule reads it")},
                 {"scenarios", list(text("Id of a scenario that searches it"))}});
}

std::vector<schema::Member> start_members() {
  using namespace schema;
  return {
      {"data",
       list(pattern("Bar file: one that the server trades on, or below a folder of sessions.data_folders",
                    "^[A-Za-z0-9_./-]{1,200}$", 200),
            "Empty or absent: those of the configuration"),
       false},
      {"settings",
       map_of(
           text("The value as --set takes it", 1, 200),
           "By key of the section optimize; of a dry run also gate, costs, env, rules, regime and social; of "
           "a training data, env, costs, network and those of its own (docs/sessions.md)"),
       false},
      {"minutes",
       number("Limit instead of the scenario's", app::least_session_minutes, app::most_session_minutes),
       false},
      {"episodes", integer("Limit instead of the scenario's", 1, app::most_session_episodes), false},
      {"dry_run", boolean("true: a promoted proposal is not applied"), false},
      {"reason", reason()}};
}

Json start_schema() {
  using namespace schema;
  std::vector<Member> members{
      {"kind", choice("What to run; default optimize", app::session_kinds()), false},
      {"scenario",
       example(pattern("Id of a scenario, or recommended (the default)", "^[a-z][a-z0-9_]{0,63}$", 64),
               "quick_tune"),
       false}};
  const auto model = [](std::string_view meaning) {
    return pattern(meaning, "^[A-Za-z0-9_./-]{1,200}$", 200);
  };
  members.push_back({"algorithm", choice("Of kind train; default ppo", {"ppo", "dqn"}), false});
  members.push_back({"augment",
                     text("Of kinds train and bootstrap: all, or some of noise, volume, shift, volatility, "
                          "warp, bootstrap, permutation",
                          0, 200),
                     false});
  members.push_back({"curriculum",
                     boolean("Of kinds train and bootstrap: calm markets first, turbulent ones last"),
                     false});
  members.push_back(
      {"from",
       model("Of kind train: start from the policy of this model file, which lies below the server's own "
             "folders models, runs and sessions.folder"),
       false});
  members.push_back(
      {"expert", model("Of kind clone: rsi-ma (the default), or a model file as `from` takes it"), false});
  for (Member& member : start_members()) members.push_back(std::move(member));
  return object(members);
}

Json value_schema() {
  using namespace schema;
  return object(
      {{"name", example(text("Of the parameter", 1, 64), "volPctBreakout")},
       {"value", Json{{"type", {"number", "null"}},
                      {"description", "null takes the symbol's or regime's own value away"}}},
       {"unit", text("Where given, it must be the parameter's: a guard against mistaken units", 1, 32),
        false}});
}

Json update_schema() {
  using namespace schema;
  Json one = value_schema();
  std::vector<Member> shared{
      {"symbol", traded_symbol_schema(), false},
      {"regime", choice("Only in this market regime", {"bull", "bear", "sideways", "volatile"}), false},
      {"reason", reason()}};
  std::vector<Member> single, several;
  single.push_back({"name", one["properties"]["name"]});
  single.push_back({"value", one["properties"]["value"]});
  single.push_back({"unit", one["properties"]["unit"], false});
  Json items = list(std::move(one), "Applied together, all or none");
  items["minItems"] = 1;
  items["maxItems"] = 50;
  several.push_back({"parameters", std::move(items)});
  for (const Member& member : shared) {
    single.push_back(member);
    several.push_back(member);
  }
  return {{"oneOf", Json::array({object(single, "One parameter"), object(several, "Several")})}};
}

Json performance_schema() {
  using namespace schema;
  const Json metrics = map_of(ref("Metric"), "By key: docs/metrics.md");
  return object({{"symbol", text("Such as BTC/USDT")},
                 {"from", time("Open of the first bar measured")},
                 {"to", time("Close of the last one")},
                 {"bars", integer("Measured", 1)},
                 {"days", integer("UTC days")},
                 {"trades", integer("Closed round trips")},
                 {"initial_equity", number("The symbol's share of the account at the beginning")},
                 {"final_equity", number("The same at the end")},
                 {"fees", number("Paid, account currency")},
                 {"traded_notional", number("Sum of the values of all fills")},
                 {"level", number("Coverage of the intervals", 0, 1)},
                 {"metrics", metrics},
                 {"buy_and_hold", metrics}});
}

Json metric_schema() {
  using namespace schema;
  return object({{"name", text("For people")},
                 {"value", nullable(number("Returns and shares are fractions"))},
                 {"low", nullable(number("Lower end of the interval"))},
                 {"high", nullable(number("Upper end of the interval"))},
                 {"reason", nullable(text("Why there is no value"))}});
}

// Status

Json status_json(const live::LiveView& view, const std::vector<app::TrainingSession>& sessions,
                 std::uint64_t version, const RecommendationCache::Answer& recommendation, TimeMs now) {
  const auto working = std::ranges::find_if(sessions, at_work);
  const auto ended = std::ranges::find_if(
      sessions, [](const app::TrainingSession& session) { return !at_work(session) && !waits(session); });
  Json queue = Json::array();
  for (auto session = sessions.rbegin(); session != sessions.rend(); ++session) {  // they come newest first
    if (waits(*session)) queue.push_back(session->id);
  }
  std::string state = queue.empty() ? "idle" : "queued";
  if (working != sessions.end()) state = working->state == SessionState::stopping ? "stopping" : "training";
  return {{"state", state},
          {"time", iso_time(now)},
          {"live", live_summary_json(view)},
          {"session", working == sessions.end() ? Json(nullptr) : session_answer(*working)},
          {"last_session", ended == sessions.end() ? Json(nullptr) : session_answer(*ended)},
          {"queue", std::move(queue)},
          {"parameter_version", version == 0 ? Json(nullptr) : Json(version)},
          {"recommended",
           recommendation.recommendation ? Json(recommendation.recommendation->scenario) : Json(nullptr)}};
}

// Targets

std::vector<std::string> scenarios_with(strategy::Parameter parameter) {
  std::vector<std::string> ids;
  for (const app::Scenario& scenario : app::built_in_scenarios()) {
    if (std::ranges::find(scenario.targets, parameter) != scenario.targets.end()) ids.push_back(scenario.id);
  }
  return ids;
}

Json overrides_json(const strategy::ParameterLayers& layers, strategy::Parameter parameter) {
  Json list = Json::array();
  const auto add = [&](std::string layer, const strategy::Overrides& overrides) {
    if (const auto found = overrides.find(parameter); found != overrides.end())
      list.push_back({{"layer", std::move(layer)}, {"value", found->second}});
  };
  for (const auto& [symbol, overrides] : layers.by_symbol) add("symbol " + symbol, overrides);
  for (const auto& [regime, overrides] : layers.by_regime)
    add("regime " + std::string(strategy::to_string(regime)), overrides);
  return list;
}

Json targets_json(const live::ParameterVersion& version) {
  Json targets = Json::array();
  for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
    const auto parameter = static_cast<strategy::Parameter>(i);
    const strategy::ParameterInfo& info = strategy::info(parameter);
    targets.push_back({{"name", info.name},
                       {"unit", info.unit},
                       {"min", info.minimum},
                       {"max", info.maximum},
                       {"step", info.step},
                       {"default", info.default_value},
                       {"current", version.layers.global[parameter]},
                       {"overrides", overrides_json(version.layers, parameter)},
                       {"meaning", info.meaning},
                       {"used_by", info.used_by},
                       {"scenarios", scenarios_with(parameter)}});
  }
  return {{"parameter_version", version.number}, {"targets", std::move(targets)}};
}

// Changes of parameters

Response update(const Context& context, const Request& request) {
  const Json body = body_of(request);
  const live::Signature person = signature(request, body.at("reason"));
  const app::ParameterScope scope = app::parse_scope(body.value("symbol", ""), body.value("regime", ""));
  const Json values = body.contains("parameters") ? body.at("parameters") : Json::array({body});
  std::vector<live::ManualValue> changes;
  std::vector<std::string> faults;
  for (const Json& value : values) {
    try {
      live::ManualValue change{.symbol = scope.symbol, .regime = scope.regime};
      change.parameter = strategy::parse_parameter(value.at("name").get<std::string>());
      if (!value.at("value").is_null()) change.value = value.at("value").get<double>();
      const std::string_view unit = strategy::info(change.parameter).unit;
      if (value.contains("unit") && value.at("unit").get<std::string>() != unit)
        faults.push_back(fmt::format("{} is in {}, not in {}", strategy::to_string(change.parameter), unit,
                                     value.at("unit").get<std::string>()));
      if (!change.value && scope.symbol.empty() && !scope.regime)
        change.value = strategy::info(change.parameter).default_value;
      changes.push_back(std::move(change));
    } catch (const Error& error) {
      faults.push_back(error.message());
    }
  }
  if (!faults.empty()) {
    std::ranges::move(live::manual_faults(changes, person), std::back_inserter(faults));
    throw Error("live.refused_change", fmt::format("nothing was changed: {}", fmt::join(faults, "; ")));
  }
  return context->ledger.use([&](Connection& connection) {
    live::ParameterStore& store = connection.parameters();
    const live::ParameterVersion after = store.set(changes, person);
    return changed_parameters(context, store, after);
  });
}

Response reset(const Context& context, const Request& request) {
  const live::Signature person = signature(request, body_of(request).at("reason"));
  return context->ledger.use([&](Connection& connection) {
    live::ParameterStore& store = connection.parameters();
    const live::ParameterVersion after = app::reset_parameters(store, person);
    return changed_parameters(context, store, after);
  });
}

// Performance

Json metrics_json(const stats::Performance& performance) {
  Json metrics = Json::object();
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    const stats::Metric& metric = performance.*info.field;
    metrics[std::string(info.key)] = {
        {"name", info.name},
        {"value", finite_or_null(metric.value)},
        {"low", metric.interval ? finite_or_null(metric.interval->low) : Json(nullptr)},
        {"high", metric.interval ? finite_or_null(metric.interval->high) : Json(nullptr)},
        {"reason", metric.value ? Json(nullptr) : Json(metric.reason)}};
  }
  return metrics;
}

Response performance(const Context& context, const Request& request) {
  const std::string symbol = recorded_symbol(*context, request.path_parameters.at("symbol"));
  const std::vector<app::SymbolCloses> closes = context->closes();
  const app::EquityPath path =
      context->life([&](const app::LiveLife& life) { return app::equity_path(life, closes, symbol); });
  if (path.open_time.empty())
    throw Error("api.conflict", "no bar of this symbol has been traded yet: come back after the next close");
  const app::LivePerformance found = app::measure_life(path);
  return json_response({{"symbol", symbol},
                        {"from", iso_time(found.from)},
                        {"to", iso_time(found.to)},
                        {"bars", found.bars},
                        {"days", found.live.days},
                        {"trades", found.live.trades},
                        {"initial_equity", found.initial_equity},
                        {"final_equity", found.final_equity},
                        {"fees", found.fees},
                        {"traded_notional", found.traded_notional},
                        {"level", found.level},
                        {"metrics", metrics_json(found.live)},
                        {"buy_and_hold", metrics_json(found.buy_and_hold)}});
}

// The table

void add_schemas(RouteTable& table) {
  table.schemas["Recommendation"] = recommendation_schema().dump();
  table.schemas["TrainingStatus"] = status_schema().dump();
  table.schemas["TrainingTarget"] = target_schema().dump();
  table.schemas["Performance"] = performance_schema().dump();
  table.schemas["Metric"] = metric_schema().dump();
}

Route train(Method method, const std::string& path, std::string summary, Role role) {
  return make_route(method, "/api/rl-training/" + path, "training", std::move(summary), role);
}

void add_session_control(RouteTable& table, const Context& context) {
  using schema::ref;
  Route route = train(Method::post, "start", "Start a training session", Role::operator_role);
  route.description =
      "It waits in the queue, then runs beside trading in a process of its own. What a search finds is "
      "applied only where the gate promotes it; a training changes no parameters. Follow it with GET "
      "/api/sessions/{id} or the WebSocket.";
  route.request_schema = start_schema().dump();
  route.responses = {answer(ref("TrainingSession"), "Queued", 202)};
  route.faults = {404, 409, 422};
  route.changes = route.slow = true;
  route.request_example = R"({"scenario":"quick_tune","dry_run":true,"reason":"first look"})";
  route.handler = [context](const Request& request) {
    return json_response(session_answer(context->sessions().start(session_request(request))), 202);
  };
  table.routes.push_back(route);

  route = train(Method::post, "stop", "Stop the running session, or a named one", Role::operator_role);
  route.description = "It ends within a second; the parameters stay as they are.";
  route.request_schema =
      schema::object(
          {{"id",
            schema::pattern("Of the session; absent: the one that runs", "^[A-Za-z0-9_.-]{1,120}$", 120),
            false},
           {"reason", schema::reason()}})
          .dump();
  route.responses = {answer(ref("TrainingSession"), "The session, stopping or stopped")};
  route.faults = {404, 409, 422};
  route.changes = route.slow = true;
  route.request_example = R"({"reason":"not needed now"})";
  route.handler = [context](const Request& request) {
    const Json body = body_of(request);
    return json_response(
        session_answer(stop_session(*context, body.value("id", ""), signature(request, body.at("reason")))));
  };
  table.routes.push_back(route);

  route = train(Method::get, "status", "What trades and what trains, at a glance", Role::viewer);
  route.description = "Cheap: may be polled. Made anew when something changes, at most ten times a second.";
  route.responses = {answer(ref("TrainingStatus"), "The status")};
  route.handler = [context](const Request&) {
    Response response;
    response.shared_body = context->status_text();
    return response;
  };
  table.routes.push_back(route);
}

void add_parameter_control(RouteTable& table, const Context& context) {
  using schema::ref;
  Route route =
      train(Method::post, "reset", "Set all parameters back to their defaults", Role::operator_role);
  route.description =
      "A new version with the defaults of the schema, made by a person for a reason; values of symbols and "
      "regimes are taken "
      "away. Nothing is lost: rollback brings any earlier version back.";
  route.request_schema = schema::object({{"reason", schema::reason()}}).dump();
  route.responses = {answer(ref("ParameterChange"), "On record; in force from the next bar on")};
  route.faults = {409, 422};
  route.changes = route.slow = true;
  route.request_example = R"({"reason":"begin anew"})";
  route.handler = [context](const Request& request) { return reset(context, request); };
  table.routes.push_back(route);

  route = train(Method::get, "targets", "The parameters that training may change", Role::viewer);
  route.responses = {answer(schema::object({{"parameter_version", schema::integer("In force", 1)},
                                            {"targets", schema::list(ref("TrainingTarget"))}}),
                            "All twelve")};
  route.slow = true;
  route.handler = [context](const Request&) {
    return context->ledger.use([&](Connection& connection) {
      return json_response(targets_json(connection.parameters().current()));
    });
  };
  table.routes.push_back(route);

  route = train(Method::post, "update-parameter", "Change parameters by hand", Role::operator_role);
  route.description =
      "One by name and value, or several together: all or none. In force from the next bar on.";
  route.request_schema = update_schema().dump();
  route.responses = {answer(ref("ParameterChange"), "On record; in force from the next bar on")};
  route.faults = {409, 422};
  route.changes = route.slow = true;
  route.request_example =
      R"({"name":"volPctBreakout","value":65,"unit":"percentile","reason":"calmer market"})";
  route.handler = [context](const Request& request) { return update(context, request); };
  table.routes.push_back(route);

  route = train(Method::get, "performance/{symbol}", "What the live account did on one symbol", Role::viewer);
  route.description =
      "Measured over the bars that the loop has at hand, the newest ones; intervals by the bootstrap where "
      "the days are "
      "enough. Buy and hold over the same bars pays no costs.";
  route.parameters = {
      path_parameter("symbol", "Such as BTCUSDT; a slash is written %2F", traded_symbol_schema())};
  route.responses = {answer(ref("Performance"), "The figures")};
  route.faults = {404, 409};
  route.slow = true;
  route.handler = [context](const Request& request) { return performance(context, request); };
  table.routes.push_back(route);
}

}  // namespace

Json recommendation_json(const RecommendationCache::Answer& answer) {
  if (!answer.recommendation) return nullptr;
  Json reasons = Json::array();
  for (const app::RecommendReason& reason : answer.recommendation->reasons)
    reasons.push_back(
        {{"scenario", reason.scenario}, {"applies", reason.applies}, {"sentence", reason.sentence}});
  return {{"scenario", answer.recommendation->scenario},
          {"measured", iso_time(answer.measured)},
          {"parameter_version", answer.recommendation->version},
          {"reasons", std::move(reasons)},
          {"notes", answer.recommendation->notes}};
}

Json session_start_schema(bool with_scenario) {
  return with_scenario ? start_schema() : schema::object(start_members());
}

app::SessionRequest session_request(const Request& request) {
  const Json body = body_of(request);
  app::SessionRequest asked;
  asked.kind = body.value("kind", "optimize");
  asked.scenario =
      asked.kind == "optimize" ? body.value("scenario", "recommended") : body.value("scenario", "");
  asked.data = body.value("data", std::vector<std::string>{});
  asked.algorithm = body.value("algorithm", "");
  asked.augment = body.value("augment", "");
  asked.curriculum = body.value("curriculum", false);
  asked.from = body.value("from", "");
  asked.expert = body.value("expert", "");
  asked.dry_run = body.value("dry_run", false);
  if (body.contains("minutes")) asked.minutes = body.at("minutes").get<double>();
  if (body.contains("episodes")) asked.episodes = body.at("episodes").get<std::size_t>();
  asked.by = signature(request, body.at("reason"));
  const Json settings = body.value("settings", Json::object());
  for (const auto& [key, value] : settings.items()) asked.settings[key] = value.get<std::string>();
  if (asked.kind == "optimize" && asked.scenario != "recommended") app::find_scenario(asked.scenario);
  return asked;
}

app::TrainingSession stop_session(const RouteContext& context, std::string id,
                                  const live::Signature& person) {
  app::TrainingSessions& sessions = context.sessions();
  if (id.empty()) {
    const std::vector<app::TrainingSession> all = sessions.sessions();
    auto found = std::ranges::find_if(all, at_work);
    if (found == all.end()) found = std::ranges::find_if(all, waits);
    if (found == all.end()) throw Error("app.session_ended", "no session runs and none waits");
    id = found->id;
  }
  return sessions.stop_session(id, person);
}

std::shared_ptr<const std::string> RouteContext::status_text() {
  constexpr TimeMs least_age = 100;
  const TimeMs time = now();
  {
    const std::lock_guard lock(mutex_);
    if (status_ && time >= status_looked_ && time - status_looked_ < least_age) return status_;
    status_looked_ = time;
  }
  const std::uint64_t news = services.news == nullptr ? 0 : services.news->newest();
  const std::uint64_t version = parameter_version();
  std::shared_ptr<const live::LiveView> now_view = view();
  // Begins a measurement where the last one is of other parameters or an earlier hour; waits for none.
  const RecommendationCache::Answer recommended =
      services.data.empty() ? recommendation.latest() : recommendation.get(version, {});
  {
    const std::lock_guard lock(mutex_);
    const bool same = news == status_news_ && version == status_version_ && now_view == status_view_ &&
                      recommended.measured == status_recommended_;
    if (status_ && same && services.news != nullptr) return status_;
  }
  std::vector<app::TrainingSession> sessions;
  if (services.sessions != nullptr) sessions = services.sessions->sessions();
  for (const app::TrainingSession& session : sessions) {
    if (session.new_version) heard_of_version(*session.new_version);
  }
  const Json json = status_json(*now_view, sessions, parameter_version(), recommended, time);
  auto text = std::make_shared<const std::string>(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  const std::lock_guard lock(mutex_);
  status_ = text;
  status_news_ = news;
  status_version_ = version;
  status_view_ = std::move(now_view);
  status_recommended_ = recommended.measured;
  return text;
}

void add_training_routes(RouteTable& table, const Context& context) {
  add_schemas(table);
  add_session_control(table, context);
  add_parameter_control(table, context);
}

}  // namespace stevie::api
