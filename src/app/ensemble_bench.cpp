#include "app/ensemble_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "core/random.h"
#include "features/observation.h"
#include "strategy/ensemble.h"

namespace stevie::app {
namespace {

constexpr std::size_t member_count = 4, action_count = 3, situation_count = 4096;

std::unique_ptr<strategy::EnsembleMember> random_policy(std::uint64_t seed) {
  nn::NetworkConfig config;
  config.observation_size = features::observation_size;
  config.action_count = action_count;
  auto network = std::make_shared<nn::ActorCritic>(config);
  network->initialise_orthogonal(seed);
  strategy::PolicyMember::Parts parts;
  parts.scores = std::make_unique<strategy::ActorScores>(std::move(network));
  parts.scaler.centre.assign(features::market_value_count, 0.1F);
  parts.scaler.inverse_scale.assign(features::market_value_count, 0.9F);
  parts.level_of = {0, 1, 2};
  return std::make_unique<strategy::PolicyMember>(std::move(parts));
}

strategy::Ensemble four_policies() {
  std::vector<strategy::Ensemble::Member> members;
  for (std::size_t i = 0; i < member_count; ++i)
    members.push_back({fmt::format("policy {}", i + 1), 1.0, random_policy(i + 1)});
  return {"four policies", std::move(members), {-1, 0, 1}, {}};
}

}  // namespace

BenchRow measure_ensemble_decision(double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr double wanted_microseconds = 20;
  strategy::Ensemble ensemble = four_policies();
  RandomStream random(1, 0);
  std::vector<float> observations(situation_count * features::observation_size);
  for (float& value : observations) value = static_cast<float>(random.normal());
  std::vector<double> closes{100};
  while (closes.size() < situation_count) closes.push_back(closes.back() * std::exp(0.005 * random.normal()));

  std::vector<double> microseconds;
  const auto begun = Clock::now();
  double sum = 0;
  std::size_t at = 0;
  do {
    const std::size_t row = at++ % situation_count;
    strategy::Situation situation;
    situation.bar = {
        static_cast<TimeMs>(at) * hour_ms, closes[row], closes[row], closes[row], closes[row], 1};
    situation.bar_index = at;
    situation.observation =
        std::span(observations).subspan(row * features::observation_size, features::observation_size);
    const auto start = Clock::now();
    sum += ensemble.decide(situation).exposure;
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  } while (std::chrono::duration<double>(Clock::now() - begun).count() < seconds);
  std::ranges::sort(microseconds);
  const auto percentile = [&](double share) {
    return microseconds[static_cast<std::size_t>(share * static_cast<double>(microseconds.size() - 1))];
  };
  const double p99 = std::isfinite(sum) ? percentile(0.99) : 0;  // the decisions must not be optimised away
  return {"ensemble_decision", p99, "us",
          fmt::format("20 us wanted; 99th percentile of {} decisions, median {:.1f} us, longest {:.0f} us",
                      microseconds.size(), percentile(0.5), microseconds.back()),
          p99 / wanted_microseconds};
}

}  // namespace stevie::app
