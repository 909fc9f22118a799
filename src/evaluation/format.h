#pragma once
#include <string>

#include "stats/metrics.h"

namespace stevie::evaluation {

/// "12.35" with `decimals` digits behind the point, thousands separated: "51,422.99". Never "-0.00".
std::string format_fixed(double number, int decimals);

/// A fraction as percent with one decimal: "12.4 %".
std::string format_percent(double fraction);

/// A metric's value in the way its unit is read; `-` where it is absent.
std::string format_metric(const stats::Metric& metric, stats::Unit unit);

/// "[-3.1 %, 20.0 %]"; empty where there is no interval.
std::string format_interval(const stats::Metric& metric, stats::Unit unit);

/// The same number formatted by its unit.
std::string format_value(double number, stats::Unit unit);

/// "2024-03".
std::string format_month(int year, int month);

}  // namespace stevie::evaluation
