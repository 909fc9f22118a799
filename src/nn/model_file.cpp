#include "nn/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "nn/pickle.h"
#include "nn/torch_file.h"
#include "nn/zip_archive.h"

namespace stevie::nn {
namespace {

using nlohmann::json;

/// The version whose files these are; its readers take files of other versions 2.x too.
constexpr const char* sb3_version = "2.9.2";

constexpr std::size_t file_limit_bytes = std::size_t{1} << 30;
constexpr std::size_t policy_limit_values = std::size_t{1} << 26;
constexpr std::size_t data_limit_bytes = std::size_t{1} << 24;

constexpr const char* data_member = "data";
constexpr const char* policy_member = "policy.pth";
constexpr const char* optimizer_member = "policy.optimizer.pth";
constexpr const char* variables_member = "pytorch_variables.pth";
constexpr const char* version_member = "_stable_baselines3_version";
constexpr const char* system_member = "system_info.txt";
constexpr std::array sb3_members{data_member,      policy_member,  optimizer_member,
                                 variables_member, version_member, system_member};

constexpr const char* ppo = "PPO";
constexpr const char* dqn = "DQN";
constexpr const char* policies_module = "stable_baselines3.common.policies";
constexpr const char* dqn_policies_module = "stable_baselines3.dqn.policies";
constexpr const char* shared_trunk_key = "stevie_shared_trunk";
/// Entries of `data` that say what ModelFile says in fields of its own.
constexpr std::array own_data_keys{"policy_class", "policy_kwargs", "observation_space", "action_space",
                                   shared_trunk_key};
constexpr const char* serialized_key = ":serialized:";
constexpr const char* type_key = ":type:";

constexpr const char* policy_layers = "mlp_extractor.policy_net.";
constexpr const char* value_layers = "mlp_extractor.value_net.";
constexpr const char* shared_layers = "mlp_extractor.shared_net.";
constexpr const char* q_layers = "q_net.q_net.";
constexpr const char* target_layers = "q_net_target.q_net.";

[[noreturn]] void unsupported(const std::string& what, const std::string& place) {
  throw Error("model.unsupported",
              what +
                  ": only PPO and DQN with MlpPolicy, a float Box observation and a Discrete action "
                  "space can be read",
              place);
}
[[noreturn]] void unreadable(const std::string& what, const std::string& place) {
  throw Error("model.unreadable", what + ": write or fetch the file again", place);
}

std::string layer_name(const char* prefix, std::size_t layer, const char* kind) {
  return fmt::format("{}{}.{}", prefix, 2 * layer,
                     kind);  // the activations between them take the odd numbers
}

/// Appends the layers of one net and returns the width of the last.
std::size_t append_layers(const char* prefix, std::size_t inputs, const std::vector<std::size_t>& widths,
                          std::vector<NamedTensor>& tensors) {
  for (std::size_t layer = 0; layer < widths.size(); ++layer) {
    tensors.push_back({layer_name(prefix, layer, "weight"), {widths[layer], inputs}, {}});
    tensors.push_back({layer_name(prefix, layer, "bias"), {widths[layer]}, {}});
    inputs = widths[layer];
  }
  return inputs;
}

// --- writing ---

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j)
      word = word << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) text += j <= count ? digits[word >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

json policy_class_entry(bool is_dqn) {
  const char* module = is_dqn ? dqn_policies_module : policies_module;
  PickleWriter pickle;
  pickle.global(module, is_dqn ? "DQNPolicy" : "ActorCriticPolicy");
  return {
      {type_key, "<class 'abc.ABCMeta'>"}, {serialized_key, base64(pickle.finish())}, {"__module__", module}};
}

void write_widths(PickleWriter& pickle, const std::vector<std::size_t>& widths) {
  pickle.empty_list();
  pickle.mark();
  for (const std::size_t width : widths) pickle.integer(static_cast<std::int64_t>(width));
  pickle.append_all();
}

json policy_kwargs_entry(const PolicyKwargs& kwargs, bool is_dqn) {
  constexpr const char* module = "torch.nn.modules.activation";
  const char* activation = kwargs.activation == PolicyKwargs::Activation::tanh ? "Tanh" : "ReLU";
  PickleWriter pickle;
  pickle.empty_dict();
  pickle.mark();
  pickle.text("net_arch");
  json shown = kwargs.policy_widths;
  if (is_dqn) {
    write_widths(pickle, kwargs.policy_widths);
  } else {
    shown = {{"pi", kwargs.policy_widths}, {"vf", kwargs.value_widths}};
    pickle.empty_dict();
    pickle.mark();
    pickle.text("pi");
    write_widths(pickle, kwargs.policy_widths);
    pickle.text("vf");
    write_widths(pickle, kwargs.value_widths);
    pickle.set_items();
  }
  pickle.text("activation_fn");
  pickle.global(module, activation);
  pickle.set_items();
  return {{type_key, "<class 'dict'>"},
          {serialized_key, base64(pickle.finish())},
          {"net_arch", shown},
          {"activation_fn", fmt::format("<class '{}.{}'>", module, activation)}};
}

json observation_space_entry(std::size_t size) {
  const double infinity = std::numeric_limits<double>::infinity();
  PickleWriter pickle;
  pickle.global("gymnasium.spaces.box", "Box");
  pickle.mark();
  pickle.real(-infinity);
  pickle.real(infinity);
  pickle.mark();
  pickle.integer(static_cast<std::int64_t>(size));
  pickle.tuple();
  pickle.global("numpy", "float32");
  pickle.tuple();
  pickle.call();
  return {{type_key, "<class 'gymnasium.spaces.box.Box'>"},
          {serialized_key, base64(pickle.finish())},
          {"dtype", "float32"},
          {"_shape", {size}}};
}

json action_space_entry(std::size_t count) {
  PickleWriter pickle;
  pickle.global("gymnasium.spaces.discrete", "Discrete");
  pickle.mark();
  pickle.integer(static_cast<std::int64_t>(count));
  pickle.tuple();
  pickle.call();
  return {{type_key, "<class 'gymnasium.spaces.discrete.Discrete'>"},
          {serialized_key, base64(pickle.finish())},
          {"dtype", "int64"},
          {"n", fmt::format("{}", count)},
          {"start", "0"}};
}

[[noreturn]] void inconsistent(const std::string& what) {
  throw Error("model.inconsistent", what);
}

json data_json(const ModelFile& model) {
  json data = json::parse(model.hyper_parameters_json, nullptr, false);
  if (!data.is_object()) inconsistent("the hyper-parameters of a model must be one JSON object");
  const bool is_dqn = model.algorithm == dqn;
  json defaults = {{"verbose", 0},       {"n_envs", 1},
                   {"num_timesteps", 0}, {"learning_rate", model.optimizer.learning_rate},
                   {"use_sde", false},   {"_n_updates", 0}};
  if (is_dqn) {
    defaults.update({{"buffer_size", 1'000'000}, {"exploration_fraction", 0.1}});
  } else {
    defaults.update({{"clip_range", 0.2}, {"n_epochs", 10}});
  }
  for (const auto& [key, value] : defaults.items()) {
    if (!data.contains(key)) data[key] = value;
  }
  data["policy_class"] = policy_class_entry(is_dqn);
  data["policy_kwargs"] = policy_kwargs_entry(model.policy_kwargs, is_dqn);
  data["observation_space"] = observation_space_entry(model.observation_size);
  data["action_space"] = action_space_entry(model.action_count);
  if (model.policy_kwargs.shared_trunk) data[shared_trunk_key] = true;
  return data;
}

void require_fit(const std::vector<NamedTensor>& tensors, const std::vector<NamedTensor>& wanted,
                 const char* what) {
  if (tensors.size() != wanted.size()) {
    inconsistent(fmt::format("{} must have {} tensors, not {}", what, wanted.size(), tensors.size()));
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::size_t count = 1;
    for (const std::size_t extent : wanted[i].shape) count *= extent;
    const NamedTensor& tensor = tensors[i];
    if (tensor.name != wanted[i].name || tensor.shape != wanted[i].shape || tensor.values.size() != count) {
      inconsistent(fmt::format("tensor {} of {} must be \"{}\" with {} values, not \"{}\" with {}", i, what,
                               wanted[i].name, count, tensor.name, tensor.values.size()));
    }
    for (const float value : tensor.values) {
      if (std::isfinite(value)) continue;
      throw Error("model.not_finite",
                  fmt::format("\"{}\" of {} holds a value that is not finite: the training "
                              "diverged, use a smaller learning rate",
                              tensor.name, what));
    }
  }
}

std::vector<NamedTensor> tensor_shapes_of(const ModelFile& model) {
  return model.algorithm == dqn
             ? q_net_tensor_shapes(model.observation_size, model.action_count,
                                   model.policy_kwargs.policy_widths)
             : policy_tensor_shapes(model.observation_size, model.action_count, model.policy_kwargs);
}

void check_consistent(const ModelFile& model) {
  const bool is_dqn = model.algorithm == dqn;
  if (!is_dqn && model.algorithm != ppo)
    inconsistent("only PPO and DQN models can be written, not " + model.algorithm);
  if (model.observation_size == 0 || model.action_count == 0) {
    inconsistent("a model needs at least one observation value and one action");
  }
  const PolicyKwargs& kwargs = model.policy_kwargs;
  if (is_dqn && kwargs.shared_trunk) inconsistent("a DQN has one network and no shared trunk");
  if (kwargs.shared_trunk && kwargs.policy_widths != kwargs.value_widths) {
    inconsistent("with a shared trunk policy_widths and value_widths must be equal");
  }
  const std::vector<NamedTensor> wanted = tensor_shapes_of(model);
  require_fit(model.policy, wanted, "the policy");
  if (!is_dqn && !model.target.empty()) inconsistent("only a DQN has a target network");
  if (!model.target.empty()) require_fit(model.target, wanted, "the target network");
  const OptimizerState& optimizer = model.optimizer;
  const bool has_moments = !optimizer.exp_avg.empty() || !optimizer.exp_avg_sq.empty();
  if (!has_moments && optimizer.step > 0) inconsistent("an optimiser that has stepped needs its moments");
  if (has_moments) {
    require_fit(optimizer.exp_avg, wanted, "exp_avg");
    require_fit(optimizer.exp_avg_sq, wanted, "exp_avg_sq");
  }
  for (const char* name : sb3_members) {
    if (model.extra_members.contains(name)) {
      inconsistent(fmt::format("an extra member may not be named \"{}\"", name));
    }
  }
}

/// The tensors whose names begin with `from`, which becomes `to`.
std::vector<NamedTensor> renamed(const std::vector<NamedTensor>& tensors, std::string_view from,
                                 std::string_view to) {
  std::vector<NamedTensor> result;
  for (const NamedTensor& tensor : tensors) {
    if (!tensor.name.starts_with(from)) continue;
    result.push_back(tensor);
    result.back().name.replace(0, from.size(), to);
  }
  return result;
}

/// The shared layers as policy_net, then again as value_net, then the rest.
std::vector<NamedTensor> split_shared(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> result;
  for (const char* prefix : {policy_layers, value_layers}) {
    const std::vector<NamedTensor> copy = renamed(tensors, shared_layers, prefix);
    result.insert(result.end(), copy.begin(), copy.end());
  }
  for (const NamedTensor& tensor : tensors) {
    if (!tensor.name.starts_with(shared_layers)) result.push_back(tensor);
  }
  return result;
}

// --- reading ---

json parse_data(const std::string& text, const std::string& place) {
  constexpr int most_nesting = 32;
  if (text.size() > data_limit_bytes)
    unreadable("the hyper-parameters are larger than a model's can be", place);
  bool too_deep = false;
  const auto limit_nesting = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > most_nesting;
    return !too_deep;
  };
  json data = json::parse(text, limit_nesting, false);
  if (too_deep || !data.is_object())
    unreadable("this part must be one JSON object of hyper-parameters", place);
  return data;
}

