#include "market/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"

namespace stevie::market {
namespace {

std::size_t index_of(const Bars& bars, TimeMs time) {
  const auto found = std::lower_bound(bars.open_time.begin(), bars.open_time.end(), time);
  return static_cast<std::size_t>(found - bars.open_time.begin());
}

/// The bars from index `begin` on that close at least `embargo` before `end`.
BarRange part_before(const Bars& bars, std::size_t begin, TimeMs end, TimeMs embargo) {
  return {begin, std::max(begin, index_of(bars, end - embargo - bars.interval + 1))};
}

void require_not_empty(const Bars& bars, const BarRange& used, const Split& split) {
  const std::array<std::pair<std::string_view, BarRange>, 3> parts{
      {{"training", split.train}, {"validation", split.validation}, {"test", split.test}}};
  std::string empty;
  for (const auto& [name, range] : parts) {
    if (range.size() > 0) continue;
    if (!empty.empty()) empty += " and ";
    empty += name;
  }
  if (empty.empty()) return;
  const std::string covered =
      used.size() == 0
          ? std::string("no bar lies in the chosen time")
          : fmt::format("the {} chosen bars go from {} to {}", used.size(),
                        format_time(bars.open_time[used.begin]), format_time(bars.open_time[used.end - 1]));
  throw Error("market.empty_split",
              fmt::format("nothing is left for {}: {}; move the split dates or fractions, make "
                          "the embargo shorter, or give more bars",
                          empty, covered));
}

}  // namespace

void SplitConfig::validate() const {
  std::vector<std::string> faults;
  const auto is_share = [](double share) { return std::isfinite(share) && share > 0 && share < 1; };
  if (!is_share(train_fraction)) faults.push_back("train_fraction must lie between 0 and 1");
  if (!is_share(validation_fraction)) faults.push_back("validation_fraction must lie between 0 and 1");
  if (is_share(train_fraction) && is_share(validation_fraction) &&
      train_fraction + validation_fraction >= 1) {
    faults.push_back(
        "train_fraction and validation_fraction must leave something for the test: their sum is 1 or more");
  }
  if (validation_from.has_value() != test_from.has_value()) {
    faults.push_back("set both validation_from and test_from, or neither");
  }
  if (validation_from && test_from && *validation_from >= *test_from) {
    faults.push_back("validation_from must lie before test_from");
  }
  if (from && to && *from >= *to) faults.push_back("from must lie before to");
  if (from && validation_from && *from >= *validation_from)
    faults.push_back("from must lie before validation_from");
  if (to && test_from && *test_from >= *to) faults.push_back("test_from must lie before to");
  if (embargo < 0) faults.push_back("embargo must not be negative");
  if (!faults.empty()) throw Error("market.bad_split", fmt::format("{}", fmt::join(faults, "; ")));
}

BarRange time_range(const Bars& bars, std::optional<TimeMs> from, std::optional<TimeMs> to) {
  const std::size_t begin = from ? index_of(bars, *from) : 0;
  const std::size_t end = to ? index_of(bars, *to) : bars.size();
  return {begin, std::max(begin, end)};
}

Split split_bars(const Bars& bars, const SplitConfig& config) {
  config.validate();
  const BarRange used = time_range(bars, config.from, config.to);
  Split split;
  if (used.size() > 0) {
    const TimeMs start = bars.open_time[used.begin];
    const TimeMs end = bars.open_time[used.end - 1] + bars.interval;
    const auto share_of_time = [&](double share) {
      return start + static_cast<TimeMs>(std::llround(share * static_cast<double>(end - start)));
    };
    const TimeMs validation_from = config.validation_from.value_or(share_of_time(config.train_fraction));
    const TimeMs test_from =
        config.test_from.value_or(share_of_time(config.train_fraction + config.validation_fraction));
    const std::size_t validation_begin = std::clamp(index_of(bars, validation_from), used.begin, used.end);
    const std::size_t test_begin = std::clamp(index_of(bars, test_from), used.begin, used.end);
    split.train = part_before(bars, used.begin, validation_from, config.embargo);
    split.validation = part_before(bars, validation_begin, test_from, config.embargo);
    split.train.end = std::min(split.train.end, used.end);
    split.validation.end = std::min(split.validation.end, used.end);
    split.test = {test_begin, used.end};
  }
  require_not_empty(bars, used, split);
  return split;
}

}  // namespace stevie::market
