// Without it the library ends the process at what it does not expect.
#define VALIJSON_USE_EXCEPTIONS 1

#include "api/json_schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

// Without this valijson ends the program where it meets what it does not expect.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"

namespace stevie::api {
namespace {

using Json = nlohmann::json;

constexpr std::string_view reference_prefix = "#/components/schemas/";
constexpr std::size_t most_faults = 50;

/// Keywords whose members are names, not keywords.
bool holds_names(const std::string& keyword) {
  return keyword == "properties" || keyword == "patternProperties";
}

template <class AnyJson>
void close_all(AnyJson& schema) {
  if (schema.is_array()) {
    for (AnyJson& item : schema) close_all(item);
    return;
  }
  if (!schema.is_object()) return;
  for (auto& [key, value] : schema.items()) {
    if (key == "enum" || key == "const" || key == "default" || key == "example" || key == "examples")
      continue;
    if (holds_names(key) && value.is_object()) {
      for (auto& [name, property] : value.items()) close_all(property);
    } else {
      close_all(value);
    }
  }
  if (schema.contains("properties") && !schema.contains("additionalProperties")) {
    schema["additionalProperties"] = false;
  }
}

Json expand(const Json& schema, const std::map<std::string, std::string>& components,
            std::vector<std::string>& within) {
  if (schema.is_array()) {
    Json out = Json::array();
    for (const Json& item : schema) out.push_back(expand(item, components, within));
    return out;
  }
  if (!schema.is_object()) return schema;
  const auto found = schema.find("$ref");
  if (found == schema.end() || !found->is_string()) {
    Json out = Json::object();
    for (const auto& [key, value] : schema.items()) out[key] = expand(value, components, within);
    return out;
  }
  const std::string reference = found->get<std::string>();
  const std::string name =
      reference.starts_with(reference_prefix) ? reference.substr(reference_prefix.size()) : "";
  const auto target = components.find(name);
  if (target == components.end()) {
    throw Error("api.bad_schema", fmt::format("there is no schema {}", reference));
  }
  if (std::find(within.begin(), within.end(), name) != within.end()) {
    throw Error("api.bad_schema", fmt::format("the schema {} refers to itself", name));
  }
  within.push_back(name);
  Json out = expand(Json::parse(target->second), components, within);
  within.pop_back();
  return out;
}

/// The keyword "format" only explains: what a time is, handlers decide; the library takes any value that has
/// one for a text.
void drop_formats(Json& schema) {
  if (schema.is_object()) {
    const auto format = schema.find("format");
    if (format != schema.end() && format->is_string()) schema.erase(format);
  }
  if (schema.is_structured()) {
    for (Json& part : schema) drop_formats(part);
  }
}

std::string expected_type(const Json& schema) {
  const auto type = schema.find("type");
  if (type == schema.end()) return "of another type";
  const auto phrase = [](const std::string& name) -> std::string {
    if (name == "string") return "a text";
    if (name == "integer") return "a whole number";
    if (name == "number") return "a number";
    if (name == "boolean") return "true or false";
    if (name == "array") return "a list";
    if (name == "object") return "an object";
    return name;
  };
  if (type->is_string()) return phrase(type->get<std::string>());
  std::vector<std::string> phrases;
  for (const Json& name : *type) phrases.push_back(phrase(name.get<std::string>()));
  return fmt::format("{}", fmt::join(phrases, " or "));
}

/// The part of a schema that a value at this path must fit; null where the path leads elsewhere.
Json part_of(const Json& schema, const std::vector<std::string>& path) {
  Json part = schema;
  for (const std::string& step : path) {
    const bool is_index = !step.empty() && step.find_first_not_of("0123456789") == std::string::npos;
    if (part.contains("properties") && part["properties"].contains(step)) {
      part = Json(part["properties"][step]);
    } else if (is_index && part.contains("items") && part["items"].is_object()) {
      part = Json(part["items"]);
    } else if (part.contains("additionalProperties") && part["additionalProperties"].is_object()) {
      part = Json(part["additionalProperties"]);
    } else {
      return nullptr;
    }
  }
  return part;
}

std::string shown_path(const std::vector<std::string>& path, const std::string& name) {
  if (path.empty()) return name;
  std::string text;
  for (const std::string& step : path) {
    const bool is_index = !step.empty() && step.find_first_not_of("0123456789") == std::string::npos;
    if (is_index && !text.empty()) {
      text += fmt::format("[{}]", step);
    } else {
      text += (text.empty() ? "" : ".") + printable(step);
    }
  }
  return text;
}

std::string sentence(const std::string& description, const std::string& place, const Json& part) {
  const auto starts = [&](std::string_view text) { return description.starts_with(text); };
  if (part.is_object()) {
    if (starts("Value type not permitted")) return fmt::format("{} must be {}", place, expected_type(part));
    if (starts("Failed to match against any enum") && part.contains("enum")) {
      std::vector<std::string> words;
      for (const Json& word : part["enum"])
        words.push_back(word.is_string() ? word.get<std::string>() : word.dump());
      return fmt::format("{} must be one of: {}", place, fmt::join(words, ", "));
    }
    if (starts("Failed to match regex") && part.contains("pattern")) {
      return fmt::format("{} must match {}", place, part["pattern"].get<std::string>());
    }
    const auto limit = [&](const char* keyword) {
      return part.contains(keyword) ? part[keyword].dump() : "";
    };
    if (starts("Expected number less")) {
      return part.contains("maximum") ? fmt::format("{} must be at most {}", place, limit("maximum"))
                                      : fmt::format("{} must be below {}", place, limit("exclusiveMaximum"));
    }
    if (starts("Expected number greater")) {
      return part.contains("minimum") ? fmt::format("{} must be at least {}", place, limit("minimum"))
                                      : fmt::format("{} must be above {}", place, limit("exclusiveMinimum"));
    }
    if (starts("String should be no more")) {
      return fmt::format("{} must have at most {} characters", place, limit("maxLength"));
    }
    if (starts("String should be no fewer")) {
      return fmt::format("{} must have at least {} characters", place, limit("minLength"));
    }
  }
  if (starts("Missing required property '")) {
    std::string_view name = std::string_view(description).substr(27);
    name = name.substr(0, name.find('\''));
    return fmt::format("'{}' is missing", name);
  }
  return fmt::format("{}: {}", place, printable(description));
}

void find_unknown(const Json& value, const Json& schema, std::vector<std::string>& path,
                  std::vector<std::string>& faults) {
  if (value.is_array() && schema.contains("items") && schema["items"].is_object()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      path.push_back(std::to_string(i));
      find_unknown(value[i], schema["items"], path, faults);
      path.pop_back();
    }
  }
  if (!value.is_object() || !schema.contains("properties")) return;
  const Json& properties = schema["properties"];
  std::vector<std::string_view> names;
  for (const auto& [name, property] : properties.items()) names.push_back(name);
  const bool closed = schema.contains("additionalProperties") && schema["additionalProperties"] == false &&
                      !schema.contains("patternProperties");
  for (const auto& [name, item] : value.items()) {
    path.push_back(name);
    if (properties.contains(name)) {
      find_unknown(item, properties[name], path, faults);
    } else if (closed && faults.size() < most_faults) {
      const std::string shown = shown_path(path, "").substr(0, 200);
      const std::string_view near = nearest_name(name.substr(0, 100), names);
      faults.push_back(near.empty()
                           ? fmt::format("'{}' is not known; known are: {}", shown, fmt::join(names, ", "))
                           : fmt::format("'{}' is not known: did you mean '{}'?", shown, near));
    }
    path.pop_back();
  }
}

/// What is too large or cannot be stored as text, whatever the schema says.
std::string size_fault(const Json& value, const std::string& name, std::size_t& seen) {
  if (++seen > most_json_values) return fmt::format("{} holds more than {} values", name, most_json_values);
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (text.size() > longest_json_text) {
      return fmt::format("{} holds a text of more than {} bytes", name, longest_json_text);
    }
    if (text.find('\0') != std::string::npos)
      return fmt::format("{} holds a text with the character NUL", name);
  }
  if (!value.is_structured()) return {};
  if (value.size() > most_json_items) {
    return fmt::format("{} holds a list or an object of more than {} items", name, most_json_items);
  }
  for (const auto& [key, item] : value.items()) {
    if (key.size() > 200 || key.find('\0') != std::string::npos) {
      return fmt::format("{} holds a field whose name is longer than 200 bytes or holds NUL", name);
    }
    std::string fault = size_fault(item, name, seen);
    if (!fault.empty()) return fault;
  }
  return {};
}