/// The text behind data[entry][key]; empty where there is none.
std::string text_at(const json& data, const char* entry, const char* key) {
  const auto found = data.find(entry);
  if (found == data.end() || !found->is_object()) return {};
  const auto value = found->find(key);
  return value != found->end() && value->is_string() ? value->get<std::string>() : std::string{};
}

/// What the tensors' shapes cannot tell: the kinds of the spaces, layers without weights. Returns the
/// algorithm.
std::string check_data(const json& data, const std::string& place) {
  const bool is_ppo = data.contains("clip_range") && data.contains("n_epochs");
  const bool is_dqn = data.contains("buffer_size") && data.contains("exploration_fraction");
  if (is_ppo == is_dqn) unsupported("this is not a model of PPO or DQN", place);
  const char* module = is_dqn ? dqn_policies_module : policies_module;
  if (text_at(data, "policy_class", "__module__") != module) {
    unsupported("the policy is not one of Stable-Baselines3", place);
  }
  const std::string dtype = text_at(data, "observation_space", "dtype");
  if (!text_at(data, "observation_space", type_key).ends_with(".box.Box'>") ||
      (dtype != "float32" && dtype != "float64")) {
    unsupported("the observation space is not a Box of floats", place);
  }
  const std::string start = text_at(data, "action_space", "start");
  if (!text_at(data, "action_space", type_key).ends_with(".discrete.Discrete'>") ||
      (!start.empty() && start != "0")) {
    unsupported("the action space is not Discrete from 0", place);
  }
  const std::string extractor = text_at(data, "policy_kwargs", "features_extractor_class");
  if (!extractor.empty() && !extractor.ends_with(".FlattenExtractor'>")) {
    unsupported("the policy has a features extractor of its own", place);
  }
  return is_dqn ? dqn : ppo;
}

