#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace stevie::env {

/// Arrays one vector step reads and writes. Row i belongs to lane i; the caller owns them and may point them
/// straight into a rollout buffer.
struct StepBuffers {
  const std::int32_t* actions;  // (lanes), each 0 .. action_count - 1
  float* observations;          // (lanes, observation_size): what the agent sees next, after any auto-reset
  float* rewards;               // (lanes)
  std::uint8_t* terminated;  // (lanes) 1: the episode ended for a reason of its own; its value beyond is zero
  std::uint8_t*
      truncated;  // (lanes) 1: the episode was cut off; the learner must bootstrap from the final observation
  float* final_observations;  // (lanes, observation_size): written only where terminated or truncated is 1
};

/// An array that does not change while its environment lives: an observation begins with one of its rows, and
/// what follows is the lane's own. Whoever keeps many observations keeps the row's number instead.
struct SharedRows {
  const float* values = nullptr;  // (rows, columns)
  std::size_t rows = 0;           // below 2^32
  std::size_t columns = 0;        // 0: every value of an observation is the lane's own
};

/// Several copies ("lanes") of one environment stepped together: the contract every environment keeps and the
/// conformance suite (env/conformance.h) checks.
///
/// - Discrete actions 0 .. action_count - 1; observations are finite float32.
/// - Same-step auto-reset: a step that ends an episode writes its last observation to final_observations and
/// the first
///   one of the next episode to observations.
/// - A lane's path depends only on (seed, lane, its actions): not on the number of lanes, on other lanes, or
/// on which
///   thread steps it.
/// - step() on disjoint ranges of lanes may run at the same time on several threads. It does not allocate,
/// lock or throw.
class VectorEnv {
 public:
  virtual ~VectorEnv() = default;

  virtual std::size_t lanes() const = 0;
  virtual std::size_t observation_size() const = 0;
  virtual std::size_t action_count() const = 0;

  /// Starts a new episode in every lane and forgets everything before. observations: (lanes,
  /// observation_size).
  virtual void reset(std::uint64_t seed, std::span<float> observations) = 0;

  /// Steps lanes [first_lane, first_lane + lane_count); touches only those rows of the buffers.
  virtual void step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) = 0;

  /// What observations share; the same as long as the environment lives.
  virtual SharedRows shared_rows() const { return {}; }
  /// The row that the lane's present observation begins with; and, between a step that ended an episode of
  /// the lane and the next one, that of the final observation.
  virtual std::uint32_t shared_row(std::size_t /*lane*/) const { return 0; }
  virtual std::uint32_t final_shared_row(std::size_t /*lane*/) const { return 0; }

  /// The whole state as bytes, and back: after load_state the paths continue bit for bit. The bytes fit an
  /// environment of the same configuration only; others throw Error "bytes.damaged".
  virtual std::string save_state() const = 0;
  virtual void load_state(std::string_view state) = 0;

  void step_all(const StepBuffers& buffers) { step(0, lanes(), buffers); }
};

}  // namespace stevie::env
