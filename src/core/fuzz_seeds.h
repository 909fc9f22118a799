#pragma once
#include <filesystem>
#include <functional>
#include <string>

namespace stevie {

/// For LLVMFuzzerInitialize() of a fuzz program that makes inputs to start from: calls `write` with the first
/// argument that is a folder, the corpus.
inline void write_fuzz_seeds(int count, char** arguments,
                             const std::function<void(const std::string&)>& write) {
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (!std::filesystem::is_directory(argument)) continue;
    write(argument);
    return;
  }
}

}  // namespace stevie
