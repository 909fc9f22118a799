#pragma once
#include <span>
#include <vector>

#include "features/observation.h"
#include "market/bars.h"

namespace stevie::features {

/// Brings every market column to a common size: scaled = clamp((value - centre) * inverse_scale, -clip,
/// clip). Belongs to a model and is stored with it; it is never fitted again on later data.
struct RobustScaler {
  std::vector<float> centre;         // (columns) median over the training split
  std::vector<float> inverse_scale;  // (columns) 1 / scale, > 0
  /// Bound of every scaled value. Smaller hides the size of extremes, larger lets one bar dominate a
  /// minibatch.
  float clip = 5.0f;

  /// Throws Error "features.bad_scaler" that names every fault: sizes other than market_value_count, values
  /// that are not finite, scales or a clip that are not > 0.
  void validate() const;

  /// Scales one row in place; row.size() == centre.size().
  void apply(std::span<float> row) const;

  /// Scales a whole matrix in place; matrix.columns == centre.size().
  void apply(FeatureMatrix& matrix) const;
};

/// Fits centre and scale on the rows of `training` that lie behind the matrix's warm-up, and on nothing else.
///
/// centre = median; scale = interquartile range / 1.349 (the standard deviation, were the column normal).
/// Where half of a column is one value the distance of the 5% and 95% quantiles / 3.29 serves, then the
/// distance of the extremes / 6. A scale up to 1e-6 is rounding noise: such a column counts as constant and
/// gets scale 1. Quantiles are taken over at most scaler_sample_rows evenly spaced rows. The matrix must be
/// unscaled. Throws Error "features.empty_training" where no row is left.
RobustScaler fit_scaler(const FeatureMatrix& matrix, market::BarRange training);

/// 16,384 rows give the median to about one hundredth of a standard deviation.
inline constexpr std::size_t scaler_sample_rows = 16384;

}  // namespace stevie::features
