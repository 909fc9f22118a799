#include "strategy/rule_sides.h"

#include <algorithm>

namespace stevie::strategy {
namespace {

std::vector<SocialClock> clocks(std::span<const SocialSource> sources) {
  std::vector<SocialClock> result;
  for (const SocialSource& source : sources)
    result.push_back({source.series.spacing, source.series.publication_delay});
  return result;
}

}  // namespace

RuleSideStream::RuleSideStream(TimeMs interval, const RegimeConfig& regime,
                               std::span<const SocialSource> sources, const SocialConfig& social)
    : interval_(interval),
      sources_(sources),
      next_(sources.size(), 0),
      regimes_(interval, regime),
      social_(clocks(sources), interval, social) {
  for (const SocialSource& source : sources) {
    const auto& names = source.series.column_names;
    columns_.push_back(static_cast<std::size_t>(std::ranges::find(names, source.column) - names.begin()));
  }
}

RuleSide RuleSideStream::at(const market::Bar& bar) {
  const TimeMs close_time = bar.open_time + interval_;
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    const market::SideSeries& series = sources_[s].series;
    for (std::size_t& k = next_[s];
         k < series.stamp.size() && series.stamp[k] + series.publication_delay <= close_time; ++k) {
      social_.add_row(s, series.stamp[k], series.columns[columns_[s]][k]);
    }
  }
  const SocialState score = social_.at_close(close_time);
  return {score.score, score.fresh, regimes_.update(bar.open_time, bar.close).regime};
}

}  // namespace stevie::strategy
