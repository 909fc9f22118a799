#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/gate_view.h"
#include "api/route_context.h"
#include "app/params.h"
#include "app/params_view.h"
#include "core/error.h"
#include "core/file.h"
#include "validation/gate.h"

namespace stevie::api {
namespace {

using accounts::Role;
using Connection = app::LedgerPool::Connection;

std::vector<std::string> regime_names() {
  std::vector<std::string> names;
  for (const strategy::Regime regime : strategy::all_regimes) names.emplace_back(strategy::to_string(regime));
  return names;
}

Json symbol_schema() {
  return schema::pattern("Such as BTC/USDT or BTCUSDT", "^[A-Za-z0-9/:_.-]{2,64}$", 64);
}

// Schemas

std::vector<schema::Member> info_members() {
  using namespace schema;
  return {{"default", number("What the schema gives")},
          {"min", number("Smallest value allowed")},
          {"max", number("Largest value allowed")},
          {"step", number("Resolution of a search")},
          {"unit", text("Of the value")},
          {"used_by", text("Which rule reads it")},
          {"meaning", text("One sentence")},
          {"live", boolean("Whether it may change while trading")}};
}

Json info_schema() {
  std::vector<schema::Member> members{{"name", schema::text("In files and flags")}};
  for (schema::Member& member : info_members()) members.push_back(std::move(member));
  return schema::object(members);
}

Json value_schema() {
  using namespace schema;
  std::vector<Member> members{
      {"name", text("In files and flags")},
      {"value", number("In force in this scope")},
      {"from", text("The layer that gives it: default, global, symbol ..., regime ...")}};
  for (Member& member : info_members()) members.push_back(std::move(member));
  return object(members);
}

Json layers_schema() {
  using namespace schema;
  const Json values = map_of(number("In the parameter's unit"), "By name of the parameter");
  return object({{"global", values},
                 {"symbols", map_of(values, "By symbol"), false},
                 {"regimes", map_of(values, "By market regime"), false}},
                "A symbol's value replaces the global one, a regime's replaces both");
}

std::vector<schema::Member> version_members() {
  using namespace schema;
  return {
      {"version", integer("1, 2, ...", 1)},
      {"parent", integer("The version it replaced; 0 of the first")},
      {"hash", text("SHA-256 of the content")},
      {"parent_hash", text("Of the parent; empty of the first")},
      {"change",
       choice("How it came about", {"defaults", "promotion", "manual", "rollback", "overruling", "import"})},
      {"author", object({{"kind", choice("Who", {"program", "search", "person"})}, {"name", text("Name")}})},
      {"reason", text("In the author's words")},
      {"time", time("When")},
      {"event", integer("Number of its ledger event", 1)},
      {"evidence", free_object("The gate's report (docs/gate.md), the version gone back to, or the decision "
                               "overruled")},
      {"proof", ref("VersionProof")},
      {"layers", ref("ParameterLayers")}};
}

Json proof_schema() {
  using namespace schema;
  return object({{"sentence", text("Who made it, how and on what grounds")},
                 {"scenario", nullable(text("That searched it"))},
                 {"session", nullable(text("Id of the training session that found it"))},
                 {"decision", nullable(integer("Ledger event of the gate's decision", 1))},
                 {"gate", nullable(ref("GateVerdict"))},
                 {"of_version", nullable(integer("Of a rollback: whose content it has", 1))},
                 {"file", nullable(text("Of an import: that it was read from"))}},
                "What a version rests on");
}

Json shown_schema() {
  using namespace schema;
  std::vector<Member> members = version_members();
  members.push_back({"symbol", nullable(text("The scope that was asked for"))});
  members.push_back({"regime", nullable(text("The scope that was asked for"))});
  members.push_back({"parameters", list(ref("ParameterValue"), "All of them, in this scope")});
  return object(members);
}

Json history_schema() {
  std::vector<schema::Member> members = version_members();
  members.push_back(
      {"changed", schema::list(schema::ref("ParameterDifference"), "Against the version before"), false});
  return schema::object(members);
}

Json difference_schema() {
  using namespace schema;
  return object({{"layer", text("global, symbol BTC/USDT, regime bear")},
                 {"name", text("Of the parameter")},
                 {"from", nullable(number("null: that layer does not name it"))},
                 {"to", nullable(number("null: that layer does not name it"))}});
}

Json proposal_schema() {
  using namespace schema;
  return object({{"decision", integer("Number of the gate's decision, for override", 1)},
                 {"time", time("When")},
                 {"scenario", text("That searched")},
                 {"verdict", choice("Of the gate", {"promote", "reject", "not_enough_evidence"})},
                 {"base_hash", text("Parameters it was judged against")},
                 {"on_current", boolean("Whether those are still in force: only then it can be applied")},
                 {"proposed", ref("ParameterLayers")},
                 {"gate", nullable(ref("GateVerdict"))},
                 {"report", free_object("The gate's report as it is on record: docs/gate.md")}});
}

Json change_schema() {
  using namespace schema;
  return object({{"version", integer("The new one, in force from the next bar on", 1)},
                 {"previous", integer("The one before")},
                 {"change", choice("How it came about",
                                   {"defaults", "promotion", "manual", "rollback", "overruling", "import"})},
                 {"by", text("Who")},
                 {"reason", text("Why")},
                 {"time", time("When")},
                 {"event", integer("Number of its ledger event", 1)},
                 {"text", text("What changed, as a sentence")},
                 {"differences", list(ref("ParameterDifference"))}});
}

void add_schemas(RouteTable& table) {
  table.schemas["ParameterInfo"] = info_schema().dump();
  table.schemas["ParameterValue"] = value_schema().dump();
  table.schemas["VersionProof"] = proof_schema().dump();
  table.schemas["ParameterLayers"] = layers_schema().dump();
  table.schemas["ParameterVersion"] = history_schema().dump();
  table.schemas["ShownParameters"] = shown_schema().dump();
  table.schemas["ParameterDifference"] = difference_schema().dump();
  table.schemas["ParameterProposal"] = proposal_schema().dump();
  table.schemas["ParameterChange"] = change_schema().dump();
}

// Handlers

/// Times of the program's own JSON come without milliseconds where these are zero.
Json with_iso_time(Json json) {
  json["time"] = iso_time(parse_time(json.at("time").get<std::string>()));
  return json;
}

/// The proposals that versions may rest on, read once for a whole page.
class Proofs {
 public:
  Proofs(const Context& context, live::ParameterStore& store) : store_(store) {
    if (context->services.sessions == nullptr) return;
    for (const app::TrainingSession& session : context->services.sessions->sessions()) {
      if (session.new_version) sessions_[*session.new_version] = session.id;
    }
  }

