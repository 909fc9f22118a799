#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/aligned.h"

namespace stevie::nn {

/// Adam, Kingma and Ba 2015, with torch.optim.Adam's order of operations.
struct AdamConfig {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-5;  // Stable-Baselines3's choice for PPO; torch's own default is 1e-8
};

/// The two moments of every parameter, and the number of steps taken. Arrays are laid out as the parameters'
/// and their length is a multiple of simd::lanes.
class Adam {
 public:
  Adam(std::size_t parameter_count, const AdamConfig& config)
      : config_(config), mean_(parameter_count), square_(parameter_count) {}

  /// Begins a step: later calls of update_range() belong to it.
  void begin_step(double learning_rate);

  /// Moves parameters [begin, end) against gradients * gradient_scale. Ranges of one step must not overlap;
  /// disjoint ranges may be updated on several threads.
  void update_range(float* parameters, const float* gradients, float gradient_scale, std::size_t begin,
                    std::size_t end);

  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }
  std::span<float> mean() { return mean_; }
  std::span<const float> mean() const { return mean_; }
  std::span<float> square() { return square_; }
  std::span<const float> square() const { return square_; }
  const AdamConfig& config() const { return config_; }

 private:
  AdamConfig config_;
  std::uint64_t steps_ = 0;
  float step_size_ = 0.0f;
  float inverse_root_correction_ = 1.0f;
  AlignedVector<float> mean_;    // torch's exp_avg
  AlignedVector<float> square_;  // torch's exp_avg_sq
};

/// Sum of the squares of an aligned array whose length is a multiple of simd::lanes.
double squared_norm(std::span<const float> values);

}  // namespace stevie::nn
