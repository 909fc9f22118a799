#include "env/speed.h"

#include <chrono>
#include <cmath>

#include "env/trading_env.h"

namespace stevie::env {
namespace {

constexpr std::size_t bar_count = 200'000;  // 80 MB of features

std::shared_ptr<const MarketData> random_market() {
  auto data = std::make_shared<MarketData>();
  RandomStream random(1, 0);
  market::Bars bars;
  bars.symbol = "random walk";
  bars.interval = hour_ms;
  bars.reserve(bar_count);
  double price = 100.0;
  for (std::size_t i = 0; i < bar_count; ++i) {
    const double open = price;
    price *= std::exp(0.005 * random.normal());
    const double high = std::max(open, price) * 1.001;
    const double low = std::min(open, price) * 0.999;
    bars.push_back({static_cast<TimeMs>(i) * hour_ms, open, high, low, price, 1000.0});
  }
  data->tape = execution::make_bar_tape(bars, execution::Instrument{});
  data->features.rows = bar_count;
  data->features.values.resize(bar_count * data->features.columns);
  for (float& value : data->features.values) value = random.uniform_float();
  return data;
}

}  // namespace

double measure_env_steps_per_second(double seconds, std::size_t lanes) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t rounds = 1024;
  TradingEnv env(random_market(), {0, bar_count}, TradingEnvConfig{}, lanes);
  std::vector<float> observations(lanes * env.observation_size()), final_observations(observations.size());
  std::vector<float> rewards(lanes);
  std::vector<std::uint8_t> terminated(lanes), truncated(lanes);
  std::vector<std::int32_t> actions(rounds * lanes);
  RandomStream random(2, 0);
  for (std::int32_t& action : actions) action = static_cast<std::int32_t>(random.below(env.action_count()));

  env.reset(3, observations);
  const auto play = [&] {
    for (std::size_t round = 0; round < rounds; ++round) {
      env.step_all({actions.data() + round * lanes, observations.data(), rewards.data(), terminated.data(),
                    truncated.data(), final_observations.data()});
    }
  };
  play();
  const auto start = Clock::now();
  std::size_t steps = 0;
  double elapsed = 0;
  while (elapsed < seconds) {
    play();
    steps += rounds * lanes;
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return static_cast<double>(steps) / elapsed;
}

}  // namespace stevie::env
