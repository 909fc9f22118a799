#pragma once
#include <string>
#include <vector>

namespace stevie::accounts {

/// Statements of each step from one schema version to the next; the first makes version 1.
const std::vector<std::vector<std::string>>& migrations();
int schema_version();

}  // namespace stevie::accounts
