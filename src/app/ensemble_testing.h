#pragma once
/// Models and markets for the tests of ensembles.
#include <string>
#include <utility>
#include <vector>

#include "app/ensemble_file.h"
#include "features/pipeline.h"
#include "market/synthetic.h"
#include "strategy/parameters.h"

namespace stevie::app::testing {

inline market::Bars made_up_bars(std::size_t bars = 4000) {
  market::SyntheticConfig config;
  config.bars = bars;
  config.symbol = "ABC/USDT";
  return market::make_synthetic_market(config).bars;
}

/// Of `bars`: training to 2000, validation to 2900, test to 3900.
inline ModelCard card_of(const market::Bars& bars) {
  ModelCard card;
  card.feature_set_version = features::feature_set_version();
  card.scaler = features::fit_scaler(features::compute_features(bars), {0, 2000});
  card.symbol = "ABC/USDT";
  card.interval = bars.interval;
  card.training = {bars.open_time[0], bars.open_time[2000]};
  card.validation = {bars.open_time[2024], bars.open_time[2900]};
  card.test = {bars.open_time[3000], bars.open_time[3900]};
  return card;
}

/// A model that was never trained; its seed decides what it thinks.
inline std::string model_bytes(const ModelCard& card, std::uint64_t seed) {
  nn::ModelFile file;
  file.observation_size = features::observation_size;
  file.action_count = card.environment.exposures.size();
  file.policy_kwargs.policy_widths = file.policy_kwargs.value_widths = {8};
  nn::ActorCritic network({file.observation_size, file.action_count, file.policy_kwargs});
  network.initialise_orthogonal(seed);
  for (float& weight : network.parameters()) weight *= 3;
  file.policy = network.to_tensors(network.parameters());
  file.extra_members[model_card_member] = model_card_json(card);
  return nn::model_file_bytes(file);
}

inline MemberSpec policy_spec(std::string name, const ModelCard& card, std::uint64_t seed) {
  MemberSpec member;
  member.name = std::move(name);
  member.kind = "policy";
  member.bytes = model_bytes(card, seed);
  member.masked_columns = card.masked_columns;
  return member;
}

inline MemberSpec constant_spec(std::string name, std::string exposure) {
  MemberSpec member;
  member.name = std::move(name);
  member.kind = "constant";
  member.bytes = std::move(exposure);
  return member;
}

/// Two policies, cash, the rules and the expert.
inline EnsembleSpec mixed_spec(const ModelCard& card) {
  EnsembleSpec spec;
  spec.card = card;
  spec.members = {policy_spec("first", card, 1), policy_spec("second", card, 2), constant_spec("cash", "0")};
  MemberSpec rules;
  rules.name = "rules";
  rules.kind = "rules";
  rules.bytes = strategy::to_json(strategy::ParameterLayers{});
  spec.members.push_back(std::move(rules));
  MemberSpec expert;
  expert.name = expert.kind = "expert";
  expert.bytes = expert_text({});
  spec.members.push_back(std::move(expert));
  return spec;
}

}  // namespace stevie::app::testing
