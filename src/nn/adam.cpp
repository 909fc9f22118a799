#include "nn/adam.h"

#include <cmath>

#include "nn/simd.h"

namespace stevie::nn {
namespace {

/// A moment whose gradients have become zero, as those of a unit of a ReLU that is never active, decays
/// towards numbers that cost the processor a hundred cycles each. Nothing smaller than this moves a weight.
constexpr float smallest_moment = 1e-30f;

simd::Vec without_tiny(simd::Vec moment) {
  return simd::abs(moment) > smallest_moment ? moment : simd::Vec{};
}

}  // namespace

void Adam::begin_step(double learning_rate) {
  ++steps_;
  const double exponent = static_cast<double>(steps_);
  step_size_ = static_cast<float>(learning_rate / (1.0 - std::pow(config_.beta1, exponent)));
  inverse_root_correction_ = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(config_.beta2, exponent)));
}

void Adam::update_range(float* parameters, const float* gradients, float gradient_scale, std::size_t begin,
                        std::size_t end) {
  using simd::Vec;
  const Vec keep_new_mean = simd::splat(static_cast<float>(1.0 - config_.beta1));
  const Vec keep_square = simd::splat(static_cast<float>(config_.beta2));
  const Vec keep_new_square = simd::splat(static_cast<float>(1.0 - config_.beta2));
  const Vec root_correction = simd::splat(inverse_root_correction_);
  const Vec epsilon = simd::splat(static_cast<float>(config_.epsilon));
  for (std::size_t i = begin; i < end; i += simd::lanes) {
    const Vec gradient = simd::load(gradients + i) * gradient_scale;
    const Vec old_mean = simd::load(&mean_[i]);
    const Vec mean = without_tiny(simd::fma(gradient - old_mean, keep_new_mean, old_mean));
    const Vec square =
        without_tiny(simd::fma(simd::load(&square_[i]), keep_square, gradient * gradient * keep_new_square));
    simd::store(&mean_[i], mean);
    simd::store(&square_[i], square);
    const Vec denominator = simd::fma(simd::square_root(square), root_correction, epsilon);
    simd::store(parameters + i, simd::subtract_product(simd::load(parameters + i), step_size_ * mean,
                                                       simd::reciprocal(denominator)));
  }
}

double squared_norm(std::span<const float> values) {
  constexpr std::size_t chains = 4;  // independent sums, to hide the latency of an addition
  simd::Vec sums[chains] = {};
  std::size_t i = 0;
  for (; i + chains * simd::lanes <= values.size(); i += chains * simd::lanes) {
    for (std::size_t c = 0; c < chains; ++c) {
      const simd::Vec value = simd::load(values.data() + i + c * simd::lanes);
      sums[c] = simd::fma(value, value, sums[c]);
    }
  }
  for (; i < values.size(); i += simd::lanes) {
    const simd::Vec value = simd::load(values.data() + i);
    sums[0] = simd::fma(value, value, sums[0]);
  }
  return static_cast<double>(simd::sum((sums[0] + sums[1]) + (sums[2] + sums[3])));
}

}  // namespace stevie::nn
