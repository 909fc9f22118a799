#include "env/staged_signal.h"

#include <algorithm>
#include <cmath>

#include "core/bytes.h"
#include "core/error.h"

namespace stevie::env {

StagedSignalEnv::StagedSignalEnv(std::vector<SignalConfig> markets, std::size_t lanes)
    : markets_(std::move(markets)), lanes_(lanes) {
  if (markets_.empty() || lanes == 0)
    throw Error("env.bad_config", "staged signal markets need at least one market and one lane");
  largest_position_ = largest_deviation_ = 0;
  for (const SignalConfig& market : markets_) {
    market.validate();
    if (market.positions != markets_.front().positions ||
        market.episode_length != markets_.front().episode_length)
      throw Error("env.bad_config", "staged signal markets need the same positions and episode_length");
    largest_deviation_ = std::max(largest_deviation_, market.signal_deviation());
  }
  for (const double position : markets_.front().positions)
    largest_position_ = std::max(largest_position_, std::abs(position));
  draw_markets_by(std::vector<double>(markets_.size(), 0.0));
}

void StagedSignalEnv::draw_markets_by(const std::vector<double>& shares) {
  double sum = 0;
  bool sound = shares.size() == markets_.size();
  for (const double share : shares) {
    sound = sound && std::isfinite(share) && share >= 0;
    sum += share;
  }
  if (!sound) throw Error("env.bad_config", "each signal market needs a share of 0 or above");
  up_to_.clear();
  double before = 0;
  for (const double share : shares) {
    before += sum > 0 ? share / sum : 1.0 / static_cast<double>(shares.size());
    up_to_.push_back(before);
  }
}

void StagedSignalEnv::observe(std::size_t market, double signal, double position, float* observation) const {
  observation[0] = static_cast<float>(signal / largest_deviation_);
  observation[1] = static_cast<float>(position / largest_position_);
  const double last = std::max(1.0, static_cast<double>(markets_.size() - 1));
  observation[2] = static_cast<float>(2.0 * static_cast<double>(market) / last - 1.0);
}

void StagedSignalEnv::start_episode(Lane& lane, float* observation) {
  const double drawn = lane.random.uniform();
  lane.market = 0;
  while (lane.market + 1 < markets_.size() && drawn >= up_to_[lane.market]) ++lane.market;
  lane.signal = markets_[lane.market].signal_deviation() * lane.random.normal();
  lane.position = 0.0;
  lane.step = 0;
  observe(lane.market, lane.signal, lane.position, observation);
}

void StagedSignalEnv::reset(std::uint64_t seed, std::span<float> observations) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].random = RandomStream(seed, i);
    start_episode(lanes_[i], &observations[i * observation_size()]);
  }
}

void StagedSignalEnv::step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) {
  for (std::size_t i = first_lane; i < first_lane + lane_count; ++i) {
    Lane& lane = lanes_[i];
    const SignalConfig& market = markets_[lane.market];
    const double position = market.positions[static_cast<std::size_t>(buffers.actions[i])];
    buffers.rewards[i] = static_cast<float>(market.reward(lane.signal, position, lane.position));
    lane.position = position;
    lane.signal = market.decay * lane.signal + market.innovation_deviation * lane.random.normal();
    ++lane.step;
    buffers.terminated[i] = 0;
    buffers.truncated[i] = lane.step == market.episode_length ? 1 : 0;
    float* observation = buffers.observations + i * observation_size();
    if (buffers.truncated[i] == 0) {
      observe(lane.market, lane.signal, lane.position, observation);
      continue;
    }
    observe(lane.market, lane.signal, lane.position, buffers.final_observations + i * observation_size());
    start_episode(lane, observation);
  }
}

std::string StagedSignalEnv::save_state() const {
  ByteWriter writer;
  writer.value<std::uint64_t>(lanes_.size());
  for (const Lane& lane : lanes_) writer.value(lane);
  return writer.take();
}

void StagedSignalEnv::load_state(std::string_view state) {
  ByteReader reader(state);
  std::vector<Lane> loaded(lanes_.size());
  bool sound = reader.value<std::uint64_t>() == loaded.size();
  for (Lane& lane : loaded) {
    lane = reader.value<Lane>();
    sound = sound && lane.market < markets_.size();
  }
  if (!sound || !reader.done()) {
    throw Error("bytes.damaged", "the saved state is damaged or belongs to another configuration");
  }
  lanes_ = std::move(loaded);
}

}  // namespace stevie::env
