#include "strategy/json_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

namespace stevie::strategy {

void JsonLine::value(double number) {
  if (!std::isfinite(number)) return null();
  const std::size_t from = text_.size();
  fmt::format_to(std::back_inserter(text_), "{}", number);
  if (text_.find_first_of(".e", from) == std::string::npos) text_ += ".0";
}

void JsonLine::value(std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    text_.append(1, '"').append(text).append(1, '"');
  } else {
    text_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace stevie::strategy
