#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/error.h"
#include "core/random.h"
#include "env/vector_env.h"

/// An environment small enough to know everything about it, for the tests of this folder and of tests/.
namespace stevie::rl::testing {

struct ToyConfig {
  /// The first action_count observed values show the context one-hot, the others are noise. Without contexts
  /// every observation is the same row of ones, that of the end of an episode too.
  bool contexts = true;
  std::size_t observation_size = 5;  // at least action_count
  std::size_t action_count = 3;
  std::uint64_t episode_length = 1;
  /// Steps by which the length of an episode varies at random.
  std::uint64_t length_spread = 0;
  /// How episodes end: every n-th one of a lane is terminated, the others are truncated; 0: all are
  /// truncated.
  std::uint64_t terminate_every = 1;
};

/// Pays 1 for the action that the observation's context names, else 0; without contexts every step pays 1.
class ToyEnv final : public env::VectorEnv {
 public:
  ToyEnv(const ToyConfig& config, std::size_t lane_count) : config_(config), lanes_(lane_count) {}

  std::size_t lanes() const override { return lanes_.size(); }
  std::size_t observation_size() const override { return config_.observation_size; }
  std::size_t action_count() const override { return config_.action_count; }

  void reset(std::uint64_t seed, std::span<float> observations) override {
    seed_ = seed;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[i] = Lane{};
      start_episode(i);
      observe(i, observations.data() + i * config_.observation_size);
    }
  }

  void step(std::size_t first_lane, std::size_t lane_count, const env::StepBuffers& buffers) override {
    for (std::size_t i = first_lane; i < first_lane + lane_count; ++i) {
      Lane& lane = lanes_[i];
      const bool right = static_cast<std::uint64_t>(buffers.actions[i]) == lane.context;
      buffers.rewards[i] = right || !config_.contexts ? 1.0f : 0.0f;
      const bool ends = --lane.left == 0;
      const bool terminates =
          ends && config_.terminate_every > 0 && lane.episode % config_.terminate_every == 0;
      buffers.terminated[i] = terminates;
      buffers.truncated[i] = ends && !terminates;
      next_context(i);
      if (ends) {
        observe(i, buffers.final_observations + i * config_.observation_size);
        start_episode(i);
      }
      observe(i, buffers.observations + i * config_.observation_size);
    }
  }

  std::string save_state() const override {
    ByteWriter writer;
    writer.value(seed_);
    writer.array(std::span<const Lane>(lanes_));
    return writer.take();
  }
  void load_state(std::string_view state) override {
    ByteReader reader(state);
    const auto seed = reader.value<std::uint64_t>();
    std::vector<Lane> lanes(lanes_.size());
    reader.array_into(std::span<Lane>(lanes));
    if (!reader.done()) throw Error("bytes.damaged", "the saved state has bytes left over");
    for (const Lane& lane : lanes) {
      if (lane.context >= config_.action_count || lane.left == 0)
        throw Error("bytes.damaged", "the saved state cannot be of this environment");
    }
    seed_ = seed;
    lanes_ = lanes;
  }

 private:
  struct Lane {
    std::uint64_t observed = 0;  // contexts drawn so far
    std::uint64_t context = 0;
    std::uint64_t episode = 0;  // episodes started
    std::uint64_t left = 0;     // steps to the end of this one
  };

  RandomStream random(std::size_t lane) const {
    constexpr std::uint64_t words_a_step = 64;
    return {seed_, std::uint64_t{lane} << 32, lanes_[lane].observed * words_a_step};
  }
  void next_context(std::size_t i) {
    ++lanes_[i].observed;
    lanes_[i].context = random(i).below(config_.action_count);
  }
  void start_episode(std::size_t i) {
    next_context(i);
    Lane& lane = lanes_[i];
    ++lane.episode;
    RandomStream lengths(seed_, (std::uint64_t{i} << 32) + lane.episode);
    lane.left = config_.episode_length;
    if (config_.length_spread > 0) lane.left += lengths.below(config_.length_spread + 1);
  }
  void observe(std::size_t i, float* observation) const {
    RandomStream noise = random(i);
    noise.below(config_.action_count);
    for (std::size_t at = 0; at < config_.observation_size; ++at) {
      if (!config_.contexts) {
        observation[at] = 1.0f;
      } else if (at < config_.action_count) {
        observation[at] = at == lanes_[i].context ? 1.0f : 0.0f;
      } else {
        observation[at] = 2.0f * noise.uniform_float() - 1.0f;
      }
    }
  }

  ToyConfig config_;
  std::vector<Lane> lanes_;
  std::uint64_t seed_ = 0;
};

}  // namespace stevie::rl::testing
