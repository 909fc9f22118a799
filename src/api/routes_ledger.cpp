#include <fmt/format.h>

#include <sstream>

#include "api/route_context.h"
#include "app/ledger.h"
#include "core/error.h"
#include "ledger/export.h"
#include "ledger/kinds.h"

namespace stevie::api {
namespace {

using accounts::Role;
using Connection = app::LedgerPool::Connection;

constexpr std::size_t most_export_bytes = std::size_t{64} << 20U;

Json hash_schema(std::string_view meaning) {
  return schema::pattern(meaning, "^[0-9a-f]{64}$", 64);
}

Json event_schema() {
  using namespace schema;
  return object({{"sequence", integer("1, 2, 3, ... without gaps", 1)},
                 {"time", time("When, by the writer's clock")},
                 {"kind", text("What happened: parameters.version, gate.decision, ...")},
                 {"author", text("Who did it")},
                 {"body", free_object("By kind: docs/ledger.md")},
                 {"raw_body", text("The body byte for byte as it was hashed")},
                 {"previous_hash", hash_schema("Of the event before")},
                 {"hash", hash_schema("Of this event")}});
}

Json inclusion_schema() {
  using namespace schema;
  return object({{"proof", choice("", {"inclusion"})},
                 {"sequence", integer("Of the event", 1)},
                 {"size", integer("Events in the tree", 1)},
                 {"leaf", hash_schema("Leaf hash")},
                 {"root", hash_schema("Merkle root")},
                 {"path", list(hash_schema(""), "Siblings from the leaf up")}});
}

Json consistency_schema() {
  using namespace schema;
  return object({{"proof", choice("", {"consistency"})},
                 {"from", integer("Events of the smaller tree")},
                 {"size", integer("Events of the larger one")},
                 {"old_root", hash_schema("Of the smaller")},
                 {"root", hash_schema("Of the larger")},
                 {"path", list(hash_schema(""), "RFC 6962, section 2.1.2")}});
}

Json verification_schema() {
  using namespace schema;
  return object({{"clean", boolean("Whether everything holds")},
                 {"events", integer("Looked at")},
                 {"root", text("Merkle root as recomputed")},
                 {"last_hash", text("Of the last event")},
                 {"head_sequence", nullable(integer("What the signed head covers"))},
                 {"faults", list(object({{"code", text("docs/ledger.md says what it means")},
                                         {"sequence", nullable(integer("Of the event"))},
                                         {"message", text("One sentence")}}))}});
}

Json event_json(const ledger::Event& event) {
  Json body = Json::parse(event.body, nullptr, false);
  return {{"sequence", event.sequence},
          {"time", iso_time(event.time)},
          {"kind", event.kind},
          {"author", event.author},
          {"body", body.is_object() ? std::move(body) : Json::object()},
          {"raw_body", event.body},
          {"previous_hash", event.previous_hash},
          {"hash", event.hash}};
}

std::vector<ParameterSpec> filter_parameters() {
  return {query_parameter("kind", "Only events of this kind; with a dot at its end all kinds that begin so",
                          schema::pattern("", "^[a-z0-9_.-]{1,100}$", 100)),
          query_parameter("without", "No events of this kind, written as `kind` is",
                          schema::pattern("", "^[a-z0-9_.-]{1,100}$", 100)),
          query_parameter("author", "Only events of this author", schema::line("", 1, 200)),
          query_parameter("text", "Only events with this text in kind, author or body, in either case",
                          schema::line("", 1, 200)),
          query_parameter("since", "Only events at or after this time", schema::time("")),
          query_parameter("until", "Only events before this time", schema::time("")),
          query_parameter("after", "Only events with a higher number", schema::integer("", 0))};
}

ledger::Filter filter_of(const Request& request) {
  ledger::Filter filter;
  filter.kind = query_text(request, "kind");
  filter.without = query_text(request, "without");
  filter.author = query_text(request, "author");
  filter.text = query_text(request, "text");
  filter.since = query_time(request, "since");
  filter.until = query_time(request, "until");
  filter.after = optional_number(request, "after").value_or(0);
  return filter;
}

Response events(Connection& connection, const Request& request) {
  const PageRequest page =
      page_request(request);  // cursor: number at which the order goes on, this one left out
  ledger::Filter filter = filter_of(request);
  const bool newest_first = query_text(request, "order") != "oldest";
  if (newest_first) {
    filter.before = page.cursor;
    filter.last = page.limit + 1;
  } else {
    filter.after = std::max(filter.after, page.cursor);
    filter.first = page.limit + 1;
  }
  std::vector<ledger::Event> found = connection.ledger().read(filter);
  if (newest_first) std::ranges::reverse(found);
  const bool more = found.size() > page.limit;
  if (more) found.pop_back();
  Json items = Json::array();
  for (const ledger::Event& event : found) items.push_back(event_json(event));
  return json_response(page_json(std::move(items), more ? found.back().sequence : 0));
}

Response one_event(Connection& connection, const Request& request) {
  const std::uint64_t number = whole_number(request.path_parameters.at("number"), "number");
  const std::vector<ledger::Event> found = connection.ledger().read({.after = number - 1, .first = 1});
  if (found.empty() || found.front().sequence != number)
    throw Error("ledger.no_event", fmt::format("there is no event {}", number));
  return json_response(event_json(found.front()));
}

Response kinds(const Context& context) {
  Json items = Json::array();
  for (const ledger::KindCount& of_kind : ledger::count_kinds(context->services.config.ledger))
    items.push_back({{"kind", of_kind.kind}, {"events", of_kind.events}, {"newest", of_kind.newest}});
  return json_response({{"items", std::move(items)}});
}

[[noreturn]] void refuse_size(std::size_t events) {
  throw Error(
      "ledger.export_too_large",
      fmt::format("more than {} MiB: the first {} of these events fit", most_export_bytes >> 20U, events),
      "limit");
}

Response export_events(Connection& connection, const Request& request) {
  ledger::Filter filter = filter_of(request);
  filter.first = optional_number(request, "limit").value_or(10'000);
  const bool csv = query_text(request, "format") == "csv";
  Response response;
  response.content_type = csv ? "text/csv" : "application/x-ndjson";
  if (csv) response.body = ledger::csv_header();
  std::uint64_t last = filter.after;
  std::size_t taken = 0;
  connection.ledger().read_each(filter, [&](const ledger::Event& event) {
    const std::string line = csv ? ledger::csv_line(event) : ledger::json_line(event);
    if (response.body.size() + line.size() > most_export_bytes) refuse_size(taken);
    response.body += line;
    last = event.sequence;
    ++taken;
  });
  response.headers.emplace_back("X-Last-Event", std::to_string(last));
  response.headers.emplace_back("Content-Disposition", csv ? "attachment; filename=\"ledger.csv\""
                                                           : "attachment; filename=\"ledger.jsonl\"");
  return response;
}

Response head(Connection& connection, const Request&) {
  const ledger::LogState state = connection.ledger().head();
  return json_response({{"events", state.sequence}, {"root", state.root}, {"last_hash", state.hash}});
}

using Look = Response (*)(Connection&, const Request&);
Route look(const Context& context, const std::string& path, std::string summary, Look handler) {
  Route route = make_route(Method::get, "/api/ledger/" + path, "ledger", std::move(summary), Role::viewer);
  route.slow = true;
  route.handler = [context, handler](const Request& request) {
    return context->ledger.use([&](Connection& connection) { return handler(connection, request); });
  };
  return route;
}

void add_event_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  Route route = look(context, "events", "Events, newest first", events);
  route.parameters = page_parameters();
  for (ParameterSpec& parameter : filter_parameters()) route.parameters.push_back(std::move(parameter));
  route.parameters.push_back(
      query_parameter("order", "Which come first", schema::choice("", {"newest", "oldest"}), "newest"));
  route.responses = {answer(schema::page(ref("Event")), "Events")};
  table.routes.push_back(route);

  route = look(context, "events/{number}", "One event", one_event);
  route.parameters = {path_parameter("number", "Of the event", schema::integer("", 1))};
  route.responses = {answer(ref("Event"), "The event")};
  route.faults = {404};
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/ledger/kinds", "ledger", "The kinds of events that there are",
                     Role::viewer);
  route.responses = {answer(schema::object({{"items", schema::list(ref("LedgerKind"), "By name")}}),
                            "Kinds with their counts")};
  route.slow = true;
  route.handler = [context](const Request&) { return kinds(context); };
  table.routes.push_back(route);

