#pragma once
#include <span>
#include <vector>

#include "nn/layers.h"
#include "nn/network.h"
#include "nn/tensor.h"

namespace stevie::nn {

/// Throws Error "nn.bad_architecture" with every fault of the configuration.
void require_sound(const NetworkConfig& config);

/// Throws Error "nn.tensor_differs" with the first tensor whose name or shape is not the expected one.
void require_same_shapes(std::span<const NamedTensor> tensors, std::span<const NamedTensor> expected);

/// A flat array's numbers of these layers as tensors, two a layer: weights and bias.
void write_layers(std::span<const LayerPlace> places, std::span<const float> flat,
                  std::span<NamedTensor> tensors);

/// The way back; padding becomes zero. The shapes must fit.
void read_layers(std::span<const LayerPlace> places, std::span<const NamedTensor> tensors,
                 std::span<float> flat);

}  // namespace stevie::nn
