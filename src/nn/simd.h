#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__AVX512F__) || defined(__FMA__)
#include <immintrin.h>
#endif

/// Vectors as wide as the processor that the program is built for, written with the compiler's vector
/// extensions, so that one source serves AVX-512, AVX2 and SSE. Each function acts on every lane alone: a
/// lane's result does not depend on its neighbours or on its place, which is what keeps results equal for any
/// batch or thread split.
namespace stevie::nn::simd {

#if defined(__AVX512F__)
inline constexpr std::size_t lanes = 16;
#elif defined(__AVX__)
inline constexpr std::size_t lanes = 8;
#else
inline constexpr std::size_t lanes = 4;
#endif

using Vec = float __attribute__((vector_size(lanes * sizeof(float))));
using VecInt = std::int32_t __attribute__((vector_size(lanes * sizeof(float))));

/// The smallest multiple of the vector width that holds `count`.
constexpr std::size_t round_up(std::size_t count) {
  return (count + lanes - 1) / lanes * lanes;
}

inline Vec load(const float* aligned) {
  return *reinterpret_cast<const Vec*>(aligned);
}
inline VecInt load(const std::int32_t* aligned) {
  return *reinterpret_cast<const VecInt*>(aligned);
}
inline void store(float* aligned, Vec value) {
  *reinterpret_cast<Vec*>(aligned) = value;
}

inline Vec splat(float value) {
  return value - Vec{};  // not a sum, which would be one: -0 + 0 is 0
}
inline VecInt splat(std::int32_t value) {
  return VecInt{} + value;
}
#ifdef __AVX512F__
// The unmasked intrinsics warn of an uninitialised value in g++ 12.
inline constexpr __mmask16 every_lane = 0xffff;

inline Vec min(Vec a, Vec b) {
  return reinterpret_cast<Vec>(
      _mm512_maskz_min_ps(every_lane, reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
}
inline Vec max(Vec a, Vec b) {
  return reinterpret_cast<Vec>(
      _mm512_maskz_max_ps(every_lane, reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
}
#else
inline Vec min(Vec a, Vec b) {
  return a < b ? a : b;
}
inline Vec max(Vec a, Vec b) {
  return a > b ? a : b;
}
#endif

inline Vec clamp(Vec x, Vec low, Vec high) {
  return max(low, min(x, high));
}
inline Vec abs(Vec x) {
  return reinterpret_cast<Vec>(reinterpret_cast<VecInt>(x) & splat(0x7fffffff));
}

/// a * b + c, rounded once where the processor can, which is half of its peak. Fused by name, since what a
/// compiler fuses by itself depends on what it inlined where.
inline Vec fma(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vec>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#elif defined(__FMA__)
  return reinterpret_cast<Vec>(
      _mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#else
  return a * b + c;
#endif
}
/// c - a * b, rounded as fma().
inline Vec subtract_product(Vec c, Vec a, Vec b) {
  return fma(-a, b, c);
}

inline float sum(Vec value) {
  float total = 0.0f;
  for (std::size_t i = 0; i < lanes; ++i) total += value[i];
  return total;
}

/// 1 / x to within 2 units in the last place.
inline Vec reciprocal(Vec x) {
#ifdef __AVX512F__
  const Vec estimate = reinterpret_cast<Vec>(_mm512_maskz_rcp14_ps(every_lane, reinterpret_cast<__m512>(x)));
  return estimate * subtract_product(splat(2.0f), x, estimate);  // one Newton step doubles the 14 bits
#else
  return 1.0f / x;
#endif
}

/// sqrt(x) for x >= 0, to within 2 units in the last place; x below 1e-30 counts as 1e-30, since half of a
/// smaller number may be denormal, which costs the processor a hundred cycles.
inline Vec square_root(Vec x) {
  const Vec normal = max(x, splat(1e-30f));
#ifdef __AVX512F__
  const Vec estimate =
      reinterpret_cast<Vec>(_mm512_maskz_rsqrt14_ps(every_lane, reinterpret_cast<__m512>(normal)));
  const Vec root = normal * estimate;
  return root * subtract_product(splat(1.5f), 0.5f * estimate, root);  // one Newton step
#else
  Vec root;
  for (std::size_t i = 0; i < lanes; ++i) root[i] = __builtin_sqrtf(normal[i]);
  return root;
#endif
}

/// tanh to a relative error of 4e-7, by which it may exceed 1: x P(x^2) / Q(x^2), degrees (4, 4), a
/// least-squares fit reweighted towards the smallest largest relative error on |x| <= 9, beyond which float
/// tanh is 1.
inline Vec tanh(Vec x) {
  const Vec bounded = clamp(x, splat(-9.0f), splat(9.0f));
  const Vec y = bounded * bounded;
  Vec p = splat(1.335464703e-08f);
  p = fma(p, y, splat(2.060907088e-05f));
  p = fma(p, y, splat(3.495587396e-03f));
  p = fma(p, y, splat(1.338102502e-01f));
  p = fma(p, y, splat(9.999999795e-01f));
  Vec q = splat(7.776552081e-07f);
  q = fma(q, y, splat(3.285633645e-04f));
  q = fma(q, y, splat(2.587697939e-02f));
  q = fma(q, y, splat(4.671434062e-01f));
  q = fma(q, y, splat(1.0f));
  return bounded * p * reciprocal(q);
}

/// e^x to a relative error of 2e-7, for x in [-87, 88]; beyond, the value at the bound.
inline Vec exp(Vec x) {
  const Vec bounded = clamp(x, splat(-87.0f), splat(88.0f));
  // x = n ln 2 + r with |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to the nearest integer.
  constexpr float round_shift = 12582912.0f;
  const Vec shifted = bounded * 1.44269504f + round_shift;
  const Vec n = shifted - round_shift;
  const Vec r = (bounded - n * 0.693359375f) - n * -2.12194440e-4f;  // ln 2 in two parts (Cody and Waite)
  Vec p = splat(1.0f / 5040.0f);  // Taylor: the remainder at |r| = 0.35 is below 1e-8
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const VecInt exponent = __builtin_convertvector(n, VecInt) + 127;
  return p * reinterpret_cast<Vec>(exponent << 23);
}

/// Natural logarithm of normal x > 0, to a relative error of 3e-7 (absolute near 1).
inline Vec log(Vec x) {
  // x = 2^n m with m in [sqrt(1/2), sqrt(2)).
  const VecInt bits = reinterpret_cast<VecInt>(x);
  const VecInt offset = bits - 0x3f3504f3;  // bits of sqrt(1/2)
  const Vec n = __builtin_convertvector(offset >> 23, Vec);
  const Vec m = reinterpret_cast<Vec>(bits - ((offset >> 23) << 23));
  // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716: the series' remainder is below 1e-9.
  const Vec s = (m - 1.0f) * reciprocal(m + 1.0f);
  const Vec s2 = s * s;
  Vec p = splat(2.0f / 9.0f);
  p = p * s2 + 2.0f / 7.0f;
  p = p * s2 + 2.0f / 5.0f;
  p = p * s2 + 2.0f / 3.0f;
  p = p * s2 + 2.0f;
  return n * 0.693359375f + (n * -2.12194440e-4f + s * p);
}

/// Lane masks that exchange the off-diagonal blocks of size `span` between two rows of a square of vectors.
inline VecInt low_block_mask(std::size_t span) {
  VecInt mask{};
  for (std::size_t i = 0; i < lanes; ++i) {
    mask[i] = static_cast<std::int32_t>((i & span) == 0 ? i : lanes + i - span);
  }
  return mask;
}
inline VecInt high_block_mask(std::size_t span) {
  VecInt mask{};
  for (std::size_t i = 0; i < lanes; ++i) {
    mask[i] = static_cast<std::int32_t>((i & span) == 0 ? i + span : lanes + i);
  }
  return mask;
}

/// Lane i is lane mask[i] of a and b laid end to end.
inline Vec shuffle(Vec a, Vec b, VecInt mask) {
#ifdef __clang__
  Vec result{};  // clang shuffles by constants only; it serves the fuzz targets, where speed does not matter
  for (std::size_t i = 0; i < lanes; ++i) {
    const auto source = static_cast<std::size_t>(mask[i]);
    result[i] = source < lanes ? a[source] : b[source - lanes];
  }
  return result;
#else
  return __builtin_shuffle(a, b, mask);
#endif
}

/// Transposes the square of `lanes` vectors in place.
inline void transpose(Vec (&rows)[lanes]) {
#pragma GCC unroll 4
  for (std::size_t span = lanes / 2; span >= 1; span /= 2) {
    const VecInt low = low_block_mask(span);
    const VecInt high = high_block_mask(span);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < lanes; ++i) {
      if ((i & span) != 0) continue;
      const Vec a = rows[i];
      const Vec b = rows[i + span];
      rows[i] = shuffle(a, b, low);
      rows[i + span] = shuffle(a, b, high);
    }
  }
}

/// Vector whose lane i is the sum over the lanes of rows[i]; always added in the same order. `rows` is used
/// up.
inline Vec row_sums(Vec (&rows)[lanes]) {
#pragma GCC unroll 4
  for (std::size_t span = lanes / 2; span >= 1; span /= 2) {
    const VecInt low = low_block_mask(span);
    const VecInt high = high_block_mask(span);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < span; ++i) {
      const Vec a = rows[i];
      const Vec b = rows[i + span];
      rows[i] = shuffle(a, b, low) + shuffle(a, b, high);
    }
  }
  return rows[0];
}

}  // namespace stevie::nn::simd
