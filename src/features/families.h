#pragma once
#include <memory>
#include <vector>

#include "features/registry.h"

namespace stevie::features {

/// The families that indicator_groups() puts together, each in the .cpp of its name.
std::vector<IndicatorGroup> return_indicators();
std::vector<IndicatorGroup> volatility_indicators();
std::vector<IndicatorGroup> trend_indicators();
std::vector<IndicatorGroup> reversion_indicators();
std::vector<IndicatorGroup> volume_indicators();
std::vector<IndicatorGroup> shape_indicators();
std::vector<IndicatorGroup> classic_indicators();

template <class T>
std::unique_ptr<Indicator> make_indicator() {
  return std::make_unique<T>();
}

}  // namespace stevie::features
