#include "live/json_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;

constexpr int deepest_nesting = 64;

}  // namespace

Json parse_object(std::string_view text, std::size_t most_bytes, const std::string& code,
                  const std::string& place) {
  if (text.size() > most_bytes) {
    throw Error(code, fmt::format("this has {} bytes; at most {} are read", text.size(), most_bytes), place);
  }
  const auto within_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest_nesting) {
      throw Error(code, fmt::format("this JSON is nested deeper than {} levels", deepest_nesting), place);
    }
    return true;
  };
  Json object;
  try {
    object = Json::parse(text, within_depth);
  } catch (const Json::exception& fault) {
    const auto* position = dynamic_cast<const Json::parse_error*>(&fault);
    throw Error(code,
                position == nullptr ? "this is not valid JSON"
                                    : fmt::format("this is not valid JSON from byte {} on", position->byte),
                place);
  }
  if (!object.is_object()) throw Error(code, "this JSON is not an object", place);
  return object;
}

std::string FieldReader::string(const char* name) {
  const auto found = object_.find(name);
  if (found != object_.end() && found->is_string()) return found->get<std::string>();
  fault(fmt::format("'{}' is {}", name, found == object_.end() ? "missing" : "not a text"));
  return {};
}

std::uint64_t FieldReader::count(const char* name) {
  const auto found = object_.find(name);
  if (found != object_.end() && found->is_number_unsigned()) return found->get<std::uint64_t>();
  fault(fmt::format("'{}' is {}", name, found == object_.end() ? "missing" : "not a whole number"));
  return 0;
}

const Json* FieldReader::object(const char* name) {
  const auto found = object_.find(name);
  if (found != object_.end() && found->is_object()) return &*found;
  fault(fmt::format("'{}' is {}", name, found == object_.end() ? "missing" : "not an object"));
  return nullptr;
}

void FieldReader::require_sound(const std::string& code, const std::string& intro,
                                const std::string& place) const {
  if (faults_.empty()) return;
  throw Error(code, fmt::format("{}: {}", intro, fmt::join(faults_, "; ")), place);
}

}  // namespace stevie::live
