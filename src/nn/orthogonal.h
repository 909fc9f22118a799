#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stevie::nn {

/// A random matrix (rows, columns), row-major, whose shorter side's vectors are orthonormal, times `gain`:
/// the QR decomposition of normal numbers drawn from (seed, stream), with the signs fixed by R's diagonal so
/// that it is uniform over all such matrices (Mezzadri 2007); what torch.nn.init.orthogonal_ does.
std::vector<float> orthogonal_matrix(std::size_t rows, std::size_t columns, float gain, std::uint64_t seed,
                                     std::uint64_t stream);

}  // namespace stevie::nn
