#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace stevie::nn {

/// A float32 array with the name PyTorch's state_dict gives it, as model files hold it.
struct NamedTensor {
  std::string name;
  std::vector<std::size_t> shape;  // outermost first; empty for a single number
  std::vector<float> values;       // row-major, as many as the shape says

  bool operator==(const NamedTensor&) const = default;
};

}  // namespace stevie::nn
