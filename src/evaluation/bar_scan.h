#pragma once
/// Loops over columns of bars, eight at a time, that give what the loop one by one gives, bit for bit.
/// Columns are padded: scan_block - 1 values behind the last one can be read and count for nothing.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace stevie::evaluation {

inline constexpr std::size_t scan_block = 8;

#ifdef __AVX512F__
using Lanes = __m512d;
using LaneMask = unsigned;

// The unmasked intrinsics warn of an uninitialised value in g++ 12.
inline constexpr __mmask8 every_lane = 0xff;

inline Lanes load_lanes(const double* values) {
  return _mm512_loadu_pd(values);
}
inline Lanes all_lanes(double value) {
  return _mm512_set1_pd(value);
}
inline LaneMask at_most(Lanes a, Lanes b) {
  return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}
/// table[index] of every lane.
inline Lanes look_up(const std::array<double, scan_block>& table, const std::uint8_t* index) {
  std::uint64_t bytes = 0;
  std::copy_n(index, scan_block, reinterpret_cast<std::uint8_t*>(&bytes));
  const __m512i lanes =
      _mm512_maskz_cvtepu8_epi64(every_lane, _mm_cvtsi64_si128(static_cast<long long>(bytes)));
  return _mm512_maskz_permutexvar_pd(every_lane, lanes, load_lanes(table.data()));
}
inline Lanes equity_lanes(double cash, double units, const double* close) {
  return _mm512_add_pd(all_lanes(cash), _mm512_mul_pd(all_lanes(units), load_lanes(close)));
}
/// The smaller of a and b in the chosen lanes, a in the others.
inline Lanes smaller(Lanes a, Lanes b, LaneMask chosen) {
  return _mm512_mask_min_pd(a, static_cast<__mmask8>(chosen), a, b);
}
inline void store_lanes(Lanes lanes, double* values) {
  _mm512_storeu_pd(values, lanes);
}
#else
using Lanes = std::array<double, scan_block>;
using LaneMask = unsigned;

inline Lanes load_lanes(const double* values) {
  Lanes lanes;
  std::copy_n(values, scan_block, lanes.begin());
  return lanes;
}
inline Lanes all_lanes(double value) {
  Lanes lanes;
  lanes.fill(value);
  return lanes;
}
inline LaneMask at_most(const Lanes& a, const Lanes& b) {
  LaneMask mask = 0;
  for (std::size_t i = 0; i < scan_block; ++i) mask |= static_cast<LaneMask>(a[i] <= b[i]) << i;
  return mask;
}
/// table[index] of every lane.
inline Lanes look_up(const std::array<double, scan_block>& table, const std::uint8_t* index) {
  Lanes lanes;
  for (std::size_t i = 0; i < scan_block; ++i) lanes[i] = table[index[i]];
  return lanes;
}
inline Lanes equity_lanes(double cash, double units, const double* close) {
  Lanes lanes;
  for (std::size_t i = 0; i < scan_block; ++i) lanes[i] = cash + units * close[i];
  return lanes;
}
/// The smaller of a and b in the chosen lanes, a in the others.
inline Lanes smaller(Lanes a, const Lanes& b, LaneMask chosen) {
  for (std::size_t i = 0; i < scan_block; ++i)
    if ((chosen >> i & 1) != 0) a[i] = std::min(a[i], b[i]);
  return a;
}
inline void store_lanes(const Lanes& lanes, double* values) {
  std::copy(lanes.begin(), lanes.end(), values);
}
#endif

inline double smallest_lane(const Lanes& lanes) {
  std::array<double, scan_block> values;
  store_lanes(lanes, values.data());
  for (std::size_t half = scan_block / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) values[i] = std::min(values[i], values[i + half]);
  return values[0];
}

/// The lanes below `count`.
inline LaneMask first_lanes(std::size_t count) {
  return count >= scan_block ? (1U << scan_block) - 1 : (1U << count) - 1;
}

/// First bar of [begin, end) with low <= lower or high >= upper; end where there is none. NaN is never
/// reached.
inline std::size_t first_touch(const double* low, const double* high, std::size_t begin, std::size_t end,
                               double lower, double upper) {
  const Lanes lowest = all_lanes(lower), highest = all_lanes(upper);
  for (std::size_t bar = begin; bar < end; bar += scan_block) {
    const LaneMask touched =
        at_most(load_lanes(low + bar), lowest) | at_most(highest, load_lanes(high + bar));
    if (touched != 0) return std::min(end, bar + static_cast<std::size_t>(std::countr_zero(touched)));
  }
  return end;
}

/// Follows the peak of an equity and the largest loss from it, as stats::drawdown_series does value by value.
/// Only the lowest value under a peak is divided: rounding is monotonous, so that its quotient is the
/// largest.
class Drawdown {
 public:
  explicit Drawdown(double start) : peak_(start), lowest_(start) {}

  void add(double equity) {
    if (equity > peak_) {
      settle();
      peak_ = lowest_ = equity;
    } else {
      lowest_ = std::min(lowest_, equity);
    }
  }
  /// cash + units * close of each bar.
  void add(double cash, double units, const double* close, std::size_t count) {
    Lanes lowest = all_lanes(lowest_);
    for (std::size_t i = 0; i < count; i += scan_block) {
      const Lanes equity = equity_lanes(cash, units, close + i);
      const LaneMask counted = first_lanes(count - i);
      if ((at_most(equity, all_lanes(peak_)) & counted) == counted) {
        lowest = smaller(lowest, equity, counted);
        continue;
      }
      lowest_ = smallest_lane(lowest);
      std::array<double, scan_block> values;
      store_lanes(equity, values.data());
      for (std::size_t lane = 0; lane < std::min(scan_block, count - i); ++lane) add(values[lane]);
      lowest = all_lanes(lowest_);
    }
    lowest_ = smallest_lane(lowest);
  }
  double largest() {
    settle();
    return largest_;
  }

 private:
  void settle() { largest_ = std::max(largest_, (peak_ - lowest_) / peak_); }

  double peak_, lowest_;
  double largest_ = 0;
};

}  // namespace stevie::evaluation
