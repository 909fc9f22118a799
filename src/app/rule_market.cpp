#include "app/rule_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "strategy/regime.h"
#include "strategy/social.h"

namespace stevie::app {
namespace {

using strategy::RuleInputs;

/// The side series as streams, each row handed over in time.
class SocialFeed {
 public:
  explicit SocialFeed(const RuleMarket& market)
      : sources_(market.social),
        next_(market.social.size(), 0),
        stream_(clocks(market), market.bars.interval, market.config.social) {
    for (const strategy::SocialSource& source : sources_) {
      const auto& names = source.series.column_names;
      columns_.push_back(static_cast<std::size_t>(std::ranges::find(names, source.column) - names.begin()));
    }
  }

  strategy::SocialState at_close(TimeMs close_time) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      const market::SideSeries& series = sources_[s].series;
      for (std::size_t& k = next_[s];
           k < series.stamp.size() && series.stamp[k] + series.publication_delay <= close_time; ++k) {
        stream_.add_row(s, series.stamp[k], series.columns[columns_[s]][k]);
      }
    }
    return stream_.at_close(close_time);
  }

 private:
  static std::vector<strategy::SocialClock> clocks(const RuleMarket& market) {
    std::vector<strategy::SocialClock> result;
    for (const strategy::SocialSource& source : market.social)
      result.push_back({source.series.spacing, source.series.publication_delay});
    return result;
  }

  const std::vector<strategy::SocialSource>& sources_;
  std::vector<std::size_t> next_, columns_;
  strategy::SocialStream stream_;
};

}  // namespace

std::size_t RuleMarket::first_ready() const {
  return static_cast<std::size_t>(std::ranges::find(inputs->ready, std::uint8_t{1}) - inputs->ready.begin());
}

RuleMarket load_rule_market(const std::filesystem::path& file, const SocialRequest& social,
                            const execution::Instrument& instrument, const RuleConfig& config) {
  RuleMarket market;
  market.file = file;
  market.config = config;
  market.bars = market::read_bars(file);
  market.synthetic = market::looks_synthetic(market.bars);
  market.tape = execution::make_bar_tape(market.bars, instrument, nullptr, file.string());
  SocialSources sources = load_social_sources(social, file, market.bars);
  market.social = std::move(sources.sources);
  market.notes = std::move(sources.notes);
  const strategy::SocialColumns score = strategy::make_social(market.social, market.bars, config.social);
  const strategy::RegimeColumns regimes = strategy::make_regimes(market.bars, config.regime);
  market.inputs = std::make_shared<const RuleInputs>(strategy::make_rule_inputs(
      market.bars, config.rules,
      {.social_score = score.score, .social_fresh = score.fresh, .regime = regimes.regime}));
  if (market.first_ready() == market.bars.size()) {
    throw Error(
        "app.short_history",
        fmt::format("the {} bars from {} on are too few for the rules: the first decision needs {} of "
                    "bars without a long gap",
                    market.bars.size(), format_time(market.bars.open_time.front()),
                    format_duration(config.rules.percentile_min_span)),
        file.string());
  }
  return market;
}

RuleInputs step_rule_inputs(const RuleMarket& market) {
  const market::Bars& bars = market.bars;
  RuleInputs inputs;
  inputs.symbol = market.inputs->symbol;
  inputs.interval = bars.interval;
  inputs.stretch = market.config.rules.stretch;
  inputs.resize(bars.size());
  inputs.open_time = bars.open_time;
  strategy::RuleInputStream rows(market.config.rules, bars.interval);
  strategy::RegimeStream regimes(bars.interval, market.config.regime);
  SocialFeed social(market);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const market::Bar bar = bars[i];
    const strategy::SocialState score = social.at_close(bar.open_time + bars.interval);
    const strategy::Regime regime = regimes.update(bar.open_time, bar.close).regime;
    inputs.set(i, rows.push(bar, {score.score, score.fresh, regime}));
  }
  return inputs;
}

std::string difference_of(const RuleInputs& batch, const RuleInputs& stepped) {
  if (batch.size() != stepped.size())
    return fmt::format("{} rows in the batch, {} stepped", batch.size(), stepped.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch.open_time[i] != stepped.open_time[i] || batch[i] != stepped[i])
      return fmt::format("the inputs of {} differ", format_time(batch.open_time[i]));
  }
  return {};
}

}  // namespace stevie::app
