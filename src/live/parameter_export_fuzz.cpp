#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "live/parameter_version.h"

// Any bytes either fail with an Error or are layers whose file is read back as the same layers; the same for
// the body of an event.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie::live;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    ParameterVersion version;
    version.layers = parse_export(text, "fuzz");
    version.hash = parameters_hash(version.layers);
    if (parse_export(export_json(version), "again") != version.layers) std::abort();
  } catch (const stevie::Error&) {
    // what such a file deserves
  }
  try {
    const ParameterVersion version = parse_event_body(text, "fuzz");
    if (event_body(parse_event_body(event_body(version), "again")) != event_body(version)) std::abort();
  } catch (const stevie::Error&) {
    // what such a body deserves
  }
  return 0;
}
