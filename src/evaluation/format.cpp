#include "evaluation/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace stevie::evaluation {

std::string format_fixed(double number, int decimals) {
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, std::abs(number));
  std::string digits = buffer;
  const bool negative = number < 0 && digits.find_first_not_of("0.") != std::string::npos;
  const std::size_t point = std::min(digits.find('.'), digits.size());
  for (std::size_t i = point; i > 3; i -= 3) digits.insert(i - 3, ",");
  return negative ? "-" + digits : digits;
}

std::string format_percent(double fraction) {
  return format_fixed(fraction * 100, 1) + " %";
}

std::string format_value(double number, stats::Unit unit) {
  switch (unit) {
    case stats::Unit::percent:
    case stats::Unit::probability:
      return format_percent(number);
    case stats::Unit::ratio:
    case stats::Unit::currency:
      return format_fixed(number, 2);
    case stats::Unit::per_year:
      return format_fixed(number, 1) + " x";
  }
  return {};
}

std::string format_metric(const stats::Metric& metric, stats::Unit unit) {
  return metric ? format_value(*metric.value, unit) : "-";
}

std::string format_interval(const stats::Metric& metric, stats::Unit unit) {
  if (!metric.interval) return {};
  return "[" + format_value(metric.interval->low, unit) + ", " + format_value(metric.interval->high, unit) +
         "]";
}

std::string format_month(int year, int month) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02d", year, month);
  return buffer;
}

}  // namespace stevie::evaluation
