#pragma once
#include <vector>

#include "core/config.h"

namespace stevie::rl {

/// Throws Error "config.faults" that lists every value out of range: for configurations that were not loaded.
/// The fields are those that describe(binder, config) names.
template <class Config>
void require_valid(const Config& config) {
  Config copy = config;
  ConfigBinder binder;
  describe(binder, copy);
  std::vector<ConfigSetting> settings;
  for (const ConfigField& field : binder.fields()) settings.push_back({field.key, field.show(), field.key});
  load_config(binder, {.flags = settings});
}

}  // namespace stevie::rl
