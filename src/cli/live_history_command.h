#pragma once
#include "cli/commands.h"

namespace stevie::cli {

/// Adds `trades` and `performance` to the family `live`.
void add_live_history(CLI::App& live, CommandContext& context);

}  // namespace stevie::cli
