/// Every column, shifted one bar into the future, must be caught by the check that the pipeline passes.
#include "features/causality.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "features/pipeline.h"
#include "features/random_series.h"

namespace stevie::features {
namespace {

constexpr std::array<std::size_t, 3> cuts = {850, 901, 1000};

/// The pipeline with one column taken from the next bar.
FeatureFunction with_column_from_the_future(std::size_t column) {
  return [column](const market::Bars& bars) {
    FeatureMatrix matrix = compute_features(bars);
    for (std::size_t t = 0; t + 1 < matrix.rows; ++t) {
      matrix.values[t * matrix.columns + column] = matrix.values[(t + 1) * matrix.columns + column];
    }
    return matrix;
  };
}

TEST(Causality, HoldsForThePipeline) {
  const market::Bars bars = random_series({.name = "gaps", .gap_share = 0.02}, 1100, 1);
  EXPECT_EQ(columns_that_see_the_future(compute_features, bars, cuts), std::vector<std::size_t>{});
}

TEST(Causality, CatchesEachColumnShiftedIntoTheFuture) {
  const market::Bars bars = random_series({.name = "gaps", .gap_share = 0.02}, 1100, 2);
  const auto names = feature_names();
  for (std::size_t column = 0; column < names.size(); ++column) {
    EXPECT_EQ(columns_that_see_the_future(with_column_from_the_future(column), bars, cuts),
              std::vector<std::size_t>{column})
        << names[column];
  }
}

TEST(Causality, CatchesStatisticsOfTheWholeSeries) {
  const market::Bars bars = random_series({.name = "ordinary"}, 1100, 3);
  const FeatureFunction centred = [](const market::Bars& series) {
    FeatureMatrix matrix = compute_features(series);
    double sum = 0;
    for (std::size_t t = 0; t < matrix.rows; ++t) sum += matrix.row(t)[0];
    for (std::size_t t = 0; t < matrix.rows; ++t) {
      matrix.values[t * matrix.columns] -= static_cast<float>(sum / static_cast<double>(matrix.rows));
    }
    return matrix;
  };
  EXPECT_EQ(columns_that_see_the_future(centred, bars, cuts), std::vector<std::size_t>{0});
}

}  // namespace
}  // namespace stevie::features
