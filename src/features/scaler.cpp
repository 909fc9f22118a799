#include "features/scaler.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "core/error.h"

namespace stevie::features {
namespace {

/// Value at the quantile's nearest rank; reorders `values`.
float quantile(std::vector<float>& values, double level) {
  const auto rank = static_cast<std::ptrdiff_t>(level * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

/// All columns are of the order of 1: a column that moves less than this only carries rounding noise.
constexpr float least_scale = 1e-6f;

float spread(std::vector<float>& values) {
  constexpr float quartiles_of_normal = 1.349f;
  constexpr float outer_quantiles_of_normal = 3.29f;
  constexpr float extremes_of_normal = 6.0f;
  const float quartiles = (quantile(values, 0.75) - quantile(values, 0.25)) / quartiles_of_normal;
  if (quartiles > least_scale) return quartiles;
  const float outer = (quantile(values, 0.95) - quantile(values, 0.05)) / outer_quantiles_of_normal;
  if (outer > least_scale) return outer;
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  return (*largest - *least) / extremes_of_normal;
}

void scale_row(float* row, const float* centre, const float* inverse_scale, float clip, std::size_t columns) {
  for (std::size_t k = 0; k < columns; ++k) {
    row[k] = std::min(std::max((row[k] - centre[k]) * inverse_scale[k], -clip), clip);
  }
}

}  // namespace

void RobustScaler::validate() const {
  std::string faults;
  const auto add = [&faults](const std::string& fault) { faults += (faults.empty() ? "" : "; ") + fault; };
  if (centre.size() != market_value_count || inverse_scale.size() != market_value_count) {
    add("it has " + std::to_string(centre.size()) + " centres and " + std::to_string(inverse_scale.size()) +
        " scales where " + std::to_string(market_value_count) + " are needed");
  }
  const auto is_finite = [](float value) { return std::isfinite(value); };
  const auto is_scale = [](float value) { return std::isfinite(value) && value > 0; };
  if (!std::all_of(centre.begin(), centre.end(), is_finite)) add("a centre is not a finite number");
  if (!std::all_of(inverse_scale.begin(), inverse_scale.end(), is_scale)) {
    add("a scale is not a finite number above 0");
  }
  if (!is_scale(clip)) add("the clip is not a finite number above 0");
  if (!faults.empty()) {
    throw Error("features.bad_scaler",
                "the scaler of the observation is damaged: " + faults + "; train the model again");
  }
}

void RobustScaler::apply(std::span<float> row) const {
  assert(row.size() == centre.size() && row.size() == inverse_scale.size());
  scale_row(row.data(), centre.data(), inverse_scale.data(), clip, row.size());
}

void RobustScaler::apply(FeatureMatrix& matrix) const {
  assert(matrix.columns == centre.size() && matrix.columns == inverse_scale.size());
  for (std::size_t bar = 0; bar < matrix.rows; ++bar) {
    scale_row(matrix.values.data() + bar * matrix.columns, centre.data(), inverse_scale.data(), clip,
              matrix.columns);
  }
}

RobustScaler fit_scaler(const FeatureMatrix& matrix, market::BarRange training) {
  const std::size_t begin = std::max(training.begin, matrix.warm_up);
  const std::size_t end = std::min(training.end, matrix.rows);
  if (begin >= end) {
    throw Error("features.empty_training", "no bar of the training range is left behind the warm-up of " +
                                               std::to_string(matrix.warm_up) +
                                               " bars; give more bars or a later range");
  }
  const std::size_t rows = end - begin;
  const std::size_t samples = std::min(rows, scaler_sample_rows);
  constexpr std::size_t columns_at_once = 16;  // one cache line of a row

  RobustScaler scaler;
  std::vector<std::vector<float>> sample(columns_at_once, std::vector<float>(samples));
  for (std::size_t first = 0; first < matrix.columns; first += columns_at_once) {
    const std::size_t count = std::min(columns_at_once, matrix.columns - first);
    for (std::size_t i = 0; i < samples; ++i) {
      const std::size_t bar = begin + i * rows / samples;
      const float* row = matrix.values.data() + bar * matrix.columns + first;
      for (std::size_t k = 0; k < count; ++k) sample[k][i] = row[k];
    }
    for (std::size_t k = 0; k < count; ++k) {
      const float scale = spread(sample[k]);
      scaler.centre.push_back(quantile(sample[k], 0.5));
      scaler.inverse_scale.push_back(scale > least_scale ? 1 / scale : 1.0f);
    }
  }
  return scaler;
}

}  // namespace stevie::features
