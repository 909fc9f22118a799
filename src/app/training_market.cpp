#include "app/training_market.h"

#include "features/pipeline.h"
#include "market/readers.h"

namespace stevie::app {

TrainingMarket load_training_market(const std::filesystem::path& data, const market::SplitConfig& split,
                                    const env::TradingEnvConfig& environment) {
  TrainingMarket training;
  training.bars = market::read_bars(data);
  training.split = market::split_bars(training.bars, split);
  auto market = std::make_shared<env::MarketData>();
  market->tape = execution::make_bar_tape(training.bars, environment.instrument, nullptr, data.string());
  market->features = features::compute_features(training.bars);
  training.scaler = features::fit_scaler(market->features, training.split.train);
  training.scaler.apply(market->features);
  training.market = std::move(market);
  return training;
}

}  // namespace stevie::app
