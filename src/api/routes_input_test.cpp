#include <nlohmann/json.hpp>

#include "api/routes_testing.h"

namespace stevie::api {
namespace {

using Json = nlohmann::ordered_json;

/// A schema with its references replaced, in the order of its members.
Json resolved(const std::string& schema, const RouteTable& table) {
  return Json::parse(JsonSchema(schema, table.schemas).expanded().dump());
}

/// Something that a schema of a member accepts.
Json sample(const std::string& name, const Json& schema) {
  if (schema.contains("examples")) return schema["examples"][0];
  if (schema.contains("enum")) return schema["enum"][0];
  if (schema.contains("anyOf")) return sample(name, schema["anyOf"][0]);
  const Json type = schema.value("type", Json("object"));
  const std::string kind = type.is_array() ? type[0].get<std::string>() : type.get<std::string>();
  if (kind == "integer") return schema.value("minimum", Json(1));
  if (kind == "number") return schema.value("minimum", Json(1.5));
  if (kind == "boolean") return true;
  if (kind == "array") return Json::array({sample(name, schema["items"])});
  if (kind == "string") {
    if (schema.value("format", "") == "date-time") return "2100-01-01T00:00:00.000Z";
    if (name == "data") return "bars.csv";
    if (name == "symbol") return "BTCUSDT";
    return "some text here";
  }
  Json object = Json::object();
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, property] : properties.items()) object[key] = sample(key, property);
  return object;
}

/// Values that the schema of a member refuses, each with what is wrong with it.
std::vector<std::pair<std::string, Json>> wrong_values(const Json& schema) {
  std::vector<std::pair<std::string, Json>> wrong;
  const Json type = schema.value("type", Json());
  const auto is = [&](const char* word) {
    return type == word || (type.is_array() && std::ranges::find(type, Json(word)) != type.end());
  };
  if (!is("string")) wrong.emplace_back("text", "text");
  if (!is("number") && !is("integer")) wrong.emplace_back("a number", 7.5);
  if (!is("boolean")) wrong.emplace_back("a truth value", true);
  if (!is("array")) wrong.emplace_back("a list", Json::array({1}));
  if (!is("object") || schema.contains("properties")) wrong.emplace_back("an object", Json{{"no such", 1}});
  if (!is("null") && !schema.contains("anyOf")) wrong.emplace_back("null", nullptr);
  if (schema.contains("maxLength"))
    wrong.emplace_back("too long", std::string(schema["maxLength"].get<std::size_t>() + 1, 'a'));
  if (schema.value("minLength", 0) > 1) wrong.emplace_back("too short", "a");
  if (schema.contains("enum")) wrong.emplace_back("an unknown word", "no such word");
  if (schema.contains("maximum")) wrong.emplace_back("too large", schema["maximum"].get<double>() + 1);
  if (schema.contains("minimum")) wrong.emplace_back("too small", schema["minimum"].get<double>() - 1);
  if (schema.contains("pattern")) {
    wrong.emplace_back("a line feed", "abc\ndef");
    wrong.emplace_back("an escape", "abc\x1b[2Jdef");
    wrong.emplace_back("a zero byte", std::string("abc\0def", 7));
  }
  return wrong;
}

class RoutesInput : public ::testing::Test {
 protected:
  void refused(const Route& route, const std::string& target, const std::string& body,
               const std::string& what) {
    ++sent;
    const Response response =
        server.answer(server.request(std::string(to_string(route.method)), target, "ada", body));
    const std::string place = std::string(to_string(route.method)) + " " + target + " with " + what;
    ASSERT_GE(response.status, 400) << place << ": " << body << " -> " << response.body;
    EXPECT_LT(response.status, 500) << place << ": " << response.body;
    const Json problem = Json::parse(response.body);
    EXPECT_GT(problem["detail"].get<std::string>().size(), 5U) << place;
    EXPECT_FALSE(problem["what_to_do"].get<std::string>().empty()) << place;
  }
  std::string target_of(const Route& route) const {
    std::string target = route.path;
    for (const ParameterSpec& parameter : route.parameters) {
      const std::string mark = "{" + parameter.name + "}";
      if (const std::size_t at = target.find(mark); at != std::string::npos)
        target.replace(at, mark.size(), parameter.name == "number" ? "1" : "otto");
    }
    return target;
  }
  void wrong_bodies(const Route& route, const Json& schema) {
    const std::string target = target_of(route);
    Json good = sample("", schema);
    refused(route, target, "", "no body at all");
    for (const char* text :
         {"null", "[]", "7", "\"text\"", "{", "{\"reason\":", "\xff\xfe", "{}}", "{\"a\":1,\"a\":2}"})
      refused(route, target, text, "a body that is no object");
    Json more = good;
    more["no_such_field"] = 1;
    refused(route, target, more.dump(), "an extra field");
    for (const Json& name : schema.value("required", Json::array())) {
      Json less = good;
      less.erase(name.get<std::string>());
      refused(route, target, less.dump(), "without " + name.get<std::string>());
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, property] : properties.items()) {
      for (const auto& [fault, value] : wrong_values(property)) {
        Json bad = good;
        bad[name] = value;
        refused(route, target, bad.dump(), name + ": " + fault);
      }
    }
  }

  TestServer server;
  std::size_t sent = 0;
};

