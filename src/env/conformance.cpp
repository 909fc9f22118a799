#include "env/conformance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "core/error.h"
#include "core/random.h"

namespace stevie::env {
namespace {

constexpr std::uint64_t action_stream = 0xAC710;
constexpr float untouched = 12345.5f;
constexpr std::uint8_t untouched_flag = 77;

/// One environment with the arrays it writes to.
struct Run {
  std::unique_ptr<VectorEnv> env;
  std::size_t lanes, size;
  std::vector<std::int32_t> actions;
  std::vector<float> observations, rewards, final_observations;
  std::vector<std::uint8_t> terminated, truncated;

  Run(const VectorEnvFactory& make, std::size_t lane_count, std::uint64_t seed)
      : env(make(lane_count)),
        lanes(lane_count),
        size(env->observation_size()),
        actions(lanes),
        observations(lanes * size),
        rewards(lanes),
        final_observations(lanes * size, untouched),
        terminated(lanes),
        truncated(lanes) {
    env->reset(seed, observations);
  }
  /// Actions depend on (lane, step) alone, so that runs with different numbers of lanes act alike. Runs of
  /// equal actions let positions last.
  void choose_actions(std::size_t step) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      RandomStream random(step / 7, action_stream + lane);
      actions[lane] = static_cast<std::int32_t>(random.below(env->action_count()));
    }
  }
  StepBuffers buffers() {
    return {actions.data(),    observations.data(), rewards.data(),
            terminated.data(), truncated.data(),    final_observations.data()};
  }
  void step(std::size_t number) {
    choose_actions(number);
    env->step_all(buffers());
  }
  bool ended(std::size_t lane) const { return terminated[lane] != 0 || truncated[lane] != 0; }
};

bool same_bytes(const void* a, const void* b, std::size_t bytes) {
  return std::memcmp(a, b, bytes) == 0;
}

/// Everything the last step left in one lane.
bool same_lane(const Run& a, const Run& b, std::size_t lane) {
  const std::size_t at = lane * a.size;
  return same_bytes(&a.observations[at], &b.observations[at], a.size * sizeof(float)) &&
         same_bytes(&a.rewards[lane], &b.rewards[lane], sizeof(float)) &&
         a.terminated[lane] == b.terminated[lane] && a.truncated[lane] == b.truncated[lane] &&
         same_bytes(&a.final_observations[at], &b.final_observations[at], a.size * sizeof(float));
}

bool same_lanes(const Run& a, const Run& b) {
  for (std::size_t lane = 0; lane < std::min(a.lanes, b.lanes); ++lane) {
    if (!same_lane(a, b, lane)) return false;
  }
  return true;
}

class Suite {
 public:
  Suite(const VectorEnvFactory& make, const ConformanceConfig& config) : make_(make), config_(config) {}

  std::vector<std::string> run() {
    sizes();
    episodes_and_numbers();
    repeats();
    lanes_do_not_matter();
    ranges_and_threads();
    reset_forgets();
    saves_and_loads();
    return std::move(violations_);
  }

 private:
  void require(bool good, const std::string& sentence) {
    if (good) return;
    if (std::find(violations_.begin(), violations_.end(), sentence) == violations_.end()) {
      violations_.push_back(sentence);
    }
  }

  void sizes() {
    const auto env = make_(config_.lanes);
    require(env->lanes() == config_.lanes, "lanes() is not the number asked for");
    require(env->observation_size() > 0, "observation_size() is 0");
    require(env->action_count() > 0, "action_count() is 0");
  }

  void finite(const float* values, std::size_t count, const std::string& what) {
    require(std::all_of(values, values + count, [](float value) { return std::isfinite(value); }),
            what + " is not finite");
  }

