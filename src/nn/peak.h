#pragma once

namespace stevie::nn {

/// The most floating-point operations a second that one core does: independent fused multiply-adds in
/// registers, in the vector width that the kernels use; one counts as two operations. GFLOP/s, the best of
/// several short runs within about `seconds`. It is the yardstick of every rate that training reaches.
double measure_fma_peak(double seconds);

/// GFLOP/s of gemm() on a product of this shape, the best of several runs within about `seconds`.
double measure_gemm(unsigned m, unsigned n, unsigned k, double seconds);

/// The same product by Eigen, for comparison.
double measure_gemm_eigen(unsigned m, unsigned n, unsigned k, double seconds);

}  // namespace stevie::nn
