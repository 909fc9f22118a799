#pragma once
#include <cstddef>

namespace stevie::nn {

/// A matrix read element by element: element (row, column) is data[row * row_stride + column *
/// column_stride]. Swapping the strides transposes it at no cost.
struct MatrixView {
  const float* data;
  std::size_t row_stride;
  std::size_t column_stride;
};

/// What happens to the product before it is stored. `side` is what `Gemm::side` points at.
enum class Epilogue {
  none,           // C = A B
  bias_tanh,      // C = tanh(A B + side), side: (n) one bias a column
  bias_relu,      // C = max(0, A B + side)
  tanh_gradient,  // C = (A B) (1 - side^2), side: (m, n) the layer's outputs, strides as C's
  relu_gradient,  // C = A B where side > 0, else 0
  add             // C = C + A B
};

/// One product C (m, n) = A (m, k) B (k, n).
/// b, c and side start on a cache line, and n, b_stride and c_stride are multiples of simd::lanes: callers
/// pad. Every element is summed over k in order, so it does not depend on m, on n, or on where its row lies.
struct Gemm {
  std::size_t m, n, k;
  MatrixView a;
  const float* b;
  std::size_t b_stride;
  float* c;
  std::size_t c_stride;
  const float* side = nullptr;
};

void gemm(const Gemm& product, Epilogue epilogue);

/// The plain product with the columns of the result laid out as rows: out (outputs, out_stride), where
/// out[o][b] = bias[o] + sum over i of rows[b][i] * weights[o][i].
/// rows: (batch rounded up to simd::lanes, row_stride), weights: (outputs, row_stride), out_stride >= batch
/// rounded up; everything aligned, row_stride a multiple of simd::lanes and the padding of weights zero.
/// Meant for heads with few outputs, where gemm() would compute mostly padding.
void project_rows(const float* rows, std::size_t row_stride, std::size_t batch, const float* weights,
                  const float* bias, std::size_t outputs, float* out, std::size_t out_stride);

/// to (columns rounded up, to_stride) = transpose of from (rows rounded up, from_stride); both aligned and
/// padded.
void transpose_matrix(const float* from, std::size_t rows, std::size_t columns, std::size_t from_stride,
                      float* to, std::size_t to_stride);

/// sums[j] = sum over the m rows of matrix[row][j], j < n; n and stride are multiples of simd::lanes.
void column_sums(const float* matrix, std::size_t m, std::size_t n, std::size_t stride, float* sums);

}  // namespace stevie::nn