  route = look(context, "export", "Events as a file, oldest first", export_events);
  route.description =
      "The header X-Last-Event has the number to give as `after` for what follows. More than 64 MiB are "
      "refused "
      "as ledger.export_too_large, and the detail says how many events fit.";
  route.faults = {413};
  route.parameters = filter_parameters();
  route.parameters.push_back(
      query_parameter("format", "Of the file", schema::choice("", {"jsonl", "csv"}), "jsonl"));
  route.parameters.push_back(
      query_parameter("limit", "How many at most", schema::integer("", 1, 100'000), "10000"));
  route.responses = {{.status = 200,
                      .description = "One JSON object a line, or rows of CSV",
                      .schema = {},
                      .content_type = "application/x-ndjson"},
                     {.status = 200, .description = "Rows of CSV", .schema = {}, .content_type = "text/csv"}};
  table.routes.push_back(route);
}

void add_proof_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  const ParameterSpec size =
      query_parameter("size", "Of the tree; default: all events", schema::integer("", 1));

  Route route = look(context, "head", "Number of events, Merkle root, hash of the last event", head);
  route.responses = {answer(schema::object({{"events", schema::integer("In the log")},
                                            {"root", hash_schema("Merkle root over all")},
                                            {"last_hash", hash_schema("Of the last event")}}),
                            "The head")};
  table.routes.push_back(route);

  route = look(context, "proof/{number}", "Proof that an event is in the log",
               [](Connection& connection, const Request& request) {
                 const std::uint64_t number = whole_number(request.path_parameters.at("number"), "number");
                 return json_response(Json::parse(
                     app::proof_json(connection.ledger().prove(number, optional_number(request, "size")))));
               });
  route.parameters = {path_parameter("number", "Of the event", schema::integer("", 1)), size};
  route.responses = {answer(ref("InclusionProof"), "RFC 6962, section 2.1.1")};
  route.faults = {404};
  table.routes.push_back(route);

  route = look(context, "consistency", "Proof that the log has only grown",
               [](Connection& connection, const Request& request) {
                 const std::uint64_t from = whole_number(request.query.at("from"), "from");
                 return json_response(Json::parse(app::proof_json(
                     connection.ledger().prove_growth(from, optional_number(request, "size")))));
               });
  route.parameters = {query_parameter("from", "Events of the earlier log", schema::integer("", 0), {}, true),
                      size};
  route.responses = {answer(ref("ConsistencyProof"), "RFC 6962, section 2.1.2")};
  route.faults = {404};
  table.routes.push_back(route);

  route = look(context, "verify", "Recompute every hash and check the signed head",
               [](Connection& connection, const Request&) {
                 return json_response(Json::parse(app::verification_json(connection.ledger().verify())));
               });
  route.description = "Reads the whole log: seconds for a million events.";
  route.role = Role::operator_role;
  route.responses = {answer(ref("Verification"), "What was found; clean where nothing was changed")};
  table.routes.push_back(route);
}

}  // namespace

void add_ledger_routes(RouteTable& table, const Context& context) {
  table.schemas["Event"] = event_schema().dump();
  table.schemas["LedgerKind"] =
      schema::object({{"kind", schema::text("As in an event")},
                      {"events", schema::integer("Of this kind", 1)},
                      {"newest", schema::integer("Number of the newest of them", 1)}})
          .dump();
  table.schemas["InclusionProof"] = inclusion_schema().dump();
  table.schemas["ConsistencyProof"] = consistency_schema().dump();
  table.schemas["Verification"] = verification_schema().dump();
  add_event_routes(table, context);
  add_proof_routes(table, context);
}

}  // namespace stevie::api
