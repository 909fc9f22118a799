#include "accounts/secrets.h"

#include <sodium.h>

#include <new>
#include <stdexcept>
#include <vector>

namespace stevie::accounts {
namespace {

constexpr unsigned long long passes = 3;

/// Any number of times, from any thread.
void start_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be started");
}

/// Holds one of the places of a semaphore.
class Place {
 public:
  explicit Place(std::counting_semaphore<2>& places) : places_(places) { places_.acquire(); }
  ~Place() { places_.release(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::counting_semaphore<2>& places_;
};

}  // namespace

Fingerprint fingerprint(std::string_view secret) {
  Fingerprint result;
  crypto_generichash(result.data(), result.size(), reinterpret_cast<const unsigned char*>(secret.data()),
                     secret.size(), nullptr, 0);
  return result;
}

std::string to_text(const Fingerprint& fingerprint) {
  std::string text(2 * fingerprint.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), fingerprint.data(), fingerprint.size());
  text.pop_back();
  return text;
}

std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  Fingerprint result;
  std::size_t length = 0;
  const bool is_hex =
      sodium_hex2bin(result.data(), result.size(), text.data(), text.size(), nullptr, &length, nullptr) == 0;
  if (!is_hex || length != result.size()) return std::nullopt;
  return result;
}

bool equal(const Fingerprint& a, const Fingerprint& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_text(std::size_t bytes) {
  start_sodium();
  std::vector<unsigned char> random(bytes);
  randombytes_buf(random.data(), random.size());
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes, variant), '\0');
  sodium_bin2base64(text.data(), text.size(), random.data(), random.size(), variant);
  sodium_memzero(random.data(), random.size());
  text.pop_back();
  return text;
}

std::string random_hex(std::size_t bytes) {
  start_sodium();
  std::vector<unsigned char> random(bytes);
  randombytes_buf(random.data(), random.size());
  std::string text(2 * bytes + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), random.data(), random.size());
  text.pop_back();
  return text;
}

PasswordHasher::PasswordHasher(std::size_t memory_mib) : memory_bytes_(memory_mib << 20) {
  start_sodium();
}

std::string PasswordHasher::hash(std::string_view password) {
  const Place place(free_);
  std::string text(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), passes, memory_bytes_,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw std::bad_alloc();
  }
  text.resize(text.find('\0'));
  return text;
}

bool PasswordHasher::verify(const std::optional<std::string>& hash, std::string_view password) {
  // Made at the first login, whoever's that is: most programs look at no password.
  std::call_once(has_nobody_, [this] { nobody_ = this->hash(random_text(32)); });
  const Place place(free_);
  // libsodium takes no null pointer, which an empty view may hold.
  const char* const text = password.empty() ? "" : password.data();
  const bool fits = crypto_pwhash_str_verify((hash ? *hash : nobody_).c_str(), text, password.size()) == 0;
  return fits && hash.has_value();
}

bool PasswordHasher::is_outdated(const std::string& hash) const {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), passes, memory_bytes_) != 0;
}

}  // namespace stevie::accounts