/// A policy without one has the default of its algorithm: Tanh for PPO, ReLU for DQN.
PolicyKwargs::Activation activation_in(const json& data, bool is_dqn, const std::string& place) {
  const std::string name = text_at(data, "policy_kwargs", "activation_fn");
  if (name.ends_with(".Tanh'>") || (name.empty() && !is_dqn)) return PolicyKwargs::Activation::tanh;
  if (name.ends_with(".ReLU'>") || name.empty()) return PolicyKwargs::Activation::relu;
  unsupported("the activation is neither Tanh nor ReLU", place);
}

using TensorsByName = std::map<std::string, NamedTensor>;

std::vector<std::size_t> widths_in(const TensorsByName& tensors, const char* prefix) {
  std::vector<std::size_t> widths;
  while (true) {
    const auto found = tensors.find(layer_name(prefix, widths.size(), "weight"));
    if (found == tensors.end() || found->second.shape.empty()) return widths;
    widths.push_back(found->second.shape[0]);
  }
}

/// Moves the tensors of these names and shapes out of the map.
std::vector<NamedTensor> take_tensors(TensorsByName& tensors, std::vector<NamedTensor> wanted,
                                      const std::string& place) {
  for (NamedTensor& tensor : wanted) {
    const auto found = tensors.find(tensor.name);
    if (found == tensors.end()) unsupported(fmt::format("the policy lacks \"{}\"", tensor.name), place);
    if (found->second.shape != tensor.shape) {
      unsupported(fmt::format("the shape of \"{}\" does not fit the other layers", tensor.name), place);
    }
    tensor.values = std::move(found->second.values);
    tensors.erase(found);
  }
  return wanted;
}

