#include "env/augmented_episodes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "core/error.h"
#include "env/conformance.h"
#include "env/trading_env.h"
#include "features/pipeline.h"

namespace stevie::env {
namespace {

market::Bars random_walk(std::uint64_t seed, std::size_t count, double volatility = 0.01) {
  RandomStream random(seed, 0);
  market::Bars bars;
  bars.interval = hour_ms;
  double price = 100;
  for (std::size_t i = 0; i < count; ++i) {
    const double open = price;
    price = open * std::exp(volatility * random.normal());
    const double high = std::max(open, price) * (1 + volatility * random.uniform());
    const double low = std::min(open, price) * (1 - volatility * random.uniform());
    bars.push_back({static_cast<TimeMs>(i) * hour_ms, open, high, low, price, 100 * random.uniform()});
  }
  return bars;
}

struct AugmentedMarket {
  explicit AugmentedMarket(std::size_t count, std::uint64_t seed = 3) : bars(random_walk(seed, count)) {
    auto made = std::make_shared<MarketData>();
    made->tape = execution::make_bar_tape(bars, {});
    made->features = features::compute_features(bars);
    scaler = features::fit_scaler(made->features, {0, count});
    scaler.apply(made->features);
    data = made;
  }
  AugmentationSource source(std::vector<std::string> techniques) const {
    AugmentationSource source{.bars = &bars, .scaler = scaler};
    source.config.techniques = std::move(techniques);
    return source;
  }
  std::unique_ptr<TradingEnv> make(std::size_t lanes, const TradingEnvConfig& config,
                                   const AugmentationSource& source) const {
    return std::make_unique<TradingEnv>(data, market::BarRange{0, bars.size()}, config, lanes, source);
  }

  market::Bars bars;
  features::RobustScaler scaler;
  std::shared_ptr<const MarketData> data;
};

TEST(AugmentedEnv, KeepsTheContract) {
  const AugmentedMarket market(1000);
  TradingEnvConfig config;
  config.episode_length = 60;
  for (const auto& techniques :
       std::vector<std::vector<std::string>>{{"all"}, {"bootstrap"}, {"permutation", "warp"}}) {
    AugmentationSource source = market.source(techniques);
    source.config.share = 0.7;
    const auto make = [&](std::size_t lanes) { return market.make(lanes, config, source); };
    EXPECT_EQ(conformance_violations(make, {.lanes = 3, .steps = 150}), std::vector<std::string>{});
  }
}

TEST(AugmentedEnv, WithAmountsOfNothingItIsThePlainOne) {
  const AugmentedMarket market(1000);
  TradingEnvConfig config;
  config.episode_length = 60;
  AugmentationSource source = market.source({"noise", "volume", "shift", "volatility"});
  source.config.noise_deviation = source.config.volume_change = source.config.price_shift = 0;
  source.config.volatility_from = source.config.volatility_to = 1;
  const auto changed = market.make(1, config, source);
  TradingEnv plain(market.data, {0, market.bars.size()}, config, 1);
  std::vector<float> observation(plain.observation_size()), other = observation, last = observation;
  changed->reset(1, other);
  plain.reset(1, observation);
  for (std::int32_t step = 0; step < 150; ++step) {
    // Sums that began at another bar round otherwise, and long averages remember a little of their start.
    for (std::size_t i = 0; i < observation.size(); ++i) EXPECT_NEAR(other[i], observation[i], 0.05) << i;
    const std::int32_t action = step % 3;
    float reward = 0, other_reward = 0;
    std::uint8_t terminated = 0, truncated = 0;
    plain.step_all({&action, observation.data(), &reward, &terminated, &truncated, last.data()});
    changed->step_all({&action, other.data(), &other_reward, &terminated, &truncated, last.data()});
    EXPECT_NEAR(other_reward, reward, 1e-6);
    EXPECT_EQ(changed->bar(0), plain.bar(0));
  }
}

TEST(AugmentedEnv, FeaturesAreThoseOfTheAugmentedBars) {
  const AugmentedMarket market(1000);
  TradingEnvConfig config;
  config.episode_length = 60;
  for (const auto& techniques : std::vector<std::vector<std::string>>{
           {"noise", "volatility"}, {"shift", "volume"}, {"bootstrap"}, {"permutation"}}) {
    SCOPED_TRACE(techniques.front());
    const AugmentationSource source = market.source(techniques);
    const auto env = market.make(1, config, source);
    std::vector<float> observation(env->observation_size());
    env->reset(9, observation);
    const std::size_t start = env->bar(0), warm_up = market.data->features.warm_up;
    const std::size_t end = std::min<std::size_t>(start + 61, 1000);
    // Blocks come from the bars that episodes may be played on, behind the warm-up.
    const market::Bars bars =
        market::augment(market.bars, {start - warm_up, end}, {warm_up, 1000}, source.config, {9, 0, 1});
    features::FeatureMatrix features = features::compute_features(bars);
    market.scaler.apply(features);
    for (std::size_t i = 0; i < features.columns; ++i)
      EXPECT_EQ(observation[i], features.row(warm_up)[i]) << i;
    EXPECT_EQ(env->view(0).bars[1].close, bars.close[warm_up + 1]);
    EXPECT_EQ(env->view(0).end, end);
  }
}

TEST(AugmentedEnv, WarpedEpisodesNeverReadBehindTheirRun) {
  AugmentedMarket market(1000);
  TradingEnvConfig config;
  config.episode_length = 200;
  AugmentationSource source = market.source({"warp"});
  source.config.warp_from = source.config.warp_to = 1.2;
  // Bars behind the split are absurd: had a window read them, its prices would show it.
  for (std::size_t i = 900; i < 1000; ++i)
    for (auto* column : {&market.bars.open, &market.bars.high, &market.bars.low, &market.bars.close})
      (*column)[i] *= 1e6;
  source.bars = &market.bars;
  TradingEnv env(market.data, {0, 900}, config, 4, source);
  std::vector<float> observations(4 * env.observation_size());
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    env.reset(seed, observations);
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const EpisodeView& view = env.view(lane);
      for (std::uint64_t bar = env.bar(lane); bar < std::min<std::uint64_t>(view.end, 900); ++bar)
        EXPECT_LT(view.bars[bar - view.first].high, 1e6);
      EXPECT_LE(view.end, 1000u);
    }
  }
}

TEST(AugmentedEnv, FaultsAreErrors) {
  const AugmentedMarket market(1000);
  TradingEnvConfig config;
  const auto code_of = [&](const AugmentationSource& source) -> std::string {
    try {
      market.make(1, config, source);
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  AugmentationSource source = market.source({"noise"});
  EXPECT_EQ(code_of(source), "none");
  config.episode_length = 0;
  EXPECT_EQ(code_of(source), "env.bad_config");
  config.episode_length = 60;
  source.config.techniques = {"blur"};
  EXPECT_EQ(code_of(source), "market.bad_augmentation");
  source = market.source({"noise"});
  const market::Bars others = random_walk(4, 900);
  source.bars = &others;
  EXPECT_EQ(code_of(source), "env.bad_data");
  source = market.source({});
  source.bars = nullptr;
  EXPECT_EQ(code_of(source), "none");  // nothing is asked for
}

}  // namespace
}  // namespace stevie::env
