#pragma once
/// search: finds the point of a box with the highest reward, where a reward costs a whole simulation and
/// comes without a gradient and perhaps with noise.
///
/// Knows boxes, points and rewards; knows nothing of trading, files or threads. Start with:
///   search.h  Box and Optimizer, which is asked for points and told their rewards
///   pgpe.h    symmetric parameter-exploring policy gradients: a Gaussian policy over the box
///   cma_es.h  covariance matrix adaptation: learns which dimensions must move together
///
/// In: a Box with a point to start at, and a reward for every point asked for. Out: a batch of points an
/// episode, the best point told so far, the middle of the search.
///
/// What always holds:
///   - every point asked for lies in the box, bounds included; higher rewards are better;
///   - the same seed and the same rewards give the same points, bit for bit; who computes the rewards, and in
///   which order, does not matter;
///   - a search restored from its bytes goes on exactly as the one that was saved;
///   - coordinates are mapped to [0, 1] inside, so the unit of a dimension does not matter.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::search {

/// Where to search. One entry a dimension in each vector.
struct Box {
  std::vector<double> lower;
  std::vector<double> upper;  // above `lower`
  std::vector<double> start;  // middle of the first batch, inside the box; empty: the centre of the box

  std::size_t dimensions() const { return lower.size(); }
  /// Throws Error "search.bad_box" that lists every fault: no dimensions, vectors of different length,
  /// numbers that are not finite, bounds in the wrong order, a start outside.
  void validate() const;
};

/// The best point told so far; of equals the first.
struct BestPoint {
  std::vector<double> point;  // (dimensions)
  double reward = 0;
  std::uint64_t episode = 0;  // in which it was told, from 0
};

/// Asked for a batch of points and told their rewards, again and again: one pair of calls is an episode.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// For people: "PGPE", "CMA-ES".
  virtual std::string_view name() const = 0;

  /// The points of this episode, (batch, dimensions). The same until tell().
  virtual std::vector<std::vector<double>> ask() const = 0;

  /// The rewards of the points of ask(), in their order; moves the search on to the next episode. A reward
  /// that is not finite counts as worse than every finite one. Throws Error "search.bad_rewards" where their
  /// number is not that of the batch.
  virtual void tell(std::span<const double> rewards) = 0;

  /// Episodes told so far.
  virtual std::uint64_t episodes() const = 0;

  /// True once more episodes are not worth their cost: the spread of the points has become smaller than the
  /// tolerance in every dimension, or all points of several batches in a row had the same reward.
  virtual bool converged() const = 0;

  /// Middle of the next batch, in the box.
  virtual std::vector<double> centre() const = 0;

  /// Standard deviation of the next batch around the centre, a dimension each, in shares of the box's width.
  virtual std::vector<double> spread() const = 0;

  /// Absent before the first tell() with a finite reward.
  virtual const std::optional<BestPoint>& best() const = 0;

  /// The whole state. restore() of it on an optimiser of the same box and configuration gives the same
  /// search; of another it throws Error "search.state_differs", and Error "bytes.damaged" where the bytes are
  /// cut.
  virtual std::string save() const = 0;
  virtual void restore(std::string_view bytes) = 0;
};

}  // namespace stevie::search

#include "search/cma_es.h"
#include "search/pgpe.h"
