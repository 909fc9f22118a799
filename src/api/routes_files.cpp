#include <fmt/format.h>

#include <map>
#include <set>

#include "api/report_tickets.h"
#include "api/route_context.h"
#include "app/ensemble_info.h"
#include "app/experiments.h"
#include "app/result_files.h"
#include "core/error.h"
#include "core/file.h"

namespace stevie::api {
namespace {

using accounts::Role;

ParameterSpec id_parameter() {
  return path_parameter("id", "As the list gives it", schema::pattern("", "^[0-9a-f]{16}$", 16));
}

std::vector<schema::Member> file_members() {
  using namespace schema;
  return {{"id", text("Names it here")},
          {"name", text("File, relative to the folder that is looked through")},
          {"bytes", integer("Size")},
          {"modified", time("When it was written")}};
}

Json file_json(const app::ResultFile& file) {
  return {{"id", file.id}, {"name", file.name}, {"bytes", file.bytes}, {"modified", iso_time(file.modified)}};
}

// Models

Json ensemble_schema() {
  using namespace schema;
  const Json run =
      object({{"weight", number("At the end of the run")},
              {"agreement", number("Share of decisions that it wanted as they were taken")},
              {"accuracy", number("Share of its votes for the level that was best")},
              {"contribution", number("Sum of weight x exposure x return of the bar, before costs")}});
  const Json member =
      object({{"name", text("Of the member")},
              {"kind", choice("What it is", {"policy", "rules", "expert", "constant"})},
              {"weight", number("Its first weight, set on the validation part")},
              {"temperature", number("Of a policy's scores; 1 for others")},
              {"confidence", number("Of a member that has no scores")},
              {"masked_columns", integer("Market values that it was trained without")},
              {"validation_return", number("With the whole account on the validation part")},
              {"validation_sharpe", number("The same, annual")},
              {"validation_accuracy", number("Share of its votes there for the level that was best")},
              {"calibration_error", number("Expected calibration error there, after fitting")},
              {"run", nullable(run)}});
  return object(
      {{"method", choice("How votes become one decision", {"vote", "confidence", "most_confident"})},
       {"adapts", boolean("Whether weights follow the members' losses")},
       {"members", list(member,
                        "In the order of the file; run: what they did in the evaluation that "
                        "lies beside it, null where there is none")}});
}

Json ensemble_json(const app::EnsembleInfo& info) {
  Json members = Json::array();
  for (const app::EnsembleMemberInfo& member : info.members) {
    Json run = nullptr;
    if (member.run)
      run = {{"weight", member.run->weight},
             {"agreement", member.run->agreement},
             {"accuracy", member.run->accuracy},
             {"contribution", member.run->contribution}};
    members.push_back({{"name", member.name},
                       {"kind", member.kind},
                       {"weight", member.weight},
                       {"temperature", member.temperature},
                       {"confidence", member.confidence},
                       {"masked_columns", member.masked_columns},
                       {"validation_return", member.validation.total_return},
                       {"validation_sharpe", member.validation.sharpe},
                       {"validation_accuracy", member.validation.accuracy},
                       {"calibration_error", member.validation.calibration_after},
                       {"run", run}});
  }
  return {{"method", info.method}, {"adapts", info.adapts}, {"members", members}};
}

Json model_schema() {
  using namespace schema;
  std::vector<Member> members = file_members();
  members.push_back({"kind", nullable(text("Method that trained it; null: nothing beside the file tells"))});
  members.push_back({"data", nullable(text("Bar file that it was trained on"))});
  members.push_back({"symbol", nullable(text("Of those bars"))});
  members.push_back({"synthetic", nullable(boolean("Whether they were generated"))});
  members.push_back({"timesteps", nullable(integer("Trained in all"))});
  members.push_back({"best_timesteps", nullable(integer("At which the kept policy was"))});
  members.push_back({"seed", nullable(integer("Of the training"))});
  members.push_back({"settings", map_of(text("As --set takes it"), "Configuration of the training, by key")});
  members.push_back({"periods", nullable(free_object("Training, validation and test: from, to"))});
  members.push_back({"validation", nullable(free_object("How the kept policy did on the validation part"))});
  members.push_back(
      {"test", nullable(free_object("Metrics on bars that neither training nor choosing has seen"))});
  members.push_back({"experiment", nullable(text("Id of the run that left it"))});
  members.push_back({"report", nullable(text("Id of that run's report"))});
  members.push_back({"active", boolean("Whether it trades: see GET /api/models/active")});
  members.push_back({"ensemble", nullable(ensemble_schema())});
  return object(members);
}

Json active_schema() {
  using namespace schema;
  return object({{"model", nullable(text("Id of the model that trades; null: none does"))},
                 {"strategy", nullable(text("What decides instead: rules; null: nothing trades"))},
                 {"sentence", text("The same for people")}});
}

Json curve_schema() {
  using namespace schema;
  return object({{"tag", text("rollout/ep_rew_mean, train/loss, ..., as TensorBoard names it")},
                 {"name", text("For people")},
                 {"points", integer("Before it was thinned out")},
                 {"steps", list(number("Environment steps, or episodes of a search"))},
                 {"values", list(number("One for each step"))}});
}

Json curves_schema() {
  using namespace schema;
  return object({{"id", text("Of the model")},
                 {"source", nullable(choice("What they were read from; null: its run left none",
                                            {"tensorboard", "training_results"}))},
                 {"curves", list(ref("Curve"), "Thinned out so that the extremes stay")}});
}

/// The member where it has the type that the schema promises, else null.
Json member_of(const Json& json, const char* name, bool (Json::*is_type)() const noexcept) {
  const auto found = json.find(name);
  return found != json.end() && ((*found).*is_type)() ? *found : Json(nullptr);
}

/// Of an evaluation's results those of the run itself.
Json own_metrics(const Json& test) {
  const Json results = test.is_object() ? member_of(test, "results", &Json::is_array) : Json(nullptr);
  if (!results.is_array()) return nullptr;
  for (const Json& row : results) {
    if (row.is_object() && member_of(row, "key", &Json::is_string) == "strategy")
      return member_of(row, "metrics", &Json::is_object);
  }
  return nullptr;
}

Json settings_json(const Json& results) {
  Json settings = Json::object();
  const Json configuration = member_of(results, "configuration", &Json::is_object);
  if (!configuration.is_object()) return settings;
  for (const auto& [key, value] : configuration.items()) {
    if (value.is_string()) settings[key] = value;
  }
  return settings;
}

Json seed_json(const Json& results, const Json& settings, const std::string& kind) {
  // Of several trainings the one that was chosen.
  if (const Json chosen = member_of(results, "seed", &Json::is_number_unsigned); !chosen.is_null())
    return chosen;
  const std::string key = kind == "DQN"                 ? "dqn.seed"
                          : kind == "Behaviour cloning" ? "cloning.seed"
                                                        : "ppo.seed";
  const std::string text = settings.value(key, "");
  constexpr std::size_t longest = 18;
  if (text.empty() || text.size() > longest || text.find_first_not_of("0123456789") != std::string::npos)
    return nullptr;
  return whole_number(text, "seed");
}

app::ExperimentList::Roots experiment_roots(const RouteContext& context) {
  return {context.roots(), context.model_roots(), context.roots()};
}

/// What is known of the runs, by the model that they left.
using RunsOfModels = std::map<std::string, app::Experiment>;
RunsOfModels runs_of_models(const Context& context) {
  RunsOfModels runs;
  for (app::Experiment& run : context->experiments->experiments(experiment_roots(*context))) {
    if (!run.model.empty()) runs.emplace(run.model, std::move(run));
  }
  return runs;
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json model_json(const app::ResultFile& file, const RunsOfModels& runs) {
  const app::ModelFileInfo info = app::model_info(file);
  Json json = file_json(file);
  const Json results = Json::parse(info.results.empty() ? "{}" : info.results, nullptr, false);
  json["kind"] = text_or_null(info.kind);
  json["data"] = member_of(results, "data", &Json::is_string);
  json["symbol"] = member_of(results, "symbol", &Json::is_string);
  json["synthetic"] = member_of(results, "synthetic", &Json::is_boolean);
  json["timesteps"] = member_of(results, "timesteps", &Json::is_number_unsigned);
  json["best_timesteps"] = member_of(results, "best_timesteps", &Json::is_number_unsigned);
  json["settings"] = settings_json(results);
  json["seed"] = seed_json(results, json["settings"], info.kind);
  json["periods"] = member_of(results, "periods", &Json::is_object);
  json["validation"] = member_of(results, "validation", &Json::is_object);
  json["test"] = own_metrics(member_of(results, "test", &Json::is_object));
  const auto run = runs.find(file.id);
  json["experiment"] = run == runs.end() ? Json(nullptr) : Json(run->second.id);
  json["report"] = run == runs.end() ? Json(nullptr) : text_or_null(run->second.report);
  json["active"] = false;  // the rules trade
  json["ensemble"] = nullptr;
  if (const auto ensemble = app::ensemble_info(file)) {
    json["kind"] = "ensemble";
    json["symbol"] = text_or_null(ensemble->symbol);
    json["synthetic"] = ensemble->synthetic;
    json["ensemble"] = ensemble_json(*ensemble);
  }
  return json;
}

Json active_json(const RouteContext& context) {
  const bool trades = context.services.live != nullptr;
  return {{"model", nullptr},
          {"strategy", trades ? Json("rules") : Json(nullptr)},
          {"sentence", trades ? "The rules trade by the parameters in force; no trained model does."
                              : "This server does not trade: no model is in use."}};
}

Json curves_json(const std::vector<app::Curve>& curves) {
  Json list = Json::array();
  for (const app::Curve& curve : curves)
    list.push_back({{"tag", curve.tag},
                    {"name", curve.name},
                    {"points", curve.points},
                    {"steps", curve.steps},
                    {"values", curve.values}});
  return list;
}

app::ResultFile model_file(const Context& context, const Request& request) {
  const std::string& id = request.path_parameters.at("id");
  for (app::ResultFile& file : app::model_files_in(context->model_roots())) {
    if (file.id == id) return std::move(file);
  }
  throw Error("api.not_found", "there is no such model: list them with GET /api/models");
}

/// Of a policy that a bootstrap chose the folder of its training; empty of others.
std::filesystem::path run_of(const app::ResultFile& file) {
  const app::ModelFileInfo info = app::model_info(file);
  const Json results = Json::parse(info.results.empty() ? "{}" : info.results, nullptr, false);
  const Json seed = member_of(results, "seed", &Json::is_number_unsigned);
  if (member_of(results, "kind", &Json::is_string) != "bootstrap" || seed.is_null()) return {};
  return file.path.parent_path().parent_path() /
         fmt::format("{}_seed{}", info.kind == "DQN" ? "dqn" : "ppo", seed.get<std::uint64_t>());
}

Response model_curves(const Context& context, const Request& request) {
  const app::ResultFile file = model_file(context, request);
  const std::filesystem::path folder = file.path.parent_path();
  std::string source;
  std::vector<app::Curve> curves;
  for (const std::filesystem::path& place : {folder, folder.parent_path(), run_of(file)}) {
    curves = app::training_curves(place, source);
    if (!curves.empty()) break;
  }
  return json_response({{"id", file.id}, {"source", text_or_null(source)}, {"curves", curves_json(curves)}});
}

// Experiments

std::vector<schema::Member> experiment_members() {
  using namespace schema;
  return {{"id", text("Names it here")},
          {"kind", choice("What ran", app::experiment_kinds)},
          {"state", choice("unfinished: at work, or cut off", {"finished", "unfinished"})},
          {"name", text("Folder of the run")},
          {"modified", time("When its results were written")},
          {"title", text("For people")},
          {"sentence", text("What came of it")},
          {"data", list(text("Bar file"))},
          {"synthetic", nullable(boolean("Whether the bars were generated; null: not told"))},
          {"seed", nullable(integer("Of its random numbers"))},
          {"config_hash", nullable(text("SHA-256 of its settings: equal for runs that were asked the same"))},
          {"metrics", map_of(ref("RunMetric"), "By key: docs/metrics.md, docs/optimize.md")},
          {"session", nullable(text("Id of the training session that it was"))},
          {"report", nullable(text("Id of its report"))},
          {"model", nullable(text("Id of its model"))}};
}

Json run_metric_schema() {
  using namespace schema;
  return object({{"value", nullable(number("Returns and shares are fractions"))},
                 {"low", nullable(number("Lower end of the interval"))},
                 {"high", nullable(number("Upper end of the interval"))},
                 {"reason", nullable(text("Why there is no value"))}});
}

Json experiment_schema(bool detail) {
  using namespace schema;
  std::vector<Member> members = experiment_members();
  if (detail) {
    members.push_back({"settings", list(object({{"name", text("Key")}, {"value", text("As text")}}))});
    members.push_back({"curves", list(ref("Curve"), "Thinned out so that the extremes stay")});
    members.push_back({"notes", list(text("A sentence"))});
  }
  return object(members);
}

Json experiment_json(const app::Experiment& run, const std::set<std::string>& sessions) {
  Json metrics = Json::object();
  for (const auto& [key, metric] : run.metrics)
    metrics[key] = {{"value", finite_or_null(metric.value)},
                    {"low", metric.interval ? finite_or_null(metric.interval->low) : Json(nullptr)},
                    {"high", metric.interval ? finite_or_null(metric.interval->high) : Json(nullptr)},
                    {"reason", metric.value ? Json(nullptr) : Json(metric.reason)}};
  const std::string folder = run.folder.filename().string();
  return {{"id", run.id},
          {"kind", run.kind},
          {"state", run.state},
          {"name", run.name},
          {"modified", iso_time(run.modified)},
          {"title", run.title},
          {"sentence", run.sentence},
          {"data", run.data},
          {"synthetic", run.synthetic ? Json(*run.synthetic) : Json(nullptr)},
          {"seed", run.seed ? Json(*run.seed) : Json(nullptr)},
          {"config_hash", text_or_null(run.config_hash)},
          {"metrics", std::move(metrics)},
          {"session", sessions.contains(folder) ? Json(folder) : Json(nullptr)},
          {"report", text_or_null(run.report)},
          {"model", text_or_null(run.model)}};
}

std::set<std::string> session_ids(const RouteContext& context) {
  std::set<std::string> ids;
  if (context.services.sessions == nullptr) return ids;
  for (const app::TrainingSession& session : context.services.sessions->sessions()) ids.insert(session.id);
  return ids;
}

Response list_experiments(const Context& context, const Request& request) {
  std::vector<app::Experiment> runs = context->experiments->experiments(experiment_roots(*context));
  if (const std::string kind = query_text(request, "kind"); !kind.empty())
    std::erase_if(runs, [&](const app::Experiment& run) { return run.kind != kind; });
  const std::set<std::string> sessions = session_ids(*context);
  return json_response(
      page_of(request, runs, [&](const app::Experiment& run) { return experiment_json(run, sessions); }));
}

Response one_experiment(const Context& context, const Request& request) {
  const auto found =
      context->experiments->experiment(experiment_roots(*context), request.path_parameters.at("id"));
  if (!found) throw Error("api.not_found", "there is no such run: list them with GET /api/experiments");
  Json json = experiment_json(found->experiment, session_ids(*context));
  json["settings"] = Json::array();
  for (const auto& [name, value] : found->settings)
    json["settings"].push_back({{"name", name}, {"value", value}});
  json["curves"] = curves_json(found->curves);
  json["notes"] = found->notes;
  return json_response(json);
}

// Reports

app::ResultFile report_file(const Context& context, const Request& request) {
  auto file =
      app::find_result_file_in(context->roots(), app::report_endings, request.path_parameters.at("id"));
  constexpr std::uintmax_t most_bytes = std::uintmax_t{64} << 20;
  if (!file) throw Error("api.not_found", "there is no such report: list them with GET /api/reports");
  if (file->bytes > most_bytes)
    throw Error("api.not_found", "the report is too large to be served: open the file itself");
  return std::move(*file);
}

Response report_page(const Context& context, const Request& request) {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = read_file(report_file(context, request).path);
  // A report may quote anything: its scripts run without an origin and reach nothing outside.
  response.headers.emplace_back("Content-Security-Policy", report_policy(response.body));
  return response;
}

Response report_ticket(const Context& context, const Request& request) {
  const app::ResultFile file = report_file(context, request);
  const ReportTickets::Ticket ticket =
      context->tickets->issue(file.id, request.principal->user, context->now());
  Response response = json_response(
      {{"url", "/api/reports/" + file.id + "/page/" + ticket.secret}, {"expires", iso_time(ticket.expires)}},
      201);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response report_by_ticket(const Context& context, const Request& request) {
  const auto user = context->tickets->redeem(request.path_parameters.at("id"),
                                             request.path_parameters.at("ticket"), context->now());
  bool allowed = false;
  if (user) {  // who was disabled meanwhile sees nothing
    for (const accounts::User& known : context->accounts().users())
      allowed = allowed || (known.name == *user && known.enabled);
  }
  if (!allowed)
    throw Error("api.bad_ticket", "this address was used before, is older than a minute, or never was one");
  Response response = report_page(context, request);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

void add_model_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["Model"] = model_schema().dump();
  table.schemas["Curve"] = curve_schema().dump();
  table.schemas["ModelCurves"] = curves_schema().dump();

  Route route = make_route(Method::get, "/api/models", "models", "Model files, newest first", Role::viewer);
  route.description =
      "Files below the folders of models, runs and sessions, with what the results of their training beside "
      "them say.";
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("Model")), "Models")};
  route.slow = true;
  route.handler = [context](const Request& request) {
    const RunsOfModels runs = runs_of_models(context);
    return json_response(page_of(request, app::model_files_in(context->model_roots()),
                                 [&](const app::ResultFile& file) { return model_json(file, runs); }));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/models/{id}", "models", "One model file", Role::viewer);
  route.parameters = {id_parameter()};
  route.responses = {answer(ref("Model"), "The model")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) {
    return json_response(model_json(model_file(context, request), runs_of_models(context)));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/models/active", "models", "Which model trades", Role::viewer);
  route.responses = {answer(active_schema(), "The model, or what decides instead")};
  route.handler = [context](const Request&) { return json_response(active_json(*context)); };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/models/{id}/curves", "models",
                     "How its training went: reward, losses, steps a second", Role::viewer);
  route.parameters = {id_parameter()};
  route.responses = {answer(ref("ModelCurves"), "The curves; none where the run left none")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return model_curves(context, request); };
  table.routes.push_back(route);
}

void add_experiment_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["RunMetric"] = run_metric_schema().dump();
  table.schemas["Experiment"] = experiment_schema(false).dump();
  table.schemas["ExperimentDetail"] = experiment_schema(true).dump();

