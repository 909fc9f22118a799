#include "strategy/hedge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.h"
#include "core/random.h"

namespace stevie::strategy {
namespace {

constexpr std::size_t rounds = 2000;

/// Chooses the losses of a round, knowing the weights.
using Adversary = std::function<void(std::size_t round, std::span<const double> weights, RandomStream& random,
                                     std::span<double> losses)>;
struct NamedAdversary {
  std::string name;
  Adversary choose;
};

std::vector<NamedAdversary> adversaries() {
  return {
      {"hits whoever weighs most",
       [](std::size_t, std::span<const double> weights, RandomStream&, std::span<double> losses) {
         std::ranges::fill(losses, 0.0);
         losses[static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin())] = 1;
       }},
      {"spares whoever weighs least",
       [](std::size_t, std::span<const double> weights, RandomStream&, std::span<double> losses) {
         std::ranges::fill(losses, 1.0);
         losses[static_cast<std::size_t>(std::ranges::min_element(weights) - weights.begin())] = 0;
       }},
      {"tosses a coin for each",
       [](std::size_t, std::span<const double>, RandomStream& random, std::span<double> losses) {
         for (double& loss : losses) loss = random.uniform() < 0.5 ? 0 : 1;
       }},
      {"makes one good for half of the time and bad for the rest",
       [](std::size_t round, std::span<const double>, RandomStream&, std::span<double> losses) {
         std::ranges::fill(losses, 0.5);
         losses[0] = round < rounds / 2 ? 0 : 1;
         losses[1] = 0.49;
       }},
      {"alternates",
       [](std::size_t round, std::span<const double>, RandomStream&, std::span<double> losses) {
         for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = (round + i) % 2 == 0 ? 1 : 0;
       }},
      {"has one that is always right",
       [](std::size_t, std::span<const double>, RandomStream&, std::span<double> losses) {
         std::ranges::fill(losses, 1.0);
         losses.back() = 0;
       }},
  };
}

/// Plays it and returns the regret against the best member.
double play(HedgeWeights& hedge, const Adversary& adversary, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<double> losses(hedge.size());
  double own = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    adversary(round, hedge.weights(), random, losses);
    own += std::inner_product(losses.begin(), losses.end(), hedge.weights().begin(), 0.0);
    hedge.update(losses);
  }
  EXPECT_NEAR(own, hedge.own_loss(), 1e-6);
  return own - *std::ranges::min_element(hedge.losses());
}

HedgeWeights equal_start(std::size_t members, double rate = 0) {
  return {std::vector<double>(members, 1.0), {.learning_rate = rate, .horizon = rounds, .floor = 0}};
}

TEST(Hedge, RegretAgainstTheBestMemberStaysBelowItsBoundWhateverTheLosses) {
  for (const std::size_t members : {2U, 4U, 16U}) {
    const double bound = std::sqrt(static_cast<double>(rounds) * std::log(static_cast<double>(members)) / 2);
    for (const auto& [name, adversary] : adversaries()) {
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        HedgeWeights hedge = equal_start(members);
        EXPECT_LE(play(hedge, adversary, seed), bound) << members << " members; the adversary " << name;
        EXPECT_NEAR(hedge.bound(0), bound, 1e-9);
      }
    }
  }
}

TEST(Hedge, TheAdversariesBreakWeightsThatFollowTheBestAtOnceOrNever) {
  // The bound above says something only where another rule would exceed it.
  const auto adversary = adversaries();
  const double bound = std::sqrt(static_cast<double>(rounds) * std::log(2.0) / 2);
  HedgeWeights follower = equal_start(2, 1e3);
  EXPECT_GT(play(follower, adversary[0].choose, 1), 10 * bound);
  HedgeWeights stubborn = equal_start(2, 1e-12);
  EXPECT_GT(play(stubborn, adversary[5].choose, 1), 10 * bound);
}

