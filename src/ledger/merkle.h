#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::ledger {

/// A SHA-256 value.
using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);
/// 64 lower-case hex digits.
std::string to_hex(const Digest& digest);
/// Absent unless the text is exactly 64 lower-case hex digits.
std::optional<Digest> parse_digest(std::string_view hex);

/// The Merkle tree of RFC 6962, section 2.1: a leaf is SHA-256(0x00 | data), a node SHA-256(0x01 | left |
/// right), and the left half of n leaves has the largest power of two below n.
Digest leaf_hash(std::string_view data);
Digest node_hash(const Digest& left, const Digest& right);

/// A tree that only grows: keeps one hash for each bit set in the number of leaves.
class GrowingTree {
 public:
  void add(const Digest& leaf);
  std::uint64_t size() const { return size_; }
  /// SHA-256 of nothing for an empty tree.
  Digest root() const;

 private:
  std::vector<Digest> subtrees_;  // roots of the complete subtrees, largest first
  std::uint64_t size_ = 0;
};

Digest merkle_root(std::span<const Digest> leaves);

/// That event `sequence` (leaf sequence - 1) is one of the first `size` events: RFC 6962, section 2.1.1.
struct InclusionProof {
  std::uint64_t sequence = 0;
  std::uint64_t size = 0;
  Digest leaf{};
  Digest root{};
  std::vector<Digest> path;  // siblings from the leaf up
};
/// 1 <= sequence <= leaves.size().
InclusionProof inclusion_proof(std::span<const Digest> leaves, std::uint64_t sequence);
/// Recomputes the root from leaf and path (RFC 9162, section 2.1.3.2).
bool holds(const InclusionProof& proof);

/// That a log of `size` events begins with the one of `from` events: RFC 6962, section 2.1.2.
struct ConsistencyProof {
  std::uint64_t from = 0;
  std::uint64_t size = 0;
  Digest old_root{};
  Digest root{};
  std::vector<Digest> path;
};
/// 0 <= from <= leaves.size(); the path is empty for 0 and for all.
ConsistencyProof consistency_proof(std::span<const Digest> leaves, std::uint64_t from);
/// Recomputes both roots from the path (RFC 9162, section 2.1.4.2).
bool holds(const ConsistencyProof& proof);

}  // namespace stevie::ledger
