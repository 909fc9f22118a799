#include "nn/peak.h"

#include <Eigen/Dense>
#include <algorithm>
#include <chrono>

#include "core/aligned.h"
#include "nn/gemm.h"
#include "nn/simd.h"

namespace stevie::nn {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Best rate, in units a second, of a body that does `units` of work, repeated for about `seconds`.
template <class Body>
double best_rate(double seconds, double units, Body&& body) {
  double best = 0.0;
  const double end = now() + seconds;
  do {
    const double start = now();
    body();
    best = std::max(best, units / (now() - start));
  } while (now() < end);
  return best;
}

}  // namespace

double measure_fma_peak(double seconds) {
  using simd::Vec;
  constexpr std::size_t chains = 12;  // more than latency times ports, few enough for the registers
  constexpr std::size_t turns = 200'000;
  volatile float sink = 0.0f;
  const double rate = best_rate(seconds, 2.0 * turns * chains * simd::lanes, [&sink] {
    Vec sums[chains];
    for (std::size_t c = 0; c < chains; ++c) sums[c] = simd::splat(static_cast<float>(c) + sink);
    const Vec factor = simd::splat(0.999f) + sink;
    const Vec term = simd::splat(0.001f) + sink;
    for (std::size_t turn = 0; turn < turns; ++turn) {
#pragma GCC unroll 12
      for (std::size_t c = 0; c < chains; ++c) sums[c] = simd::fma(sums[c], factor, term);
    }
    Vec total{};
    for (const Vec& sum : sums) total += sum;
    sink = simd::sum(total) * 0.0f;
  });
  return rate * 1e-9;
}

double measure_gemm(unsigned m, unsigned n, unsigned k, double seconds) {
  const std::size_t stride = simd::round_up(n);
  AlignedVector<float> a(std::size_t{m} * k, 0.01f), b(k * stride, 0.01f), c(m * stride);
  return 1e-9 * best_rate(seconds, 2.0 * m * n * k, [&] {
           gemm({.m = m,
                 .n = stride,
                 .k = k,
                 .a = {a.data(), k, 1},
                 .b = b.data(),
                 .b_stride = stride,
                 .c = c.data(),
                 .c_stride = stride},
                Epilogue::none);
         });
}

double measure_gemm_eigen(unsigned m, unsigned n, unsigned k, double seconds) {
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const RowMajor a = RowMajor::Constant(m, k, 0.01f);
  const RowMajor b = RowMajor::Constant(k, n, 0.01f);
  RowMajor c(m, n);
  return 1e-9 * best_rate(seconds, 2.0 * m * n * k, [&] { c.noalias() = a * b; });
}

}  // namespace stevie::nn
