#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace stevie {

/// Two lower-case hex digits a byte.
std::string to_hex(std::string_view bytes);
/// The bytes of exactly 2 * `count` lower-case hex digits; empty for any other text.
std::string from_hex(std::string_view hex, std::size_t count);

}  // namespace stevie
