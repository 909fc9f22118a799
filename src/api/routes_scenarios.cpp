#include <fmt/format.h>

#include "api/gate_view.h"
#include "api/route_context.h"
#include "app/scenario.h"
#include "app/session_request.h"
#include "core/error.h"
#include "core/file.h"
#include "core/printable.h"

namespace stevie::api {
namespace {

using accounts::Role;

constexpr std::chrono::milliseconds recommend_patience{5000};

Json scenario_schema() {
  using namespace schema;
  return object(
      {{"id", text("Names it")},
       {"title", text("For people")},
       {"purpose", text("One sentence")},
       {"best_for", text("When to choose it")},
       {"targets", list(text("Name of a parameter that it searches"))},
       {"goal", choice("What it looks for, net of all costs", {"balanced", "sharpe", "drawdown", "return"})},
       {"minutes", number("Upper limit")},
       {"episodes", integer("Upper limit", 1)},
       {"aggressiveness",
        choice("How far from the running parameters it looks at first", {"careful", "moderate", "bold"})},
       {"recommended", boolean("Whether it is the recommended one")}});
}

Json scenarios_schema() {
  using namespace schema;
  return object({{"scenarios", list(ref("Scenario"))},
                 {"recommended", nullable(ref("Recommendation"))},
                 {"options", ref("StartOptions")},
                 {"note", nullable(text("Why none is recommended"))}});
}

Json options_schema() {
  using namespace schema;
  const Json field = object(
      {{"setting", text("Key of `settings` that takes it")}, {"default", integer("Where it is left out")}});
  const Json training =
      object({{"kind", text("Of the session")},
              {"algorithm", nullable(text("Of kind train"))},
              {"numbers", list(object({{"name", text("steps, seed, seeds, members, epochs, folds")},
                                       {"setting", text("Key of `settings` that takes it")},
                                       {"default", integer("Where it is left out")}}))}});
  const Json limits = object({{"min", number("Smallest allowed")}, {"max", number("Largest allowed")}});
  return object({{"data", list(object({{"file", text("As a request names it")},
                                       {"bytes", integer("Size")},
                                       {"traded", boolean("Whether a session without data searches on it")}}),
                               "Bar files that a session may name")},
                 {"seed", field},
                 {"minutes", limits},
                 {"episodes", limits},
                 {"training", object({{"timesteps", field}, {"seed", field}}, "Of a session of kind train")},
                 {"trainings", list(training, "The kinds of trainings and their main numbers")},
                 {"models", list(text("As a request names it"),
                                 "Model files that a training may start from or clone, newest first")}},
                "What a start may ask for beside the scenario: docs/sessions.md");
}

Json results_schema() {
  using namespace schema;
  Json candidate = {{"type", "object"},
                    {"description", "Values that were tried, and their reward"},
                    {"required", {"episode", "values", "reward", "trades"}},
                    {"properties",
                     {{"episode", integer("That proposed it", 1)},
                      {"values", map_of(number("In its unit"), "By parameter")},
                      {"reward", number("On the search windows")},
                      {"trades", Json{{"description", "Closed trades"}}}}},
                    {"additionalProperties", true}};
  Json value = object({{"name", text("Of the parameter")},
                       {"unit", text("Of the value")},
                       {"before", number("In force")},
                       {"after", number("Proposed")}});
  return object({{"session", ref("TrainingSession")},
                 {"scenario", free_object("What was searched, and its limits")},
                 {"data", list(free_object("A market"))},
                 {"windows", free_object("What the search saw, and what only the gate saw")},
                 {"search", free_object("Method, seed, history; without the candidates")},
                 {"candidates", list(std::move(candidate))},
                 {"best", nullable(integer("Place of the best candidate in that list"))},
                 {"parameters", list(std::move(value), "What would change")},
                 {"gate", nullable(ref("GateVerdict"))},
                 {"outcome", free_object("What it means for the parameters")},
                 {"notes", list(text("A sentence"))}});
}

Json card_json(const app::Scenario& scenario, const std::string& recommended) {
  std::vector<std::string> targets;
  for (const strategy::Parameter target : scenario.targets) targets.emplace_back(strategy::to_string(target));
  return {{"id", scenario.id},
          {"title", scenario.title},
          {"purpose", scenario.purpose},
          {"best_for", scenario.best_for},
          {"targets", targets},
          {"goal", to_string(scenario.goal)},
          {"minutes", scenario.minutes},
          {"episodes", scenario.episodes},
          {"aggressiveness", to_string(scenario.aggressiveness)},
          {"recommended", scenario.id == recommended}};
}

Json trainings_json(const app::Config& config) {
  Json trainings = Json::array();
  for (const app::StartableTraining& training : app::startable_trainings(config)) {
    Json numbers = Json::array();
    for (const app::StartableTraining::Number& number : training.numbers)
      numbers.push_back({{"name", number.name}, {"setting", number.setting}, {"default", number.value}});
    trainings.push_back({{"kind", training.kind},
                         {"algorithm", training.algorithm.empty() ? Json(nullptr) : Json(training.algorithm)},
                         {"numbers", std::move(numbers)}});
  }
  return trainings;
}

Json options_json(const RouteContext& context) {
  const app::Config& config = context.services.config;
  Json models = Json::array();
  for (const std::string& file : app::startable_models(app::model_folders_of(config.sessions)))
    models.push_back(printable(file));
  Json data = Json::array();
  for (const app::StartableFile& file :
       app::startable_files(config.sessions.data_folders, context.services.data))
    data.push_back({{"file", printable(file.file)}, {"bytes", file.bytes}, {"traded", file.traded}});
  return {{"data", std::move(data)},
          {"seed", {{"setting", "optimize.seed"}, {"default", config.optimize.search.seed}}},
          {"minutes", {{"min", app::least_session_minutes}, {"max", app::most_session_minutes}}},
          {"episodes", {{"min", 1}, {"max", app::most_session_episodes}}},
          {"training",
           {{"timesteps", {{"setting", "train.total_timesteps"}, {"default", config.train.total_timesteps}}},
            {"seed", {{"setting", "ppo.seed"}, {"default", config.ppo.seed}}}}},
          {"trainings", trainings_json(config)},
          {"models", std::move(models)}};
}

Response list_scenarios(const Context& context) {
  const RecommendationCache::Answer found =
      context->recommendation.get(context->parameter_version(), recommend_patience);
  const std::string recommended = found.recommendation ? found.recommendation->scenario : "";
  Json cards = Json::array();
  for (const app::Scenario& scenario : app::built_in_scenarios())
    cards.push_back(card_json(scenario, recommended));
  return json_response({{"scenarios", std::move(cards)},
                        {"recommended", recommendation_json(found)},
                        {"options", options_json(*context)},
                        {"note", found.recommendation ? Json(nullptr) : Json(found.note)}});
}

Response start_scenario(const Context& context, const Request& request) {
  app::SessionRequest asked = session_request(request);
  const std::string id = request.path_parameters.at("id");
  if (id != "recommended") app::find_scenario(id);
  asked.scenario = id;
  return json_response(session_answer(context->sessions().start(asked)), 202);
}

Response results(const Context& context, const Request& request) {
  const app::TrainingSession session = context->sessions().session(request.path_parameters.at("id"));
  Json found;
  try {
    if (session.folder.empty()) throw Error("file.missing", "it was never launched");
    const std::filesystem::path file = session.folder / "results.json";
    found = Json::parse(read_file(file), nullptr, false);
  } catch (const Error&) {
    throw Error("api.conflict", fmt::format("session {} has no results yet: it is {}. {}", session.id,
                                            to_string(session.state), session.sentence));
  }
  if (!found.is_object() || !found.contains("search") || !found.at("search").is_object())
    throw Error("api.conflict", fmt::format("session {} has left no results of a search", session.id));
  Json search = found.at("search");
  Json candidates = search.value("candidates", Json::array());
  const Json best = search.value("best", Json(nullptr));
  search.erase("candidates");
  search.erase("best");
  return json_response({{"session", session_answer(session)},
                        {"scenario", found.value("scenario", Json::object())},
                        {"data", found.value("data", Json::array())},
                        {"windows", found.value("windows", Json::object())},
                        {"search", std::move(search)},
                        {"candidates", std::move(candidates)},
                        {"best", best},
                        {"parameters", found.value("parameters", Json::array())},
                        {"gate", gate_view(found.value("gate", Json(nullptr)))},
                        {"outcome", found.value("outcome", Json::object())},
                        {"notes", found.value("notes", Json::array())}});
}

}  // namespace

void add_scenario_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["Scenario"] = scenario_schema().dump();
  table.schemas["StartOptions"] = options_schema().dump();
  table.schemas["Scenarios"] = scenarios_schema().dump();
  table.schemas["GateVerdict"] = gate_view_schema().dump();
  table.schemas["ScenarioResults"] = results_schema().dump();
  const std::string root = "/api/rl-training/scenarios";