  /// Adds the member `proof` to a version as the program writes it.
  Json add(Json version) {
    const std::string change = version.at("change"), who = version.at("author").at("name");
    const Json evidence = version.at("evidence");
    const auto of_evidence = [&](const char* name) { return evidence.value(name, Json(nullptr)); };
    const auto number = version.at("version").get<std::uint64_t>();
    Json proof{{"sentence", ""},  {"scenario", nullptr},   {"session", nullptr}, {"decision", nullptr},
               {"gate", nullptr}, {"of_version", nullptr}, {"file", nullptr}};
    std::string sentence = "The program began with the defaults of the schema.";
    if (const auto found = sessions_.find(number); found != sessions_.end()) proof["session"] = found->second;
    if (change == "promotion") {
      proof["scenario"] = who;
      proof["gate"] = gate_view(of_evidence("gate"));
      if (const live::JudgedProposal* judged = decision_of(version)) proof["decision"] = judged->sequence;
      sentence = fmt::format("{} proposed it and the gate found it better than what ran.", who);
    } else if (change == "overruling") {
      const Json decision = of_evidence("decision"), scenario = of_evidence("scenario");
      if (decision.is_number_unsigned()) {
        proof["decision"] = decision;
        if (const live::JudgedProposal* judged = numbered(decision))
          proof["gate"] = gate_view(Json::parse(judged->report, nullptr, false));
      }
      if (scenario.is_string()) proof["scenario"] = scenario;
      sentence = fmt::format("{} applied what the gate had not approved.", who);
    } else if (change == "rollback") {
      const Json old = of_evidence("version");
      if (old.is_number_unsigned()) proof["of_version"] = old;
      sentence = fmt::format("{} went back to the content of {}.", who,
                             old.is_number_unsigned() ? "version " + old.dump() : "an earlier version");
    } else if (change == "import") {
      if (const Json file = of_evidence("file"); file.is_string()) proof["file"] = file;
      sentence = fmt::format("{} brought it from a file.", who);
    } else if (change == "manual") {
      sentence = fmt::format("{} set it by hand; no gate judged it.", who);
    }
    proof["sentence"] = std::move(sentence);
    version["proof"] = std::move(proof);
    return version;
  }

