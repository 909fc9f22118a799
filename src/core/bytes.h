#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/error.h"

namespace stevie {

/// Appends plain values to a byte string, in the machine's (little-endian) layout.
class ByteWriter {
 public:
  template <class T>
  void value(const T& item) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&item), sizeof(T));
  }
  template <class T>
  void array(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    value<std::uint64_t>(items.size());
    bytes_.append(reinterpret_cast<const char*>(items.data()), items.size_bytes());
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what ByteWriter wrote. Running off the end, or an array of another length than the one it is read
/// into, throws Error "bytes.damaged": the bytes are then not what they claim to be.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  T value() {
    static_assert(std::is_trivially_copyable_v<T>);
    T item;
    std::memcpy(&item, take(sizeof(T)).data(), sizeof(T));
    return item;
  }
  template <class T>
  void array_into(std::span<T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (value<std::uint64_t>() != items.size()) damaged();
    const std::string_view source = take(items.size_bytes());
    if (!items.empty()) std::memcpy(items.data(), source.data(), source.size());
  }
  template <class T>
  std::vector<T> array() {
    const auto count = value<std::uint64_t>();
    if (count > bytes_.size() / sizeof(T)) damaged();
    std::vector<T> items(count);
    const std::string_view source = take(count * sizeof(T));
    if (count > 0) std::memcpy(items.data(), source.data(), source.size());
    return items;
  }
  bool done() const { return bytes_.empty(); }

 private:
  [[noreturn]] static void damaged() {
    throw Error("bytes.damaged", "the saved state is damaged or belongs to another configuration");
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) damaged();
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::string_view bytes_;
};

}  // namespace stevie
