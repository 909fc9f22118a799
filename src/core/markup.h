#pragma once
#include <string>
#include <string_view>

namespace stevie {

/// The text as it may stand between tags and in quoted attributes of HTML and of SVG, whatever it holds. What
/// XML does not allow, control characters apart from tabs and ends of lines, becomes a blank.
std::string markup_escaped(std::string_view text);

}  // namespace stevie
