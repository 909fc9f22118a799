#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "nn/model_file.h"
#include "nn/tensor.h"

namespace stevie::nn {

/// The bytes of torch.save(state_dict): the tensors by name, in this order.
std::string state_dict_bytes(const std::vector<NamedTensor>& tensors);

/// The bytes of torch.save(optimizer.state_dict()) of torch.optim.Adam over `parameter_count` parameters.
std::string adam_state_bytes(const OptimizerState& state, std::size_t parameter_count);

/// The bytes of torch.save({}).
std::string empty_torch_file_bytes();

/// Reads a file of torch.save that holds a state_dict of float32 tensors. All tensors together may have
/// `value_limit` values. Throws Error "model.unreadable" or "model.unsupported" with `place`.
std::vector<NamedTensor> parse_state_dict(std::string_view bytes, const std::string& place,
                                          std::size_t value_limit);

/// Reads a file of torch.save that holds an Adam state_dict for these parameters, which give the moments
/// their names and must have their shapes. Throws as parse_state_dict() does.
OptimizerState parse_adam_state(std::string_view bytes, const std::string& place,
                                const std::vector<NamedTensor>& parameters);

}  // namespace stevie::nn
