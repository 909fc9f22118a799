#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nn/architecture.h"
#include "nn/tensor.h"

namespace stevie::nn {

/// Adam as torch.optim.Adam saves it.
struct OptimizerState {
  double learning_rate = 3e-4;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-5;
  double weight_decay = 0.0;
  /// Updates made so far. 0 with no moments: an optimiser that has not stepped yet.
  std::uint64_t step = 0;
  /// One per tensor of ModelFile::policy, same order and shapes; both empty, or both complete.
  std::vector<NamedTensor> exp_avg;
  std::vector<NamedTensor> exp_avg_sq;

  bool operator==(const OptimizerState&) const = default;
};

/// What a model file (.zip) of Stable-Baselines3 holds, as far as this program uses it.
struct ModelFile {
  std::string algorithm = "PPO";     // or "DQN"
  std::size_t observation_size = 0;  // the observation space is Box(-inf, inf, (observation_size,), float32)
  std::size_t action_count = 0;      // the action space is Discrete(action_count)
  /// One JSON object of plain hyper-parameters, merged into the member `data` by name as in
  /// Stable-Baselines3: n_steps, batch_size, gamma, clip_range, n_envs, num_timesteps, ... What is missing
  /// gets its default there; a schedule is given by its first value. On reading: every entry of `data` that
  /// is plain JSON.
  std::string hyper_parameters_json = "{}";
  /// Of a DQN only policy_widths and activation count: its net_arch.
  PolicyKwargs policy_kwargs;
  /// The state_dict of the policy: names, order and shapes of policy_tensor_shapes(); of a DQN the network of
  /// action values, q_net_tensor_shapes().
  std::vector<NamedTensor> policy;
  /// The target network of a DQN, named as `policy`. Empty: equal to it. On reading always there.
  std::vector<NamedTensor> target;
  OptimizerState optimizer;
  /// Further members of the zip by name, for example "stevie.json" or "checkpoint.bin"; other programs ignore
  /// them.
  std::map<std::string, std::string> extra_members;
};

/// Names and shapes of every tensor of the policy, in the order in which PyTorch lists them, values left
/// empty:
///   mlp_extractor.policy_net.<2i>.weight (width, inputs) and .bias, the same for value_net,
///   action_net.weight (actions, last width), action_net.bias, value_net.weight (1, last width),
///   value_net.bias.
/// The only place that knows these names.
std::vector<NamedTensor> policy_tensor_shapes(std::size_t observation_size, std::size_t action_count,
                                              const PolicyKwargs& kwargs);

/// The same for the network of action values of a DQN: q_net.q_net.<2i>.weight (width, inputs) and .bias, the
/// last ones (actions, last width). Its target network is named q_net_target in the file.
std::vector<NamedTensor> q_net_tensor_shapes(std::size_t observation_size, std::size_t action_count,
                                             const std::vector<std::size_t>& widths);

/// The bytes of the zip. The same model gives the same bytes. Throws Error "model.inconsistent" where the
/// tensors are not the ones that these functions ask for, or hyper_parameters_json is not a JSON
/// object.
std::string model_file_bytes(const ModelFile& model);

/// model_file_bytes() written under a temporary name and renamed (core/file.h).
void write_model_file(const std::filesystem::path& path, const ModelFile& model);

/// Reads what write_model_file() wrote, and files that Stable-Baselines3's PPO or DQN with MlpPolicy and a
/// Discrete action space saved. Pickles are never executed: only the operations that tensors need are
/// understood. Everything else throws Error "model.unreadable" (not such a file, damaged, truncated, too
/// large) or "model.unsupported" (a file of another algorithm, policy or number type), with `place` or the
/// path in it.
ModelFile read_model_file(const std::filesystem::path& path);
ModelFile parse_model_file(std::string_view bytes, const std::string& place);

}  // namespace stevie::nn
