#include "nn/gemm.h"

#include "nn/simd.h"

namespace stevie::nn {
namespace {

using simd::lanes;
using simd::Vec;

// A block of 4 rows by 4 vectors keeps 16 sums in registers: enough to hide the latency of a fused
// multiply-add twice over, and each loaded vector of B serves four rows.
constexpr std::size_t block_rows = 4;
constexpr std::size_t block_vectors = 4;

template <Epilogue epilogue>
inline Vec finish(Vec product, const float* side, const float* c) {
  if constexpr (epilogue == Epilogue::bias_tanh) return simd::tanh(product);
  if constexpr (epilogue == Epilogue::bias_relu) return simd::max(product, Vec{});
  if constexpr (epilogue == Epilogue::tanh_gradient) {
    const Vec output = simd::load(side);
    return product * simd::subtract_product(simd::splat(1.0f), output, output);
  }
  if constexpr (epilogue == Epilogue::relu_gradient) return simd::load(side) > 0.0f ? product : Vec{};
  if constexpr (epilogue == Epilogue::add) return simd::load(c) + product;
  return product;
}

template <Epilogue epilogue, std::size_t rows, std::size_t vectors>
[[gnu::always_inline]] inline void multiply_block(const Gemm& g, std::size_t row, std::size_t column) {
  constexpr bool has_bias = epilogue == Epilogue::bias_tanh || epilogue == Epilogue::bias_relu;
  constexpr bool has_side = epilogue == Epilogue::tanh_gradient || epilogue == Epilogue::relu_gradient;

  Vec sums[rows][vectors];
  for (std::size_t v = 0; v < vectors; ++v) {
    const Vec start = has_bias ? simd::load(g.side + column + v * lanes) : Vec{};
    for (std::size_t r = 0; r < rows; ++r) sums[r][v] = start;
  }
  const float* a = g.a.data + row * g.a.row_stride;
  const float* b = g.b + column;
  for (std::size_t p = 0; p < g.k; ++p) {
    Vec b_row[vectors];
    for (std::size_t v = 0; v < vectors; ++v) b_row[v] = simd::load(b + p * g.b_stride + v * lanes);
    for (std::size_t r = 0; r < rows; ++r) {
      const Vec element = simd::splat(a[r * g.a.row_stride + p * g.a.column_stride]);
      for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = simd::fma(element, b_row[v], sums[r][v]);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t at = (row + r) * g.c_stride + column + v * lanes;
      simd::store(g.c + at, finish<epilogue>(sums[r][v], has_side ? g.side + at : nullptr, g.c + at));
    }
  }
}

template <Epilogue epilogue, std::size_t vectors>
void multiply_columns(const Gemm& g, std::size_t column) {
  std::size_t row = 0;
  for (; row + block_rows <= g.m; row += block_rows)
    multiply_block<epilogue, block_rows, vectors>(g, row, column);
  for (; row < g.m; ++row) multiply_block<epilogue, 1, vectors>(g, row, column);
}

template <Epilogue epilogue>
void multiply(const Gemm& g) {
  std::size_t column = 0;
  for (; column + block_vectors * lanes <= g.n; column += block_vectors * lanes) {
    multiply_columns<epilogue, block_vectors>(g, column);
  }
  for (; column < g.n; column += lanes) multiply_columns<epilogue, 1>(g, column);
}

}  // namespace

void gemm(const Gemm& product, Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return multiply<Epilogue::none>(product);
    case Epilogue::bias_tanh:
      return multiply<Epilogue::bias_tanh>(product);
    case Epilogue::bias_relu:
      return multiply<Epilogue::bias_relu>(product);
    case Epilogue::tanh_gradient:
      return multiply<Epilogue::tanh_gradient>(product);
    case Epilogue::relu_gradient:
      return multiply<Epilogue::relu_gradient>(product);
    case Epilogue::add:
      return multiply<Epilogue::add>(product);
  }
}

void project_rows(const float* rows, std::size_t row_stride, std::size_t batch, const float* weights,
                  const float* bias, std::size_t outputs, float* out, std::size_t out_stride) {
  for (std::size_t first = 0; first < batch; first += lanes) {
    for (std::size_t o = 0; o < outputs; ++o) {
      Vec sums[lanes] = {};
      for (std::size_t i = 0; i < row_stride; i += lanes) {
        const Vec weight = simd::load(weights + o * row_stride + i);
        for (std::size_t r = 0; r < lanes; ++r) {
          sums[r] = simd::fma(simd::load(rows + (first + r) * row_stride + i), weight, sums[r]);
        }
      }
      simd::store(out + o * out_stride + first, simd::row_sums(sums) + bias[o]);
    }
  }
}

void transpose_matrix(const float* from, std::size_t rows, std::size_t columns, std::size_t from_stride,
                      float* to, std::size_t to_stride) {
  for (std::size_t row = 0; row < rows; row += lanes) {
    for (std::size_t column = 0; column < columns; column += lanes) {
      Vec square[lanes];
      for (std::size_t i = 0; i < lanes; ++i) square[i] = simd::load(from + (row + i) * from_stride + column);
      simd::transpose(square);
      for (std::size_t i = 0; i < lanes; ++i) simd::store(to + (column + i) * to_stride + row, square[i]);
    }
  }
}

void column_sums(const float* matrix, std::size_t m, std::size_t n, std::size_t stride, float* sums) {
  for (std::size_t column = 0; column < n; column += lanes) {
    Vec total{};
    for (std::size_t row = 0; row < m; ++row) total += simd::load(matrix + row * stride + column);
    simd::store(sums + column, total);
  }
}

}  // namespace stevie::nn
