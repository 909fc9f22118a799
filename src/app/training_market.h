#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

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

/// The bars of a part on which a policy can be judged: no decision can be made within the features' warm-up.
market::BarRange judged_range(const TrainingMarket& training, market::BarRange part);

/// Throws Error "train.short_split", at `place`, where fewer than two bars of the validation or the test part
/// are left: what would otherwise come to light after hours.
void require_judgeable(const TrainingMarket& training, const std::string& place);

/// The bars as training and judging see them, features not scaled yet. `source` names them in errors.
env::MarketData unscaled_market(const market::Bars& bars, const execution::Instrument& instrument,
                                const std::string& source);

/// Divides the bars by time, computes the features, fits the scaler on the training part and applies it.
/// `source` names the bars in errors. Throws what splitting and features throw; the features' warm-up lies in
/// the training part.
TrainingMarket prepare_training_market(market::Bars bars, const market::SplitConfig& split,
                                       const env::TradingEnvConfig& environment, const std::string& source);

/// What the training environment makes augmented episodes of, none where the configuration asks for none.
/// `training` must outlive the environment.
std::optional<env::AugmentationSource> augmentation_source(const TrainingMarket& training,
                                                           const market::AugmentationConfig& config);

/// prepare_training_market() for the bars of a file.
TrainingMarket load_training_market(const std::filesystem::path& data, const market::SplitConfig& split,
                                    const env::TradingEnvConfig& environment);

}  // namespace stevie::app
