#pragma once
#include <string>
#include <vector>

#include "ledger/url.h"

namespace stevie::ledger {

/// The statements that bring a database from one version of the schema to the next: element 0 from nothing to
/// version 1. A published version never changes; a change to the schema is a new element.
const std::vector<std::vector<std::string>>& migrations(Dialect dialect);

/// The version that this program reads and writes.
int schema_version();

/// A trigger that refuses changes of recorded events.
struct Guard {
  std::string name;
  std::string definition;  // as the database's catalogue gives it back: the statement, or the function's body
};
const std::vector<Guard>& guards(Dialect dialect);

/// Gives (name, definition) of the guards that are in force.
std::string guards_query(Dialect dialect);

}  // namespace stevie::ledger
