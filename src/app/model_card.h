#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "env/trading_env.h"
#include "features/scaler.h"
#include "nn/model_file.h"
#include "nn/network.h"

namespace stevie::app {

/// What a policy needs to be used again as it was trained, beside its weights: how observations are made,
/// what its actions mean, and which market it has seen. Travels in the model file as the member
/// model_card_member, a JSON object.
struct ModelCard {
  /// Open time of the first bar, and the time before which the last bar opens; 0 and 0 where the part was not
  /// used.
  struct Period {
    TimeMs from = 0;
    TimeMs to = 0;
  };

  std::string feature_set_version;    // features::feature_set_version() at training time
  features::RobustScaler scaler;      // fitted on the training period
  env::TradingEnvConfig environment;  // exposures of the actions, instrument, gaps, reward
  std::string symbol;                 // "BTC/USDT"; may be empty
  TimeMs interval = 0;                // of the bars
  bool synthetic = false;             // the market was generated: every output says so
  Period training, validation, test;
  /// Market columns that the policy was trained without, by feature_names(): it reads them as 0. Usually
  /// none.
  std::vector<std::string> masked_columns;
};

inline constexpr const char* model_card_member = "stevie.json";

/// The JSON text; the same card gives the same bytes.
std::string model_card_json(const ModelCard& card);

/// Reads what model_card_json() wrote. Throws Error "model.bad_card", with the key at fault, where something
/// is missing or out of range.
ModelCard parse_model_card(std::string_view json, const std::string& place);

/// The card of a model that works on bars, checked against the model and this program. Throws Error
/// "model.no_card" where the file has none (Stable-Baselines3 wrote it, or training was not on a market), and
/// "model.observation_differs" where the model was trained on another observation or has other actions than
/// the card.
ModelCard model_card_of(const nn::ModelFile& model, const std::string& place);

/// Places of the card's masked columns in the observation. Throws Error "model.bad_card" for a name that no
/// column has, at `place`.
std::vector<std::size_t> masked_places(const ModelCard& card, const std::string& place);
/// Brings unscaled market values to what the policy was trained on: scaled, and masked columns 0.
void apply_card(const ModelCard& card, features::FeatureMatrix& matrix);

/// The network of a model file with its weights; of a DQN one whose logits are the action values and whose
/// value is 0. Throws Error "nn.tensor_differs" where they do not fit each
/// other.
nn::ActorCritic network_of(const nn::ModelFile& model);

}  // namespace stevie::app
