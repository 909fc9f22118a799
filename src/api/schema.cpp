#include "api/schema.h"

#include <cmath>

namespace stevie::api {
namespace schema {
namespace {

Json described(Json schema, std::string_view meaning) {
  if (!meaning.empty()) schema["description"] = meaning;
  return schema;
}

}  // namespace

Json object(const std::vector<Member>& members, std::string_view meaning) {
  Json schema{{"type", "object"}, {"additionalProperties", false}};
  Json required = Json::array();
  Json properties = Json::object();
  for (const Member& member : members) {
    properties[member.name] = member.schema;
    if (member.required) required.push_back(member.name);
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return described(std::move(schema), meaning);
}

Json free_object(std::string_view meaning) {
  return described({{"type", "object"}}, meaning);
}

Json map_of(Json values, std::string_view meaning) {
  return described({{"type", "object"}, {"additionalProperties", std::move(values)}}, meaning);
}

Json list(Json items, std::string_view meaning) {
  return described({{"type", "array"}, {"items", std::move(items)}}, meaning);
}

Json page(Json items) {
  return object({{"items", list(std::move(items))},
                 {"next_cursor", nullable(text("Give it as `cursor` for the next page; null: no more"))}});
}

Json ref(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

Json nullable(Json schema) {
  if (schema.contains("type") && schema["type"].is_string() && !schema.contains("enum")) {
    schema["type"] = Json::array({schema["type"], "null"});
    return schema;
  }
  return {{"anyOf", Json::array({std::move(schema), Json{{"type", "null"}}})}};
}

Json text(std::string_view meaning, std::size_t least, std::size_t most) {
  Json schema{{"type", "string"}};
  if (least > 0) schema["minLength"] = least;
  if (most > 0) schema["maxLength"] = most;
  return described(std::move(schema), meaning);
}

Json line(std::string_view meaning, std::size_t least, std::size_t most) {
  Json schema = text(meaning, least, most);
  schema["pattern"] = "^[^\\u0000-\\u001f\\u007f]*$";
  return schema;
}

Json pattern(std::string_view meaning, std::string_view expression, std::size_t most) {
  Json schema = text(meaning, 0, most);
  schema["pattern"] = expression;
  return schema;
}

Json choice(std::string_view meaning, const std::vector<std::string>& words) {
  return described({{"type", "string"}, {"enum", words}}, meaning);
}

Json boolean(std::string_view meaning) {
  return described({{"type", "boolean"}}, meaning);
}

Json integer(std::string_view meaning, std::int64_t least, std::int64_t most) {
  Json schema{{"type", "integer"}, {"minimum", least}};
  if (most >= 0) schema["maximum"] = most;
  return described(std::move(schema), meaning);
}

Json number(std::string_view meaning) {
  return described({{"type", "number"}}, meaning);
}

Json number(std::string_view meaning, double least, double most) {
  return described({{"type", "number"}, {"minimum", least}, {"maximum", most}}, meaning);
}

Json time(std::string_view meaning) {
  return described({{"type", "string"}, {"format", "date-time"}}, meaning);
}

Json example(Json schema, Json value) {
  schema["examples"] = Json::array({std::move(value)});
  return schema;
}

Json reason() {
  return example(line("Why: kept in the ledger with your name", 3, 500), "calmer market since Monday");
}

}  // namespace schema

std::string iso_time(TimeMs time) {
  std::string text = format_time(time);
  if (text.find('.') == std::string::npos && text.ends_with('Z')) {
    text.pop_back();
    text += ".000Z";
  }
  return text;
}

Json iso_or_null(const std::optional<TimeMs>& time) {
  return time ? Json(iso_time(*time)) : Json(nullptr);
}

Json iso_or_null(TimeMs time) {
  return time == 0 ? Json(nullptr) : Json(iso_time(time));
}

Json finite_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json finite_or_null(const std::optional<double>& value) {
  return value ? finite_or_null(*value) : Json(nullptr);
}

}  // namespace stevie::api
