#pragma once
#include <cstddef>
#include <vector>

#include "core/aligned.h"
#include "nn/architecture.h"

namespace stevie::nn {

/// Where one dense layer's numbers lie in a flat array of parameters (or of gradients, or of moments). Each
/// layer starts on a cache line and its rows are padded with zeros to whole vectors; padding stays zero
/// through every update.
struct LayerPlace {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t weight_offset = 0;
  std::size_t weight_stride = 0;
  std::size_t bias_offset = 0;
  bool rows_are_inputs = false;  // weights (inputs, stride), else (outputs, stride) as PyTorch has them

  std::size_t weight_at(std::size_t output, std::size_t input) const {
    return weight_offset +
           (rows_are_inputs ? input * weight_stride + output : output * weight_stride + input);
  }
  std::size_t bias_at(std::size_t output) const { return bias_offset + output; }
};

/// Memory of one DenseStack for batches of up to `capacity` rows: what forward() leaves for backward(). One
/// per thread.
struct StackWorkspace {
  std::size_t capacity = 0;                       // rows, a multiple of simd::lanes
  std::vector<AlignedVector<float>> activations;  // per layer (capacity, padded outputs)
  std::vector<AlignedVector<float>> gradients;    // the same shape: d loss / d pre-activation
  AlignedVector<float> transposed_weights;        // of the layer that backward() is at
};

/// Hidden layers h_l = act(h_{l-1} W_l + b_l), possibly none (the output is then the padded input). It holds
/// the shape only: the numbers live in an array of the caller, so that one optimiser walks over all of them
/// and any number of threads may run one network. Gradients are written out by hand; nn/reference.h is the
/// plain form.
class DenseStack {
 public:
  DenseStack(std::size_t inputs, const std::vector<std::size_t>& widths, Activation activation,
             std::size_t first_offset);

  const std::vector<LayerPlace>& layers() const { return layers_; }
  std::size_t end_offset() const { return end_offset_; }
  std::size_t output_size() const { return output_size_; }
  /// Distance of the rows of output() and output_gradients(), a multiple of simd::lanes.
  std::size_t output_stride() const;

  StackWorkspace make_workspace(std::size_t batch_capacity) const;
  const float* output(const StackWorkspace& workspace) const { return workspace.activations.back().data(); }
  /// Where d loss / d output, (batch, output_stride), has to stand before backward().
  float* output_gradients(StackWorkspace& workspace) const { return workspace.gradients.back().data(); }

  /// input: (batch, input_stride), batch <= capacity. Fills workspace.activations.
  void forward(const float* parameters, const float* input, std::size_t input_stride, std::size_t batch,
               StackWorkspace& workspace) const;

  /// After forward() on the same input; turns output_gradients() into the gradients of all parameters.
  void backward(const float* parameters, const float* input, std::size_t input_stride, std::size_t batch,
                StackWorkspace& workspace, float* parameter_gradients) const;

 private:
  std::size_t inputs_;
  Activation activation_;
  std::vector<LayerPlace> layers_;
  std::size_t end_offset_;
  std::size_t output_size_;
};

/// A linear layer with few outputs on a DenseStack. Its results lie output by output, (outputs, batch
/// stride), so that a loss walks over the batch in whole vectors.
class LinearHead {
 public:
  LinearHead(std::size_t inputs, std::size_t outputs, std::size_t first_offset);

  const LayerPlace& place() const { return place_; }
  std::size_t end_offset() const { return place_.bias_offset + padded_outputs_; }

  /// rows: (batch rounded up, weight_stride). out: (outputs, out_stride), out_stride >= batch rounded up.
  void forward(const float* parameters, const float* rows, std::size_t batch, float* out,
               std::size_t out_stride) const;

  /// out_gradients: (outputs, out_stride), zero between batch and the next multiple of simd::lanes. Fills its
  /// parameters' gradients, and writes d loss / d rows to row_gradients, or adds to it where `accumulate`.
  void backward(const float* parameters, const float* rows, std::size_t batch, const float* out_gradients,
                std::size_t out_stride, float* parameter_gradients, float* row_gradients,
                bool accumulate) const;

 private:
  LayerPlace place_;
  std::size_t padded_outputs_;
};

}  // namespace stevie::nn
