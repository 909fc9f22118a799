#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rl/replay_buffer.h"

namespace stevie::rl {

/// Every step of one lane with copies of the observations before and after it, kept for ever. Slow and large;
/// it exists to be read and to check ReplayBuffer against.
class PlainReplay {
 public:
  PlainReplay(std::size_t observation_size, const float* first_observation)
      : present_(first_observation, first_observation + observation_size) {}

  struct Step {
    std::vector<float> observation, next_observation;  // next: the final one where the episode ended
    std::int32_t action = 0;
    float reward = 0;
    bool terminated = false, truncated = false;
  };
  /// Several steps on from one: what an n-step target is made of.
  struct Return {
    std::vector<float> next_observation;
    double reward = 0;
    double discount = 0;
  };

  void add(const ReplayStep& step) {
    Step made{present_, {}, step.action, step.reward, step.terminated, step.truncated};
    const float* next = step.truncated && !step.terminated ? step.final_observation : step.next_observation;
    made.next_observation.assign(next, next + present_.size());
    steps_.push_back(std::move(made));
    present_.assign(step.next_observation, step.next_observation + present_.size());
  }

  const std::vector<Step>& steps() const { return steps_; }

  Return look_ahead(std::size_t first, std::size_t count, double gamma) const {
    Return result{{}, 0.0, 1.0};
    for (std::size_t i = first; i < steps_.size() && i < first + count; ++i) {
      const Step& step = steps_[i];
      result.reward += result.discount * step.reward;
      result.discount *= gamma;
      result.next_observation = step.next_observation;
      if (step.terminated) result.discount = 0;
      if (step.terminated || step.truncated) break;
    }
    return result;
  }

 private:
  std::vector<float> present_;
  std::vector<Step> steps_;
};

}  // namespace stevie::rl
