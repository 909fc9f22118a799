#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/aligned.h"
#include "nn/layers.h"
#include "nn/model_file.h"
#include "nn/tensor.h"

namespace stevie::nn {

struct NetworkConfig {
  std::size_t observation_size = 104;
  std::size_t action_count = 3;
  /// Widths of the policy's and the value's hidden layers, activation, and whether both share one trunk.
  PolicyKwargs architecture;

  bool operator==(const NetworkConfig&) const = default;
};

/// Memory for running an ActorCritic on batches of up to a fixed size; one per thread.
struct NetworkWorkspace {
  std::vector<StackWorkspace> stacks;    // policy, value; or the one shared
  std::size_t batch_stride = 0;          // capacity, a multiple of simd::lanes
  AlignedVector<float> logits;           // (action_count, batch_stride): unnormalised log-probabilities
  AlignedVector<float> values;           // (batch_stride)
  AlignedVector<float> logit_gradients;  // as logits
  AlignedVector<float> value_gradients;  // as values
};

/// Policy and value networks as Stable-Baselines3's ActorCriticPolicy has them: hidden layers (separate for
/// policy and value, or shared), a linear head of logits and one of the value. Holds its own parameters in
/// one flat array; forward passes are const and may run on several threads with a workspace each.
class ActorCritic {
 public:
  /// Throws Error "nn.bad_architecture" with every fault of the configuration.
  explicit ActorCritic(const NetworkConfig& config);

  /// Orthogonal weights (Saxe et al. 2014) with gain sqrt(2) for hidden layers, 0.01 for the policy head and
  /// 1 for the value head, zero biases: Stable-Baselines3's ortho_init.
  void initialise_orthogonal(std::uint64_t seed);

  NetworkWorkspace make_workspace(std::size_t batch_capacity) const;

  /// observations: (batch, stride). Fills workspace.logits and workspace.values.
  void forward(const float* observations, std::size_t stride, std::size_t batch,
               NetworkWorkspace& workspace) const;
  /// The two halves of forward(); with a shared trunk forward_policy() must come first.
  void forward_policy(const float* observations, std::size_t stride, std::size_t batch,
                      NetworkWorkspace& workspace) const;
  void forward_value(const float* observations, std::size_t stride, std::size_t batch,
                     NetworkWorkspace& workspace) const;

  /// After forward() on the same batch, with workspace.logit_gradients and value_gradients filled (zero
  /// between batch and the next multiple of simd::lanes): writes the gradients of all parameters, laid out as
  /// parameters().
  void backward(const float* observations, std::size_t stride, std::size_t batch, NetworkWorkspace& workspace,
                float* gradients) const;
  /// The halves of backward(), for separate networks only: each writes its own range of the gradients.
  void backward_policy(const float* observations, std::size_t stride, std::size_t batch,
                       NetworkWorkspace& workspace, float* gradients) const;
  void backward_value(const float* observations, std::size_t stride, std::size_t batch,
                      NetworkWorkspace& workspace, float* gradients) const;

  const NetworkConfig& config() const { return config_; }
  bool shared_trunk() const { return stacks_.size() == 1; }

  /// The flat array, padding included. The policy's part is [0, policy_end()), the value's the rest; a shared
  /// trunk belongs to the policy's part.
  std::span<float> parameters() { return parameters_; }
  std::span<const float> parameters() const { return parameters_; }
  std::size_t policy_end() const { return policy_end_; }

  /// Any flat array laid out as parameters() (parameters, gradients, moments) as tensors with
  /// Stable-Baselines3's names, shapes and order, and back. from_tensors throws Error "nn.tensor_differs"
  /// that names what does not fit.
  std::vector<NamedTensor> to_tensors(std::span<const float> flat) const;
  void from_tensors(std::span<const NamedTensor> tensors, std::span<float> flat) const;

 private:
  const DenseStack& value_stack() const { return stacks_.back(); }
  StackWorkspace& value_workspace(NetworkWorkspace& workspace) const { return workspace.stacks.back(); }
  /// The layers in the order of to_tensors().
  std::vector<LayerPlace> places() const;

  NetworkConfig config_;
  std::vector<DenseStack> stacks_;  // policy, value; or the one shared
  std::vector<LinearHead> heads_;   // policy, value
  std::size_t policy_end_ = 0;
  AlignedVector<float> parameters_;
};

}  // namespace stevie::nn
