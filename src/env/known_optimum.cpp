#include "env/known_optimum.h"

#include <algorithm>
#include <numeric>

#include "core/bytes.h"
#include "core/error.h"

namespace stevie::env {
namespace {

/// The signal as a Markov chain on evenly spaced points.
struct SignalChain {
  std::vector<double> signals;
  std::vector<double> transition;  // (from, to), rows sum to 1

  SignalChain(const SignalConfig& config, std::size_t points) : signals(points), transition(points * points) {
    constexpr double deviations = 5.0;
    const double bound = deviations * config.signal_deviation();
    const double distance = 2.0 * bound / static_cast<double>(points - 1);
    for (std::size_t i = 0; i < points; ++i) signals[i] = -bound + distance * static_cast<double>(i);
    for (std::size_t from = 0; from < points; ++from) {
      double* row = &transition[from * points];
      for (std::size_t to = 0; to < points; ++to) {
        const double z = (signals[to] - config.decay * signals[from]) / config.innovation_deviation;
        row[to] = std::exp(-0.5 * z * z);
      }
      const double total = std::accumulate(row, row + points, 0.0);
      for (std::size_t to = 0; to < points; ++to) row[to] /= total;
    }
  }
  std::size_t size() const { return signals.size(); }
};

/// later[(x, a)] = expected value of (x', a) one step after x.
std::vector<double> expected_values(const SignalChain& chain, const std::vector<double>& values,
                                    std::size_t positions) {
  std::vector<double> later(values.size(), 0.0);
  for (std::size_t from = 0; from < chain.size(); ++from) {
    for (std::size_t to = 0; to < chain.size(); ++to) {
      const double weight = chain.transition[from * chain.size() + to];
      for (std::size_t a = 0; a < positions; ++a)
        later[from * positions + a] += weight * values[to * positions + a];
    }
  }
  return later;
}

constexpr std::size_t most_sweeps = 20'000;
constexpr double tolerance = 1e-9;

}  // namespace

void SignalConfig::validate() const {
  std::string faults;
  const auto require = [&faults](bool holds, const char* text) {
    if (!holds) faults += (faults.empty() ? "" : "; ") + std::string(text);
  };
  require(decay >= 0.0 && decay < 1.0, "decay must lie in [0, 1)");
  require(innovation_deviation > 0.0, "innovation_deviation must be > 0");
  require(positions.size() >= 2, "positions needs at least two entries");
  require(std::ranges::any_of(positions, [](double p) { return p != 0.0; }),
          "one of positions must not be 0");
  require(holding_penalty >= 0.0 && linear_cost >= 0.0 && quadratic_cost >= 0.0,
          "costs must not be negative");
  require(episode_length > 0, "episode_length must be > 0");
  if (!faults.empty()) throw Error("env.bad_config", "the signal market cannot be made: " + faults);
}

SignalEnv::SignalEnv(const SignalConfig& config, std::size_t lanes) : config_(config), lanes_(lanes) {
  config_.validate();
  largest_position_ = 0.0;
  for (const double position : config_.positions)
    largest_position_ = std::max(largest_position_, std::abs(position));
}

void SignalEnv::observe(double signal, double position, float* observation) const {
  observation[0] = static_cast<float>(signal / config_.signal_deviation());
  observation[1] = static_cast<float>(position / largest_position_);
}

void SignalEnv::start_episode(Lane& lane, float* observation) {
  lane.signal = config_.signal_deviation() * lane.random.normal();
  lane.position = 0.0;
  lane.step = 0;
  observe(lane.signal, lane.position, observation);
}

void SignalEnv::reset(std::uint64_t seed, std::span<float> observations) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].random = RandomStream(seed, i);
    start_episode(lanes_[i], &observations[i * observation_size()]);
  }
}

void SignalEnv::step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) {
  for (std::size_t i = first_lane; i < first_lane + lane_count; ++i) {
    Lane& lane = lanes_[i];
    const double position = config_.positions[static_cast<std::size_t>(buffers.actions[i])];
    buffers.rewards[i] = static_cast<float>(config_.reward(lane.signal, position, lane.position));
    lane.position = position;
    lane.signal = config_.decay * lane.signal + config_.innovation_deviation * lane.random.normal();
    ++lane.step;
    buffers.terminated[i] = 0;
    buffers.truncated[i] = lane.step == config_.episode_length ? 1 : 0;
    float* observation = buffers.observations + i * observation_size();
    if (buffers.truncated[i] == 0) {
      observe(lane.signal, lane.position, observation);
      continue;
    }
    observe(lane.signal, lane.position, buffers.final_observations + i * observation_size());
    start_episode(lane, observation);
  }
}

