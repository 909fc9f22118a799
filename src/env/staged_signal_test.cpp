#include "env/staged_signal.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "core/error.h"
#include "env/conformance.h"

namespace stevie::env {
namespace {

std::vector<SignalConfig> three_markets(std::size_t episode_length = 20) {
  std::vector<SignalConfig> markets(3);
  for (std::size_t i = 0; i < 3; ++i) {
    markets[i].innovation_deviation = 0.2 * static_cast<double>(i + 1);
    markets[i].episode_length = episode_length;
  }
  return markets;
}

TEST(StagedSignal, KeepsTheContract) {
  const auto make = [](std::size_t lanes) {
    return std::make_unique<StagedSignalEnv>(three_markets(), lanes);
  };
  EXPECT_EQ(conformance_violations(make), std::vector<std::string>{});
}

/// Share of episodes in each market, by what the agent sees.
std::array<double, 3> shares_of(StagedSignalEnv& env) {
  constexpr std::size_t lanes = 2000;
  std::vector<float> observations(lanes * 3);
  env.reset(3, observations);
  std::array<double, 3> shares{};
  for (std::size_t i = 0; i < lanes; ++i)
    shares[static_cast<std::size_t>(observations[i * 3 + 2] + 1.5f)] += 1.0 / lanes;
  return shares;
}

TEST(StagedSignal, EpisodesAreDrawnByTheShares) {
  StagedSignalEnv env(three_markets(), 2000);
  for (const double share : shares_of(env)) EXPECT_NEAR(share, 1.0 / 3, 0.05);
  env.draw_markets_by({3, 0, 1});
  const std::array<double, 3> shares = shares_of(env);
  EXPECT_NEAR(shares[0], 0.75, 0.05);
  EXPECT_EQ(shares[1], 0);
  EXPECT_NEAR(shares[2], 0.25, 0.05);
}

TEST(StagedSignal, OneMarketIsTheSignalMarket) {
  SignalConfig market;
  market.linear_cost = 1;
  StagedSignalEnv env({market}, 1);
  std::vector<float> observation(3), last(3);
  env.reset(4, observation);
  double position = 0;
  for (int step = 0; step < 100; ++step) {
    const double signal = observation[0] * market.signal_deviation();
    const std::int32_t action = step % 5;
    float reward = 0;
    std::uint8_t terminated = 0, truncated = 0;
    env.step_all({&action, observation.data(), &reward, &terminated, &truncated, last.data()});
    EXPECT_NEAR(reward, market.reward(signal, market.positions[static_cast<std::size_t>(action)], position),
                1e-5);
    position = market.positions[static_cast<std::size_t>(action)];
    EXPECT_EQ(observation[2], -1);
  }
}

TEST(StagedSignal, FaultsAreErrors) {
  const auto code = [](auto&& work) -> std::string {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  std::vector<SignalConfig> mixed = three_markets();
  mixed[1].positions = {-1, 1};
  EXPECT_EQ(code([&] { StagedSignalEnv(mixed, 1); }), "env.bad_config");
  EXPECT_EQ(code([] { StagedSignalEnv({}, 1); }), "env.bad_config");
  StagedSignalEnv env(three_markets(), 1);
  EXPECT_EQ(code([&] { env.draw_markets_by({1, 1}); }), "env.bad_config");
  EXPECT_EQ(code([&] { env.draw_markets_by({1, -1, 1}); }), "env.bad_config");
}

}  // namespace
}  // namespace stevie::env
