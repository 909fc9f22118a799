#include "nn/layer_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"

namespace stevie::nn {

void require_sound(const NetworkConfig& config) {
  std::string faults;
  const auto fault = [&faults](const std::string& text) { faults += (faults.empty() ? "" : "; ") + text; };
  if (config.observation_size == 0) fault("the observation is empty");
  if (config.action_count < 2) fault("fewer than two actions leave nothing to choose");
  constexpr std::size_t widest = 1 << 16;
  for (const auto* widths : {&config.architecture.policy_widths, &config.architecture.value_widths}) {
    for (const std::size_t width : *widths) {
      if (width == 0 || width > widest)
        fault(fmt::format("a hidden layer of {} units (1 to {} are possible)", width, widest));
    }
  }
  if (config.architecture.shared_trunk &&
      config.architecture.policy_widths != config.architecture.value_widths) {
    fault("a shared trunk needs the same widths for policy and value");
  }
  if (!faults.empty())
    throw Error("nn.bad_architecture", "the network cannot be built: " + faults, "network");
}

void require_same_shapes(std::span<const NamedTensor> tensors, std::span<const NamedTensor> expected) {
  if (tensors.size() != expected.size()) {
    throw Error("nn.tensor_differs",
                fmt::format("the network has {} tensors, the file {}: it is of another network",
                            expected.size(), tensors.size()));
  }
  for (std::size_t t = 0; t < expected.size(); ++t) {
    if (tensors[t].name == expected[t].name && tensors[t].shape == expected[t].shape) continue;
    throw Error(
        "nn.tensor_differs",
        fmt::format(
            "expected the tensor {} of shape ({}), the file has {} of shape ({}): it is of another network",
            expected[t].name, fmt::join(expected[t].shape, ", "), tensors[t].name,
            fmt::join(tensors[t].shape, ", ")));
  }
}

void write_layers(std::span<const LayerPlace> places, std::span<const float> flat,
                  std::span<NamedTensor> tensors) {
  std::size_t next = 0;
  for (const LayerPlace& place : places) {
    std::vector<float>& weights = tensors[next++].values;
    for (std::size_t o = 0; o < place.outputs; ++o) {
      for (std::size_t i = 0; i < place.inputs; ++i) weights.push_back(flat[place.weight_at(o, i)]);
    }
    const float* bias = flat.data() + place.bias_offset;
    tensors[next++].values.assign(bias, bias + place.outputs);
  }
}

void read_layers(std::span<const LayerPlace> places, std::span<const NamedTensor> tensors,
                 std::span<float> flat) {
  std::fill(flat.begin(), flat.end(), 0.0f);
  std::size_t next = 0;
  for (const LayerPlace& place : places) {
    const std::vector<float>& weights = tensors[next++].values;
    const std::vector<float>& bias = tensors[next++].values;
    for (std::size_t o = 0; o < place.outputs; ++o) {
      for (std::size_t i = 0; i < place.inputs; ++i)
        flat[place.weight_at(o, i)] = weights[o * place.inputs + i];
      flat[place.bias_at(o)] = bias[o];
    }
  }
}

}  // namespace stevie::nn
