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
using strategy::RuleRow;

void append(RuleInputs& inputs, TimeMs open_time, const RuleRow& row) {
  inputs.open_time.push_back(open_time);
  inputs.close.push_back(row.close);
  inputs.volatility.push_back(row.volatility);
  inputs.volatility_percentile.push_back(row.volatility_percentile);
  inputs.channel_high.push_back(row.channel_high);
  inputs.channel_low.push_back(row.channel_low);
  inputs.mean.push_back(row.mean);
  inputs.z_score.push_back(row.z_score);
  inputs.atr_share.push_back(row.atr_share);
  inputs.range.push_back(row.range);
  inputs.social_score.push_back(row.social_score);
  inputs.breakout.push_back(row.breakout);
  inputs.stretched.push_back(row.stretched);
  inputs.social_fresh.push_back(row.social_fresh ? 1 : 0);
  inputs.ready.push_back(row.ready ? 1 : 0);
  inputs.regime.push_back(row.regime);
}

/// The side series as streams, each row handed over in time.
class SocialFeed {
 public:
  explicit SocialFeed(const RuleMarket& market)
      : sources_(market.social),
        next_(market.social.size(), 0),
        stream_(clocks(market), market.bars.interval) {
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
                            const execution::Instrument& instrument, const strategy::RuleSettings& settings) {
  RuleMarket market;
  market.file = file;
  market.bars = market::read_bars(file);
  market.synthetic = market::looks_synthetic(market.bars);
  market.tape = execution::make_bar_tape(market.bars, instrument, nullptr, file.string());
  SocialSources sources = load_social_sources(social, file, market.bars);
  market.social = std::move(sources.sources);
  market.notes = std::move(sources.notes);
  const strategy::SocialColumns score = strategy::make_social(market.social, market.bars);
  const strategy::RegimeColumns regimes = strategy::make_regimes(market.bars);
  market.inputs = std::make_shared<const RuleInputs>(strategy::make_rule_inputs(
      market.bars, settings,
      {.social_score = score.score, .social_fresh = score.fresh, .regime = regimes.regime}));
  if (market.first_ready() == market.bars.size()) {
    throw Error(
        "app.short_history",
        fmt::format("the {} bars from {} on are too few for the rules: the first decision needs {} of "
                    "bars without a long gap",
                    market.bars.size(), format_time(market.bars.open_time.front()),
                    format_duration(settings.percentile_min_span)),
        file.string());
  }
  return market;
}

RuleInputs step_rule_inputs(const RuleMarket& market, const strategy::RuleSettings& settings) {
  const market::Bars& bars = market.bars;
  RuleInputs inputs;
  inputs.symbol = market.inputs->symbol;
  inputs.interval = bars.interval;
  inputs.stretch = settings.stretch;
  strategy::RuleInputStream rows(settings, bars.interval);
  strategy::RegimeStream regimes(bars.interval);
  SocialFeed social(market);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const market::Bar bar = bars[i];
    const strategy::SocialState score = social.at_close(bar.open_time + bars.interval);
    const strategy::Regime regime = regimes.update(bar.open_time, bar.close).regime;
    append(inputs, bar.open_time, rows.push(bar, {score.score, score.fresh, regime}));
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
