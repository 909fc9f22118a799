#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

namespace stevie::accounts {

/// libsodium behind a few functions.

/// BLAKE2b, 256 bits: what is kept of a token or key. They are random, so that nothing slow is needed.
using Fingerprint = std::array<std::uint8_t, 32>;
Fingerprint fingerprint(std::string_view secret);
std::string to_text(const Fingerprint& fingerprint);  // 64 lower-case hex digits
std::optional<Fingerprint> parse_fingerprint(std::string_view text);
/// Takes the same time wherever they differ.
bool equal(const Fingerprint& a, const Fingerprint& b);

/// So many random bytes as base64url, without padding: 43 characters of 32 bytes, 22 of 16.
std::string random_text(std::size_t bytes);
/// Twice as many lower-case hex digits.
std::string random_hex(std::size_t bytes);

/// Argon2id. Three passes over `memory_mib` in one lane; at most two computations at a time, so that no
/// number of logins takes more than twice that memory. Further ones wait. Thread-safe.
class PasswordHasher {
 public:
  explicit PasswordHasher(std::size_t memory_mib);

  /// The text that libsodium makes: algorithm, cost, salt and hash.
  std::string hash(std::string_view password);
  /// Where there is no `hash` the same work is done, and the answer is no.
  bool verify(const std::optional<std::string>& hash, std::string_view password);
  /// True for one that was made with another cost.
  bool is_outdated(const std::string& hash) const;

 private:
  std::size_t memory_bytes_;
  std::counting_semaphore<2> free_{2};
  std::once_flag has_nobody_;
  std::string nobody_;  // hash of a random password
};

}  // namespace stevie::accounts
