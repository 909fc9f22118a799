#include "accounts/secrets.h"

#include <gtest/gtest.h>

#include <set>

#include "accounts/token_cache.h"

namespace stevie::accounts {
namespace {

TEST(Secrets, fingerprints_are_blake2b_of_256_bits) {
  // Of b2sum -l 256, from GNU coreutils 9.1.
  EXPECT_EQ(to_text(fingerprint("abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(parse_fingerprint(to_text(fingerprint("abc"))), fingerprint("abc"));
  EXPECT_FALSE(parse_fingerprint(""));
  EXPECT_FALSE(parse_fingerprint(std::string(63, 'a')));
  EXPECT_FALSE(parse_fingerprint(std::string(66, 'a')));
  EXPECT_FALSE(parse_fingerprint(std::string(64, 'g')));
  EXPECT_FALSE(equal(fingerprint("abc"), fingerprint("abd")));
}

TEST(Secrets, random_texts_have_their_length_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = random_text(32);
    EXPECT_EQ(text.size(), 43u);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(seen.insert(text).second);
  }
  EXPECT_EQ(random_text(16).size(), 22u);
  EXPECT_EQ(random_hex(6).size(), 12u);
}

TEST(PasswordHasher, knows_its_own_hashes_only) {
  PasswordHasher hasher(1);
  const std::string hash = hasher.hash("secret text");
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=1024,t=3,p=1$")) << hash;
  EXPECT_NE(hash, hasher.hash("secret text")) << "each has a salt of its own";
  EXPECT_TRUE(hasher.verify(hash, "secret text"));
  EXPECT_FALSE(hasher.verify(hash, "secret texT"));
  EXPECT_FALSE(hasher.verify(std::nullopt, "secret text"));
  EXPECT_FALSE(hasher.verify("", ""));
  EXPECT_FALSE(hasher.verify("not a hash", "secret text"));
  EXPECT_FALSE(hasher.is_outdated(hash));
  EXPECT_TRUE(PasswordHasher(2).is_outdated(hash));
}

TEST(TokenCache, holds_a_bounded_number_of_tokens_and_lets_the_nearest_to_their_end_go) {
  TokenCache cache(100);
  Snapshot snapshot;
  snapshot.users.resize(1);
  snapshot.users[0].user.name = "anna";
  cache.replace(snapshot);
  const auto token = [](int i) { return "stv_a_" + std::to_string(i); };
  for (int i = 0; i < 1000; ++i) {
    cache.add_access(fingerprint(token(i)), "login" + std::to_string(i), "anna", 10'000 + i, i);
  }
  EXPECT_EQ(cache.access_tokens(), 100u);
  EXPECT_FALSE(cache.find(token(899), 1000));
  EXPECT_TRUE(cache.find(token(900), 1000));
  cache.add_access(fingerprint(token(1000)), "login1000", "anna", 30'000, 20'000);
  EXPECT_EQ(cache.access_tokens(), 1u) << "those whose time is over go first";
}

TEST(TokenCache, a_login_has_its_two_newest_tokens) {
  TokenCache cache;
  Snapshot snapshot;
  snapshot.users.resize(1);
  snapshot.users[0].user.name = "anna";
  cache.replace(snapshot);
  for (int i = 0; i < 5; ++i) {
    cache.add_access(fingerprint("stv_a_" + std::to_string(i)), "login", "anna", 100, 0);
  }
  EXPECT_EQ(cache.access_tokens(), 2u);
  EXPECT_FALSE(cache.find("stv_a_2", 0));
  EXPECT_TRUE(cache.find("stv_a_3", 0));
  EXPECT_TRUE(cache.find("stv_a_4", 0));
  snapshot.users[0].user.enabled = false;
  snapshot.logins = {"login"};
  cache.replace(snapshot);
  EXPECT_FALSE(cache.find("stv_a_4", 0));
}

}  // namespace
}  // namespace stevie::accounts
