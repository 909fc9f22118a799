#include "stats/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "stats/bootstrap.h"

namespace stevie::stats {
namespace {

constexpr std::size_t most_bins = 100;

void require(bool good, const char* sentence) {
  if (!good) throw Error("stats.bad_input", sentence);
}

void require_level(double level) {
  require(level > 0 && level < 1, "the level of an interval must lie between 0 and 1");
}

}  // namespace

Interval wilson_interval(std::size_t successes, std::size_t trials, double level) {
  require_level(level);
  require(successes <= trials, "there cannot be more successes than trials");
  if (trials == 0) return {0, 1};
  const double z = boost::math::quantile(boost::math::normal(), (1 + level) / 2);
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n, z2 = z * z;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {successes == 0 ? 0 : std::max(0.0, centre - half),
          successes == trials ? 1 : std::min(1.0, centre + half)};
}

std::optional<Interval> mean_interval(std::span<const double> values, double level, std::size_t least,
                                      std::size_t replicates, std::uint64_t seed) {
  require_level(level);
  require(replicates > 0, "at least one replicate is needed");
  if (values.empty() || values.size() < least) return std::nullopt;
  std::vector<double> means;
  means.reserve(replicates);
  const auto count = static_cast<double>(values.size());
  for (std::size_t replicate = 0; replicate < replicates; ++replicate) {
    RandomStream random(seed, replicate);
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += values[random.below(values.size())];
    means.push_back(sum / count);
  }
  std::ranges::sort(means);
  return Interval{quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2)};
}

Calibration calibrate(std::span<const double> predictions, std::span<const std::uint8_t> outcomes,
                      std::size_t bins, double level, std::size_t least) {
  require_level(level);
  require(bins > 0 && bins <= most_bins, "there must be 1 to 100 bins");
  require(predictions.size() == outcomes.size(), "there must be as many outcomes as predictions");
  Calibration result;
  result.count = predictions.size();
  result.bins.resize(bins);
  const auto width = 1 / static_cast<double>(bins);
  for (std::size_t b = 0; b < bins; ++b) {
    result.bins[b].low = static_cast<double>(b) * width;
    result.bins[b].high = b + 1 == bins ? 1 : static_cast<double>(b + 1) * width;
  }
  double squares = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    require(predictions[i] >= 0 && predictions[i] <= 1, "a prediction must lie between 0 and 1");
    require(outcomes[i] <= 1, "an outcome is 0 or 1");
    CalibrationBin& bin =
        result.bins[std::min(bins - 1, static_cast<std::size_t>(predictions[i] * static_cast<double>(bins)))];
    ++bin.count;
    bin.successes += outcomes[i];
    bin.mean_prediction += predictions[i];
    result.successes += outcomes[i];
    squares += (predictions[i] - outcomes[i]) * (predictions[i] - outcomes[i]);
  }
  const auto count = static_cast<double>(result.count);
  double error = 0;
  for (CalibrationBin& bin : result.bins) {
    bin.interval = wilson_interval(bin.successes, bin.count, level);
    if (bin.count == 0) continue;
    const auto in_bin = static_cast<double>(bin.count);
    bin.mean_prediction /= in_bin;
    bin.share = static_cast<double>(bin.successes) / in_bin;
    error += in_bin / count * std::abs(bin.share - bin.mean_prediction);
  }
  if (result.count < std::max<std::size_t>(least, 1)) {
    const Metric too_few = Metric::absent(fmt::format("too few: {} of at least {}", result.count, least));
    result.brier = result.brier_skill = result.expected_error = too_few;
    return result;
  }
  const double base = static_cast<double>(result.successes) / count, spread = base * (1 - base);
  result.brier = Metric::of(squares / count);
  result.brier_skill =
      spread > 0 ? Metric::of(1 - squares / count / spread) : Metric::absent("all outcomes are the same");
  result.expected_error = Metric::of(error);
  return result;
}

}  // namespace stevie::stats
