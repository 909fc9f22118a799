#pragma once
#include "core/config.h"

namespace stevie::app {

/// The whole configuration of the program, one member for each section of stevie.toml. Commands load all of
/// it and use their part, so that a misspelt key is found whichever command runs.
struct Config {};

/// Names every field of every section.
void describe(ConfigBinder& binder, Config& config);

}  // namespace stevie::app