std::string SignalEnv::save_state() const {
  ByteWriter writer;
  writer.value<std::uint64_t>(lanes_.size());
  for (const Lane& lane : lanes_) writer.value(lane);
  return writer.take();
}

void SignalEnv::load_state(std::string_view state) {
  ByteReader reader(state);
  std::vector<Lane> loaded(lanes_.size());
  const bool same_lanes = reader.value<std::uint64_t>() == loaded.size();
  for (Lane& lane : loaded) lane = reader.value<Lane>();
  if (!same_lanes || !reader.done()) {
    throw Error("bytes.damaged", "the saved state is damaged or belongs to another configuration");
  }
  lanes_ = std::move(loaded);
}

SignalOptimum solve_signal_market(const SignalConfig& config, std::size_t grid_points) {
  config.validate();
  const SignalChain chain(config, grid_points);
  const std::size_t positions = config.positions.size();
  SignalOptimum optimum;
  optimum.signals = chain.signals;
  optimum.best_action.resize(chain.size() * positions);
  std::vector<double> values(chain.size() * positions, 0.0);
  for (std::size_t sweep = 0; sweep < most_sweeps; ++sweep) {
    const std::vector<double> later = expected_values(chain, values, positions);
    double least_gain = 1e300, most_gain = -1e300;
    for (std::size_t x = 0; x < chain.size(); ++x) {
      for (std::size_t before = 0; before < positions; ++before) {
        const std::size_t state = x * positions + before;
        double best = -1e300;
        for (std::size_t a = 0; a < positions; ++a) {
          const double value =
              config.reward(chain.signals[x], config.positions[a], config.positions[before]) +
              later[x * positions + a];
          if (value <= best) continue;
          best = value;
          optimum.best_action[state] = static_cast<std::int32_t>(a);
        }
        const double gain = best - values[state];
        least_gain = std::min(least_gain, gain);
        most_gain = std::max(most_gain, gain);
        values[state] = best;
      }
    }
    // The average reward lies between the least and the most gain of any state (Odoni 1969).
    optimum.average_reward = 0.5 * (least_gain + most_gain);
    if (most_gain - least_gain < tolerance) break;
    const double offset = values[0];
    for (double& value : values) value -= offset;
  }
  return optimum;
}

double signal_policy_reward(const SignalConfig& config,
                            const std::function<std::int32_t(double signal, double position)>& decide,
                            std::size_t grid_points) {
  config.validate();
  const SignalChain chain(config, grid_points);
  const std::size_t positions = config.positions.size();
  const std::size_t states = chain.size() * positions;
  std::vector<std::size_t> action(states);
  for (std::size_t x = 0; x < chain.size(); ++x) {
    for (std::size_t before = 0; before < positions; ++before) {
      action[x * positions + before] =
          static_cast<std::size_t>(decide(chain.signals[x], config.positions[before]));
    }
  }
  // (position, signal): what is added up below lies side by side.
  const std::size_t points = chain.size();
  std::vector<double> share(states, 1.0 / static_cast<double>(states));
  std::vector<double> arrived(states), next(states);
  for (std::size_t sweep = 0; sweep < most_sweeps; ++sweep) {
    std::ranges::fill(arrived, 0.0);  // (position after the step, signal before it)
    for (std::size_t x = 0; x < points; ++x) {
      for (std::size_t before = 0; before < positions; ++before)
        arrived[action[x * positions + before] * points + x] += share[before * points + x];
    }
    std::ranges::fill(next, 0.0);
    for (std::size_t a = 0; a < positions; ++a) {
      double* const row = &next[a * points];
      for (std::size_t from = 0; from < points; ++from) {
        const double weight = arrived[a * points + from];
        if (weight == 0.0) continue;  // most positions are not taken at most signals
        const double* const transition = &chain.transition[from * points];
        for (std::size_t to = 0; to < points; ++to) row[to] += weight * transition[to];
      }
    }
    double moved = 0.0;
    for (std::size_t state = 0; state < states; ++state) moved += std::abs(next[state] - share[state]);
    share.swap(next);
    if (moved < tolerance) break;
  }
  double average = 0.0;
  for (std::size_t x = 0; x < points; ++x) {
    for (std::size_t before = 0; before < positions; ++before) {
      average += share[before * points + x] * config.reward(chain.signals[x],
                                                            config.positions[action[x * positions + before]],
                                                            config.positions[before]);
    }
  }
  return average;
}

}  // namespace stevie::env
