#include "market/aligned_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "core/error.h"

namespace stevie::market {
namespace {

std::string coverage(const std::vector<Bars>& symbols) {
  std::string text;
  for (const Bars& bars : symbols) {
    if (!text.empty()) text += ", ";
    text += bars.empty() ? fmt::format("{} has no bars", bars.symbol)
                         : fmt::format("{} has {} to {}", bars.symbol, format_time(bars.open_time.front()),
                                       format_time(bars.open_time.back()));
  }
  return text;
}

void require_alignable(const std::vector<Bars>& symbols) {
  if (symbols.empty())
    throw Error("market.cannot_align", "no symbol is given: name at least one file of bars");
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (symbols[i].symbol != symbols[j].symbol) continue;
      throw Error("market.cannot_align",
                  fmt::format("the symbol '{}' is given twice: give each symbol once", symbols[i].symbol));
    }
    if (symbols[i].interval == symbols.front().interval) continue;
    throw Error("market.cannot_align",
                fmt::format("{} has bars of {}, {} has bars of {}: resample one of them first",
                            symbols.front().symbol, format_duration(symbols.front().interval),
                            symbols[i].symbol, format_duration(symbols[i].interval)));
  }
}

/// The bars whose stamps are in `stamps`, which is a subset of the bars' own.
Bars pick(const Bars& bars, const std::vector<TimeMs>& stamps) {
  Bars picked = bars.slice(0, 0);
  picked.reserve(stamps.size());
  std::size_t i = 0;
  for (const TimeMs stamp : stamps) {
    while (bars.open_time[i] < stamp) ++i;
    picked.push_back(bars[i]);
  }
  return picked;
}

}  // namespace

AlignedSet align(std::vector<Bars> symbols) {
  require_alignable(symbols);
  std::vector<TimeMs> common = symbols.front().open_time;
  for (const Bars& bars : symbols) {
    std::vector<TimeMs> both;
    std::set_intersection(common.begin(), common.end(), bars.open_time.begin(), bars.open_time.end(),
                          std::back_inserter(both));
    common = std::move(both);
  }
  if (common.empty()) {
    throw Error("market.cannot_align", "the symbols have no bar in common: " + coverage(symbols));
  }
  for (Bars& bars : symbols) {
    if (bars.size() != common.size()) bars = pick(bars, common);
  }
  return {std::move(symbols)};
}

AlignedSet read_aligned_set(std::span<const std::filesystem::path> paths) {
  std::vector<Bars> symbols;
  for (const std::filesystem::path& path : paths) symbols.push_back(read_bars(path));
  return align(std::move(symbols));
}

}  // namespace stevie::market
