#pragma once
#include <array>
#include <cstdint>

namespace stevie {

/// Philox4x32-10: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". A keyed bijection of 128
/// bits: every (key, counter) gives four independent 32-bit words, with no state to carry.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// An endless sequence of random numbers, fixed by (seed, stream). `stream` is what is drawn for: an
/// environment lane, a bootstrap replicate, a layer. Two streams of one seed never overlap. `position` counts
/// 32-bit words drawn, so a stream is saved as one number and continues from it bit for bit.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t stream, std::uint64_t position = 0)
      : seed_(seed), stream_(stream), position_(position) {}

  std::uint32_t next_u32() {
    const std::uint64_t block = position_ / 4;
    if (block != cached_block_) refill(block);
    return words_[position_++ % 4];
  }
  std::uint64_t next_u64() {
    const std::uint64_t high = next_u32();
    return high << 32 | next_u32();
  }
  /// In [0, 1), 53 random bits.
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }
  /// In [0, 1), 24 random bits.
  float uniform_float() { return static_cast<float>(next_u32() >> 8) * 0x1.0p-24f; }
  /// In [0, bound), without bias; bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller, one of the pair).
  double normal();
  /// Student's t with `degrees` > 2 degrees of freedom, scaled to unit variance.
  double student_t_unit_variance(double degrees);
  /// Gamma(shape, 1), shape > 0: Marsaglia and Tsang 2000.
  double gamma(double shape);

  std::uint64_t position() const { return position_; }
  void set_position(std::uint64_t position) { position_ = position; }

 private:
  static constexpr std::uint64_t no_block = ~std::uint64_t{0};
  void refill(std::uint64_t block);

  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_;
  std::uint64_t cached_block_ = no_block;
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace stevie