  Route route =
      make_route(Method::get, root, "training", "The scenarios, and which one is recommended", Role::viewer);
  route.description =
      "The recommendation is measured on the newest bars, anew each hour and for each version of the "
      "parameters.";
  route.responses = {answer(ref("Scenarios"), "The cards")};
  route.slow = true;
  route.handler = [context](const Request&) { return list_scenarios(context); };
  table.routes.push_back(route);

  route = make_route(Method::post, root + "/{id}/start", "training", "Start a scenario", Role::operator_role);
  route.parameters = {
      path_parameter("id", "Of the scenario, or recommended",
                     schema::example(schema::pattern("", "^[a-z][a-z0-9_]{0,63}$", 64), "quick_tune"))};
  route.request_schema = session_start_schema(false).dump();
  route.responses = {answer(ref("TrainingSession"), "Queued", 202)};
  route.faults = {404, 409, 422};
  route.changes = route.slow = true;
  route.request_example = R"({"dry_run":true,"reason":"drawdown was high"})";
  route.handler = [context](const Request& request) { return start_scenario(context, request); };
  table.routes.push_back(route);

  route =
      make_route(Method::post, root + "/stop", "training", "Stop the running scenario", Role::operator_role);
  route.description = "As POST /api/rl-training/stop.";
  route.request_schema = schema::object({{"reason", schema::reason()}}).dump();
  route.responses = {answer(ref("TrainingSession"), "The session, stopping or stopped")};
  route.faults = {404, 409, 422};
  route.changes = route.slow = true;
  route.request_example = R"({"reason":"not needed now"})";
  route.handler = [context](const Request& request) {
    return json_response(
        session_answer(stop_session(*context, {}, signature(request, body_of(request).at("reason")))));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, root + "/results/{id}", "training",
                     "What a session found: candidates, and the gate's checks in words and numbers",
                     Role::viewer);
  route.parameters = {
      path_parameter("id", "Of the session", schema::pattern("", "^[A-Za-z0-9_.-]{1,120}$", 120))};
  route.responses = {answer(ref("ScenarioResults"), "The results")};
  route.faults = {404, 409};
  route.slow = true;
  route.handler = [context](const Request& request) { return results(context, request); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
