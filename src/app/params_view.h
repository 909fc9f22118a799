#pragma once
#include <string>
#include <vector>

#include "app/params.h"

namespace stevie::app {

/// One parameter as it holds in a scope, and the layer that gives it: "default", "global", "symbol BTC/USDT",
/// "regime bear".
struct ScopedValue {
  strategy::Parameter parameter{};
  double value = 0;
  std::string layer;
};
/// All parameters in the order of the schema. A symbol without values of its own is allowed.
std::vector<ScopedValue> values_in(const strategy::ParameterLayers& layers, const ParameterScope& scope);

/// What a version rests on, in words; nothing for a plain change by a person.
std::vector<std::string> evidence_lines(const live::ParameterVersion& version);

}  // namespace stevie::app
