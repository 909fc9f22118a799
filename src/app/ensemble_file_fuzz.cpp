/// Feeds parse_ensemble_file() whatever the fuzzer makes. The first byte chooses the layer: the whole file,
/// the manifest alone, or a member's file alone with a manifest that names its hash, so that damage is not
/// stopped by the checksum around it.
///
/// Before it starts, small valid inputs are written into the corpus folder that the command line names first.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/ensemble_file.h"
#include "app/ensemble_testing.h"
#include "core/error.h"
#include "core/file.h"
#include "core/fuzz_seeds.h"
#include "nn/zip_archive.h"

namespace {

using namespace stevie::app;

enum Layer : std::uint8_t { whole_file, only_manifest, only_parameters, only_constant };
constexpr std::uint8_t layer_count = 4;

EnsembleSpec small_spec() {
  static const EnsembleSpec spec = [] {
    ModelCard card = stevie::app::testing::card_of(stevie::app::testing::made_up_bars());
    return stevie::app::testing::mixed_spec(card);
  }();
  return spec;
}

std::string with_manifest(std::string_view manifest) {
  std::vector<stevie::nn::ZipMember> list;
  for (const auto& [name, bytes] :
       stevie::nn::unzip_members(ensemble_file_bytes(small_spec()), "seed", std::size_t{1} << 26))
    list.push_back({name, name == ensemble_manifest_member ? std::string(manifest) : bytes});
  return stevie::nn::zip_members(list);
}

void read(std::uint8_t layer, std::string_view bytes) {
  EnsembleSpec spec = small_spec();
  switch (layer) {
    case whole_file:
      parse_ensemble_file(bytes, "fuzz");
      return;
    case only_manifest:
      parse_ensemble_file(with_manifest(bytes), "fuzz");
      return;
    case only_parameters:
      spec.members[3].bytes = bytes;
      break;
    default:
      spec.members[2].bytes = bytes;
      break;
  }
  parse_ensemble_file(ensemble_file_bytes(spec), "fuzz");
}

void write_seeds(const std::string& folder) {
  const auto write = [&](const std::string& name, Layer layer, const std::string& bytes) {
    stevie::write_file(folder + "/" + name, std::string(1, static_cast<char>(layer)) + bytes);
  };
  const EnsembleSpec spec = small_spec();
  const std::string file = ensemble_file_bytes(spec);
  write("file", whole_file, file);
  write("manifest", only_manifest,
        stevie::nn::unzip_members(file, "seed", std::size_t{1} << 26).at(ensemble_manifest_member));
  write("parameters", only_parameters, spec.members[3].bytes);
  write("constant", only_constant, spec.members[2].bytes);
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
