#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/route.h"

namespace stevie::api {

/// "%41" -> "A". Absent where a "%" is not followed by two hexadecimal digits, or where the result is no
/// valid UTF-8 or holds control characters. `plus_is_space`: as in a query.
std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space = false);

/// "/a/b%20c" -> "a", "b%20c"; not decoded. Absent where it does not begin with "/".
std::optional<std::vector<std::string_view>> split_path(std::string_view path);

/// "a=1&b" -> {"a", "1"}, {"b", ""}, decoded. Absent where one of them cannot be decoded.
std::optional<std::vector<std::pair<std::string, std::string>>> split_query(std::string_view query);

/// Whether a Content-Type is application/json, whatever its case, in UTF-8.
bool is_json_type(std::string_view content_type);

bool equal_ignoring_case(std::string_view left, std::string_view right);
std::string_view trimmed(std::string_view text);
std::optional<Method> parse_method(std::string_view name);  // "GET"; absent for any other

/// Valid UTF-8 (RFC 3629) without control characters.
bool is_clean_text(std::string_view text);

}  // namespace stevie::api
