#include "app/rule_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "strategy/rule_sides.h"

namespace stevie::app {

using strategy::RuleInputs;

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
  strategy::RuleSideStream sides(bars.interval, market.config.regime, market.social, market.config.social);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const market::Bar bar = bars[i];
    inputs.set(i, rows.push(bar, sides.at(bar)));
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