/// Sizes from the shapes of the layers up to `head`, then every tensor against what these sizes ask for.
void take_policy(TensorsByName tensors, const std::string& place, ModelFile& model) {
  const bool is_dqn = model.algorithm == dqn;
  PolicyKwargs& kwargs = model.policy_kwargs;
  kwargs.policy_widths = widths_in(tensors, is_dqn ? q_layers : policy_layers);
  kwargs.value_widths = widths_in(tensors, value_layers);
  std::string head_name = "action_net.weight";
  if (is_dqn) {
    // The layer behind the hidden ones is the head.
    if (kwargs.policy_widths.empty()) unsupported("the policy has no network of action values", place);
    kwargs.policy_widths.pop_back();
    head_name = layer_name(q_layers, kwargs.policy_widths.size(), "weight");
  }
  const auto head = tensors.find(head_name);
  if (head == tensors.end() || head->second.shape.size() != 2) {
    unsupported(fmt::format("the policy has no weights \"{}\"", head_name), place);
  }
  model.action_count = head->second.shape[0];
  const auto first = tensors.find(layer_name(is_dqn ? q_layers : policy_layers, 0, "weight"));
  const std::vector<std::size_t>& first_shape = (first == tensors.end() ? head : first)->second.shape;
  model.observation_size = first_shape.back();

  model.policy = take_tensors(tensors, tensor_shapes_of(model), place);
  if (is_dqn) {
    model.target =
        renamed(take_tensors(tensors, renamed(tensor_shapes_of(model), q_layers, target_layers), place),
                target_layers, q_layers);
  }
  if (!tensors.empty()) {
    unsupported("the policy has other layers than MlpPolicy's", place);
  }
}

