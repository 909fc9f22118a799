/// The scaler sees the training split only and keeps its promises on odd columns.
#include "features/scaler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"

namespace stevie::features {
namespace {

/// Column 0 constant, 1 mostly zero, 2 zero but for two bars; the others normal with their own centre and
/// size.
FeatureMatrix random_matrix(std::size_t rows, std::size_t warm_up, std::uint64_t seed) {
  RandomStream random(seed, 0);
  FeatureMatrix matrix;
  matrix.rows = rows;
  matrix.warm_up = warm_up;
  matrix.values.resize(rows * matrix.columns);
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t k = 0; k < matrix.columns; ++k) {
      double value = 3.0 * static_cast<double>(k) + (1 + static_cast<double>(k)) * random.normal();
      if (k == 0) value = 7;
      if (k == 1 && t % 5 != 0) value = 0;
      if (k == 2) value = t == rows / 2 ? 6 : 0;
      matrix.values[t * matrix.columns + k] = static_cast<float>(value);
    }
  }
  return matrix;
}

std::vector<float> sorted_column(const FeatureMatrix& matrix, std::size_t column, market::BarRange range) {
  std::vector<float> values;
  for (std::size_t t = range.begin; t < range.end; ++t) values.push_back(matrix.row(t)[column]);
  std::sort(values.begin(), values.end());
  return values;
}

TEST(Scaler, TakesMedianAndQuartilesOfTheTrainingRows) {
  const FeatureMatrix matrix = random_matrix(2001, 0, 1);
  const RobustScaler scaler = fit_scaler(matrix, {0, 2001});
  for (std::size_t k = 3; k < matrix.columns; ++k) {
    const std::vector<float> values = sorted_column(matrix, k, {0, 2001});
    EXPECT_EQ(scaler.centre[k], values[1000]);
    EXPECT_FLOAT_EQ(1 / scaler.inverse_scale[k], (values[1500] - values[500]) / 1.349f);
  }
}

TEST(Scaler, GivesNormalColumnsUnitDeviation) {
  FeatureMatrix matrix = random_matrix(50'000, 0, 2);
  fit_scaler(matrix, {0, 50'000}).apply(matrix);
  for (std::size_t k = 3; k < matrix.columns; ++k) {
    double sum = 0;
    double square = 0;
    for (std::size_t t = 0; t < matrix.rows; ++t) {
      sum += matrix.row(t)[k];
      square += matrix.row(t)[k] * matrix.row(t)[k];
    }
    EXPECT_NEAR(sum / 50'000, 0, 0.05);
    EXPECT_NEAR(std::sqrt(square / 50'000), 1, 0.05);
  }
}

TEST(Scaler, DoesNotSeeRowsOutsideTheTrainingSplitOrInTheWarmUp) {
  FeatureMatrix matrix = random_matrix(1000, 100, 3);
  const RobustScaler before = fit_scaler(matrix, {0, 700});
  for (std::size_t t = 0; t < matrix.rows; ++t) {
    if (t >= 100 && t < 700) continue;
    std::fill_n(matrix.values.begin() + static_cast<std::ptrdiff_t>(t * matrix.columns), matrix.columns,
                1e6f);
  }
  const RobustScaler after = fit_scaler(matrix, {0, 700});
  EXPECT_EQ(before.centre, after.centre);
  EXPECT_EQ(before.inverse_scale, after.inverse_scale);
}

TEST(Scaler, HandlesColumnsThatHardlyMove) {
  const FeatureMatrix matrix = random_matrix(1000, 0, 4);
  const RobustScaler scaler = fit_scaler(matrix, {0, 1000});
  EXPECT_EQ(scaler.centre[0], 7.0f);
  EXPECT_EQ(scaler.inverse_scale[0], 1.0f);
  const std::vector<float> mostly_zero = sorted_column(matrix, 1, {0, 1000});
  EXPECT_FLOAT_EQ(1 / scaler.inverse_scale[1], (mostly_zero[949] - mostly_zero[50]) / 3.29f);
  EXPECT_FLOAT_EQ(1 / scaler.inverse_scale[2], 1.0f);  // (6 - 0) / 6
  EXPECT_NO_THROW(scaler.validate());
}

TEST(Scaler, TakesRoundingNoiseForConstant) {
  FeatureMatrix matrix = random_matrix(1000, 0, 9);
  for (std::size_t t = 0; t < matrix.rows; ++t)
    matrix.values[t * matrix.columns + 5] = t % 2 == 0 ? 1e-9f : -1e-9f;
  EXPECT_EQ(fit_scaler(matrix, {0, 1000}).inverse_scale[5], 1.0f);
}

TEST(Scaler, ClipsAndTreatsRowsLikeTheMatrix) {
  FeatureMatrix matrix = random_matrix(500, 0, 5);
  RobustScaler scaler = fit_scaler(matrix, {0, 500});
  scaler.clip = 1.5f;
  std::vector<float> rows;
  for (std::size_t t = 0; t < matrix.rows; ++t) {
    std::vector<float> row(matrix.row(t).begin(), matrix.row(t).end());
    scaler.apply(row);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  scaler.apply(matrix);
  EXPECT_TRUE(std::equal(rows.begin(), rows.end(), matrix.values.begin()));
  EXPECT_EQ(*std::max_element(rows.begin(), rows.end()), 1.5f);
  EXPECT_EQ(*std::min_element(rows.begin(), rows.end()), -1.5f);
}

TEST(Scaler, SubsamplesLongSeriesCloseToTheTruth) {
  const std::size_t rows = 4 * scaler_sample_rows + 17;
  const FeatureMatrix matrix = random_matrix(rows, 0, 6);
  const RobustScaler scaler = fit_scaler(matrix, {0, rows});
  for (std::size_t k = 3; k < matrix.columns; ++k) {
    const std::vector<float> values = sorted_column(matrix, k, {0, rows});
    const float deviation = 1 + static_cast<float>(k);
    // Standard error of a median over n values: 1.2533 sigma / sqrt(n); five of them.
    const float bound = 5 * 1.2533f * deviation / std::sqrt(static_cast<float>(scaler_sample_rows));
    EXPECT_NEAR(scaler.centre[k], values[rows / 2], bound);
  }
}

TEST(Scaler, RefusesAnEmptyTrainingRange) {
  const FeatureMatrix matrix = random_matrix(200, 100, 7);
  for (const market::BarRange range : {market::BarRange{0, 100}, {150, 150}, {200, 300}}) {
    try {
      fit_scaler(matrix, range);
      ADD_FAILURE() << range.begin << " to " << range.end;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "features.empty_training");
    }
  }
}

TEST(Scaler, ValidateNamesEveryFault) {
  RobustScaler scaler = fit_scaler(random_matrix(200, 0, 8), {0, 200});
  scaler.centre[3] = std::numeric_limits<float>::quiet_NaN();
  scaler.inverse_scale[4] = 0;
  scaler.inverse_scale.pop_back();
  scaler.clip = -1;
  try {
    scaler.validate();
    FAIL() << "a damaged scaler was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "features.bad_scaler");
    for (const char* fault : {"99 scales", "a centre is not", "a scale is not", "the clip is not"}) {
      EXPECT_NE(error.message().find(fault), std::string::npos) << fault << " in " << error.message();
    }
  }
}

}  // namespace
}  // namespace stevie::features
