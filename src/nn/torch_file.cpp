#include "nn/torch_file.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "core/error.h"
#include "nn/pickle.h"
#include "nn/zip_archive.h"

namespace stevie::nn {
namespace {

using Kind = PickleNode::Kind;

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

/// The pickle of a model takes some kilobytes; this leaves room for thousands of layers.
constexpr std::size_t pickle_limit_bytes = 1 << 20;
/// Everything in a .pth beside the values: the pickle and a few short members.
constexpr std::size_t overhead_limit_bytes = 4 * pickle_limit_bytes;

/// Builds a .pth: a pickle that refers to storages, and the storages as members beside it.
class TorchWriter {
 public:
  PickleWriter pickle;

  void tensor(std::span<const std::size_t> shape, std::span<const float> values) {
    pickle.global("torch._utils", "_rebuild_tensor_v2");
    pickle.mark();
    storage(values);
    pickle.integer(0);  // offset in the storage
    sizes(shape);
    std::vector<std::size_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * shape[i - 1];
    sizes(strides);
    pickle.boolean(false);  // requires_grad
    pickle.global("collections", "OrderedDict");
    pickle.empty_tuple();
    pickle.call();
    pickle.tuple();
    pickle.call();
  }

  std::string finish() {
    std::vector<ZipMember> members;
    members.push_back({"archive/data.pkl", pickle.finish()});
    members.push_back({"archive/byteorder", "little"});
    for (std::size_t i = 0; i < storages_.size(); ++i) {
      members.push_back({fmt::format("archive/data/{}", i), std::move(storages_[i])});
    }
    members.push_back({"archive/version", "3\n"});
    return zip_members(members);
  }