/// Drops value_net's copy of the shared layers and gives policy_net's its own name; false where the two
/// differ.
bool join_shared(std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> shared;
  std::vector<NamedTensor> copies;
  std::vector<NamedTensor> heads;
  for (const NamedTensor& tensor : tensors) {
    NamedTensor renamed = tensor;
    if (tensor.name.starts_with(policy_layers)) {
      renamed.name.replace(0, std::string_view(policy_layers).size(), shared_layers);
      shared.push_back(std::move(renamed));
    } else if (tensor.name.starts_with(value_layers)) {
      renamed.name.replace(0, std::string_view(value_layers).size(), shared_layers);
      copies.push_back(std::move(renamed));
    } else {
      heads.push_back(std::move(renamed));
    }
  }
  if (shared != copies) return false;
  tensors = std::move(shared);
  tensors.insert(tensors.end(), heads.begin(), heads.end());
  return true;
}

void join_shared_trunk(ModelFile& model) {
  ModelFile joined = model;
  OptimizerState& optimizer = joined.optimizer;
  if (join_shared(joined.policy) && join_shared(optimizer.exp_avg) && join_shared(optimizer.exp_avg_sq)) {
    joined.policy_kwargs.shared_trunk = true;
    model = std::move(joined);
  }
}

std::string plain_entries(const json& data) {
  json plain = json::object();
  for (const auto& [key, value] : data.items()) {
    const bool own = std::ranges::find(own_data_keys, key) != own_data_keys.end();
    if (!own && !(value.is_object() && value.contains(serialized_key))) plain[key] = value;
  }
  return plain.dump();
}

}  // namespace

std::vector<NamedTensor> policy_tensor_shapes(std::size_t observation_size, std::size_t action_count,
                                              const PolicyKwargs& kwargs) {
  std::vector<NamedTensor> tensors;
  std::size_t policy_width = 0;
  std::size_t value_width = 0;
  if (kwargs.shared_trunk) {
    policy_width = append_layers(shared_layers, observation_size, kwargs.policy_widths, tensors);
    value_width = policy_width;
  } else {
    policy_width = append_layers(policy_layers, observation_size, kwargs.policy_widths, tensors);
    value_width = append_layers(value_layers, observation_size, kwargs.value_widths, tensors);
  }
  tensors.push_back({"action_net.weight", {action_count, policy_width}, {}});
  tensors.push_back({"action_net.bias", {action_count}, {}});
  tensors.push_back({"value_net.weight", {1, value_width}, {}});
  tensors.push_back({"value_net.bias", {1}, {}});
  return tensors;
}

