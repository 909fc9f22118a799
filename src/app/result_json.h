#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

#include "core/printable.h"

namespace stevie::app {

/// How results that a training left behind are read: nothing in them is taken for granted. Json is
/// nlohmann::json, or nlohmann::ordered_json where the order of the members counts.

inline constexpr std::uintmax_t largest_result_file = std::uintmax_t{64} << 20;
inline constexpr std::size_t longest_result_text = 2000;

/// The file as it stands, never unpacked; empty where it cannot be read or is larger than
/// largest_result_file.
std::string result_file_text(const std::filesystem::path& file);

/// Null where the file cannot be read, is too large or holds no JSON object.
template <class Json>
Json read_result_object(const std::filesystem::path& file) {
  Json value = Json::parse(result_file_text(file), nullptr, false);
  return value.is_object() ? value : Json(nullptr);
}

/// The member at a path of names; null where there is none.
template <class Json>
Json member_at(const Json& object, std::initializer_list<const char*> names) {
  const Json* found = &object;
  for (const char* name : names) {
    if (!found->is_object()) return nullptr;
    const auto next = found->find(name);
    if (next == found->end()) return nullptr;
    found = &*next;
  }
  return *found;
}

template <class Json>
Json rows_at(const Json& object, std::initializer_list<const char*> names) {
  Json rows = member_at(object, names);
  return rows.is_array() ? rows : Json::array();
}

/// One line that may be shown, cut off at longest_result_text bytes.
inline std::string shown_line(const std::string& text) {
  std::string shown = printable(text.substr(0, longest_result_text));
  std::ranges::replace(shown, '\n', ' ');
  return shown;
}

/// Such a line; empty where there is no text.
template <class Json>
std::string text_at(const Json& object, std::initializer_list<const char*> names) {
  const Json found = member_at(object, names);
  return found.is_string() ? shown_line(found.template get<std::string>()) : std::string();
}

}  // namespace stevie::app
