#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>

#include "api/route_context.h"
#include "app/session_progress.h"
#include "core/error.h"
#include "core/printable.h"

namespace stevie::api {
namespace {

using accounts::Role;
namespace fs = std::filesystem;

std::vector<std::string> state_names() {
  return {"queued", "running", "stopping", "finished", "failed", "stopped", "interrupted"};
}

std::vector<std::string> kind_names() {
  return {"optimize", "train"};
}

Json session_schema() {
  using namespace schema;
  return object(
      {{"id", text("Names the session and its folder")},
       {"kind", choice("What runs", kind_names())},
       {"scenario", nullable(text("Of optimize: that is searched"))},
       {"by_hand", boolean("Whether it was started with stevie optimize and not by the queue")},
       {"data", list(text("Bar file"), "Empty: those of the configuration")},
       {"settings", map_of(text("As --set takes it"), "By key of the configuration")},
       {"minutes", nullable(number("Limit; null: the scenario's"))},
       {"episodes", nullable(integer("Limit; null: the scenario's"))},
       {"dry_run", boolean("Whether a promoted proposal is left unapplied")},
       {"by", text("Who asked")},
       {"reason", text("Why")},
       {"state", choice("interrupted: cut off and not resumed; parameters are as they were", state_names())},
       {"queued", time("When it was asked for")},
       {"started", nullable(time("When it began"))},
       {"ended", nullable(time("When it ended"))},
       {"progress",
        object({{"phase", nullable(text("loading, searching, judging, writing; null: none told"))},
                {"episode", integer("Done; of kind train: environment steps")},
                {"episodes", integer("In all")},
                {"candidates", integer("Looked at")},
                {"best_reward", nullable(number("Of the best candidate on the search windows"))},
                {"running_reward", nullable(number("Of what runs, on the same"))},
                {"fraction", number("0 to 1", 0, 1)},
                {"seconds_left", nullable(number("Estimate, counted down between two reports"))},
                {"updated", nullable(time("When the worker last told something new; null: not at work"))}})},
       {"outcome",
        nullable(text("promoted, not_applied, rejected, not_enough, nothing_better; null before"))},
       {"verdict", nullable(text("Of the gate"))},
       {"sentence", text("What it means for the parameters; of a failure: what happened and what to do")},
       {"new_version", nullable(integer("Of the parameters, where one was made", 1))},
       {"decision_event", nullable(integer("Ledger event of the gate's decision", 1))},
       {"attempts", integer("Launches, resumptions included")}});
}

/// The end of a text file, from the beginning of a line on. Empty where there is none yet.
std::pair<std::string, std::uintmax_t> tail_of(const fs::path& file, std::size_t bytes) {
  std::error_code fault;
  const std::uintmax_t size = fs::file_size(file, fault);
  if (fault) return {{}, 0};
  std::ifstream in(file, std::ios::binary);
  const std::uintmax_t from = size > bytes ? size - bytes : 0;
  in.seekg(static_cast<std::streamoff>(from));
  std::string text(static_cast<std::size_t>(size - from), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  if (from > 0) {
    if (const std::size_t line = text.find('\n'); line != std::string::npos) text.erase(0, line + 1);
  }
  return {std::move(text), size};
}

Response log_tail(const Context& context, const Request& request) {
  const app::TrainingSession session = context->sessions().session(request.path_parameters.at("id"));
  const std::size_t bytes = optional_number(request, "bytes").value_or(16'384);
  // A session that was never launched has no folder: without one this would be a file of the server's own.
  const auto tail = session.folder.empty() ? std::pair<std::string, std::uintmax_t>()
                                           : tail_of(session.folder / "worker.log", bytes);
  return json_response({{"id", session.id}, {"size", tail.second}, {"text", printable(tail.first)}});
}

const std::string& scenario_of(const app::TrainingSession& session) {
  return session.scenario.empty() ? session.request.scenario : session.scenario;
}

Response list_sessions(const Context& context, const Request& request) {
  std::vector<app::TrainingSession> sessions = context->sessions().sessions();
  const std::string state = query_text(request, "state"), kind = query_text(request, "kind"),
                    scenario = query_text(request, "scenario");
  const std::optional<TimeMs> since = query_time(request, "since");
  std::erase_if(sessions, [&](const app::TrainingSession& session) {
    return (!state.empty() && to_string(session.state) != state) ||
           (!kind.empty() && session.request.kind != kind) ||
           (!scenario.empty() && scenario_of(session) != scenario) || (since && session.queued < *since);
  });
  return json_response(page_of(request, sessions, session_answer));
}

Json progress_schema() {
  using namespace schema;
  const Json point = object(
      {{"time", nullable(time("When the worker told it; null: read from the results"))},
       {"episode", integer("Of kind train: environment steps")},
       {"candidates", nullable(integer("Looked at by then; null: not told"))},
       {"best_reward", nullable(number("Of the best candidate so far; of kind train: log growth on the "
                                       "validation part"))},
       {"running_reward", nullable(number("Of what runs; of kind train: mean reward of an episode"))},
       {"fraction", number("0 to 1", 0, 1)}});
  return object({{"session", ref("TrainingSession")},
                 {"unit", choice("Of `episode`", {"episodes", "steps"})},
                 {"points", list(point, "Oldest first, thinned out so that each new best stays")}});
}

Response progress_curve(const Context& context, const Request& request) {
  const app::TrainingSession session = context->sessions().session(request.path_parameters.at("id"));
  const std::size_t most = optional_number(request, "points").value_or(500);
  Json points = Json::array();
  for (const app::ProgressPoint& point :
       app::thinned(app::read_progress_curve(session.folder), std::max<std::size_t>(most, 2))) {
    const app::WorkerProgress& told = point.progress;
    points.push_back({{"time", iso_or_null(point.time)},
                      {"episode", told.episode},
                      {"candidates", point.time == 0 ? Json(nullptr) : Json(told.candidates)},
                      {"best_reward", finite_or_null(told.best_reward)},
                      {"running_reward", finite_or_null(told.running_reward)},
                      {"fraction", std::clamp(told.fraction, 0.0, 1.0)}});
  }
  return json_response({{"session", session_answer(session)},
                        {"unit", session.request.kind == "train" ? "steps" : "episodes"},
                        {"points", std::move(points)}});
}

ParameterSpec id_parameter() {
  return path_parameter("id", "Of the session", schema::pattern("", "^[A-Za-z0-9_.-]{1,120}$", 120));
}

}  // namespace

Json session_answer(const app::TrainingSession& session) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json settings = Json::object();
  for (const auto& [key, value] : session.request.settings) settings[key] = value;
  return {{"id", session.id},
          {"kind", session.request.kind},
          {"scenario", text_or_null(scenario_of(session))},
          {"by_hand", session.by_hand},
          {"data", session.request.data},
          {"settings", std::move(settings)},
          {"minutes", finite_or_null(session.request.minutes)},
          {"episodes", session.request.episodes ? Json(*session.request.episodes) : Json(nullptr)},
          {"dry_run", session.request.dry_run},
          {"by", session.request.by.name},
          {"reason", session.request.by.reason},
          {"state", to_string(session.state)},
          {"queued", iso_time(session.queued)},
          {"started", iso_or_null(session.started)},
          {"ended", iso_or_null(session.ended)},
          {"progress",
           {{"phase", text_or_null(session.phase)},
            {"episode", session.episode},
            {"episodes", session.episodes},
            {"candidates", session.candidates},
            {"best_reward", finite_or_null(session.best_reward)},
            {"running_reward", finite_or_null(session.running_reward)},
            {"fraction", std::clamp(session.fraction, 0.0, 1.0)},
            {"seconds_left", finite_or_null(session.seconds_left)},
            {"updated", iso_or_null(session.updated)}}},
          {"outcome", text_or_null(session.outcome)},
          {"verdict", text_or_null(session.verdict)},
          {"sentence", session.sentence},
          {"new_version", session.new_version ? Json(*session.new_version) : Json(nullptr)},
          {"decision_event", session.decision_event == 0 ? Json(nullptr) : Json(session.decision_event)},
          {"attempts", session.attempts}};
}

void add_session_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  table.schemas["TrainingSession"] = session_schema().dump();
  table.schemas["SessionProgress"] = progress_schema().dump();

