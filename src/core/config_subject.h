#pragma once
#include <string>

#include "core/config.h"

namespace stevie {

/// What a person calls the thing that is loaded, for messages: the program's configuration unless told
/// otherwise.
struct ConfigSubject {
  std::string name = "the configuration";                       // "... has 3 faults"
  std::string field = "configuration field";                    // "there is no ... ppo.gama"
  std::string listing = "`stevie config show` lists them all";  // where the fields stand
};

/// load_config() of something else, such as a scenario file.
void load_config(ConfigBinder& binder, const ConfigLayers& layers, const ConfigSubject& subject);

}  // namespace stevie
