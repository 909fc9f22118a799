#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace stevie {

/// The sentences one after another, "; " between them.
std::string joined(const std::vector<std::string>& sentences);

/// The text as a JSON string, with bytes that are no UTF-8 replaced.
std::string json_text(std::string_view text);

}  // namespace stevie
