#pragma once
#include <cstddef>
#include <vector>

namespace stevie::nn {

enum class Activation { tanh, relu };

/// How the hidden layers of the policy are built: Stable-Baselines3's policy_kwargs.
struct PolicyKwargs {
  using Activation = nn::Activation;

  std::vector<std::size_t> policy_widths = {64, 64};  // net_arch["pi"]; may be empty: a linear policy
  std::vector<std::size_t> value_widths = {64, 64};   // net_arch["vf"]
  Activation activation = Activation::tanh;
  /// Both heads stand on the same hidden layers, with tensors named
  /// mlp_extractor.shared_net.<2i>.{weight,bias} here and value_widths equal to policy_widths.
  /// Stable-Baselines3 has no such network since its version 1.8, so the file holds those layers twice, as
  /// policy_net and as value_net: it predicts the same there, and goes on training as two separate nets.
  /// Reading joins the two again where they are still equal.
  bool shared_trunk = false;

  bool operator==(const PolicyKwargs&) const = default;
};

}  // namespace stevie::nn
