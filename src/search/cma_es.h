#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "search/search.h"

namespace stevie::search {

/// Covariance matrix adaptation evolution strategy: Hansen 2016, "The CMA Evolution Strategy: A Tutorial"
/// (arXiv:1604.00772), with the default weights and rates of its table 1 (negative weights included), in the
/// unit box. A point outside the box is moved onto its bound and judged there, less a penalty: the squared
/// distance moved, in units of the mean variance of the sampling, times the interquartile range of the
/// batch's rewards (section B.5 of the tutorial). A batch of equal rewards changes nothing but the step
/// size, which grows by a fifth: the top is elsewhere.
struct CmaEsConfig {
  std::uint64_t seed = 1;
  /// Points in a batch, 4 to 20,000; 0: 4 + floor(3 ln dimensions), the tutorial's default.
  std::size_t batch = 0;
  /// First step size, as a share of the box's width, in (0, 1]. Default 0.2.
  double start_sigma = 0.2;
  /// Converged once the standard deviation of every dimension is below this share of the box's width. Default
  /// 0.02.
  double tolerance = 0.02;
  /// Converged too once this many batches in a row had one and the same reward everywhere. Default 5.
  std::size_t flat_batches = 5;

  /// Throws Error "search.bad_config" that lists every fault.
  void validate() const;
};

/// Throws Error "search.bad_box" or "search.bad_config".
std::unique_ptr<Optimizer> make_cma_es(const Box& box, const CmaEsConfig& config);

}  // namespace stevie::search
