#include "app/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "features/pipeline.h"
#include "nn/q_network.h"

namespace stevie::app {
namespace {

using env::RewardKind;
using env::TradingEnvConfig;
using execution::Instrument;
using nlohmann::json;

constexpr std::array<std::pair<const char*, double Instrument::*>, 14> instrument_fields{{
    {"taker_fee_bps", &Instrument::taker_fee_bps},
    {"maker_fee_bps", &Instrument::maker_fee_bps},
    {"half_spread_bps", &Instrument::half_spread_bps},
    {"slippage_bps", &Instrument::slippage_bps},
    {"slippage_volatility_share", &Instrument::slippage_volatility_share},
    {"impact", &Instrument::impact},
    {"participation_cap", &Instrument::participation_cap},
    {"tick_size", &Instrument::tick_size},
    {"lot_size", &Instrument::lot_size},
    {"min_notional", &Instrument::min_notional},
    {"leverage_limit", &Instrument::leverage_limit},
    {"maintenance_margin", &Instrument::maintenance_margin},
    {"liquidation_fee_bps", &Instrument::liquidation_fee_bps},
    {"funding_rate_bps", &Instrument::funding_rate_bps},
}};
constexpr std::array<std::pair<const char*, double TradingEnvConfig::*>, 4> environment_fields{{
    {"initial_equity", &TradingEnvConfig::initial_equity},
    {"drawdown_penalty", &TradingEnvConfig::drawdown_penalty},
    {"sharpe_eta", &TradingEnvConfig::sharpe_eta},
    {"ruin_share", &TradingEnvConfig::ruin_share},
}};
constexpr std::array<std::pair<const char*, ModelCard::Period ModelCard::*>, 3> period_fields{{
    {"training", &ModelCard::training},
    {"validation", &ModelCard::validation},
    {"test", &ModelCard::test},
}};
constexpr const char* log_growth = "log_growth";
constexpr const char* differential_sharpe = "differential_sharpe";

/// One object of the card, asked for its entries by name.
class Reader {
 public:
  Reader(const json& object, std::string place) : object_(object), place_(std::move(place)) {
    if (!object_.is_object()) fault("must be a JSON object");
  }

  Reader object(const char* key) const { return {at(key), place_ + ":" + key}; }
  template <class T>
  void read(const char* key, T& value) const {
    const json& entry = at(key);
    try {
      entry.get_to(value);
    } catch (const json::exception&) {
      fault(fmt::format("\"{}\" has the wrong type", key));
    }
  }
  void read(const char* key, TimeMs& value) const {
    if (!at(key).is_number_integer()) fault(fmt::format("\"{}\" must be a whole number", key));
    value = at(key).get<TimeMs>();
  }
  void read(const char* key, std::size_t& value) const {
    if (!at(key).is_number_unsigned()) fault(fmt::format("\"{}\" must be a whole number of at least 0", key));
    value = at(key).get<std::size_t>();
  }
  [[noreturn]] void fault(const std::string& what) const {
    throw Error("model.bad_card", what + ": train the model again, its description is damaged", place_);
  }

 private:
  const json& at(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) fault(fmt::format("\"{}\" is missing", key));
    return *found;
  }

  const json& object_;
  std::string place_;
};

json environment_json(const TradingEnvConfig& environment) {
  json instrument;
  for (const auto& [name, member] : instrument_fields) instrument[name] = environment.instrument.*member;
  instrument["perpetual"] = environment.instrument.perpetual;
  instrument["funding_interval_ms"] = environment.instrument.funding_interval;
  json result;
  for (const auto& [name, member] : environment_fields) result[name] = environment.*member;
  result["instrument"] = instrument;
  result["exposures"] = environment.exposures;
  result["episode_length"] = environment.episode_length;
  result["random_start"] = environment.random_start;
  result["max_missing_bars"] = environment.gaps.max_missing_bars;
  result["reward"] = environment.reward == RewardKind::log_growth ? log_growth : differential_sharpe;
  return result;
}

TradingEnvConfig read_environment(const Reader& reader) {
  TradingEnvConfig environment;
  const Reader instrument = reader.object("instrument");
  for (const auto& [name, member] : instrument_fields) instrument.read(name, environment.instrument.*member);
  instrument.read("perpetual", environment.instrument.perpetual);
  instrument.read("funding_interval_ms", environment.instrument.funding_interval);
  for (const auto& [name, member] : environment_fields) reader.read(name, environment.*member);
  reader.read("exposures", environment.exposures);
  reader.read("episode_length", environment.episode_length);
  reader.read("random_start", environment.random_start);
  reader.read("max_missing_bars", environment.gaps.max_missing_bars);
  std::string reward;
  reader.read("reward", reward);
  if (reward != log_growth && reward != differential_sharpe)
    reader.fault("there is no reward \"" + reward + "\"");
  environment.reward = reward == log_growth ? RewardKind::log_growth : RewardKind::differential_sharpe;
  for (const std::string& fault : environment.faults()) reader.fault(fault);
  return environment;
}

}  // namespace