 private:
  const std::vector<live::JudgedProposal>& proposals() {
    constexpr std::size_t looked_at = 200;
    if (!read_) proposals_ = store_.proposals(looked_at);
    read_ = true;
    return proposals_;
  }
  const live::JudgedProposal* numbered(std::uint64_t sequence) {
    const auto found = std::ranges::find(proposals(), sequence, &live::JudgedProposal::sequence);
    return found == proposals_.end() ? nullptr : &*found;
  }
  /// The newest promotion of these parameters over those before, made before the version was.
  const live::JudgedProposal* decision_of(const Json& version) {
    const live::JudgedProposal* newest = nullptr;
    for (const live::JudgedProposal& one : proposals()) {
      const bool fits = one.verdict == validation::Verdict::promote &&
                        one.sequence < version.at("event").get<std::uint64_t>() &&
                        one.base_hash == version.at("parent_hash") &&
                        live::parameters_hash(one.proposed) == version.at("hash");
      if (fits) newest = &one;
    }
    return newest;
  }

  live::ParameterStore& store_;
  std::map<std::uint64_t, std::string> sessions_;  // by the version that they made
  bool read_ = false;
  std::vector<live::JudgedProposal> proposals_;
};

app::ParameterScope scope_of(const Request& request) {
  return app::parse_scope(query_text(request, "symbol"), query_text(request, "regime"));
}

std::vector<ParameterSpec> scope_parameters() {
  return {query_parameter("symbol", "As this symbol has them", symbol_schema()),
          query_parameter("regime", "As this market regime has them", schema::choice("", regime_names()))};
}

Response shown(const Context& context, live::ParameterStore& store, const live::ParameterVersion& version,
               const app::ParameterScope& scope) {
  Proofs proofs(context, store);
  return json_response(proofs.add(with_iso_time(Json::parse(app::show_json(version, scope)))));
}

Response history(const Context& context, Connection& connection, const Request& request) {
  const PageRequest page = page_request(request);  // cursor: number before which the page begins
  std::span<const live::ParameterVersion> versions = connection.parameters().history();
  if (page.cursor > 0) versions = versions.first(std::min<std::size_t>(versions.size(), page.cursor - 1));
  Json items = Json::array();
  Proofs proofs(context, connection.parameters());
  for (Json& item : Json::parse(app::history_json(versions, page.limit)))
    items.push_back(proofs.add(with_iso_time(std::move(item))));
  const std::uint64_t oldest = items.empty() ? 1 : items.back().at("version").get<std::uint64_t>();
  return json_response(page_json(std::move(items), oldest > 1 ? oldest : 0));
}

Response proposals(const Context&, Connection& connection, const Request& request) {
  const PageRequest page = page_request(request);  // cursor: proposals before the page
  live::ParameterStore& store = connection.parameters();
  std::vector<live::JudgedProposal> found = store.proposals(page.cursor + page.limit + 1);
  const bool more = found.size() > page.cursor + page.limit;
  if (more) found.erase(found.begin());
  found.resize(found.size() - std::min<std::size_t>(found.size(), page.cursor));
  Json items = Json::array();
  for (Json& item : Json::parse(app::proposals_json(found, store.current()))) {
    item["gate"] = gate_view(item.at("report"));
    items.push_back(with_iso_time(std::move(item)));
  }
  return json_response(page_json(std::move(items), more ? page.cursor + page.limit : 0));
}

Response difference(const Context&, Connection& connection, const Request& request) {
  live::ParameterStore& store = connection.parameters();
  const live::ParameterVersion& from = store.version(whole_number(request.query.at("from"), "from"));
  const auto number = optional_number(request, "to");
  const live::ParameterVersion& to = number ? store.version(*number) : store.current();
  return json_response(Json::parse(app::diff_json(from, to)));
}

Route look(const std::string& path, std::string summary) {
  Route route =
      make_route(Method::get, "/api/parameters" + path, "parameters", std::move(summary), Role::viewer);
  route.slow = true;
  return route;
}

using Look = Response (*)(const Context&, Connection&, const Request&);
std::function<Response(const Request&)> handler(const Context& context, Look look) {
  return [context, look](const Request& request) {
    return context->ledger.use([&](Connection& connection) { return look(context, connection, request); });
  };
}

void add_reading_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  Route route = look("", "The parameters in force");
  route.parameters = scope_parameters();
  route.responses = {answer(ref("ShownParameters"), "Every parameter with the layer that gives it")};
  route.handler = handler(context, [](const Context& shared, Connection& connection, const Request& request) {
    live::ParameterStore& store = connection.parameters();
    return shown(shared, store, store.current(), scope_of(request));
  });
  table.routes.push_back(route);

