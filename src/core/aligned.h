#pragma once
#include <cstddef>
#include <new>
#include <vector>

namespace stevie {

/// Allocates on cache-line boundaries, so that 64-byte vector loads never straddle two lines.
template <class T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), alignment)); }
  void deallocate(T* pointer, std::size_t) { ::operator delete(pointer, alignment); }
  template <class U>
  bool operator==(const CacheLineAllocator<U>&) const {
    return true;
  }
};

/// A std::vector whose first element lies on a cache-line boundary.
template <class T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace stevie
