#include "features/registry.h"

#include <utility>

#include "features/families.h"

namespace stevie::features {

std::vector<IndicatorGroup> indicator_groups() {
  std::vector<IndicatorGroup> all;
  for (auto family : {return_indicators, volatility_indicators, trend_indicators, reversion_indicators,
                      volume_indicators, shape_indicators, classic_indicators}) {
    for (IndicatorGroup& group : family()) all.push_back(std::move(group));
  }
  return all;
}

}  // namespace stevie::features
