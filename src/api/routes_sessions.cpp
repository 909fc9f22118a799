#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>

#include "api/route_context.h"
#include "app/clone.h"
#include "app/session_kinds.h"
#include "app/session_progress.h"
#include "app/session_results.h"
#include "core/error.h"
#include "core/printable.h"

namespace stevie::api {
namespace {

using accounts::Role;
namespace fs = std::filesystem;

std::vector<std::string> state_names() {
  return {"queued", "running", "stopping", "finished", "failed", "stopped", "interrupted"};
}

Json session_schema() {
  using namespace schema;
  return object(
      {{"id", text("Names the session and its folder")},
       {"kind", choice("What runs", app::session_kinds())},
       {"scenario", nullable(text("Of optimize: that is searched"))},
       {"algorithm", nullable(choice("Of train; null: another kind", {"ppo", "dqn"}))},
       {"augment",
        nullable(text("How the bars of training episodes are changed; null: not at all, or as configured"))},
       {"curriculum", boolean("Whether calm markets are practised first")},
       {"from", nullable(text("Model file that it starts from"))},
       {"expert", nullable(text("Of clone: rsi-ma or a model file"))},
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
                {"episode", integer("Done; of a training in the unit of GET /api/sessions/{id}/progress")},
                {"episodes", integer("In all")},
                {"candidates", integer("Looked at")},
                {"best_reward", nullable(number("Of the best candidate on the search windows"))},
                {"running_reward", nullable(number("Of what runs, on the same"))},
                {"fraction", number("0 to 1", 0, 1)},
                {"seconds_left", nullable(number("Estimate, counted down between two reports"))},
                {"updated", nullable(time("When the worker last told something new; null: not at work"))}})},
       {"outcome",
        nullable(text("promoted, not_applied, rejected, not_enough, nothing_better; trained; null before"))},
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
       {"episode", integer("Done by then, in the unit")},
       {"candidates", nullable(integer("Looked at by then; null: not told"))},
       {"best_reward", nullable(number("Of the best candidate so far; of train, bootstrap and ensemble: log "
                                       "growth on the validation part; of clone: share of right actions "
                                       "there"))},
       {"running_reward",
        nullable(number("Of what runs; of train and bootstrap: mean reward of an episode; "
                        "of clone: the newest share of right actions; of ensemble: of the member at work"))},
       {"fraction", number("0 to 1", 0, 1)}});
  return object({{"session", ref("TrainingSession")},
                 {"unit", choice("Of `episode`", {"episodes", "steps", "epochs"})},
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
                        {"unit", app::unit_of(session.request.kind)},
                        {"points", std::move(points)}});
}

using NamedMeanings = std::initializer_list<std::pair<const char*, const char*>>;

/// The members, then a number or null for each name.
Json with_numbers(std::vector<schema::Member> members, NamedMeanings numbers) {
  for (const auto& [name, meaning] : numbers)
    members.push_back({name, schema::nullable(schema::number(meaning))});
  return schema::object(members);
}

Json clone_results_schema() {
  using namespace schema;
  const Json epoch = with_numbers({{"epoch", nullable(integer("From 1"))}},
                                  {{"train_loss", "Cross-entropy"},
                                   {"validation_loss", "The same on the validation part"},
                                   {"validation_accuracy", "Share of right actions there"}});
  const Json block = with_numbers({{"from", nullable(text("First time"))},
                                   {"to", nullable(text("Last time"))},
                                   {"rows", nullable(integer("Bars that it was tested on"))}},
                                  {{"loss", "Cross-entropy there"}, {"accuracy", "Share of right actions"}});
  const Json part =
      with_numbers({{"part", choice("Of the bars", {"validation", "test"})}},
                   {{"accuracy", "Share of bars with the expert's action, where the expert acts"},
                    {"majority_accuracy", "Of always taking the commonest action"},
                    {"repeat_accuracy", "Of repeating the expert's last action"},
                    {"change_accuracy", "Where the expert changes its action"},
                    {"divergence_bits", "Of the distribution of actions from the expert's, Jensen-Shannon"},
                    {"same_exposure", "Share of bars on which both want the same, each playing by itself"},
                    {"tracking_error", "Standard deviation of the difference of returns, a year"},
                    {"correlation", "Of the returns of bars"}});
  return object({{"expert", text("Who was cloned")},
                 {"demonstrations", nullable(integer("Bars learnt from"))},
                 {"best_epoch", nullable(integer("That was kept"))},
                 {"stopped_early", nullable(boolean("Before the most epochs"))},
                 {"epochs", list(epoch)},
                 {"blocks", list(block, "Of the cross-validation")},
                 {"parts", list(part)}});
}

