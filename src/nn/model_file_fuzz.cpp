/// Feeds parse_model_file(), and the layers under it, whatever the fuzzer makes. The first byte chooses the
/// layer, so that damage to the pickle or the JSON is not stopped by the checksum of the zip around it.
///
/// Before it starts, small valid inputs are written into the corpus folder that the command line names first.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/fuzz_seeds.h"
#include "nn/model_file.h"
#include "nn/pickle.h"
#include "nn/torch_file.h"
#include "nn/zip_archive.h"

namespace {

using namespace stevie::nn;

enum Layer : std::uint8_t { whole_file, only_data, only_policy_pickle, only_optimizer_pickle, only_pickle };
constexpr std::uint8_t layer_count = 5;
constexpr std::size_t limit_bytes = std::size_t{1} << 24;

ModelFile small_model(bool shared_trunk) {
  ModelFile model;
  model.observation_size = 3;
  model.action_count = 2;
  model.policy_kwargs = {{2}, {2}, PolicyKwargs::Activation::relu, shared_trunk};
  model.policy = policy_tensor_shapes(model.observation_size, model.action_count, model.policy_kwargs);
  for (NamedTensor& tensor : model.policy) {
    std::size_t count = 1;
    for (const std::size_t extent : tensor.shape) count *= extent;
    tensor.values.assign(count, 0.5F);
  }
  model.optimizer.step = 1;
  model.optimizer.exp_avg = model.policy;
  model.optimizer.exp_avg_sq = model.policy;
  return model;
}

/// A small model file, with one member, or the pickle in one of its .pth members, replaced.
std::string file_with(const std::string& member, std::string_view bytes, bool is_pickle) {
  static const auto seed = unzip_members(model_file_bytes(small_model(false)), "seed", limit_bytes);
  auto members = seed;
  std::string& target = members.at(member);
  const auto repack = [](const std::map<std::string, std::string>& parts) {
    std::vector<ZipMember> list;
    for (const auto& [name, content] : parts) list.push_back({name, content});
    return zip_members(list);
  };
  if (is_pickle) {
    auto parts = unzip_members(target, "seed", limit_bytes);
    parts.at("archive/data.pkl") = bytes;
    target = repack(parts);
  } else {
    target = bytes;
  }
  return repack(members);
}

void read(std::uint8_t layer, std::string_view bytes) {
  switch (layer) {
    case whole_file:
      parse_model_file(bytes, "fuzz");
      return;
    case only_data:
      parse_model_file(file_with("data", bytes, false), "fuzz");
      return;
    case only_policy_pickle:
      parse_model_file(file_with("policy.pth", bytes, true), "fuzz");
      return;
    case only_optimizer_pickle:
      parse_model_file(file_with("policy.optimizer.pth", bytes, true), "fuzz");
      return;
    default:
      parse_pickle(bytes, "fuzz");
      return;
  }
}

void write_seeds(const std::string& folder) {
  const auto write = [&](const std::string& name, Layer layer, const std::string& bytes) {
    stevie::write_file(folder + "/" + name, std::string(1, static_cast<char>(layer)) + bytes);
  };
  for (const bool shared : {false, true}) {
    const std::string file = model_file_bytes(small_model(shared));
    const std::string suffix = shared ? "_shared" : "";
    const auto members = unzip_members(file, "seed", limit_bytes);
    const auto pickle_in = [&](const char* member) {
      return unzip_members(members.at(member), "seed", limit_bytes).at("archive/data.pkl");
    };
    write("file" + suffix, whole_file, file);
    write("data" + suffix, only_data, members.at("data"));
    write("policy" + suffix, only_policy_pickle, pickle_in("policy.pth"));
    write("optimizer" + suffix, only_optimizer_pickle, pickle_in("policy.optimizer.pth"));
    write("pickle" + suffix, only_pickle, pickle_in("policy.pth"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  stevie::write_fuzz_seeds(*count, *arguments, write_seeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    read(data[0] % layer_count, {reinterpret_cast<const char*>(data + 1), size - 1});
  } catch (const stevie::Error&) {
    // What must happen to bad input. Anything else, another exception included, is a finding.
  }
  return 0;
}
