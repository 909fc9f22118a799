#pragma once
#include <CLI/CLI.hpp>

#include "app/social_sources.h"

namespace stevie::cli {

/// Adds --social FILE[:COLUMN][@DELAY] (repeatable) and --no-social to a command whose rules read a social
/// score. The request must outlive parsing.
void add_social_flags(CLI::App& command, app::SocialRequest& request);

}  // namespace stevie::cli