TEST(Hedge, CoinsBringTheRegretNearToTheBound) {
  // The bound's constant is the best there is as members grow, so many members come near to it.
  const std::size_t members = 500;
  const double bound = std::sqrt(static_cast<double>(rounds) * std::log(static_cast<double>(members)) / 2);
  HedgeWeights hedge = equal_start(members);
  const double regret = play(hedge, adversaries()[2].choose, 5);
  EXPECT_GT(regret, 0.5 * bound);
  EXPECT_LE(regret, bound);
}

TEST(Hedge, RegretAgainstEachMemberHoldsWithFirstWeightsAndAFloor) {
  const std::vector<double> prior{0.7, 0.2, 0.1};
  for (const auto& [name, adversary] : adversaries()) {
    HedgeWeights hedge(prior, {.learning_rate = 0.05, .horizon = rounds, .floor = 0.01});
    play(hedge, adversary, 2);
    for (std::size_t i = 0; i < prior.size(); ++i)
      EXPECT_LE(hedge.own_loss() - hedge.losses()[i], hedge.bound(i)) << name << ", member " << i;
  }
}

TEST(Hedge, WeightsAreAMixtureAboveTheFloorThatPrefersWhoLostLess) {
  HedgeWeights hedge(std::vector<double>{1, 1, 1}, {.learning_rate = 5, .floor = 0.1});
  for (int round = 0; round < 1000; ++round) hedge.update(std::vector<double>{1, 0.4, 0});
  EXPECT_NEAR(hedge.weights()[0], 0.1, 1e-12);
  EXPECT_NEAR(hedge.weights()[1], 0.1, 1e-12);
  EXPECT_NEAR(hedge.weights()[2], 0.8, 1e-12);
  hedge.start();
  EXPECT_NEAR(hedge.weights()[0], 1.0 / 3, 1e-12);
  hedge.update(std::vector<double>{0.3, 0.2, 0.1});
  EXPECT_LT(hedge.weights()[0], hedge.weights()[1]);
  EXPECT_LT(hedge.weights()[1], hedge.weights()[2]);
}

TEST(Hedge, LossesBeyondTheirRangeAreCut) {
  HedgeWeights cut = equal_start(2, 0.5), fine = equal_start(2, 0.5);
  cut.update(std::vector<double>{-7, 9});
  fine.update(std::vector<double>{0, 1});
  EXPECT_EQ(cut.weights()[0], fine.weights()[0]);
}

TEST(Hedge, AStateGoesOnWhereItWasTakenAndADamagedOneIsRefused) {
  HedgeWeights hedge = equal_start(3);
  for (int i = 0; i < 50; ++i) hedge.update(std::vector<double>{0.1, 0.5, 0.3});
  HedgeWeights other = equal_start(3);
  other.restore(hedge.state());
  hedge.update(std::vector<double>{1, 0, 0});
  other.update(std::vector<double>{1, 0, 0});
  EXPECT_TRUE(std::ranges::equal(hedge.weights(), other.weights()));
  HedgeWeights::State damaged = hedge.state();
  damaged.losses[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(other.restore(damaged), Error);
  damaged.losses[1] = 1e9;
  EXPECT_THROW(other.restore(damaged), Error);
  damaged.losses.pop_back();
  EXPECT_THROW(other.restore(damaged), Error);
}

TEST(Hedge, RefusesWhatIsNoConfigurationWithEveryFault) {
  try {
    const std::vector<double> prior{1, 0, -2};
    const HedgeWeights hedge(prior, {.learning_rate = -1, .floor = 0.5});
    FAIL() << "nothing was refused, and " << hedge.size() << " members are weighed";
  } catch (const Error& error) {
    for (const char* part : {"member 2", "member 3", "learning rate", "one part in 3"})
      EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  EXPECT_THROW(HedgeWeights(std::vector<double>{}, {}), Error);
}

}  // namespace
}  // namespace stevie::strategy
