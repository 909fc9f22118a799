#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/config.h"

namespace stevie {
namespace {

using Json = nlohmann::ordered_json;

std::string section_of(const std::string& key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string name_of(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

/// The sections in the order in which they first appear; fields without a section come first, as TOML wants
/// it.
std::vector<std::string> sections(const ConfigBinder& binder) {
  std::vector<std::string> names;
  for (const ConfigField& field : binder.fields()) {
    const std::string section = section_of(field.key);
    if (std::find(names.begin(), names.end(), section) == names.end()) names.push_back(section);
  }
  std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
  return names;
}

bool is_list(const ConfigField& field) {
  return field.type == "numbers" || field.type == "integers" || field.type == "strings";
}

void add_range(Json& schema, const ConfigNotes& notes) {
  if (std::isfinite(notes.minimum)) {
    schema[notes.above_minimum ? "exclusiveMinimum" : "minimum"] = notes.minimum;
  }
  if (std::isfinite(notes.maximum)) schema["maximum"] = notes.maximum;
}

Json field_schema(const ConfigField& field) {
  Json schema;
  if (field.type == "choice") {
    schema["enum"] = field.choices;
  } else if (is_list(field)) {
    Json items = {{"type", field.type.substr(0, field.type.size() - 1)}};
    add_range(items, field.notes);
    schema["type"] = "array";
    schema["items"] = items;
  } else {
    Json value = {{"type", field.type}};
    add_range(value, field.notes);
    if (field.optional) {
      schema["anyOf"] = {value, {{"const", "none"}}};
    } else {
      schema = value;
    }
  }
  const std::string unit = field.notes.unit.empty() ? "" : " [" + field.notes.unit + "]";
  schema["description"] = field.notes.help + unit;
  // TOML's scalars and flat lists of them are written as JSON writes them.
  schema["default"] = Json::parse(field.default_text);
  return schema;
}

std::string allowed_values(const ConfigField& field) {
  std::string text;
  if (field.type == "choice") {
    for (const std::string& word : field.choices) text += (text.empty() ? "`" : ", `") + word + "`";
    return text;
  }
  const ConfigNotes& notes = field.notes;
  text = field.type;
  if (std::isfinite(notes.minimum))
    text += fmt::format(" {} {}", notes.above_minimum ? ">" : ">=", notes.minimum);
  if (std::isfinite(notes.maximum)) {
    text += fmt::format("{} <= {}", std::isfinite(notes.minimum) ? "," : "", notes.maximum);
  }
  if (field.optional) text += " or `none`";
  if (!notes.unit.empty()) text += " (" + notes.unit + ")";
  return text;
}

}  // namespace

std::string show_config(const ConfigBinder& binder) {
  std::string text;
  for (const std::string& section : sections(binder)) {
    if (!section.empty()) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    for (const ConfigField& field : binder.fields()) {
      if (section_of(field.key) != section) continue;
      const std::string assignment = name_of(field.key) + " = " + field.show();
      text += fmt::format("{:<40}  # {}\n", assignment, field.source);
    }
  }
  return text;
}

std::string config_schema(const ConfigBinder& binder) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "stevie.toml"},
                 {"type", "object"},
                 {"additionalProperties", false},
                 {"properties", Json::object()}};
  for (const ConfigField& field : binder.fields()) {
    Json* object = &schema;
    std::string rest = field.key;
    for (std::size_t dot; (dot = rest.find('.')) != std::string::npos; rest.erase(0, dot + 1)) {
      Json& section = (*object)["properties"][rest.substr(0, dot)];
      if (section.is_null()) {
        section = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
      }
      object = &section;
    }
    (*object)["properties"][rest] = field_schema(field);
  }
  return schema.dump(2) + "\n";
}

std::string config_markdown(const ConfigBinder& binder) {
  std::string text;
  for (const std::string& section : sections(binder)) {
    text += fmt::format("{}## `[{}]`\n\n| field | default | allowed | meaning |\n|---|---|---|---|\n",
                        text.empty() ? "" : "\n", section);
    for (const ConfigField& field : binder.fields()) {
      if (section_of(field.key) != section) continue;
      text += fmt::format("| `{}` | `{}` | {} | {} |\n", name_of(field.key), field.default_text,
                          allowed_values(field), field.notes.help);
    }
  }
  return text;
}

}  // namespace stevie
