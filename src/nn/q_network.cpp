#include "nn/q_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "nn/layer_tensors.h"
#include "nn/model_file.h"
#include "nn/simd.h"

namespace stevie::nn {
namespace {

NetworkConfig policy_config(const QNetworkConfig& config) {
  return {config.observation_size,
          config.action_count,
          {.policy_widths = config.widths, .value_widths = {}, .activation = config.activation}};
}

/// The configuration, if a network can be built of it.
QNetworkConfig sound(const QNetworkConfig& config) {
  require_sound(policy_config(config));
  return config;
}

}  // namespace

QNetwork::QNetwork(const QNetworkConfig& config)
    : config_(sound(config)), stack_(config.observation_size, config.widths, config.activation, 0) {
  heads_.emplace_back(stack_.output_size(), config.action_count, stack_.end_offset());
  if (config.dueling) heads_.emplace_back(stack_.output_size(), 1, heads_[0].end_offset());
  parameters_.assign(heads_.back().end_offset(), 0.0f);
}

std::vector<LayerPlace> QNetwork::places() const {
  std::vector<LayerPlace> all = stack_.layers();
  for (const LinearHead& head : heads_) all.push_back(head.place());
  return all;
}

void QNetwork::initialise_uniform(std::uint64_t seed) {
  std::fill(parameters_.begin(), parameters_.end(), 0.0f);
  std::uint64_t stream = 0;
  for (const LayerPlace& place : places()) {
    RandomStream random(seed, stream++);
    const float bound = 1.0f / std::sqrt(static_cast<float>(place.inputs));
    const auto draw = [&] { return bound * (2.0f * random.uniform_float() - 1.0f); };
    for (std::size_t o = 0; o < place.outputs; ++o) {
      for (std::size_t i = 0; i < place.inputs; ++i) parameters_[place.weight_at(o, i)] = draw();
    }
    for (std::size_t o = 0; o < place.outputs; ++o) parameters_[place.bias_at(o)] = draw();
  }
}

QWorkspace QNetwork::make_workspace(std::size_t batch_capacity) const {
  QWorkspace workspace;
  workspace.stack = stack_.make_workspace(batch_capacity);
  workspace.batch_stride = simd::round_up(batch_capacity);
  workspace.q_values.resize(config_.action_count * workspace.batch_stride);
  workspace.q_gradients.resize(config_.action_count * workspace.batch_stride);
  if (config_.dueling) {
    workspace.values.resize(workspace.batch_stride);
    workspace.value_slopes.resize(workspace.batch_stride);
  }
  return workspace;
}

void QNetwork::forward(const float* observations, std::size_t stride, std::size_t batch,
                       QWorkspace& workspace) const {
  stack_.forward(parameters_.data(), observations, stride, batch, workspace.stack);
  const float* rows = stack_.output(workspace.stack);
  heads_[0].forward(parameters_.data(), rows, batch, workspace.q_values.data(), workspace.batch_stride);
  if (!config_.dueling) return;
  heads_[1].forward(parameters_.data(), rows, batch, workspace.values.data(), workspace.batch_stride);
  const float share = 1.0f / static_cast<float>(config_.action_count);
  for (std::size_t b = 0; b < batch; b += simd::lanes) {
    simd::Vec total{};
    for (std::size_t a = 0; a < config_.action_count; ++a)
      total += simd::load(&workspace.q_values[a * workspace.batch_stride + b]);
    const simd::Vec shift = simd::load(&workspace.values[b]) - total * share;
    for (std::size_t a = 0; a < config_.action_count; ++a) {
      float* q = &workspace.q_values[a * workspace.batch_stride + b];
      simd::store(q, simd::load(q) + shift);
    }
  }
}

void QNetwork::backward(const float* observations, std::size_t stride, std::size_t batch,
                        QWorkspace& workspace, float* gradients) const {
  const float* rows = stack_.output(workspace.stack);
  float* row_gradients = stack_.output_gradients(workspace.stack);
  if (config_.dueling) {
    // d loss / d V is the sum over actions; of an advantage its own slope less the mean of all.
    const float share = 1.0f / static_cast<float>(config_.action_count);
    for (std::size_t b = 0; b < batch; b += simd::lanes) {
      simd::Vec total{};
      for (std::size_t a = 0; a < config_.action_count; ++a)
        total += simd::load(&workspace.q_gradients[a * workspace.batch_stride + b]);
      simd::store(&workspace.value_slopes[b], total);
      for (std::size_t a = 0; a < config_.action_count; ++a) {
        float* slope = &workspace.q_gradients[a * workspace.batch_stride + b];
        simd::store(slope, simd::load(slope) - total * share);
      }
    }
  }
  heads_[0].backward(parameters_.data(), rows, batch, workspace.q_gradients.data(), workspace.batch_stride,
                     gradients, row_gradients, false);
  if (config_.dueling) {
    heads_[1].backward(parameters_.data(), rows, batch, workspace.value_slopes.data(), workspace.batch_stride,
                       gradients, row_gradients, true);
  }
  stack_.backward(parameters_.data(), observations, stride, batch, workspace.stack, gradients);
}

std::vector<NamedTensor> QNetwork::to_tensors(std::span<const float> flat) const {
  assert(flat.size() == parameters_.size() && !config_.dueling);
  std::vector<NamedTensor> tensors =
      q_net_tensor_shapes(config_.observation_size, config_.action_count, config_.widths);
  write_layers(places(), flat, tensors);
  return tensors;
}

void QNetwork::from_tensors(std::span<const NamedTensor> tensors, std::span<float> flat) const {
  assert(flat.size() == parameters_.size() && !config_.dueling);
  require_same_shapes(tensors,
                      q_net_tensor_shapes(config_.observation_size, config_.action_count, config_.widths));
  read_layers(places(), tensors, flat);
}

QNetwork QNetwork::with_one_head() const {
  QNetworkConfig config = config_;
  config.dueling = false;
  QNetwork folded(config);
  std::copy_n(parameters_.begin(), stack_.end_offset(), folded.parameters_.begin());
  const LayerPlace& to = folded.heads_[0].place();
  const LayerPlace& from = heads_[0].place();
  const auto fold = [&](auto at) {  // at(place, output): index of one number of that output
    double mean = 0;
    if (config_.dueling) {
      for (std::size_t a = 0; a < config.action_count; ++a) mean += parameters_[at(from, a)];
      mean /= static_cast<double>(config.action_count);
    }
    const double shift = config_.dueling ? parameters_[at(heads_[1].place(), 0)] - mean : 0.0;
    for (std::size_t a = 0; a < config.action_count; ++a)
      folded.parameters_[at(to, a)] = static_cast<float>(parameters_[at(from, a)] + shift);
  };
  for (std::size_t i = 0; i < to.inputs; ++i)
    fold([i](const LayerPlace& place, std::size_t output) { return place.weight_at(output, i); });
  fold([](const LayerPlace& place, std::size_t output) { return place.bias_at(output); });
  return folded;
}

ActorCritic QNetwork::as_policy() const {
  const QNetwork plain = with_one_head();
  ActorCritic policy(policy_config(config_));
  // Both lay out their hidden layers and the first head in the same way.
  assert(policy.policy_end() == plain.parameters_.size());
  std::copy(plain.parameters_.begin(), plain.parameters_.end(), policy.parameters().begin());
  return policy;
}

void QNetwork::start_from(const ActorCritic& policy) {
  const NetworkConfig& theirs = policy.config();
  const PolicyKwargs& shape = theirs.architecture;
  const bool fits = theirs.observation_size == config_.observation_size &&
                    theirs.action_count == config_.action_count && shape.policy_widths == config_.widths &&
                    shape.activation == config_.activation && !policy.shared_trunk();
  if (!fits) {
    const auto text = [](std::size_t inputs, const std::vector<std::size_t>& widths, std::size_t actions,
                         Activation activation) {
      return fmt::format("{} inputs, hidden layers of [{}], {} actions and {}", inputs,
                         fmt::join(widths, ", "), actions, activation == Activation::relu ? "relu" : "tanh");
    };
    throw Error(
        "nn.tensor_differs",
        fmt::format(
            "the policy has {}; the action values are to have {}, and no shared trunk",
            text(theirs.observation_size, shape.policy_widths, theirs.action_count, shape.activation),
            text(config_.observation_size, config_.widths, config_.action_count, config_.activation)));
  }
  std::copy_n(policy.parameters().begin(), heads_[0].end_offset(), parameters_.begin());
}

}  // namespace stevie::nn
