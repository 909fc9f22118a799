#include "live/parameter_snapshot.h"

#include <utility>

namespace stevie::live {

std::unique_ptr<const ParameterSnapshot> make_snapshot(std::uint64_t version, std::string hash,
                                                       const strategy::ParameterLayers& layers) {
  auto snapshot = std::make_unique<ParameterSnapshot>();
  snapshot->version = version;
  snapshot->hash = std::move(hash);
  snapshot->without_symbol = strategy::resolve(layers, {});
  for (const auto& item : layers.by_symbol) {
    snapshot->by_symbol[item.first] = strategy::resolve(layers, item.first);
  }
  return snapshot;
}

std::function<const strategy::ResolvedParameters&()> parameter_source(ParameterCell& cell,
                                                                      std::string symbol) {
  auto reader = std::make_shared<ParameterReader>(cell, std::move(symbol));
  return [reader]() -> const strategy::ResolvedParameters& { return reader->at_bar(); };
}

}  // namespace stevie::live
