#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

/// JSON Schemas of bodies and answers, in the words that the routes use. They keep to what drafts 7 and
/// 2020-12 have in common.
namespace stevie::api::schema {

using Json = nlohmann::ordered_json;  // members keep the order in which they are written

/// A member of an object.
struct Member {
  std::string name;
  Json schema;
  bool required = true;
};
/// No other members are allowed.
Json object(const std::vector<Member>& members, std::string_view meaning = {});
/// Any members: a text whose format another page describes.
Json free_object(std::string_view meaning);
/// Members of any name, all of one schema.
Json map_of(Json values, std::string_view meaning);
Json list(Json items, std::string_view meaning = {});
/// An answer {items, next_cursor}.
Json page(Json items);
Json ref(std::string_view name);  // of components.schemas
Json nullable(Json schema);

Json text(std::string_view meaning, std::size_t least = 0, std::size_t most = 0);  // most 0: no limit
/// Text of one line that a person writes: no control characters.
Json line(std::string_view meaning, std::size_t least, std::size_t most);
Json pattern(std::string_view meaning, std::string_view expression, std::size_t most);
Json choice(std::string_view meaning, const std::vector<std::string>& words);
Json boolean(std::string_view meaning);
Json integer(std::string_view meaning, std::int64_t least = 0, std::int64_t most = -1);  // most -1: no limit
Json number(std::string_view meaning);
Json number(std::string_view meaning, double least, double most);
Json time(std::string_view meaning);
Json example(Json schema, Json value);

/// Why a person changes what trades: 3 to 500 characters.
Json reason();

}  // namespace stevie::api::schema

namespace stevie::api {

using Json = schema::Json;

/// "2026-01-02T03:04:05.678Z".
std::string iso_time(TimeMs time);
Json iso_or_null(const std::optional<TimeMs>& time);
Json iso_or_null(TimeMs time);  // null for 0
/// Null for what is not finite.
Json finite_or_null(double value);
Json finite_or_null(const std::optional<double>& value);

}  // namespace stevie::api
