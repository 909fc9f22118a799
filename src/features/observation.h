#pragma once
#include <cstddef>
#include <span>

#include "core/aligned.h"

namespace stevie::features {

/// The default observation: 100 market values, then 4 account values.
inline constexpr std::size_t market_value_count = 100;
inline constexpr std::size_t account_value_count = 4;
inline constexpr std::size_t observation_size = market_value_count + account_value_count;

/// Order of the account values behind the market values.
enum AccountValue : std::size_t { exposure = 0, unrealised_return = 1, drawdown = 2, time_in_position = 3 };

/// Market values of every bar, row-major: values[bar * columns + column]. Row t uses bars up to and including
/// t only. Rows before `warm_up` exist but some indicator has not seen its whole look-back there: do not
/// trade on them.
struct FeatureMatrix {
  std::size_t rows = 0;
  std::size_t columns = market_value_count;
  std::size_t warm_up = 0;
  AlignedVector<float> values;  // (rows, columns)

  std::span<const float> row(std::size_t bar) const { return {values.data() + bar * columns, columns}; }
};

}  // namespace stevie::features