  Route route = make_route(Method::get, "/api/experiments", "models",
                           "Trainings, searches, evaluations and studies, newest first", Role::viewer);
  route.description = "Runs whose results lie below the folders of runs, models and sessions.";
  route.parameters = page_parameters();
  route.parameters.push_back(
      query_parameter("kind", "Only those of this kind", schema::choice("", app::experiment_kinds)));
  route.responses = {answer(schema::page(ref("Experiment")), "Runs")};
  route.slow = true;
  route.handler = [context](const Request& request) { return list_experiments(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/experiments/{id}", "models", "One run with its settings and curves",
                     Role::viewer);
  route.parameters = {id_parameter()};
  route.responses = {answer(ref("ExperimentDetail"), "The run")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return one_experiment(context, request); };
  table.routes.push_back(route);
}

void add_report_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["Report"] = schema::object(file_members()).dump();

  Route route =
      make_route(Method::get, "/api/reports", "reports", "Reports of runs, newest first", Role::viewer);
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("Report")), "HTML files below the reports folder")};
  route.slow = true;
  route.handler = [context](const Request& request) {
    return json_response(
        page_of(request, app::result_files_in(context->roots(), app::report_endings), file_json));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/reports/{id}", "reports", "One report as a page", Role::viewer);
  route.description =
      "Self-contained HTML. Its headers keep it in a sandbox: it can reach neither this API nor any host.";
  route.parameters = {id_parameter()};
  route.responses = {{.status = 200, .description = "The page", .schema = {}, .content_type = "text/html"}};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return report_page(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::post, "/api/reports/{id}/ticket", "reports",
                     "An address that opens one report in a browser's tab, once", Role::viewer);
  route.description =
      "A tab cannot send the header that a login needs. The address opens this report only, once, within a "
      "minute; it is in no log.";
  route.parameters = {id_parameter()};
  route.responses = {answer(schema::object({{"url", schema::text("Path on this server")},
                                            {"expires", schema::time("When it stops to work")}}),
                            "The address", 201)};
  route.faults = {404};
  route.slow = true;
  route.secret = true;
  route.handler = [context](const Request& request) { return report_ticket(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/reports/{id}/page/{ticket}", "reports",
                     "One report as a page, by a ticket instead of a login", {});
  route.description = "Its headers keep it in a sandbox: it can reach neither this API nor any host.";
  route.parameters = {id_parameter(), path_parameter("ticket", "Of POST /api/reports/{id}/ticket",
                                                     schema::pattern("", "^[A-Za-z0-9_-]{43}$", 43))};
  route.responses = {{.status = 200, .description = "The page", .schema = {}, .content_type = "text/html"}};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return report_by_ticket(context, request); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
