#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/observation.h"
#include "market/bars.h"

namespace stevie::features {

using FeatureFunction = std::function<FeatureMatrix(const market::Bars&)>;

/// Columns of `compute` that look into the future, ascending; empty for an honest pipeline.
///
/// For every t in `cuts` (each + 1 < bars.size()) rows 0..t of the matrix over all bars are compared bit by
/// bit with those of two other series: the bars up to t alone, and the bars up to t followed by others (other
/// prices, volumes and stamps). A column in which any of these values differs is reported.
std::vector<std::size_t> columns_that_see_the_future(const FeatureFunction& compute, const market::Bars& bars,
                                                     std::span<const std::size_t> cuts);

}  // namespace stevie::features
