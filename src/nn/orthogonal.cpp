#include "nn/orthogonal.h"

#include <Eigen/Dense>
#include <algorithm>

#include "core/random.h"

namespace stevie::nn {

std::vector<float> orthogonal_matrix(std::size_t rows, std::size_t columns, float gain, std::uint64_t seed,
                                     std::uint64_t stream) {
  const auto longer = static_cast<Eigen::Index>(std::max(rows, columns));
  const auto shorter = static_cast<Eigen::Index>(std::min(rows, columns));
  RandomStream random(seed, stream);
  Eigen::MatrixXd normals(longer, shorter);
  for (Eigen::Index r = 0; r < longer; ++r) {
    for (Eigen::Index c = 0; c < shorter; ++c) normals(r, c) = random.normal();
  }
  const Eigen::HouseholderQR<Eigen::MatrixXd> decomposition(normals);
  Eigen::MatrixXd q = decomposition.householderQ() * Eigen::MatrixXd::Identity(longer, shorter);
  for (Eigen::Index c = 0; c < shorter; ++c) {
    if (decomposition.matrixQR()(c, c) < 0.0) q.col(c) = -q.col(c);
  }
  if (rows < columns) q.transposeInPlace();

  std::vector<float> weights;
  weights.reserve(rows * columns);
  for (Eigen::Index r = 0; r < q.rows(); ++r) {
    for (Eigen::Index c = 0; c < q.cols(); ++c) weights.push_back(gain * static_cast<float>(q(r, c)));
  }
  return weights;
}

}  // namespace stevie::nn