TEST_F(RoutesInput, NoWrongBodyChangesAnything) {
  const std::uint64_t before = server.last_event();
  const auto users = server.get("/api/auth/users", "ada");
  for (const Route& route : server.router->table().routes) {
    if (route.request_schema.empty()) continue;
    const Json schema = resolved(route.request_schema, server.router->table());
    if (schema.contains("oneOf")) {
      for (const Json& form : schema["oneOf"]) wrong_bodies(route, form);
    } else {
      wrong_bodies(route, schema);
    }
  }
  EXPECT_GT(sent, 500U);
  EXPECT_EQ(server.last_event(), before);
  EXPECT_EQ(server.get("/api/auth/users", "ada"), users);
  EXPECT_TRUE(server.get("/api/sessions")["items"].empty());
  EXPECT_EQ(server.get("/api/live/state")["risk"]["kill"], nullptr);
}

TEST_F(RoutesInput, WrongQueriesAreRefused) {
  for (const Route& route : server.router->table().routes) {
    if (!route.path.starts_with("/api/") || !route.request_schema.empty()) continue;
    const std::string target = target_of(route);
    refused(route, target + "?no_such_parameter=1", "", "an unknown parameter");
    refused(route, target + "?%zz", "", "a bad escape");
    for (const ParameterSpec& parameter : route.parameters) {
      if (route.path.find("{" + parameter.name + "}") != std::string::npos) continue;
      for (const auto& [fault, value] : wrong_values(Json::parse(parameter.schema))) {
        std::string text;
        for (const char c : value.is_string() ? value.get<std::string>() : value.dump()) {
          const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
          char escaped[4];
          std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
          text += plain ? std::string(1, c) : std::string(escaped);
        }
        const bool may_be_text = Json::parse(parameter.schema).value("type", "") == "string" &&
                                 (fault == "a number" || fault == "a truth value" || fault == "null" ||
                                  fault == "a list" || fault == "an object");
        if (may_be_text) continue;  // every query value is a text
        refused(route, target + "?" + parameter.name + "=" + text, "", parameter.name + ": " + fault);
      }
    }
  }
  EXPECT_GT(sent, 150U);
}

TEST_F(RoutesInput, PathsThatNoRouteHasAreRefused) {
  for (const char* target :
       {"/api/reports/../../etc/passwd", "/api/reports/..%2f..%2fetc%2fpasswd", "/api/reports/%00",
        "/api/sessions/..%2f..%2fstevie.db/log", "/api/models/..", "/api/parameters/versions/-1",
        "/api/parameters/versions/99999999999999999999999", "/api/ledger/events/0", "/api/ledger/proof/1e3",
        "/api/live/decisions/18446744073709551615", "/api/rl-training/performance/%F0%9F%98%80",
        "/api/rl-training/performance/DOGEUSDT", "/api/rl-training/scenarios/results/no-such-session"}) {
    const Response response = server.answer(server.request("GET", target, "ada"));
    EXPECT_TRUE(response.status == 400 || response.status == 404) << target << ": " << response.status;
  }
}