/// Takes "format" out: valijson's check of it fails on a value that is no text, and no format is promised by
/// more than the handler that reads it.
void leave_out_formats(Json& schema) {
  if (schema.is_array()) {
    for (Json& item : schema) leave_out_formats(item);
    return;
  }
  if (!schema.is_object()) return;
  if (const auto format = schema.find("format"); format != schema.end() && format->is_string())
    schema.erase(format);
  for (auto& [key, value] : schema.items()) leave_out_formats(value);
}

}  // namespace

struct JsonSchema::Impl {
  Json expanded;
  valijson::Schema schema;
};

JsonSchema::JsonSchema(std::string_view text, const std::map<std::string, std::string>& components)
    : impl_(std::make_unique<Impl>()) {
  try {
    std::vector<std::string> within;
    impl_->expanded = expand(Json::parse(text), components, within);
    close_all(impl_->expanded);
    drop_formats(impl_->expanded);
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    Json checked = impl_->expanded;
    leave_out_formats(checked);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(checked), impl_->schema);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& fault) {
    throw Error("api.bad_schema", fault.what());
  }
}

JsonSchema::~JsonSchema() = default;
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;

const Json& JsonSchema::expanded() const {
  return impl_->expanded;
}

std::vector<std::string> JsonSchema::faults(const Json& value, const std::string& name) const {
  std::size_t seen = 0;
  std::vector<std::string> faults;
  if (std::string fault = size_fault(value, name, seen); !fault.empty()) return {std::move(fault)};
  std::vector<std::string> path;
  find_unknown(value, impl_->expanded, path, faults);

  thread_local valijson::Validator validator;  // keeps its compiled patterns
  valijson::ValidationResults results;
  try {
    if (validator.validate(impl_->schema, valijson::adapters::NlohmannJsonAdapter(value), &results)) {
      return faults;
    }
  } catch (const std::exception&) {
    return {name + " does not fit its schema"};
  }
  std::set<std::string> told;
  for (const auto& [context, description] : results) {
    if (faults.size() >= most_faults) break;
    if (description.starts_with("Object contains a property") && !faults.empty()) continue;
    if (description.starts_with("Failed to validate item #") && results.numErrors() > 1) continue;
    path.clear();
    for (std::size_t i = 1; i < context.size(); ++i) {
      std::string step = context[i];
      if (step.size() >= 2 && step.front() == '[' && step.back() == ']')
        step = step.substr(1, step.size() - 2);
      path.push_back(std::move(step));
    }
    std::string fault = sentence(description, shown_path(path, name), part_of(impl_->expanded, path));
    if (fault.size() > 500) fault.resize(500);
    if (told.insert(fault).second) faults.push_back(std::move(fault));
  }
  if (faults.empty()) faults.push_back(name + " does not fit its schema");
  return faults;
}

void close_objects(nlohmann::json& schema) {
  close_all(schema);
}
void close_objects(nlohmann::ordered_json& schema) {
  close_all(schema);
}

Json typed_value(const std::string& text, const Json& schema) {
  std::set<std::string> types;
  if (const auto type = schema.find("type"); type != schema.end()) {
    if (type->is_string()) types.insert(type->get<std::string>());
    if (type->is_array()) {
      for (const Json& name : *type) types.insert(name.get<std::string>());
    }
  }
  const char* end = text.data() + text.size();
  if (types.contains("integer")) {
    std::int64_t number = 0;
    const auto [rest, fault] = std::from_chars(text.data(), end, number);
    if (fault == std::errc() && rest == end) return number;
  }
  if (types.contains("number")) {
    double number = 0;
    const auto [rest, fault] = std::from_chars(text.data(), end, number);
    if (fault == std::errc() && rest == end && std::isfinite(number)) return number;
  }
  if (types.contains("boolean") && (text == "true" || text == "false")) return text == "true";
  return text;
}

}  // namespace stevie::api
