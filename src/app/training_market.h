#pragma once
#include <filesystem>
#include <memory>

#include "env/trading_env.h"
#include "features/scaler.h"
#include "market/bars.h"
#include "market/split.h"

namespace stevie::app {

/// Bars ready to train and judge on: features scaled with what the training part alone says.
struct TrainingMarket {
  market::Bars bars;
  market::Split split;
  features::RobustScaler scaler;
  std::shared_ptr<const env::MarketData> market;
};

/// Reads bars, divides them by time, computes the features, fits the scaler on the training part and applies
/// it. Throws what reading and splitting throw; the features' warm-up lies in the training part.
TrainingMarket load_training_market(const std::filesystem::path& data, const market::SplitConfig& split,
                                    const env::TradingEnvConfig& environment);

}  // namespace stevie::app
