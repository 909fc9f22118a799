#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "search/search.h"

namespace stevie::search {

/// How rewards become the weights of the policy gradient.
enum class RewardShaping : std::uint8_t {
  rank,      // centred ranks within the batch, -1/2 .. 1/2; only the order of rewards matters
  normalise  // (reward - baseline) / standard deviation of the batch; the baseline follows the rewards
};

/// Parameter-exploring policy gradients with symmetric sampling: Sehnke et al. 2010, "Parameter-exploring
/// policy gradients", Neural Networks 23. The policy is a Gaussian with its own mean and sigma in every
/// dimension of the unit box. Each pair of a batch is (mean + e, mean - e), e ~ N(0, sigma^2). With u the
/// shaped rewards and b their baseline, averaged over the pairs, the policy is updated by
///   mean  += step_mean  * e (u+ - u-) / 2
///   sigma += step_sigma * ((u+ + u-) / 2 - b) (e^2 - sigma^2) / sigma
/// sigma changes by at most `most_sigma_change` of itself an episode, as in EvoTorch; a batch of equal
/// rewards tells nothing but that the top is elsewhere, and widens sigma by that much. Points beyond a bound
/// are moved onto it, the mean too: an optimum on the bound can be reached.
struct PgpeConfig {
  std::uint64_t seed = 1;
  /// Pairs of points in a batch, 1 to 10,000. Default 8: a batch of 16.
  std::size_t pairs = 8;
  /// First standard deviation, as a share of the box's width, in (0, 1]. Default 0.2: the first batch covers
  /// most of the box where the start is near its centre.
  double start_sigma = 0.2;
  /// Step size of the mean, above 0. Default 2: where the reward is linear in one dimension the mean moves
  /// about half a sigma.
  double step_mean = 2.0;
  /// Step size of sigma, above 0. Default 0.5: at the optimum sigma falls by a sixth or less an episode.
  double step_sigma = 0.5;
  /// Largest change of a sigma in one episode, as a share of it, in (0, 1). Default 0.2.
  double most_sigma_change = 0.2;
  RewardShaping shaping = RewardShaping::rank;
  /// Weight of the past in the moving average of rewards that is the baseline of `normalise`, in [0, 1).
  /// Default 0.9. Centred ranks have the baseline 0.
  double baseline_memory = 0.9;
  /// Converged once every sigma is below this share of the box's width. Default 0.02.
  double tolerance = 0.02;
  /// Converged too once this many batches in a row had one and the same reward everywhere. Default 5.
  std::size_t flat_batches = 5;

  /// Throws Error "search.bad_config" that lists every fault.
  void validate() const;
};

/// Throws Error "search.bad_box" or "search.bad_config".
std::unique_ptr<Optimizer> make_pgpe(const Box& box, const PgpeConfig& config);

}  // namespace stevie::search
