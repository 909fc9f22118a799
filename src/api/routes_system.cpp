#include <fmt/format.h>

#include "api/route_context.h"
#include "core/config.h"
#include "ledger/url.h"
#include "strategy/regime.h"

namespace stevie::api {
namespace {

using accounts::Role;

/// Without what a password may stand in: the part of a URL before "@", its query, and fields that are secrets
/// by their name.
std::string shown_value(const ConfigField& field) {
  std::string text = field.show();
  for (const std::string_view word : {"password", "secret", "token"}) {
    const bool number = !text.empty() && text[0] != '"' && text[0] != '[';
    if (field.key.find(word) != std::string::npos && !number) return "\"***\"";
  }
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  try {
    const std::string plain = text.size() > 2 && text[0] == '"' ? text.substr(1, text.size() - 2) : text;
    return "\"" + ledger::parse_url(plain).shown + "\"";
  } catch (const Error&) {
    const std::size_t at = text.find('@', scheme);
    if (at != std::string::npos) text.replace(scheme + 3, at - scheme - 3, "***");
    return text;
  }
}

Response configuration(const Context& context) {
  app::Config copy = context->services.config;
  ConfigBinder binder;
  describe(binder, copy);
  // What describe() takes for a default is what the struct holds: of a loaded one its values, URLs included.
  app::Config fresh;
  ConfigBinder defaults;
  describe(defaults, fresh);
  Json fields = Json::array();
  for (std::size_t i = 0; i < binder.fields().size(); ++i) {
    const ConfigField& field = binder.fields()[i];
    fields.push_back({{"key", field.key},
                      {"value", shown_value(field)},
                      {"default", defaults.fields()[i].default_text},
                      {"type", field.type},
                      {"unit", field.notes.unit},
                      {"help", field.notes.help}});
  }
  return json_response({{"fields", std::move(fields)}});
}

template <class Enum>
Json names(std::size_t count) {
  Json list = Json::array();
  for (std::size_t i = 0; i < count; ++i) list.push_back(to_string(static_cast<Enum>(i)));
  return list;
}

Json words() {
  Json regimes = Json::array();
  for (const strategy::Regime regime : strategy::all_regimes) regimes.push_back(strategy::to_string(regime));
  constexpr std::size_t session_states = 7, roles = 3, risk_states = 3, feed_states = 5;
  return {{"roles", names<accounts::Role>(roles)},
          {"session_states", names<app::SessionState>(session_states)},
          {"risk_states", names<live::RiskState>(risk_states)},
          {"denials", names<live::Denial>(live::denial_count)},
          {"feed_health", names<live::FeedHealth>(feed_states)},
          {"regimes", std::move(regimes)},
          {"notification_events", names<notify::Event>(notify::event_count)},
          {"topics", {"live", "decisions", "fills", "risk", "parameters", "sessions", "ledger", "accounts"}}};
}

}  // namespace

void add_system_routes(RouteTable& table, const Context& context) {
  using namespace schema;
  Route route = make_route(Method::get, "/api/system/version", "system", "What this server is", Role::viewer);
  route.responses = {answer(object({{"program", text("stevie")},
                                    {"version", text("Of the program")},
                                    {"started", time("When this process began")},
                                    {"time", time("By the server's clock")}}),
                            "The version")};
  route.handler = [context, started = context->now()](const Request&) {
    return json_response({{"program", "stevie"},
                          {"version", STEVIE_VERSION},
                          {"started", iso_time(started)},
                          {"time", iso_time(context->now())}});
  };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/system/configuration", "system", "The configuration in force",
                     Role::admin);
  route.description = "Passwords are left out.";
  route.responses = {answer(
      object({{"fields",
               list(object({{"key", text("section.name")},
                            {"value", text("As TOML")},
                            {"default", text("As TOML")},
                            {"type", text("boolean, integer, number, string, choice, or a list of them")},
                            {"unit", text("Empty for a plain number")},
                            {"help", text("One line")}}))}}),
      "Every field")};
  route.slow = true;
  route.handler = [context](const Request&) { return configuration(context); };
  table.routes.push_back(route);

  route = make_route(Method::get, "/api/system/words", "system", "The words that answers and topics use",
                     Role::viewer);
  const Json list_of_words = list(text(""));
  route.responses = {answer(object({{"roles", list_of_words},
                                    {"session_states", list_of_words},
                                    {"risk_states", list_of_words},
                                    {"denials", list_of_words},
                                    {"feed_health", list_of_words},
                                    {"regimes", list_of_words},
                                    {"notification_events", list_of_words},
                                    {"topics", list_of_words}}),
                            "Each list in its order")};
  route.handler = [](const Request&) { return json_response(words()); };
  table.routes.push_back(route);
}

}  // namespace stevie::api