  /// An observation that is said to begin with a shared row does.
  void shares(const Run& run, const float* observation, std::uint32_t row, const std::string& what) {
    const SharedRows shared = run.env->shared_rows();
    if (shared.columns == 0) return;
    require(shared.columns <= run.size, "observations share more values than they have");
    require(row < shared.rows, what + " begins with a shared row that is not there");
    if (shared.columns > run.size || row >= shared.rows) return;
    require(same_bytes(observation, shared.values + row * shared.columns, shared.columns * sizeof(float)),
            what + " does not begin with its shared row");
  }
  void all_share(const Run& run) {
    for (std::size_t lane = 0; lane < run.lanes; ++lane) {
      shares(run, &run.observations[lane * run.size], run.env->shared_row(lane), "an observation");
      if (run.ended(lane))
        shares(run, &run.final_observations[lane * run.size], run.env->final_shared_row(lane),
               "a final observation");
    }
  }

  void episodes_and_numbers() {
    Run run(make_, config_.lanes, config_.seed);
    finite(run.observations.data(), run.observations.size(), "an observation after reset");
    all_share(run);
    std::vector<std::size_t> ends(run.lanes);
    for (std::size_t step = 0; step < config_.steps; ++step) {
      std::fill(run.final_observations.begin(), run.final_observations.end(), untouched);
      run.step(step);
      finite(run.observations.data(), run.observations.size(), "an observation");
      finite(run.rewards.data(), run.rewards.size(), "a reward");
      all_share(run);
      for (std::size_t lane = 0; lane < run.lanes; ++lane) {
        require(run.terminated[lane] <= 1 && run.truncated[lane] <= 1, "a flag is neither 0 nor 1");
        require(run.terminated[lane] + run.truncated[lane] < 2, "a step is both terminated and truncated");
        const float* last = &run.final_observations[lane * run.size];
        if (run.ended(lane)) {
          ++ends[lane];
          require(!std::any_of(last, last + run.size, [](float value) { return value == untouched; }),
                  "an episode ended without its final observation");
          finite(last, run.size, "a final observation");
        } else {
          require(std::all_of(last, last + run.size, [](float value) { return value == untouched; }),
                  "a final observation was written though no episode ended");
        }
      }
    }
    const auto [fewest, most] = std::minmax_element(ends.begin(), ends.end());
    require(!config_.episodes_end || *fewest > 0, "no episode of some lane ended: ask for more steps");
    require(config_.episodes_end || *most == 0, "an episode without end ended");
  }

  void repeats() {
    Run a(make_, config_.lanes, config_.seed), b(make_, config_.lanes, config_.seed);
    require(a.observations == b.observations, "the same seed starts differently");
    for (std::size_t step = 0; step < config_.steps; ++step) {
      a.step(step);
      b.step(step);
      require(same_lanes(a, b), "the same seed and actions give different bytes");
    }
  }

  void lanes_do_not_matter() {
    Run one(make_, 1, config_.seed), many(make_, config_.lanes, config_.seed);
    for (std::size_t step = 0; step < config_.steps; ++step) {
      one.step(step);
      many.step(step);
      require(same_lane(one, many, 0), "a lane depends on the number of lanes");
    }
    Run plain(make_, config_.lanes, config_.seed), other(make_, config_.lanes, config_.seed);
    for (std::size_t step = 0; step < config_.steps; ++step) {
      plain.step(step);
      other.choose_actions(step);
      other.actions.back() = static_cast<std::int32_t>((static_cast<std::size_t>(other.actions.back()) + 1) %
                                                       other.env->action_count());
      other.env->step_all(other.buffers());
      for (std::size_t lane = 0; lane + 1 < plain.lanes; ++lane) {
        require(same_lane(plain, other, lane), "a lane depends on the actions of another");
      }
    }
  }

