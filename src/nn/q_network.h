#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "nn/layers.h"
#include "nn/network.h"
#include "nn/tensor.h"

namespace stevie::nn {

struct QNetworkConfig {
  std::size_t observation_size = 104;
  std::size_t action_count = 3;
  /// Hidden layers. Default 64, 64; may be empty: linear action values.
  std::vector<std::size_t> widths = {64, 64};
  Activation activation = Activation::relu;
  /// Wang et al. 2016: value and advantages of the actions have heads of their own on the same hidden layers,
  /// Q = V + A - mean A.
  bool dueling = false;

  bool operator==(const QNetworkConfig&) const = default;
};

/// Memory for running a QNetwork on batches of up to a fixed size; one per thread.
struct QWorkspace {
  StackWorkspace stack;
  std::size_t batch_stride = 0;       // capacity, a multiple of simd::lanes
  AlignedVector<float> q_values;      // (action_count, batch_stride)
  AlignedVector<float> q_gradients;   // as q_values: where d loss / d Q has to stand before backward()
  AlignedVector<float> values;        // (batch_stride) of a dueling network
  AlignedVector<float> value_slopes;  // (batch_stride) of a dueling network
};

/// The values of all actions: hidden layers and a linear head, as Stable-Baselines3's QNetwork has them, or
/// the two heads of a dueling network. Holds its own parameters in one flat array; forward passes are const
/// and may run on several threads with a workspace each.
class QNetwork {
 public:
  /// Throws Error "nn.bad_architecture" with every fault of the configuration.
  explicit QNetwork(const QNetworkConfig& config);

  /// Weights and biases uniform in +- 1 / sqrt(inputs), as torch.nn.Linear starts.
  void initialise_uniform(std::uint64_t seed);

  QWorkspace make_workspace(std::size_t batch_capacity) const;

  /// observations: (batch, stride). Fills workspace.q_values.
  void forward(const float* observations, std::size_t stride, std::size_t batch, QWorkspace& workspace) const;

  /// After forward() on the same batch, with workspace.q_gradients filled (zero between batch and the next
  /// multiple of simd::lanes): writes the gradients of all parameters, laid out as parameters(). Uses
  /// q_gradients up where the network is dueling.
  void backward(const float* observations, std::size_t stride, std::size_t batch, QWorkspace& workspace,
                float* gradients) const;

  const QNetworkConfig& config() const { return config_; }
  /// The flat array, padding included.
  std::span<float> parameters() { return parameters_; }
  std::span<const float> parameters() const { return parameters_; }

  /// Any flat array laid out as parameters() as tensors with Stable-Baselines3's names, shapes and order
  /// (q_net_tensor_shapes), and back. Not for a dueling network, which Stable-Baselines3 does not have.
  /// Throws Error "nn.tensor_differs" that names what does not fit.
  std::vector<NamedTensor> to_tensors(std::span<const float> flat) const;
  void from_tensors(std::span<const NamedTensor> tensors, std::span<float> flat) const;

  /// The same action values by a network with one head. A dueling head is linear in the hidden layers, so
  /// that V + A - mean A is one linear layer too; equal up to rounding.
  QNetwork with_one_head() const;

  /// A policy whose logits are the action values, so that its most probable action is the greedy one. Its
  /// value is 0. Of a dueling network: with_one_head()'s.
  ActorCritic as_policy() const;
  /// Takes the hidden layers and the head of a policy: its logits then are the action values, of a dueling
  /// network the advantages. Throws Error "nn.tensor_differs" where the policy has other sizes, another
  /// activation or a trunk shared with its value.
  void start_from(const ActorCritic& policy);

 private:
  std::vector<LayerPlace> places() const;

  QNetworkConfig config_;
  DenseStack stack_;
  std::vector<LinearHead> heads_;  // of Q; or of the advantages and of the value
  AlignedVector<float> parameters_;
};

}  // namespace stevie::nn
