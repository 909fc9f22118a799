#include "nn/reference.h"

#include <cmath>

namespace stevie::nn {
namespace {

using Matrix = std::vector<std::vector<double>>;  // [row][column]

/// One dense layer: y = activation(x W^T + b) with W (outputs, inputs).
struct PlainLayer {
  std::size_t weight_tensor;  // its bias is the next tensor
  bool is_head;
};

class PlainNetwork {
 public:
  PlainNetwork(Activation activation, std::span<const NamedTensor> tensors, ReferencePass& pass)
      : activation_(activation), tensors_(tensors), pass_(pass) {}

  Matrix forward(const PlainLayer& layer, const Matrix& x) const {
    const NamedTensor& weight = tensors_[layer.weight_tensor];
    const NamedTensor& bias = tensors_[layer.weight_tensor + 1];
    const std::size_t outputs = weight.shape[0];
    const std::size_t inputs = weight.shape[1];
    Matrix y(x.size(), std::vector<double>(outputs));
    for (std::size_t b = 0; b < x.size(); ++b) {
      for (std::size_t o = 0; o < outputs; ++o) {
        double total = bias.values[o];
        for (std::size_t i = 0; i < inputs; ++i) total += weight.values[o * inputs + i] * x[b][i];
        if (!layer.is_head) total = activation_ == Activation::tanh ? std::tanh(total) : std::max(total, 0.0);
        y[b][o] = total;
      }
    }
    return y;
  }

  /// Adds the layer's parameter gradients and returns d loss / d x, given d loss / d y.
  Matrix backward(const PlainLayer& layer, const Matrix& x, const Matrix& y, Matrix dy) {
    const NamedTensor& weight = tensors_[layer.weight_tensor];
    const std::size_t outputs = weight.shape[0];
    const std::size_t inputs = weight.shape[1];
    Matrix dx(x.size(), std::vector<double>(inputs, 0.0));
    for (std::size_t b = 0; b < x.size(); ++b) {
      for (std::size_t o = 0; o < outputs; ++o) {
        if (!layer.is_head) {
          const double slope =
              activation_ == Activation::tanh ? 1.0 - y[b][o] * y[b][o] : (y[b][o] > 0.0 ? 1.0 : 0.0);
          dy[b][o] *= slope;
        }
        pass_.gradients[layer.weight_tensor + 1][o] += dy[b][o];
        for (std::size_t i = 0; i < inputs; ++i) {
          pass_.gradients[layer.weight_tensor][o * inputs + i] += dy[b][o] * x[b][i];
          dx[b][i] += dy[b][o] * weight.values[o * inputs + i];
        }
      }
    }
    return dx;
  }

 private:
  Activation activation_;
  std::span<const NamedTensor> tensors_;
  ReferencePass& pass_;
};

Matrix add(Matrix a, const Matrix& b) {
  for (std::size_t row = 0; row < a.size(); ++row) {
    for (std::size_t column = 0; column < a[row].size(); ++column) a[row][column] += b[row][column];
  }
  return a;
}

template <class Number>
Matrix to_matrix(std::span<const Number> values, std::size_t columns) {
  Matrix matrix;
  for (std::size_t at = 0; at < values.size(); at += columns) {
    matrix.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(at),
                        values.begin() + static_cast<std::ptrdiff_t>(at + columns));
  }
  return matrix;
}

}  // namespace

ReferencePass reference_pass(const NetworkConfig& config, std::span<const NamedTensor> tensors,
                             std::span<const float> observations, std::span<const double> logit_gradients,
                             std::span<const double> value_gradients) {
  ReferencePass pass;
  for (const NamedTensor& tensor : tensors) pass.gradients.emplace_back(tensor.values.size(), 0.0);
  PlainNetwork network(config.architecture.activation, tensors, pass);

  const std::size_t policy_depth = config.architecture.policy_widths.size();
  const std::size_t value_depth =
      config.architecture.shared_trunk ? 0 : config.architecture.value_widths.size();
  const PlainLayer policy_head{2 * (policy_depth + value_depth), true};
  const PlainLayer value_head{policy_head.weight_tensor + 2, true};

  std::vector<Matrix> policy_hidden{to_matrix(observations, config.observation_size)};
  for (std::size_t l = 0; l < policy_depth; ++l) {
    policy_hidden.push_back(network.forward({2 * l, false}, policy_hidden.back()));
  }
  std::vector<Matrix> value_hidden{config.architecture.shared_trunk ? policy_hidden.back()
                                                                    : policy_hidden.front()};
  for (std::size_t l = 0; l < value_depth; ++l) {
    value_hidden.push_back(network.forward({2 * (policy_depth + l), false}, value_hidden.back()));
  }
  const Matrix logits = network.forward(policy_head, policy_hidden.back());
  const Matrix values = network.forward(value_head, value_hidden.back());
  for (const auto& row : logits) pass.logits.insert(pass.logits.end(), row.begin(), row.end());
  for (const auto& row : values) pass.values.push_back(row[0]);

  Matrix value_slope =
      network.backward(value_head, value_hidden.back(), values, to_matrix(value_gradients, 1));
  for (std::size_t l = value_depth; l-- > 0;) {
    value_slope =
        network.backward({2 * (policy_depth + l), false}, value_hidden[l], value_hidden[l + 1], value_slope);
  }
  Matrix policy_slope = network.backward(policy_head, policy_hidden.back(), logits,
                                         to_matrix(logit_gradients, config.action_count));
  if (config.architecture.shared_trunk) policy_slope = add(std::move(policy_slope), value_slope);
  for (std::size_t l = policy_depth; l-- > 0;) {
    policy_slope = network.backward({2 * l, false}, policy_hidden[l], policy_hidden[l + 1], policy_slope);
  }
  return pass;
}

}  // namespace stevie::nn