  Route route =
      make_route(Method::get, "/api/sessions", "sessions", "Training sessions, newest first", Role::viewer);
  route.parameters = page_parameters();
  route.parameters.push_back(
      query_parameter("state", "Only those in this state", schema::choice("", state_names())));
  route.parameters.push_back(
      query_parameter("kind", "Only those of this kind", schema::choice("", kind_names())));
  route.parameters.push_back(
      query_parameter("scenario", "Only those of this scenario", schema::line("", 1, 200)));
  route.parameters.push_back(
      query_parameter("since", "Only those asked for at or after this time", schema::time("")));
  route.responses = {answer(schema::page(ref("TrainingSession")), "Sessions")};
  route.slow = true;
  route.handler = [context](const Request& request) { return list_sessions(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/sessions/{id}", "sessions", "One training session", Role::viewer);
  route.parameters = {id_parameter()};
  route.responses = {answer(ref("TrainingSession"), "The session")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) {
    return json_response(session_answer(context->sessions().session(request.path_parameters.at("id"))));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/sessions/{id}/log", "sessions",
                     "The end of what the session's worker wrote", Role::viewer);
  route.parameters = {id_parameter(), query_parameter("bytes", "How much of it at most",
                                                      schema::integer("", 1, 262'144), "16384")};
  route.responses = {
      answer(schema::object({{"id", schema::text("Of the session")},
                             {"size", schema::integer("Bytes of the whole log")},
                             {"text", schema::text("Its end, from the beginning of a line on")}}),
             "The end of the log")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return log_tail(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/sessions/{id}/progress", "sessions",
                     "How the best so far grew, episode by episode", Role::viewer);
  route.description = "Of a session that runs and of one that has ended.";
  route.parameters = {id_parameter(), query_parameter("points", "How many at most, about",
                                                      schema::integer("", 10, 5000), "500")};
  route.responses = {answer(ref("SessionProgress"), "The curve")};
  route.faults = {404};
  route.slow = true;
  route.handler = [context](const Request& request) { return progress_curve(context, request); };
  table.routes.push_back(route);

  route = make_route(Method::post, "/api/sessions/{id}/stop", "sessions", "Stop a session, queued or running",
                     Role::operator_role);
  route.description = "A running one ends within a second; the parameters stay as they are.";
  route.parameters = {id_parameter()};
  route.request_schema = schema::object({{"reason", schema::reason()}}).dump();
  route.responses = {answer(ref("TrainingSession"), "The session, stopping or stopped")};
  route.faults = {404, 409, 422};
  route.changes = route.slow = true;
  route.request_example = R"({"reason":"not needed now"})";
  route.handler = [context](const Request& request) {
    const live::Signature person = signature(request, body_of(request).at("reason"));
    return json_response(
        session_answer(context->sessions().stop_session(request.path_parameters.at("id"), person)));
  };
  table.routes.push_back(route);
}

}  // namespace stevie::api
