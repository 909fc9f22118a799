#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "strategy/parameters.h"

/// Whatever the bytes, the parser gives layers without faults, which read back from their own text, or throws
/// stevie::Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  strategy::ParameterLayers layers;
  try {
    layers = strategy::parse_parameter_layers(text, "layers.json");
  } catch (const Error&) {
    return 0;
  }
  if (!strategy::layer_faults(layers).empty()) __builtin_trap();
  const std::string canonical = strategy::to_json(layers);
  if (strategy::parse_parameter_layers(canonical, "layers.json") != layers) __builtin_trap();
  if (strategy::to_json(strategy::parse_parameter_layers(canonical, "layers.json")) != canonical) {
    __builtin_trap();
  }
  return 0;
}
