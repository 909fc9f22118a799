#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "evaluation/evaluation.h"

namespace stevie::evaluation {

/// Most bars the chart of a report draws; a longer period is drawn in groups of neighbouring bars.
inline constexpr std::size_t most_chart_bars = 12'000;
/// Most trades the report carries; of more the first and the last half of this are kept.
inline constexpr std::size_t most_report_trades = 6'000;

/// One value for each group of `group` neighbouring values (the last group may be smaller) such that a line
/// through them keeps its extremes: every two groups give their smallest and largest value in the order in
/// which they occur, and the last value stays the last. With group 1 the values themselves.
std::vector<double> thinned(std::span<const double> values, std::size_t group);

/// Everything the report's script draws, as JSON that may stand inside a <script> element.
std::string report_data(const Evaluation& evaluation);

}  // namespace stevie::evaluation