/// What fits the schema and is wrong all the same.
TEST_F(RoutesInput, WhatOnlyTheHandlerCanKnowIsRefused) {
  const std::uint64_t version = server.get("/api/parameters")["version"];
  const std::vector<std::pair<std::string, Json>> wrong{
      {"/api/rl-training/update-parameter",
       {{"name", "volPctBreakot"}, {"value", 65}, {"reason", "a misspelt name"}}},
      {"/api/rl-training/update-parameter",
       {{"name", "volPctBreakout"}, {"value", 1e9}, {"reason", "out of bounds"}}},
      {"/api/rl-training/update-parameter",
       {{"name", "volPctBreakout"}, {"value", 65}, {"unit", "bps"}, {"reason", "another unit"}}},
      {"/api/rl-training/update-parameter",
       {{"name", "volPctBreakout"},
        {"value", 65},
        {"symbol", "BTCUSDT"},
        {"regime", "bear"},
        {"reason", "both scopes"}}},
      {"/api/rl-training/update-parameter",
       {{"parameters",
         {{{"name", "volPctBreakout"}, {"value", 65}}, {{"name", "volPctBreakout"}, {"value", 66}}}},
        {"reason", "the same twice"}}},
      {"/api/rl-training/update-parameter", {{"name", "volPctBreakout"}, {"value", 65}, {"reason", "     "}}},
      {"/api/rl-training/reset", {{"reason", "they are the defaults already"}}},
      {"/api/rl-training/start", {{"scenario", "no_such_scenario"}, {"reason", "an unknown one"}}},
      {"/api/rl-training/start", {{"data", {"/etc/passwd"}}, {"reason", "a file of the system"}}},
      {"/api/rl-training/start", {{"data", {"../secrets.csv"}}, {"reason", "a file outside"}}},
      {"/api/rl-training/start", {{"settings", {{"gate.confidence", "0.1"}}}, {"reason", "a weaker gate"}}},
      {"/api/rl-training/start",
       {{"settings", {{"ledger.url", "sqlite:///x.db"}}}, {"reason", "another ledger"}}},
      {"/api/rl-training/start", {{"settings", {{"risk.drawdown_share", "1"}}}, {"reason", "no limits"}}},
      {"/api/rl-training/start", {{"kind", "clone"}, {"expert", "/etc/passwd"}, {"reason", "no model"}}},
      {"/api/rl-training/start", {{"kind", "train"}, {"from", "../other.zip"}, {"reason", "elsewhere"}}},
      {"/api/rl-training/start", {{"kind", "train"}, {"augment", "nois"}, {"reason", "no technique"}}},
      {"/api/rl-training/start",
       {{"kind", "ensemble"}, {"settings", {{"sessions.folder", "/tmp"}}}, {"reason", "another folder"}}},
      {"/api/rl-training/stop", {{"reason", "nothing runs"}}},
      {"/api/rl-training/scenarios/no_such/start", {{"reason", "an unknown one"}}},
      {"/api/parameters/rollback", {{"version", 99}, {"reason", "no such version"}}},
      {"/api/parameters/override", {{"decision", 99}, {"reason", "no such decision"}}},
      {"/api/parameters/import", {{"parameters", {{"format", "other"}}}, {"reason", "another format"}}},
      {"/api/sessions/no-such/stop", {{"reason", "an unknown one"}}},
      {"/api/auth/users", {{"name", "eve"}, {"password", "short"}, {"role", "viewer"}}},
      {"/api/auth/users", {{"name", "otto"}, {"password", accounts::good_password}, {"role", "viewer"}}},
      {"/api/auth/keys", {{"name", "ci"}, {"role", "viewer"}, {"expires", "2001-01-01T00:00:00Z"}}},
      {"/api/auth/keys", {{"name", "ci"}, {"role", "viewer"}, {"user", "nobody.here"}}},
      {"/api/auth/login", {{"name", "otto"}, {"password", "wrong"}}},
      {"/api/auth/refresh", {{"refresh_token", "none"}}},
      {"/api/auth/setup", {{"token", "none"}, {"name", "eve"}, {"password", accounts::good_password}}},
  };
  for (const auto& [target, body] : wrong) {
    const Response response = server.answer(server.request("POST", target, "ada", body.dump()));
    EXPECT_TRUE(response.status >= 400 && response.status < 500)
        << target << " " << body << " -> " << response.status << " " << response.body;
  }
  EXPECT_EQ(server.get("/api/parameters")["version"], version);
  EXPECT_TRUE(server.get("/api/sessions")["items"].empty());
}

}  // namespace
}  // namespace stevie::api
