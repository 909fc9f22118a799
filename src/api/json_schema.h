#pragma once
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::api {

/// Most that a value from outside may hold, whatever its schema says: validating takes time and stack that
/// grow with these.
inline constexpr std::size_t longest_json_text = 4096;   // bytes of one text
inline constexpr std::size_t most_json_items = 1000;     // of one array or object
inline constexpr std::size_t most_json_values = 20'000;  // in all

/// A JSON Schema (draft 7 keywords) made ready for checking. Thread-safe once made.
class JsonSchema {
 public:
  /// References "#/components/schemas/X" are looked up in `components`. Objects that name their properties
  /// allow no others unless the schema says so; "format" is not checked. Throws Error "api.bad_schema".
  JsonSchema(std::string_view text, const std::map<std::string, std::string>& components);
  ~JsonSchema();
  JsonSchema(JsonSchema&&) noexcept;

  /// One sentence for each fault, empty where the value fits. `name`: what a fault of the value itself is
  /// called, "the body" or "limit".
  std::vector<std::string> faults(const nlohmann::json& value, const std::string& name) const;
  /// With references replaced by what they refer to.
  const nlohmann::json& expanded() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds "additionalProperties": false to every object of a schema that names its properties and does not say
/// what else it takes.
void close_objects(nlohmann::json& schema);
void close_objects(nlohmann::ordered_json& schema);

/// Whether a schema is for a number, a boolean or a text: query and path texts are turned into that. Faults
/// leave `value` a text, which its schema refuses.
nlohmann::json typed_value(const std::string& text, const nlohmann::json& schema);

}  // namespace stevie::api