  route = look("/history", "Versions, newest first: who, when, why, and what changed");
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("ParameterVersion")), "Versions")};
  route.handler = handler(context, history);
  table.routes.push_back(route);

  route = look("/versions/{number}", "One version");
  route.parameters = scope_parameters();
  route.parameters.push_back(path_parameter("number", "Of the version", schema::integer("", 1)));
  route.responses = {answer(ref("ShownParameters"), "The version")};
  route.faults = {404};
  route.handler = handler(context, [](const Context& shared, Connection& connection, const Request& request) {
    const std::uint64_t number = whole_number(request.path_parameters.at("number"), "number");
    live::ParameterStore& store = connection.parameters();
    return shown(shared, store, store.version(number), scope_of(request));
  });
  table.routes.push_back(route);

  route = look("/diff", "What differs between two versions");
  route.parameters = {
      query_parameter("from", "Number of the one version", schema::integer("", 1), {}, true),
      query_parameter("to", "Number of the other; default: the one in force", schema::integer("", 1))};
  route.responses = {answer(schema::object({{"from", schema::integer("Version", 1)},
                                            {"to", schema::integer("Version", 1)},
                                            {"differences", schema::list(ref("ParameterDifference"))}}),
                            "Each value that differs")};
  route.faults = {404};
  route.handler = handler(context, difference);
  table.routes.push_back(route);

  route = look("/proposals", "What searches proposed and what the gate said, newest first");
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("ParameterProposal")), "Proposals")};
  route.handler = handler(context, proposals);
  table.routes.push_back(route);

  route = look("/export", "A version as a file that import reads");
  route.parameters = {
      query_parameter("version", "Number; default: the one in force", schema::integer("", 1))};
  route.responses = {answer(schema::free_object("Format: docs/parameters.md"), "The file")};
  route.faults = {404};
  route.handler = handler(context, [](const Context&, Connection& connection, const Request& request) {
    live::ParameterStore& store = connection.parameters();
    const auto number = optional_number(request, "version");
    const live::ParameterVersion& version = number ? store.version(*number) : store.current();
    Response response;
    response.body = live::export_json(version);
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"parameters-{}.json\"", version.number));
    return response;
  });
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/parameters/schema", "parameters",
                     "Name, unit, bounds and meaning of each", Role::viewer);
  route.responses = {
      answer(schema::object({{"parameters", schema::list(ref("ParameterInfo"))}}), "The twelve")};
  route.handler = [text = Json{{"parameters", Json::parse(app::schema_json())}}](const Request&) {
    return json_response(text);
  };
  table.routes.push_back(route);
}