std::string model_card_json(const ModelCard& card) {
  json result = {
      {"feature_set_version", card.feature_set_version},
      {"scaler",
       {{"centre", card.scaler.centre},
        {"inverse_scale", card.scaler.inverse_scale},
        {"clip", card.scaler.clip}}},
      {"environment", environment_json(card.environment)},
      {"symbol", card.symbol},
      {"interval_ms", card.interval},
      {"synthetic", card.synthetic},
  };
  for (const auto& [name, member] : period_fields) {
    result[name] = {{"from_ms", (card.*member).from}, {"to_ms", (card.*member).to}};
  }
  if (!card.masked_columns.empty()) result["masked_columns"] = card.masked_columns;
  constexpr int indent = 1;
  return result.dump(indent);
}

ModelCard parse_model_card(std::string_view text, const std::string& place) {
  const json root = json::parse(text, nullptr, false);
  const Reader reader(root, place);
  ModelCard card;
  reader.read("feature_set_version", card.feature_set_version);
  reader.read("symbol", card.symbol);
  reader.read("interval_ms", card.interval);
  reader.read("synthetic", card.synthetic);
  const Reader scaler = reader.object("scaler");
  scaler.read("centre", card.scaler.centre);
  scaler.read("inverse_scale", card.scaler.inverse_scale);
  scaler.read("clip", card.scaler.clip);
  try {
    card.scaler.validate();
  } catch (const Error& error) {
    scaler.fault(error.message());
  }
  card.environment = read_environment(reader.object("environment"));
  for (const auto& [name, member] : period_fields) {
    const Reader period = reader.object(name);
    period.read("from_ms", (card.*member).from);
    period.read("to_ms", (card.*member).to);
  }
  if (root.contains("masked_columns")) reader.read("masked_columns", card.masked_columns);
  masked_places(card, place);
  return card;
}

std::vector<std::size_t> masked_places(const ModelCard& card, const std::string& place) {
  std::vector<std::size_t> places;
  if (card.masked_columns.empty()) return places;
  const std::vector<std::string> names = features::feature_names();
  for (const std::string& column : card.masked_columns) {
    const auto found = std::ranges::find(names, column);
    if (found == names.end())
      throw Error(
          "model.bad_card",
          "the masked column \"" + printable(column) + "\" is none of the observation: train it again",
          place);
    places.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  return places;
}

void apply_card(const ModelCard& card, features::FeatureMatrix& matrix) {
  card.scaler.apply(matrix);
  const std::vector<std::size_t> masked = masked_places(card, "the model's card");
  for (std::size_t row = 0; row < matrix.rows; ++row)
    for (const std::size_t column : masked) matrix.values[row * matrix.columns + column] = 0;
}

ModelCard model_card_of(const nn::ModelFile& model, const std::string& place) {
  const auto member = model.extra_members.find(model_card_member);
  if (member == model.extra_members.end()) {
    throw Error(
        "model.no_card",
        fmt::format("the model does not say how bars become its observations (it has no \"{}\"): use a model "
                    "of `stevie train`, or raw observations",
                    model_card_member),
        place);
  }
  ModelCard card = parse_model_card(member->second, place + ":" + model_card_member);
  if (card.feature_set_version != features::feature_set_version() ||
      model.observation_size != features::observation_size) {
    throw Error(
        "model.observation_differs",
        fmt::format(
            "the model was trained on observation {} of {} values, this program makes {} of {}: train "
            "it again",
            card.feature_set_version, model.observation_size, features::feature_set_version(),
            features::observation_size),
        place);
  }
  if (model.action_count != card.environment.exposures.size()) {
    throw Error("model.observation_differs",
                fmt::format("the model has {} actions but names {} exposures: train it again",
                            model.action_count, card.environment.exposures.size()),
                place);
  }
  return card;
}

nn::ActorCritic network_of(const nn::ModelFile& model) {
  if (model.algorithm == "DQN") {
    nn::QNetwork network({.observation_size = model.observation_size,
                          .action_count = model.action_count,
                          .widths = model.policy_kwargs.policy_widths,
                          .activation = model.policy_kwargs.activation});
    network.from_tensors(model.policy, network.parameters());
    return network.as_policy();
  }
  nn::ActorCritic network({model.observation_size, model.action_count, model.policy_kwargs});
  network.from_tensors(model.policy, network.parameters());
  return network;
}

}  // namespace stevie::app
