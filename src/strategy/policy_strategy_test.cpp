#include "strategy/policy_strategy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "strategy/simple.h"

namespace stevie::strategy {
namespace {

std::shared_ptr<const nn::ActorCritic> random_network(std::size_t observation_size, std::size_t actions) {
  nn::NetworkConfig config;
  config.observation_size = observation_size;
  config.action_count = actions;
  auto network = std::make_shared<nn::ActorCritic>(config);
  network->initialise_orthogonal(3);
  // the policy head starts so small that all actions look alike; larger weights tell them apart
  for (float& weight : network->parameters()) weight *= 3;
  return network;
}

TEST(PolicyStrategy, TakesTheMostProbableActionWhateverTheBatch) {
  const std::size_t width = 104, rows = 64;
  const std::vector<double> exposures{-1, -0.5, 0, 0.5, 1};
  const auto network = random_network(width, exposures.size());
  PolicyStrategy policy("policy", network, exposures);

  RandomStream random(5, 0);
  std::vector<float> observations(rows * width);
  for (float& value : observations) value = static_cast<float>(2 * random.normal());
  nn::NetworkWorkspace batch = network->make_workspace(rows);
  network->forward(observations.data(), width, rows, batch);

  std::vector<double> chosen;
  for (std::size_t row = 0; row < rows; ++row) {
    std::size_t best = 0;
    for (std::size_t a = 1; a < exposures.size(); ++a)
      if (batch.logits[a * batch.batch_stride + row] > batch.logits[best * batch.batch_stride + row])
        best = a;
    Situation situation;
    situation.observation = std::span(observations).subspan(row * width, width);
    chosen.push_back(policy.decide(situation).exposure);
    EXPECT_EQ(chosen.back(), exposures[best]) << "row " << row;
  }
  EXPECT_NE(*std::min_element(chosen.begin(), chosen.end()), *std::max_element(chosen.begin(), chosen.end()));
}

TEST(PolicyStrategy, RefusesExposuresAndObservationsThatDoNotFitTheNetwork) {
  const auto network = random_network(104, 3);
  EXPECT_THROW(PolicyStrategy("policy", network, {0, 1}), Error);
  PolicyStrategy policy("policy", network, {-1, 0, 1});
  const std::vector<float> small(103);
  Situation situation;
  situation.observation = small;
  EXPECT_THROW(policy.decide(situation), Error);
}

TEST(ConstantExposure, NeverChangesItsMind) {
  ConstantExposure half("half", 0.5);
  half.start();
  Situation later;
  later.bar_index = 7;
  later.exposure = 0.7;
  for (const Situation& situation : {Situation{}, later}) {
    EXPECT_EQ(half.decide(situation).kind, Decision::Kind::target);
    EXPECT_EQ(half.decide(situation).exposure, 0.5);
  }
}

}  // namespace
}  // namespace stevie::strategy