Route change(const std::string& path, std::string summary, Role role, const Json& request) {
  Route route = make_route(Method::post, "/api/parameters/" + path, "parameters", std::move(summary), role);
  route.request_schema = request.dump();
  route.responses = {answer(schema::ref("ParameterChange"), "On record; in force from the next bar on")};
  route.faults = {404, 409, 422};
  route.changes = route.slow = true;
  return route;
}

using Change = live::ParameterVersion (*)(live::ParameterStore&, const Json&, const live::Signature&);
std::function<Response(const Request&)> changer(const Context& context, Change change) {
  return [context, change](const Request& request) {
    const Json body = body_of(request);
    const live::Signature person = signature(request, body.at("reason"));
    return context->ledger.use([&](Connection& connection) {
      live::ParameterStore& store = connection.parameters();
      const live::ParameterVersion after = change(store, body, person);
      return changed_parameters(context, store, after);
    });
  };
}

void add_changes(RouteTable& table, const Context& context) {
  using namespace schema;
  Route route = change("rollback", "A new version with the content of an earlier one", Role::operator_role,
                       object({{"version", integer("The earlier one", 1)}, {"reason", reason()}}));
  route.request_example = R"({"version":1,"reason":"it was better"})";
  route.handler =
      changer(context, [](live::ParameterStore& store, const Json& body, const live::Signature& person) {
        return store.rollback(body.at("version"), person);
      });
  table.routes.push_back(route);

  route =
      change("override", "Apply a proposal that the gate did not approve, on record", Role::admin,
             object({{"decision", integer("Its number in the list of proposals", 1)}, {"reason", reason()}}));
  route.description = "Only a proposal that was judged against the parameters in force can be applied.";
  route.request_example = R"({"decision":17,"reason":"fees were halved last week"})";
  route.handler =
      changer(context, [](live::ParameterStore& store, const Json& body, const live::Signature& person) {
        return store.overrule(body.at("decision"), person);
      });
  table.routes.push_back(route);

  route = change("import", "A new version from an exported file", Role::operator_role,
                 object({{"parameters", free_object("What GET /api/parameters/export gave, unchanged")},
                         {"reason", reason()}}));
  route.handler =
      changer(context, [](live::ParameterStore& store, const Json& body, const live::Signature& person) {
        return store.import(body.at("parameters").dump(), "parameters", person);
      });
  table.routes.push_back(route);
}

}  // namespace

Json version_change_json(const live::ParameterVersion& before, const live::ParameterVersion& after) {
  std::string text = app::change_text(before, after);
  while (text.ends_with('\n')) text.pop_back();
  return {{"version", after.number},
          {"previous", after.parent},
          {"change", live::to_string(after.change)},
          {"by", after.author},
          {"reason", after.reason},
          {"time", iso_time(after.time)},
          {"event", after.sequence},
          {"text", text},
          {"differences", Json::parse(app::diff_json(before, after)).at("differences")}};
}

void add_parameter_routes(RouteTable& table, const Context& context) {
  add_schemas(table);
  add_reading_routes(table, context);
  add_changes(table, context);
}

}  // namespace stevie::api
