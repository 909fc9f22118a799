#include "ledger/merkle.h"

#include <gtest/gtest.h>

namespace stevie::ledger {
namespace {

using namespace std::string_literals;

/// The leaves of the test data of the Certificate Transparency project.
std::vector<Digest> reference_leaves(std::size_t count) {
  const std::vector<std::string> data{"",
                                      "\x00"s,
                                      "\x10",
                                      "\x20\x21",
                                      "\x30\x31",
                                      "\x40\x41\x42\x43",
                                      "\x50\x51\x52\x53\x54\x55\x56\x57",
                                      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(data.at(i)));
  return leaves;
}

std::vector<Digest> numbered_leaves(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(std::to_string(i)));
  return leaves;
}

/// The definition of RFC 6962, section 2.1, word for word.
Digest defined_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return sha256("");
  if (leaves.size() == 1) return leaves[0];
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  return node_hash(defined_root(leaves.first(left)), defined_root(leaves.subspan(left)));
}

TEST(Merkle, has_the_roots_of_the_reference_tree) {
  const std::vector<std::string> roots{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                       "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                       "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                       "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                       "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                       "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                       "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  for (std::size_t count = 0; count < roots.size(); ++count) {
    EXPECT_EQ(to_hex(merkle_root(reference_leaves(count))), roots[count]) << count << " leaves";
  }
}

TEST(Merkle, a_growing_tree_has_the_defined_root_at_every_size) {
  const std::vector<Digest> leaves = numbered_leaves(130);
  GrowingTree tree;
  for (std::size_t count = 0;; ++count) {
    ASSERT_EQ(tree.size(), count);
    ASSERT_EQ(tree.root(), defined_root(std::span(leaves).first(count))) << count;
    if (count == leaves.size()) break;
    tree.add(leaves[count]);
  }
}

TEST(Merkle, has_the_proofs_of_the_reference_tree) {
  const InclusionProof sixth = inclusion_proof(reference_leaves(8), 6);
  ASSERT_EQ(sixth.path.size(), 3U);
  EXPECT_EQ(to_hex(sixth.path[0]), "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
  EXPECT_EQ(to_hex(sixth.path[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(to_hex(sixth.path[2]), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
  const ConsistencyProof growth = consistency_proof(reference_leaves(8), 6);
  ASSERT_EQ(growth.path.size(), 3U);
  EXPECT_EQ(to_hex(growth.path[0]), "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
  EXPECT_EQ(to_hex(growth.path[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(to_hex(growth.path[2]), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(Merkle, every_inclusion_proof_holds_and_no_changed_one_does) {
  for (std::size_t size = 1; size <= 33; ++size) {
    const std::vector<Digest> leaves = numbered_leaves(size);
    for (std::uint64_t sequence = 1; sequence <= size; ++sequence) {
      const InclusionProof proof = inclusion_proof(leaves, sequence);
      ASSERT_TRUE(holds(proof)) << sequence << " of " << size;
      InclusionProof other = proof;
      other.leaf[31] ^= 1;
      EXPECT_FALSE(holds(other));
      for (std::size_t step = 0; step < proof.path.size(); ++step) {
        other = proof;
        other.path[step][0] ^= 0x80;
        EXPECT_FALSE(holds(other));
      }
      other = proof;
      other.path.emplace_back();
      EXPECT_FALSE(holds(other));
      if (!proof.path.empty()) {
        other = proof;
        other.path.pop_back();
        EXPECT_FALSE(holds(other));
      }
      for (std::uint64_t elsewhere = 0; elsewhere <= size + 1; ++elsewhere) {
        other = proof;
        other.sequence = elsewhere;
        EXPECT_EQ(holds(other), elsewhere == sequence) << elsewhere << " for " << sequence << " of " << size;
      }
    }
  }
}

TEST(Merkle, every_consistency_proof_holds_and_no_changed_one_does) {
  for (std::size_t size = 0; size <= 33; ++size) {
    const std::vector<Digest> leaves = numbered_leaves(size);
    for (std::uint64_t from = 0; from <= size; ++from) {
      const ConsistencyProof proof = consistency_proof(leaves, from);
      ASSERT_TRUE(holds(proof)) << from << " of " << size;
      ASSERT_EQ(proof.old_root, defined_root(std::span(leaves).first(from)));
      ConsistencyProof other = proof;
      other.old_root[5] ^= 4;
      EXPECT_FALSE(holds(other));
      if (from == 0) continue;  // the empty log is the beginning of every log
      other = proof;
      other.root[5] ^= 4;
      EXPECT_FALSE(holds(other));
      for (std::size_t step = 0; step < proof.path.size(); ++step) {
        other = proof;
        other.path[step][0] ^= 0x80;
        EXPECT_FALSE(holds(other));
      }
    }
  }
}

TEST(Merkle, reads_only_whole_lower_case_digests) {
  const Digest digest = sha256("x");
  EXPECT_EQ(parse_digest(to_hex(digest)), digest);
  EXPECT_EQ(parse_digest(""), std::nullopt);
  EXPECT_EQ(parse_digest(to_hex(digest) + "0"), std::nullopt);
  EXPECT_EQ(parse_digest(std::string(64, 'A')), std::nullopt);
  EXPECT_EQ(parse_digest(std::string(64, 'g')), std::nullopt);
}

}  // namespace
}  // namespace stevie::ledger
