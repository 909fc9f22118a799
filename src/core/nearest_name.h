#pragma once
#include <span>
#include <string_view>

namespace stevie {

/// The name that differs least from what was written, for "did you mean": by insertions, deletions and
/// replacements of a character (Levenshtein 1966), at most two or a third of the text's length. The first of
/// equals; empty where none is that near.
std::string_view nearest_name(std::string_view text, std::span<const std::string_view> names);

}  // namespace stevie