Json ensemble_results_schema() {
  using namespace schema;
  const Json member = with_numbers({{"name", text("Of the member")}},
                                   {{"first_weight", "Set on validation"},
                                    {"weight", "At the end of the test part"},
                                    {"agreement", "Share of decisions taken as it wanted"},
                                    {"accuracy", "Share of its votes that were right"},
                                    {"contribution", "Sum of weight x exposure x return of the bar"},
                                    {"calibration_error", "Expected, of its confidences"}});
  return with_numbers({{"decisions", nullable(integer("On the test part"))}, {"members", list(member)}},
                      {{"accuracy", "Share of right decisions"},
                       {"mean_consensus", "Weight behind the decision taken"},
                       {"calibration_error_before", "Expected, before temperatures were fitted"},
                       {"calibration_error_after", "The same after it"}});
}

Json results_schema() {
  using namespace schema;
  const Json figures = nullable(with_numbers({}, {{"total_return", "0.1 is a gain of 10 %, net of costs"},
                                                  {"sharpe", "Annual"},
                                                  {"max_drawdown", "Share of the peak"},
                                                  {"win_rate", "Share of closed trades with a profit"},
                                                  {"trades", "Closed"}}));
  const Json row = object({{"name", text("PPO, DQN, Clone, Ensemble, a member, an expert or a baseline")},
                           {"role", choice("What it is", {"policy", "member", "expert", "baseline"})},
                           {"seed", nullable(integer("Of its training"))},
                           {"chosen", boolean("Whether it is the policy that is kept")},
                           {"validation", figures},
                           {"test", figures}});
  return object(
      {{"session", ref("TrainingSession")},
       {"sentence", text("What it found")},
       {"symbol", nullable(text("Of the bars"))},
       {"synthetic", nullable(boolean("Whether they were generated"))},
       {"rows", list(row, "Policies, and what they are compared with; null figures: not judged there")},
       {"clone", nullable(clone_results_schema())},
       {"ensemble", nullable(ensemble_results_schema())}});
}

Response training_results(const Context& context, const Request& request) {
  const app::TrainingSession session = context->sessions().session(request.path_parameters.at("id"));
  const auto found = app::is_training(session.request.kind)
                         ? app::training_results_json(session.folder, session.request.kind)
                         : std::nullopt;
  if (!found)
    throw Error("api.conflict",
                app::is_training(session.request.kind)
                    ? "this training has left no results: it runs, or it ended before"
                    : "this session is no training: see GET /api/rl-training/scenarios/results/{id}");
  Json answer{{"session", session_answer(session)}};
  answer.update(Json::parse(*found));
  return json_response(answer);
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
          {"algorithm", session.request.kind != "train"     ? Json(nullptr)
                        : session.request.algorithm.empty() ? Json("ppo")
                                                            : Json(session.request.algorithm)},
          {"augment", text_or_null(session.request.augment)},
          {"curriculum", session.request.curriculum},
          {"from", text_or_null(session.request.from)},
          {"expert", session.request.kind != "clone"  ? Json(nullptr)
                     : session.request.expert.empty() ? Json(app::rsi_ma_expert)
                                                      : Json(session.request.expert)},
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
  table.schemas["TrainingResults"] = results_schema().dump();

  Route route =
      make_route(Method::get, "/api/sessions", "sessions", "Training sessions, newest first", Role::viewer);
  route.parameters = page_parameters();
  route.parameters.push_back(
      query_parameter("state", "Only those in this state", schema::choice("", state_names())));
  route.parameters.push_back(
      query_parameter("kind", "Only those of this kind", schema::choice("", app::session_kinds())));
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

  route =
      make_route(Method::get, "/api/sessions/{id}/results", "sessions",
                 "What a training found: policies beside baselines, on validation and on test", Role::viewer);
  route.description = "Of kinds train, bootstrap, clone and ensemble, once it is finished.";
  route.parameters = {id_parameter()};
  route.responses = {answer(ref("TrainingResults"), "The figures")};
  route.faults = {404, 409};
  route.slow = true;
  route.handler = [context](const Request& request) { return training_results(context, request); };
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
