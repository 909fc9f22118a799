#include "nn/network.h"

#include <algorithm>
#include <cassert>

#include "nn/layer_tensors.h"
#include "nn/orthogonal.h"
#include "nn/simd.h"

namespace stevie::nn {

ActorCritic::ActorCritic(const NetworkConfig& config) : config_(config) {
  require_sound(config);
  const PolicyKwargs& shape = config.architecture;
  stacks_.emplace_back(config.observation_size, shape.policy_widths, shape.activation, 0);
  heads_.emplace_back(stacks_[0].output_size(), config.action_count, stacks_[0].end_offset());
  policy_end_ = heads_[0].end_offset();
  std::size_t value_head_offset = policy_end_;
  if (!shape.shared_trunk) {
    stacks_.emplace_back(config.observation_size, shape.value_widths, shape.activation, policy_end_);
    value_head_offset = stacks_[1].end_offset();
  }
  heads_.emplace_back(value_stack().output_size(), 1, value_head_offset);
  parameters_.assign(heads_[1].end_offset(), 0.0f);
}

void ActorCritic::initialise_orthogonal(std::uint64_t seed) {
  constexpr float hidden_gain = 1.41421356f;
  constexpr float policy_gain = 0.01f;
  constexpr float value_gain = 1.0f;
  std::fill(parameters_.begin(), parameters_.end(), 0.0f);
  std::uint64_t stream = 0;
  const auto initialise = [&](const LayerPlace& place, float gain) {
    const std::vector<float> weights = orthogonal_matrix(place.outputs, place.inputs, gain, seed, stream++);
    for (std::size_t o = 0; o < place.outputs; ++o) {
      for (std::size_t i = 0; i < place.inputs; ++i)
        parameters_[place.weight_at(o, i)] = weights[o * place.inputs + i];
    }
  };
  for (const DenseStack& stack : stacks_) {
    for (const LayerPlace& place : stack.layers()) initialise(place, hidden_gain);
  }
  initialise(heads_[0].place(), policy_gain);
  initialise(heads_[1].place(), value_gain);
}

NetworkWorkspace ActorCritic::make_workspace(std::size_t batch_capacity) const {
  NetworkWorkspace workspace;
  for (const DenseStack& stack : stacks_) workspace.stacks.push_back(stack.make_workspace(batch_capacity));
  workspace.batch_stride = simd::round_up(batch_capacity);
  for (auto* array : {&workspace.logits, &workspace.logit_gradients}) {
    array->resize(config_.action_count * workspace.batch_stride);
  }
  for (auto* array : {&workspace.values, &workspace.value_gradients}) array->resize(workspace.batch_stride);
  return workspace;
}

void ActorCritic::forward_policy(const float* observations, std::size_t stride, std::size_t batch,
                                 NetworkWorkspace& workspace) const {
  stacks_[0].forward(parameters_.data(), observations, stride, batch, workspace.stacks[0]);
  heads_[0].forward(parameters_.data(), stacks_[0].output(workspace.stacks[0]), batch,
                    workspace.logits.data(), workspace.batch_stride);
}

void ActorCritic::forward_value(const float* observations, std::size_t stride, std::size_t batch,
                                NetworkWorkspace& workspace) const {
  if (!shared_trunk()) {
    stacks_[1].forward(parameters_.data(), observations, stride, batch, workspace.stacks[1]);
  }
  heads_[1].forward(parameters_.data(), value_stack().output(value_workspace(workspace)), batch,
                    workspace.values.data(), workspace.batch_stride);
}

void ActorCritic::forward(const float* observations, std::size_t stride, std::size_t batch,
                          NetworkWorkspace& workspace) const {
  forward_policy(observations, stride, batch, workspace);
  forward_value(observations, stride, batch, workspace);
}

void ActorCritic::backward_policy(const float* observations, std::size_t stride, std::size_t batch,
                                  NetworkWorkspace& workspace, float* gradients) const {
  assert(!shared_trunk());
  StackWorkspace& stack = workspace.stacks[0];
  heads_[0].backward(parameters_.data(), stacks_[0].output(stack), batch, workspace.logit_gradients.data(),
                     workspace.batch_stride, gradients, stacks_[0].output_gradients(stack), false);
  stacks_[0].backward(parameters_.data(), observations, stride, batch, stack, gradients);
}

void ActorCritic::backward_value(const float* observations, std::size_t stride, std::size_t batch,
                                 NetworkWorkspace& workspace, float* gradients) const {
  assert(!shared_trunk());
  StackWorkspace& stack = workspace.stacks[1];
  heads_[1].backward(parameters_.data(), stacks_[1].output(stack), batch, workspace.value_gradients.data(),
                     workspace.batch_stride, gradients, stacks_[1].output_gradients(stack), false);
  stacks_[1].backward(parameters_.data(), observations, stride, batch, stack, gradients);
}

void ActorCritic::backward(const float* observations, std::size_t stride, std::size_t batch,
                           NetworkWorkspace& workspace, float* gradients) const {
  if (!shared_trunk()) {
    backward_policy(observations, stride, batch, workspace, gradients);
    backward_value(observations, stride, batch, workspace, gradients);
    return;
  }
  StackWorkspace& stack = workspace.stacks[0];
  const float* rows = stacks_[0].output(stack);
  float* row_gradients = stacks_[0].output_gradients(stack);
  heads_[0].backward(parameters_.data(), rows, batch, workspace.logit_gradients.data(),
                     workspace.batch_stride, gradients, row_gradients, false);
  heads_[1].backward(parameters_.data(), rows, batch, workspace.value_gradients.data(),
                     workspace.batch_stride, gradients, row_gradients, true);
  stacks_[0].backward(parameters_.data(), observations, stride, batch, stack, gradients);
}

std::vector<LayerPlace> ActorCritic::places() const {
  std::vector<LayerPlace> all;
  for (const DenseStack& stack : stacks_) all.insert(all.end(), stack.layers().begin(), stack.layers().end());
  for (const LinearHead& head : heads_) all.push_back(head.place());
  return all;
}

std::vector<NamedTensor> ActorCritic::to_tensors(std::span<const float> flat) const {
  assert(flat.size() == parameters_.size());
  std::vector<NamedTensor> tensors =
      policy_tensor_shapes(config_.observation_size, config_.action_count, config_.architecture);
  write_layers(places(), flat, tensors);
  return tensors;
}

void ActorCritic::from_tensors(std::span<const NamedTensor> tensors, std::span<float> flat) const {
  assert(flat.size() == parameters_.size());
  require_same_shapes(
      tensors, policy_tensor_shapes(config_.observation_size, config_.action_count, config_.architecture));
  read_layers(places(), tensors, flat);
}

}  // namespace stevie::nn