std::vector<NamedTensor> q_net_tensor_shapes(std::size_t observation_size, std::size_t action_count,
                                             const std::vector<std::size_t>& widths) {
  std::vector<NamedTensor> tensors;
  const std::size_t width = append_layers(q_layers, observation_size, widths, tensors);
  tensors.push_back({layer_name(q_layers, widths.size(), "weight"), {action_count, width}, {}});
  tensors.push_back({layer_name(q_layers, widths.size(), "bias"), {action_count}, {}});
  return tensors;
}

std::string model_file_bytes(const ModelFile& model) {
  check_consistent(model);
  std::vector<NamedTensor> policy = model.policy;
  OptimizerState optimizer = model.optimizer;
  if (model.policy_kwargs.shared_trunk) {
    policy = split_shared(policy);
    optimizer.exp_avg = split_shared(optimizer.exp_avg);
    optimizer.exp_avg_sq = split_shared(optimizer.exp_avg_sq);
  }
  const std::size_t trained_tensors = policy.size();
  if (model.algorithm == dqn) {
    const std::vector<NamedTensor> target =
        renamed(model.target.empty() ? model.policy : model.target, q_layers, target_layers);
    policy.insert(policy.end(), target.begin(), target.end());
  }
  constexpr int indent = 4;
  std::vector<ZipMember> members = {
      {data_member, data_json(model).dump(indent)},
      {variables_member, empty_torch_file_bytes()},
      {policy_member, state_dict_bytes(policy)},
      {optimizer_member, adam_state_bytes(optimizer, trained_tensors)},
      {version_member, sb3_version},
      {system_member, fmt::format("- Written by: Stevie\n- Stable-Baselines3: {}\n", sb3_version)},
  };
  for (const auto& [name, bytes] : model.extra_members) members.push_back({name, bytes});
  return zip_members(members);
}

void write_model_file(const std::filesystem::path& path, const ModelFile& model) {
  write_file(path, model_file_bytes(model));
}

ModelFile read_model_file(const std::filesystem::path& path) {
  return parse_model_file(read_file(path), path.string());
}

ModelFile parse_model_file(std::string_view bytes, const std::string& place) {
  std::map<std::string, std::string> members = unzip_members(bytes, place, file_limit_bytes);
  const auto take = [&](const char* name) {
    const auto found = members.find(name);
    if (found == members.end()) {
      unreadable(fmt::format("this is not a whole model file, it lacks \"{}\"", name), place);
    }
    return std::move(found->second);
  };
  const auto inside = [&](const char* name) { return place + ":" + name; };

  ModelFile model;
  const json data = parse_data(take(data_member), inside(data_member));
  model.algorithm = check_data(data, place);
  model.policy_kwargs.activation = activation_in(data, model.algorithm == dqn, place);
  TensorsByName tensors;
  for (NamedTensor& tensor :
       parse_state_dict(take(policy_member), inside(policy_member), policy_limit_values)) {
    const std::string name = tensor.name;
    tensors[name] = std::move(tensor);
  }
  take_policy(std::move(tensors), inside(policy_member), model);
  model.optimizer = parse_adam_state(take(optimizer_member), inside(optimizer_member), model.policy);
  if (data.value(shared_trunk_key, json()) == true) join_shared_trunk(model);
  model.hyper_parameters_json = plain_entries(data);
  for (const char* name : sb3_members) members.erase(name);
  model.extra_members = std::move(members);
  return model;
}

}  // namespace stevie::nn
