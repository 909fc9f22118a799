#include <fmt/format.h>

#include "api/route_context.h"
#include "app/result_files.h"
#include "core/error.h"
#include "core/file.h"

namespace stevie::api {
namespace {

using accounts::Role;

const std::vector<std::string> model_endings{".zip", ".onnx"};
const std::vector<std::string> report_endings{".html"};

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

Json model_schema() {
  using namespace schema;
  std::vector<Member> members = file_members();
  members.push_back({"kind", nullable(text("Method that trained it; null: nothing beside the file tells"))});
  members.push_back({"data", nullable(text("Bar file that it was trained on"))});
  members.push_back({"symbol", nullable(text("Of those bars"))});
  members.push_back({"synthetic", nullable(boolean("Whether they were generated"))});
  members.push_back({"timesteps", nullable(integer("Trained in all"))});
  members.push_back({"periods", nullable(free_object("Training, validation and test: from, to"))});
  members.push_back({"validation", nullable(free_object("How the kept policy did on the validation part"))});
  members.push_back(
      {"test", nullable(free_object("Metrics on bars that neither training nor choosing has seen"))});
  return object(members);
}

/// The member where it has the type that the schema promises, else null.
Json member_of(const Json& json, const char* name, bool (Json::*is_type)() const noexcept) {
  const auto found = json.find(name);
  return found != json.end() && ((*found).*is_type)() ? *found : Json(nullptr);
}

Json model_json(const app::ResultFile& file) {
  const app::ModelFileInfo info = app::model_info(file);
  Json json = file_json(file);
  const Json results = Json::parse(info.results.empty() ? "{}" : info.results, nullptr, false);
  json["kind"] = info.kind.empty() ? Json(nullptr) : Json(info.kind);
  json["data"] = member_of(results, "data", &Json::is_string);
  json["symbol"] = member_of(results, "symbol", &Json::is_string);
  json["synthetic"] = member_of(results, "synthetic", &Json::is_boolean);
  json["timesteps"] = member_of(results, "timesteps", &Json::is_number_unsigned);
  json["periods"] = member_of(results, "periods", &Json::is_object);
  json["validation"] = member_of(results, "validation", &Json::is_object);
  const Json test = member_of(results, "test", &Json::is_object);
  const Json strategy = test.is_object() ? member_of(test, "strategy", &Json::is_object) : Json(nullptr);
  json["test"] = strategy.is_object() ? member_of(strategy, "metrics", &Json::is_object) : Json(nullptr);
  return json;
}

// Reports

Response report_page(const Context& context, const Request& request) {
  const auto file =
      app::find_result_file(context->services.reports, report_endings, request.path_parameters.at("id"));
  constexpr std::uintmax_t most_bytes = std::uintmax_t{64} << 20;
  if (!file) throw Error("api.not_found", "there is no such report: list them with GET /api/reports");
  if (file->bytes > most_bytes)
    throw Error("api.not_found", "the report is too large to be served: open the file itself");
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = read_file(file->path);
  // A report may quote anything: its scripts run without an origin and reach nothing outside.
  response.headers.emplace_back(
      "Content-Security-Policy",
      "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src "
      "'unsafe-inline'; img-src data:; frame-ancestors 'self'");
  return response;
}

}  // namespace

void add_model_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["Model"] = model_schema().dump();

  Route route = make_route(Method::get, "/api/models", "models", "Model files, newest first", Role::viewer);
  route.description =
      "Files below the models folder, with what the results of their training beside them say.";
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("Model")), "Models")};
  route.slow = true;
  route.handler = [context](const Request& request) {
    return json_response(
        page_of(request, app::result_files(context->services.models, model_endings), model_json));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/models/{id}", "models", "One model file", Role::viewer);
  route.parameters = {id_parameter()};
  route.responses = {answer(ref("Model"), "The model")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) {
    const auto file =
        app::find_result_file(context->services.models, model_endings, request.path_parameters.at("id"));
    if (!file) throw Error("api.not_found", "there is no such model: list them with GET /api/models");
    return json_response(model_json(*file));
  };
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
        page_of(request, app::result_files(context->services.reports, report_endings), file_json));
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
}

}  // namespace stevie::api
