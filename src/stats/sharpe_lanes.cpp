#include "stats/sharpe_lanes.h"

#include <algorithm>
#include <cmath>

namespace stevie::stats {
namespace {

/// An AR(1) coefficient beyond this makes the bandwidth a matter of rounding.
constexpr double largest_memory = 0.97;
/// A deviation under this share of the mean, or under it at all, is rounding.
constexpr double rounding = 1e-12;

/// Sums of an AR(1) fit by least squares with an intercept, of each lane.
struct LaggedSums {
  Lanes before{}, now{}, before_squares{}, now_squares{}, products{};

  void add(const Lanes& last, const Lanes& next) {
    for (std::size_t w = 0; w < lane_count; ++w) {
      before[w] += last[w];
      now[w] += next[w];
      before_squares[w] += last[w] * last[w];
      now_squares[w] += next[w] * next[w];
      products[w] += last[w] * next[w];
    }
  }
};

/// scale: what the summed values must be multiplied with to be in the units of the returns.
void add_alpha(const LaggedSums& sums, std::size_t periods, const Lanes& scale, LaneSeries& series) {
  const auto pairs = static_cast<double>(periods - 1);
  for (std::size_t w = 0; w < lane_count; ++w) {
    const double xx = sums.before_squares[w] - sums.before[w] * sums.before[w] / pairs;
    const double yy = sums.now_squares[w] - sums.now[w] * sums.now[w] / pairs;
    const double xy = sums.products[w] - sums.before[w] * sums.now[w] / pairs;
    if (!(xx > 0)) continue;
    const double memory = std::clamp(xy / xx, -largest_memory, largest_memory);
    const double variance = std::max(0.0, (yy - xy / xx * xy) / pairs) * scale[w] * scale[w];
    const double damping = (1 - memory) * (1 - memory) * (1 - memory) * (1 - memory);
    series.alpha_numerator[w] += 4 * memory * memory * variance * variance / (damping * damping);
    series.alpha_denominator[w] += variance * variance / damping;
  }
}

void fit_memory(LaneSeries& series) {
  series.alpha_numerator.fill(0);
  series.alpha_denominator.fill(0);
  LaggedSums plain, squared;
  Lanes square_scale;
  // r^2 less its mean, in units of the deviation squared: 2 SR x + x^2 - 1
  const auto square = [&](const Lanes& x) {
    Lanes result;
    for (std::size_t w = 0; w < lane_count; ++w) result[w] = 2 * series.sharpe[w] * x[w] + x[w] * x[w] - 1;
    return result;
  };
  const auto row = [&](std::size_t t) {
    Lanes result;
    std::copy_n(series.standard.data() + t * lane_count, lane_count, result.data());
    return result;
  };
  Lanes last = row(0), last_square = square(last);
  for (std::size_t t = 1; t < series.periods; ++t) {
    const Lanes next = row(t), next_square = square(next);
    plain.add(last, next);
    squared.add(last_square, next_square);
    last = next;
    last_square = next_square;
  }
  for (std::size_t w = 0; w < lane_count; ++w) square_scale[w] = series.deviation[w] * series.deviation[w];
  add_alpha(plain, series.periods, series.deviation, series);
  add_alpha(squared, series.periods, square_scale, series);
}

}  // namespace

void load_lanes(std::span<const std::span<const double>> rows, LaneSeries& series) {
  const std::size_t periods = rows.empty() ? 0 : rows.front().size();
  const auto count = static_cast<double>(periods);
  series.periods = periods;
  series.standard.assign(periods * lane_count, 0.0);
  for (std::size_t w = 0; w < rows.size(); ++w)
    for (std::size_t t = 0; t < periods; ++t) series.standard[t * lane_count + w] = rows[w][t];

  Lanes mean{}, squares{}, largest{};
  for (std::size_t t = 0; t < periods; ++t)
    for (std::size_t w = 0; w < lane_count; ++w) {
      const double value = series.standard[t * lane_count + w];
      mean[w] += value;
      largest[w] = std::max(largest[w], std::abs(value));
    }
  for (double& value : mean) value /= count;
  for (std::size_t t = 0; t < periods; ++t)
    for (std::size_t w = 0; w < lane_count; ++w) {
      const double distance = series.standard[t * lane_count + w] - mean[w];
      squares[w] += distance * distance;
    }
  Lanes inverse{};
  for (std::size_t w = 0; w < lane_count; ++w) {
    const double deviation = std::sqrt(squares[w] / count);
    const bool varies = deviation > rounding * largest[w];
    series.undefined[w] = !varies && largest[w] > 0;
    series.deviation[w] = varies ? deviation : 0;
    series.sharpe[w] = varies ? mean[w] / deviation : 0;
    inverse[w] = varies ? 1 / deviation : 0;
  }
  for (std::size_t t = 0; t < periods; ++t)
    for (std::size_t w = 0; w < lane_count; ++w) {
      double& value = series.standard[t * lane_count + w];
      value = (value - mean[w]) * inverse[w];
    }
  fit_memory(series);
}

void influences(const LaneSeries& series, std::vector<double>& result) {
  result.resize(series.periods * lane_count);
  Lanes varies, half;
  for (std::size_t w = 0; w < lane_count; ++w) {
    varies[w] = series.deviation[w] > 0 ? 1 : 0;
    half[w] = series.sharpe[w] / 2;
  }
  for (std::size_t t = 0; t < series.periods; ++t)
    for (std::size_t w = 0; w < lane_count; ++w) {
      const double x = series.standard[t * lane_count + w];
      result[t * lane_count + w] = x - half[w] * (x * x - varies[w]);
    }
}

double parzen(double x) {
  if (x > 1) return 0;
  if (x > 0.5) return 2 * (1 - x) * (1 - x) * (1 - x);
  return 1 - 6 * x * x + 6 * x * x * x;
}

double parzen_bandwidth(double alpha_numerator, double alpha_denominator, std::size_t periods) {
  if (!(alpha_denominator > 0)) return 0;
  const auto count = static_cast<double>(periods);
  return std::min(2.6614 * std::pow(alpha_numerator / alpha_denominator * count, 0.2), count / 2);
}

Lanes long_run_variance(std::span<const double> values, std::size_t periods, const Lanes& bandwidth) {
  const auto count = static_cast<double>(periods);
  const double widest = *std::max_element(bandwidth.begin(), bandwidth.end());
  Lanes variance{};
  for (std::size_t lag = 0; lag == 0 || static_cast<double>(lag) < widest; ++lag) {
    Lanes covariance{};
    for (std::size_t t = lag; t < periods; ++t) {
      const double* now = values.data() + t * lane_count;
      const double* before = values.data() + (t - lag) * lane_count;
      for (std::size_t w = 0; w < lane_count; ++w) covariance[w] += now[w] * before[w];
    }
    for (std::size_t w = 0; w < lane_count; ++w) {
      const double weight = lag == 0 ? 1
                            : static_cast<double>(lag) < bandwidth[w]
                                ? 2 * parzen(static_cast<double>(lag) / bandwidth[w])
                                : 0;
      variance[w] += weight * covariance[w] / count;
    }
  }
  for (double& value : variance) value = std::max(0.0, value) * count / (count - 4);
  return variance;
}

}  // namespace stevie::stats
