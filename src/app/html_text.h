#pragma once
#include <string>
#include <string_view>

namespace stevie::app {

/// The text as it may stand between tags and in quoted attributes of HTML.
std::string html_escaped(std::string_view text);

}  // namespace stevie::app
