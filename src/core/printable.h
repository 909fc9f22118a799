#pragma once
#include <string>
#include <string_view>

namespace stevie {

/// The text with every byte that is no valid UTF-8 and every control character except line feed and tab
/// (separators of lines and marks of direction too) written as \xNN, so that a quote from a damaged file
/// cannot drive a terminal. For whatever is shown and may quote bytes of a file.
std::string printable(std::string_view text);

}  // namespace stevie