  void ranges_and_threads() {
    Run whole(make_, config_.lanes, config_.seed), parts(make_, config_.lanes, config_.seed);
    Run threads(make_, config_.lanes, config_.seed);
    const std::size_t half = config_.lanes / 2;
    for (std::size_t step = 0; step < config_.steps; ++step) {
      whole.step(step);
      parts.choose_actions(step);
      mark_rows(parts, 0, half);
      parts.env->step(half, config_.lanes - half, parts.buffers());
      require(rows_marked(parts, 0, half), "a step writes outside its range of lanes");
      parts.env->step(0, half, parts.buffers());
      require(same_observations(whole, parts), "stepping the lanes in parts gives other bytes");
    }
    constexpr std::size_t threaded_steps = 50;
    Run alone(make_, config_.lanes, config_.seed);
    for (std::size_t step = 0; step < std::min(config_.steps, threaded_steps); ++step) {
      alone.step(step);
      threads.choose_actions(step);
      std::thread other([&] { threads.env->step(0, half, threads.buffers()); });
      threads.env->step(half, config_.lanes - half, threads.buffers());
      other.join();
      require(same_lanes(alone, threads), "two threads on different lanes give other bytes than one");
    }
  }

  static void mark_rows(Run& run, std::size_t first, std::size_t count) {
    for (std::size_t lane = first; lane < first + count; ++lane) {
      std::fill_n(&run.observations[lane * run.size], run.size, untouched);
      run.rewards[lane] = untouched;
      run.terminated[lane] = run.truncated[lane] = untouched_flag;
    }
  }
  static bool rows_marked(const Run& run, std::size_t first, std::size_t count) {
    for (std::size_t lane = first; lane < first + count; ++lane) {
      const float* row = &run.observations[lane * run.size];
      if (!std::all_of(row, row + run.size, [](float value) { return value == untouched; })) return false;
      if (run.rewards[lane] != untouched) return false;
      if (run.terminated[lane] != untouched_flag || run.truncated[lane] != untouched_flag) return false;
    }
    return true;
  }
  static bool same_observations(const Run& a, const Run& b) {
    return same_bytes(a.observations.data(), b.observations.data(), a.observations.size() * sizeof(float)) &&
           same_bytes(a.rewards.data(), b.rewards.data(), a.rewards.size() * sizeof(float)) &&
           a.terminated == b.terminated && a.truncated == b.truncated;
  }

  void reset_forgets() {
    Run fresh(make_, config_.lanes, config_.seed), used(make_, config_.lanes, config_.seed + 1);
    for (std::size_t step = 0; step < config_.steps / 2; ++step) used.step(step);
    used.env->reset(config_.seed, used.observations);
    used.final_observations = fresh.final_observations;
    require(same_bytes(fresh.observations.data(), used.observations.data(),
                       fresh.observations.size() * sizeof(float)),
            "reset does not forget what was before");
    for (std::size_t step = 0; step < config_.steps; ++step) {
      fresh.step(step);
      used.step(step);
      require(same_lanes(fresh, used), "reset does not forget what was before");
    }
  }

  void saves_and_loads() {
    Run original(make_, config_.lanes, config_.seed), restored(make_, config_.lanes, config_.seed + 1);
    for (std::size_t step = 0; step < config_.steps / 2; ++step) original.step(step);
    const std::string state = original.env->save_state();
    restored.env->load_state(state);
    require(restored.env->save_state() == state, "a loaded state saves as other bytes");
    restored.final_observations = original.final_observations;
    for (std::size_t step = config_.steps / 2; step < config_.steps; ++step) {
      original.step(step);
      restored.step(step);
      require(same_lanes(original, restored), "a loaded state does not continue bit for bit");
    }
    refuses(state.substr(0, state.size() / 2), "a state cut in half is accepted");
    refuses("", "an empty state is accepted");
    refuses(state + "x", "a state with bytes behind its end is accepted");
    const auto larger = make_(config_.lanes + 1);
    try {
      larger->load_state(state);
      require(false, "a state of another number of lanes is accepted");
    } catch (const Error&) {
    }
  }

  void refuses(const std::string& state, const std::string& sentence) {
    const auto env = make_(config_.lanes);
    try {
      env->load_state(state);
      require(false, sentence);
    } catch (const Error&) {
    }
  }

  const VectorEnvFactory& make_;
  const ConformanceConfig& config_;
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> conformance_violations(const VectorEnvFactory& make,
                                                const ConformanceConfig& config) {
  return Suite(make, config).run();
}

}  // namespace stevie::env
