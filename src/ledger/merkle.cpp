#include "ledger/merkle.h"

#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <cassert>

#include "core/hex.h"

namespace stevie::ledger {
namespace {

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// The largest power of two below `count` (count >= 2): where a tree is divided.
std::size_t left_size(std::size_t count) {
  return std::bit_floor(count - 1);
}

void inclusion_path(std::span<const Digest> leaves, std::size_t index, std::vector<Digest>& path) {
  if (leaves.size() == 1) return;
  const std::size_t left = left_size(leaves.size());
  if (index < left) {
    inclusion_path(leaves.first(left), index, path);
    path.push_back(merkle_root(leaves.subspan(left)));
  } else {
    inclusion_path(leaves.subspan(left), index - left, path);
    path.push_back(merkle_root(leaves.first(left)));
  }
}

/// SUBPROOF(from, leaves, is_old_tree) of RFC 6962.
void consistency_path(std::span<const Digest> leaves, std::size_t from, bool is_old_tree,
                      std::vector<Digest>& path) {
  if (from == leaves.size()) {
    if (!is_old_tree) path.push_back(merkle_root(leaves));
    return;
  }
  const std::size_t left = left_size(leaves.size());
  if (from <= left) {
    consistency_path(leaves.first(left), from, is_old_tree, path);
    path.push_back(merkle_root(leaves.subspan(left)));
  } else {
    consistency_path(leaves.subspan(left), from - left, false, path);
    path.push_back(merkle_root(leaves.first(left)));
  }
}

/// The way from a node to the root, by its place and that of the last node on its level (RFC 9162, 2.1.3.2).
struct Climb {
  std::uint64_t place = 0, last = 0;

  void up() {
    place >>= 1;
    last >>= 1;
  }
  /// Goes up by the next sibling of a path; true where that stands to the left.
  bool past_left_sibling() {
    const bool left = (place & 1) != 0 || place == last;
    if (left) {
      while ((place & 1) == 0 && place != 0) up();
    }
    up();
    return left;
  }
};

}  // namespace

Digest sha256(std::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::string to_hex(const Digest& digest) {
  return stevie::to_hex(text_of(digest));
}

std::optional<Digest> parse_digest(std::string_view hex) {
  Digest digest;
  const std::string bytes = from_hex(hex, digest.size());
  if (bytes.empty()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

Digest leaf_hash(std::string_view data) {
  std::string bytes(1, '\0');
  return sha256(bytes.append(data));
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::string bytes(1, '\1');
  return sha256(bytes.append(text_of(left)).append(text_of(right)));
}

void GrowingTree::add(const Digest& leaf) {
  Digest node = leaf;
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    node = node_hash(subtrees_.back(), node);
    subtrees_.pop_back();
  }
  subtrees_.push_back(node);
  ++size_;
}

Digest GrowingTree::root() const {
  if (subtrees_.empty()) return sha256("");
  Digest node = subtrees_.back();
  for (std::size_t i = subtrees_.size() - 1; i-- > 0;) node = node_hash(subtrees_[i], node);
  return node;
}

Digest merkle_root(std::span<const Digest> leaves) {
  GrowingTree tree;
  for (const Digest& leaf : leaves) tree.add(leaf);
  return tree.root();
}

InclusionProof inclusion_proof(std::span<const Digest> leaves, std::uint64_t sequence) {
  assert(sequence >= 1 && sequence <= leaves.size());
  InclusionProof proof{.sequence = sequence, .size = leaves.size()};
  proof.leaf = leaves[sequence - 1];
  proof.root = merkle_root(leaves);
  inclusion_path(leaves, sequence - 1, proof.path);
  return proof;
}

bool holds(const InclusionProof& proof) {
  if (proof.sequence < 1 || proof.sequence > proof.size) return false;
  Climb climb{proof.sequence - 1, proof.size - 1};
  Digest node = proof.leaf;
  for (const Digest& sibling : proof.path) {
    if (climb.last == 0) return false;
    node = climb.past_left_sibling() ? node_hash(sibling, node) : node_hash(node, sibling);
  }
  return climb.last == 0 && node == proof.root;
}

ConsistencyProof consistency_proof(std::span<const Digest> leaves, std::uint64_t from) {
  assert(from <= leaves.size());
  ConsistencyProof proof{.from = from, .size = leaves.size()};
  proof.old_root = merkle_root(leaves.first(from));
  proof.root = merkle_root(leaves);
  if (from > 0 && from < leaves.size()) consistency_path(leaves, from, true, proof.path);
  return proof;
}

bool holds(const ConsistencyProof& proof) {
  if (proof.from > proof.size) return false;
  if (proof.from == 0) return proof.path.empty() && proof.old_root == sha256("");
  if (proof.from == proof.size) return proof.path.empty() && proof.old_root == proof.root;
  std::span<const Digest> path = proof.path;
  Climb climb{proof.from - 1, proof.size - 1};
  while ((climb.place & 1) != 0) climb.up();
  Digest old_node = proof.old_root;
  if (!std::has_single_bit(proof.from)) {  // else the old tree is itself the first node of the path
    if (path.empty()) return false;
    old_node = path.front();
    path = path.subspan(1);
  }
  Digest node = old_node;
  for (const Digest& sibling : path) {
    if (climb.last == 0) return false;
    const bool left = climb.past_left_sibling();
    if (left) old_node = node_hash(sibling, old_node);
    node = left ? node_hash(sibling, node) : node_hash(node, sibling);
  }
  return climb.last == 0 && old_node == proof.old_root && node == proof.root;
}

}  // namespace stevie::ledger