 private:
  void storage(std::span<const float> values) {
    pickle.mark();
    pickle.text("storage");
    pickle.global("torch", "FloatStorage");
    pickle.text(fmt::format("{}", storages_.size()));
    pickle.text("cpu");
    pickle.integer(static_cast<std::int64_t>(values.size()));
    pickle.tuple();
    pickle.persistent();
    storages_.emplace_back(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  void sizes(std::span<const std::size_t> numbers) {
    pickle.mark();
    for (const std::size_t number : numbers) pickle.integer(static_cast<std::int64_t>(number));
    pickle.tuple();
  }

  std::vector<std::string> storages_;
};

/// A .pth taken apart: its pickle as nodes and its storages as bytes.
class TorchReader {
 public:
  TorchReader(std::string_view bytes, const std::string& place, std::size_t value_limit)
      : place_(place),
        values_left_(value_limit),
        members_(unzip_members(bytes, place, value_limit * sizeof(float) + overhead_limit_bytes)) {
    find_root();
    check_byte_order();
    const std::string& pickle = member("data.pkl");
    if (pickle.size() > pickle_limit_bytes) unreadable("the pickle is larger than a model's can be");
    document_ = parse_pickle(pickle, place);
  }

  [[noreturn]] void unreadable(const std::string& what) const {
    throw Error("model.unreadable", what + ": write or fetch the file again", place_);
  }
  [[noreturn]] void unsupported(const std::string& what) const {
    throw Error("model.unsupported", what, place_);
  }

  const PickleNode& root() const { return document_.nodes[document_.root]; }
  const PickleNode& node(std::size_t index) const { return document_.nodes[index]; }

  bool is_dict(const PickleNode& value) const {
    return value.kind == Kind::dict || value.kind == Kind::ordered_dict;
  }
  /// The value behind a text key; empty where the dict has no such key.
  std::optional<std::size_t> find(const PickleNode& dict, std::string_view key) const {
    if (!is_dict(dict)) unreadable("a part of the pickle that must be a dict is something else");
    for (std::size_t i = 0; i + 1 < dict.children.size(); i += 2) {
      const PickleNode& candidate = node(dict.children[i]);
      if (candidate.kind == Kind::text && candidate.text == key) return dict.children[i + 1];
    }
    return std::nullopt;
  }
  const PickleNode& at(const PickleNode& dict, std::string_view key) const {
    const std::optional<std::size_t> found = find(dict, key);
    if (!found) unreadable(fmt::format("the pickle lacks \"{}\"", key));
    return node(*found);
  }
  double number(const PickleNode& value, std::string_view meaning) const {
    if (value.kind == Kind::integer) return static_cast<double>(value.integer);
    if (value.kind == Kind::real && std::isfinite(value.real)) return value.real;
    unsupported(fmt::format("\"{}\" must be a finite number", meaning));
  }

  NamedTensor tensor(const PickleNode& value, std::string name) {
    if (value.kind != Kind::tensor) unsupported(fmt::format("\"{}\" must be a plain tensor", name));
    const PickleNode& arguments = node(value.children[0]);
    constexpr std::size_t argument_count = 6;  // storage, offset, size, stride, requires_grad, hooks
    if (arguments.children.size() < argument_count)
      unreadable(fmt::format("\"{}\" is no whole tensor", name));
    const std::string_view storage = storage_bytes(node(arguments.children[0]), name);
    const std::size_t offset = size(node(arguments.children[1]), name);
    NamedTensor result{std::move(name), {}, {}};
    result.shape = sizes(node(arguments.children[2]), result.name);
    const std::vector<std::size_t> strides = sizes(node(arguments.children[3]), result.name);
    copy_values(storage, offset, strides, result);
    return result;
  }

 private:
  void find_root() {
    constexpr std::string_view pickle_name = "/data.pkl";
    for (const auto& [name, bytes] : members_) {
      if (!name.ends_with(pickle_name) || name.find('/') != name.size() - pickle_name.size()) continue;
      root_ = name.substr(0, name.size() - pickle_name.size() + 1);
      return;
    }
    unreadable("this part was not written by torch.save: it has no data.pkl");
  }
  void check_byte_order() const {
    const auto order = members_.find(root_ + "byteorder");
    if (order != members_.end() && order->second != "little") {
      unsupported("the tensors are not little-endian: save the model on a little-endian machine");
    }
  }
  const std::string& member(const std::string& name) const {
    const auto found = members_.find(root_ + name);
    if (found == members_.end()) unreadable(fmt::format("the file lacks \"{}\"", name));
    return found->second;
  }

  std::size_t size(const PickleNode& value, const std::string& name) const {
    if (value.kind != Kind::integer || value.integer < 0) {
      unreadable(fmt::format("\"{}\" has a size that is not a whole number", name));
    }
    return static_cast<std::size_t>(value.integer);
  }
  std::vector<std::size_t> sizes(const PickleNode& value, const std::string& name) const {
    constexpr std::size_t most_dimensions = 8;
    if (value.kind != Kind::tuple || value.children.size() > most_dimensions) {
      unreadable(fmt::format("\"{}\" has no proper shape", name));
    }
    std::vector<std::size_t> result;
    for (const std::size_t child : value.children) result.push_back(size(node(child), name));
    return result;
  }

  std::string_view storage_bytes(const PickleNode& value, const std::string& name) const {
    if (value.kind != Kind::persistent) unreadable(fmt::format("\"{}\" has no storage", name));
    const PickleNode& id = node(value.children[0]);
    constexpr std::size_t id_size = 5;  // 'storage', type, key, device, number of values
    if (id.kind != Kind::tuple || id.children.size() != id_size) {
      unreadable(fmt::format("\"{}\" has no proper storage", name));
    }
    const PickleNode& type = node(id.children[1]);
    const PickleNode& key = node(id.children[2]);
    if (type.kind != Kind::global || type.text != "torch\nFloatStorage") {
      unsupported(fmt::format("\"{}\" is not float32: convert the model with model.policy.float()", name));
    }
    if (key.kind != Kind::text) unreadable(fmt::format("\"{}\" has no proper storage", name));
    const std::string& bytes = member("data/" + std::string(key.text));
    if (bytes.size() / sizeof(float) < size(node(id.children[4]), name)) {
      unreadable(fmt::format("the values of \"{}\" are cut off", name));
    }
    return bytes;
  }

  /// Copies the values in row-major order, whatever the strides say. A tensor may have no more values than
  /// its storage, so that a short file cannot unfold into a huge model.
  void copy_values(std::string_view storage, std::size_t offset, const std::vector<std::size_t>& strides,
                   NamedTensor& tensor) {
    const std::size_t stored = storage.size() / sizeof(float);
    std::size_t count = 1;
    std::size_t last = offset;
    if (strides.size() != tensor.shape.size())
      unreadable(fmt::format("\"{}\" has no proper strides", tensor.name));
    for (std::size_t d = 0; d < strides.size(); ++d) {
      const std::size_t extent = tensor.shape[d];
      if (extent == 0) unsupported(fmt::format("\"{}\" is empty", tensor.name));
      if (extent > stored || strides[d] > stored || last > stored) does_not_fit(tensor.name);
      count *= extent;
      last += (extent - 1) * strides[d];
      if (count > stored) does_not_fit(tensor.name);
    }
    if (last >= stored) does_not_fit(tensor.name);
    if (count > values_left_) unreadable("the tensors hold more values than a model can have");
    values_left_ -= count;

    tensor.values.resize(count);
    std::vector<std::size_t> index(strides.size(), 0);
    std::size_t position = offset;
    for (float& value : tensor.values) {
      std::memcpy(&value, storage.data() + position * sizeof(float), sizeof(float));
      if (!std::isfinite(value)) {
        unsupported(
            fmt::format("\"{}\" holds a value that is not finite: the training diverged, train again "
                        "with a smaller learning rate",
                        tensor.name));
      }
      for (std::size_t d = strides.size(); d > 0; --d) {
        position += strides[d - 1];
        if (++index[d - 1] < tensor.shape[d - 1]) break;
        position -= index[d - 1] * strides[d - 1];
        index[d - 1] = 0;
      }
    }
  }
  [[noreturn]] void does_not_fit(const std::string& name) const {
    unreadable(fmt::format("the shape of \"{}\" does not fit its values", name));
  }

  std::string place_;
  std::size_t values_left_;
  std::map<std::string, std::string> members_;
  std::string root_;
  PickleDocument document_;
};

void write_parameter_group(PickleWriter& pickle, const OptimizerState& state, std::size_t parameter_count) {
  pickle.empty_dict();
  pickle.mark();
  pickle.text("lr");
  pickle.real(state.learning_rate);
  pickle.text("betas");
  pickle.mark();
  pickle.real(state.beta1);
  pickle.real(state.beta2);
  pickle.tuple();
  pickle.text("eps");
  pickle.real(state.epsilon);
  pickle.text("weight_decay");
  pickle.real(state.weight_decay);
  for (const char* flag : {"amsgrad", "maximize", "capturable", "differentiable", "decoupled_weight_decay"}) {
    pickle.text(flag);
    pickle.boolean(false);
  }
  for (const char* choice : {"foreach", "fused"}) {
    pickle.text(choice);
    pickle.none();
  }
  pickle.text("params");
  pickle.empty_list();
  pickle.mark();
  for (std::size_t i = 0; i < parameter_count; ++i) pickle.integer(static_cast<std::int64_t>(i));
  pickle.append_all();
  pickle.set_items();
}

/// The moments of every parameter, or none where the optimiser has not stepped.
void read_moments(TorchReader& reader, const PickleNode& states, const std::vector<NamedTensor>& parameters,
                  OptimizerState& result) {
  if (!reader.is_dict(states)) reader.unreadable("\"state\" must be a dict");
  if (states.children.empty()) return;
  std::map<std::int64_t, std::size_t> by_parameter;
  for (std::size_t i = 0; i + 1 < states.children.size(); i += 2) {
    const PickleNode& key = reader.node(states.children[i]);
    if (key.kind == Kind::integer) by_parameter[key.integer] = states.children[i + 1];
  }
  std::set<double> steps;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto found = by_parameter.find(static_cast<std::int64_t>(i));
    if (found == by_parameter.end())
      reader.unsupported("the optimiser has no state for some of the parameters");
    const PickleNode& state = reader.node(found->second);
    const PickleNode& step = reader.at(state, "step");
    steps.insert(step.kind == Kind::tensor ? double{reader.tensor(step, "step").values[0]}
                                           : reader.number(step, "step"));
    result.exp_avg.push_back(reader.tensor(reader.at(state, "exp_avg"), parameters[i].name));
    result.exp_avg_sq.push_back(reader.tensor(reader.at(state, "exp_avg_sq"), parameters[i].name));
    if (result.exp_avg[i].shape != parameters[i].shape || result.exp_avg_sq[i].shape != parameters[i].shape) {
      reader.unsupported(fmt::format("the optimiser's state does not fit \"{}\"", parameters[i].name));
    }
  }
  constexpr double most_steps = 1e15;
  if (steps.size() != 1 || *steps.begin() < 0 || *steps.begin() > most_steps) {
    reader.unsupported("the optimiser has not made the same number of steps for every parameter");
  }
  result.step = static_cast<std::uint64_t>(*steps.begin());
}

}  // namespace

std::string state_dict_bytes(const std::vector<NamedTensor>& tensors) {
  TorchWriter writer;
  writer.pickle.global("collections", "OrderedDict");
  writer.pickle.empty_tuple();
  writer.pickle.call();
  writer.pickle.mark();
  for (const NamedTensor& tensor : tensors) {
    writer.pickle.text(tensor.name);
    writer.tensor(tensor.shape, tensor.values);
  }
  writer.pickle.set_items();
  return writer.finish();
}

std::string adam_state_bytes(const OptimizerState& state, std::size_t parameter_count) {
  TorchWriter writer;
  PickleWriter& pickle = writer.pickle;
  pickle.empty_dict();
  pickle.mark();
  pickle.text("state");
  pickle.empty_dict();
  pickle.mark();
  const std::array step{static_cast<float>(state.step)};
  for (std::size_t i = 0; i < state.exp_avg.size(); ++i) {
    pickle.integer(static_cast<std::int64_t>(i));
    pickle.empty_dict();
    pickle.mark();
    pickle.text("step");
    writer.tensor({}, step);
    pickle.text("exp_avg");
    writer.tensor(state.exp_avg[i].shape, state.exp_avg[i].values);
    pickle.text("exp_avg_sq");
    writer.tensor(state.exp_avg_sq[i].shape, state.exp_avg_sq[i].values);
    pickle.set_items();
  }
  pickle.set_items();
  pickle.text("param_groups");
  pickle.empty_list();
  pickle.mark();
  write_parameter_group(pickle, state, parameter_count);
  pickle.append_all();
  pickle.set_items();
  return writer.finish();
}

std::string empty_torch_file_bytes() {
  TorchWriter writer;
  writer.pickle.empty_dict();
  return writer.finish();
}

std::vector<NamedTensor> parse_state_dict(std::string_view bytes, const std::string& place,
                                          std::size_t value_limit) {
  TorchReader reader(bytes, place, value_limit);
  const PickleNode& root = reader.root();
  if (!reader.is_dict(root)) reader.unsupported("this part must be a state_dict");
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
    const PickleNode& key = reader.node(root.children[i]);
    if (key.kind != Kind::text) reader.unsupported("a tensor's name is not a text");
    tensors.push_back(reader.tensor(reader.node(root.children[i + 1]), std::string(key.text)));
  }
  return tensors;
}

OptimizerState parse_adam_state(std::string_view bytes, const std::string& place,
                                const std::vector<NamedTensor>& parameters) {
  std::size_t value_count = 0;
  for (const NamedTensor& parameter : parameters) value_count += 2 * parameter.values.size() + 1;
  TorchReader reader(bytes, place, value_count);
  const PickleNode& groups = reader.at(reader.root(), "param_groups");
  if (groups.kind != Kind::list || groups.children.size() != 1) {
    reader.unsupported("the optimiser must have one group of parameters");
  }
  const PickleNode& group = reader.node(groups.children[0]);
  const PickleNode& betas = reader.at(group, "betas");
  if (betas.kind != Kind::tuple || betas.children.size() != 2)
    reader.unsupported("\"betas\" must be two numbers");
  OptimizerState state;
  state.learning_rate = reader.number(reader.at(group, "lr"), "lr");
  state.beta1 = reader.number(reader.node(betas.children[0]), "betas");
  state.beta2 = reader.number(reader.node(betas.children[1]), "betas");
  state.epsilon = reader.number(reader.at(group, "eps"), "eps");
  state.weight_decay = reader.number(reader.at(group, "weight_decay"), "weight_decay");
  read_moments(reader, reader.at(reader.root(), "state"), parameters, state);
  return state;
}

}  // namespace stevie::nn
