#include "ledger/signed_head.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/testing.h"

namespace stevie::ledger {
namespace {

constexpr const char* some_root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";

TEST(SignedHead, survives_its_file_and_no_change_of_it) {
  const TemporaryFolder folder;
  const SigningKey key = SigningKey::create(folder.path() / "a.key");
  const SignedHead head = key.sign(8, 1'700'000'000'000, some_root);
  EXPECT_TRUE(is_signed_by(head, key.public_key()));
  const SignedHead read = parse_head(format_head(head), "file");
  EXPECT_EQ(head_bytes(read), "13:stevie-head-1,1:8,13:1700000000000,64:" + std::string(some_root) + ",");
  EXPECT_TRUE(is_signed_by(read, key.public_key()));
  const auto holds_after = [&](auto change) {
    SignedHead other = head;
    change(other);
    return is_signed_by(other, key.public_key());
  };
  EXPECT_FALSE(holds_after([](SignedHead& other) { ++other.sequence; }));
  EXPECT_FALSE(holds_after([](SignedHead& other) { ++other.time; }));
  EXPECT_FALSE(holds_after([](SignedHead& other) { other.root[0] = '6'; }));
  EXPECT_FALSE(holds_after([](SignedHead& other) { other.signature.clear(); }));
  const SigningKey other_key = SigningKey::create(folder.path() / "b.key");
  EXPECT_NE(other_key.public_key(), key.public_key());
  EXPECT_FALSE(is_signed_by(head, other_key.public_key()));
  EXPECT_FALSE(is_signed_by(head, ""));
}

/// RFC 8032, section 7.1, test 3: the key pair.
TEST(SigningKey, has_the_public_key_of_rfc_8032) {
  const TemporaryFolder folder;
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3\n"
      "-----END PRIVATE KEY-----\n";
  write_file(folder.path() / "rfc.key", pem);
  std::filesystem::permissions(folder.path() / "rfc.key", std::filesystem::perms(0600));
  const SigningKey key = SigningKey::load(folder.path() / "rfc.key");
  EXPECT_EQ(key.public_key(), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  // ed25519 signatures are deterministic.
  EXPECT_EQ(key.sign(1, 2, some_root).signature, key.sign(1, 2, some_root).signature);
  write_file(folder.path() / "rfc.pub", key.public_pem());
  EXPECT_EQ(load_public_key(folder.path() / "rfc.pub"), key.public_key());
}

TEST(SigningKey, of_another_process_is_kept) {
  const TemporaryFolder folder;
  const std::string first = SigningKey::create(folder.path() / "a.key").public_key();
  EXPECT_EQ(SigningKey::create(folder.path() / "a.key").public_key(), first);
}

TEST(SigningKey, of_another_kind_is_refused) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    write_file(folder.path() / "a.key", text);
    std::filesystem::permissions(folder.path() / "a.key", std::filesystem::perms(0600));
    return error_of([&] { SigningKey::load(folder.path() / "a.key"); }).code();
  };
  EXPECT_EQ(refused(""), "ledger.bad_key");
  EXPECT_EQ(refused("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n"), "ledger.bad_key");
  // X25519, for key exchange: of the same length, but it cannot sign.
  EXPECT_EQ(refused("-----BEGIN PRIVATE KEY-----\n"
                    "MC4CAQAwBQYDK2VuBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3\n"
                    "-----END PRIVATE KEY-----\n"),
            "ledger.bad_key");
}

TEST(SignedHead, of_a_wrong_form_is_refused) {
  const TemporaryFolder folder;
  const std::string good = format_head(SigningKey::create(folder.path() / "a.key").sign(3, 4, some_root));
  EXPECT_NO_THROW(parse_head(good, "x"));
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), good.substr(0, good.size() - 3),
        with("stevie-head-1", "stevie-head-2"), with("\"sequence\": 3", "\"sequence\": -3"),
        with("\"sequence\": 3", "\"sequence\": 3.5"),
        with("\"sequence\": 3", "\"sequence\": 18446744073709551615"), with("\"time\": 4", "\"time\": \"4\""),
        with("5dc9", "5DC9"), with("5dc9", "5dc"), with("\"time\": 4", "\"time\": 4, \"more\": 1"),
        good + std::string(5000, ' ')}) {
    EXPECT_EQ(error_of([&] { parse_head(text, "x"); }).code(), "ledger.bad_head") << text;
  }
}

TEST(HeadFiles, a_newer_head_is_not_replaced_by_an_older_one) {
  const TemporaryFolder folder;
  const HeadFiles files(folder.path(), "x");
  const SigningKey key = files.make_key();
  files.write_head(key.sign(5, 1, some_root));
  files.write_head(key.sign(4, 1, some_root));
  EXPECT_EQ(files.read_head()->sequence, 5U);
  files.write_head(key.sign(6, 1, some_root));
  EXPECT_EQ(files.read_head()->sequence, 6U);
}

}  // namespace
}  // namespace stevie::ledger
