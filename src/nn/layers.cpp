#include "nn/layers.h"

#include <algorithm>
#include <cstring>

#include "nn/gemm.h"
#include "nn/simd.h"

namespace stevie::nn {
namespace {

/// gradient *= slope of the activation where its output is `output`, over `count` floats.
void multiply_by_slope(Activation activation, const float* output, std::size_t count, float* gradient) {
  for (std::size_t i = 0; i < count; i += simd::lanes) {
    const simd::Vec y = simd::load(output + i);
    const simd::Vec g = simd::load(gradient + i);
    simd::store(gradient + i,
                activation == Activation::tanh ? g * (1.0f - y * y) : (y > 0.0f ? g : simd::Vec{}));
  }
}

}  // namespace

DenseStack::DenseStack(std::size_t inputs, const std::vector<std::size_t>& widths, Activation activation,
                       std::size_t first_offset)
    : inputs_(inputs), activation_(activation), end_offset_(first_offset), output_size_(inputs) {
  for (const std::size_t width : widths) {
    LayerPlace layer;
    layer.inputs = output_size_;
    layer.outputs = width;
    layer.rows_are_inputs = true;
    layer.weight_stride = simd::round_up(width);
    layer.weight_offset = end_offset_;
    layer.bias_offset = end_offset_ + simd::round_up(layer.inputs) * layer.weight_stride;
    end_offset_ = layer.bias_offset + layer.weight_stride;
    output_size_ = width;
    layers_.push_back(layer);
  }
}

std::size_t DenseStack::output_stride() const {
  return simd::round_up(output_size_);
}

StackWorkspace DenseStack::make_workspace(std::size_t batch_capacity) const {
  StackWorkspace workspace;
  workspace.capacity = simd::round_up(batch_capacity);
  std::size_t largest_weights = 0;
  for (const LayerPlace& layer : layers_) {
    workspace.activations.emplace_back(workspace.capacity * layer.weight_stride);
    workspace.gradients.emplace_back(workspace.capacity * layer.weight_stride);
    largest_weights = std::max(largest_weights, layer.weight_stride * simd::round_up(layer.inputs));
  }
  if (layers_.empty()) {
    workspace.activations.emplace_back(workspace.capacity * output_stride());
    workspace.gradients.emplace_back(workspace.capacity * output_stride());
  }
  workspace.transposed_weights.resize(largest_weights);
  return workspace;
}

void DenseStack::forward(const float* parameters, const float* input, std::size_t input_stride,
                         std::size_t batch, StackWorkspace& workspace) const {
  if (layers_.empty()) {
    for (std::size_t row = 0; row < batch; ++row) {
      std::memcpy(workspace.activations[0].data() + row * output_stride(), input + row * input_stride,
                  inputs_ * sizeof(float));
    }
    return;
  }
  const Epilogue epilogue = activation_ == Activation::tanh ? Epilogue::bias_tanh : Epilogue::bias_relu;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerPlace& layer = layers_[l];
    float* output = workspace.activations[l].data();
    gemm({.m = batch,
          .n = layer.weight_stride,
          .k = layer.inputs,
          .a = {input, input_stride, 1},
          .b = parameters + layer.weight_offset,
          .b_stride = layer.weight_stride,
          .c = output,
          .c_stride = layer.weight_stride,
          .side = parameters + layer.bias_offset},
         epilogue);
    input = output;
    input_stride = layer.weight_stride;
  }
}

void DenseStack::backward(const float* parameters, const float* input, std::size_t input_stride,
                          std::size_t batch, StackWorkspace& workspace, float* parameter_gradients) const {
  if (layers_.empty()) return;
  multiply_by_slope(activation_, output(workspace), batch * output_stride(), output_gradients(workspace));
  const Epilogue epilogue =
      activation_ == Activation::tanh ? Epilogue::tanh_gradient : Epilogue::relu_gradient;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const LayerPlace& layer = layers_[l];
    const float* gradient = workspace.gradients[l].data();
    const float* below = l > 0 ? workspace.activations[l - 1].data() : input;
    const std::size_t below_stride = l > 0 ? layers_[l - 1].weight_stride : input_stride;
    gemm({.m = layer.inputs,
          .n = layer.weight_stride,
          .k = batch,
          .a = {below, 1, below_stride},
          .b = gradient,
          .b_stride = layer.weight_stride,
          .c = parameter_gradients + layer.weight_offset,
          .c_stride = layer.weight_stride},
         Epilogue::none);
    column_sums(gradient, batch, layer.weight_stride, layer.weight_stride,
                parameter_gradients + layer.bias_offset);
    if (l == 0) break;

    float* transposed = workspace.transposed_weights.data();
    transpose_matrix(parameters + layer.weight_offset, layer.inputs, layer.outputs, layer.weight_stride,
                     transposed, below_stride);
    gemm({.m = batch,
          .n = below_stride,
          .k = layer.outputs,
          .a = {gradient, layer.weight_stride, 1},
          .b = transposed,
          .b_stride = below_stride,
          .c = workspace.gradients[l - 1].data(),
          .c_stride = below_stride,
          .side = below},
         epilogue);
  }
}

LinearHead::LinearHead(std::size_t inputs, std::size_t outputs, std::size_t first_offset)
    : padded_outputs_(simd::round_up(outputs)) {
  place_.inputs = inputs;
  place_.outputs = outputs;
  place_.weight_stride = simd::round_up(inputs);
  place_.weight_offset = first_offset;
  place_.bias_offset = first_offset + outputs * place_.weight_stride;
}

void LinearHead::forward(const float* parameters, const float* rows, std::size_t batch, float* out,
                         std::size_t out_stride) const {
  project_rows(rows, place_.weight_stride, batch, parameters + place_.weight_offset,
               parameters + place_.bias_offset, place_.outputs, out, out_stride);
}

void LinearHead::backward(const float* parameters, const float* rows, std::size_t batch,
                          const float* out_gradients, std::size_t out_stride, float* parameter_gradients,
                          float* row_gradients, bool accumulate) const {
  gemm({.m = place_.outputs,
        .n = place_.weight_stride,
        .k = batch,
        .a = {out_gradients, out_stride, 1},
        .b = rows,
        .b_stride = place_.weight_stride,
        .c = parameter_gradients + place_.weight_offset,
        .c_stride = place_.weight_stride},
       Epilogue::none);
  for (std::size_t o = 0; o < place_.outputs; ++o) {
    simd::Vec total{};
    for (std::size_t b = 0; b < batch; b += simd::lanes)
      total += simd::load(out_gradients + o * out_stride + b);
    parameter_gradients[place_.bias_at(o)] = simd::sum(total);
  }
  gemm({.m = batch,
        .n = place_.weight_stride,
        .k = place_.outputs,
        .a = {out_gradients, 1, out_stride},
        .b = parameters + place_.weight_offset,
        .b_stride = place_.weight_stride,
        .c = row_gradients,
        .c_stride = place_.weight_stride},
       accumulate ? Epilogue::add : Epilogue::none);
}

}  // namespace stevie::nn
