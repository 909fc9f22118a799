#include "app/training_market.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "features/pipeline.h"
#include "market/readers.h"

namespace stevie::app {
namespace {

/// split_bars(), naming the file where its bars are what is wrong.
market::Split split_file(const market::Bars& bars, const market::SplitConfig& split,
                         const std::string& place) {
  try {
    return market::split_bars(bars, split);
  } catch (const Error& error) {
    if (error.code() != "market.empty_split") throw;
    throw Error(error.code(), error.message(), place);
  }
}

}  // namespace

env::MarketData unscaled_market(const market::Bars& bars, const execution::Instrument& instrument,
                                const std::string& source) {
  env::MarketData market;
  market.tape = execution::make_bar_tape(bars, instrument, nullptr, source);
  market.features = features::compute_features(bars);
  return market;
}

TrainingMarket prepare_training_market(market::Bars bars, const market::SplitConfig& split,
                                       const env::TradingEnvConfig& environment, const std::string& source) {
  TrainingMarket training;
  training.bars = std::move(bars);
  training.split = split_file(training.bars, split, source);
  auto market =
      std::make_shared<env::MarketData>(unscaled_market(training.bars, environment.instrument, source));
  training.scaler = features::fit_scaler(market->features, training.split.train);
  training.scaler.apply(market->features);
  training.market = std::move(market);
  return training;
}

std::optional<env::AugmentationSource> augmentation_source(const TrainingMarket& training,
                                                           const market::AugmentationConfig& config) {
  if (!config.on()) return std::nullopt;
  return env::AugmentationSource{.config = config, .bars = &training.bars, .scaler = training.scaler};
}

TrainingMarket load_training_market(const std::filesystem::path& data, const market::SplitConfig& split,
                                    const env::TradingEnvConfig& environment) {
  return prepare_training_market(market::read_bars(data), split, environment, data.string());
}

market::BarRange judged_range(const TrainingMarket& training, market::BarRange part) {
  return {std::max(part.begin, training.market->features.warm_up), part.end};
}

void require_judgeable(const TrainingMarket& training, const std::string& place) {
  constexpr std::size_t fewest_bars = 2;
  const auto enough = [&](market::BarRange part) {
    return judged_range(training, part).begin + fewest_bars <= part.end;
  };
  const market::BarRange validation = training.split.validation, test = training.split.test;
  if (enough(validation) && enough(test)) return;
  throw Error(
      "train.short_split",
      fmt::format("the validation part has {} bars and the test part {}, of which the features' warm-up may "
                  "take the first: both need at least {}, so give more bars or move the split",
                  validation.size(), test.size(), fewest_bars),
      place);
}

}  // namespace stevie::app
