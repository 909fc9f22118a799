#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stevie::ledger {

/// What the log was at one moment, signed (ed25519, RFC 8032) so that it cannot be made without the key.
struct SignedHead {
  std::uint64_t sequence = 0;  // number of the last event; 0: the log was empty
  TimeMs time = 0;             // of that event
  std::string root;            // Merkle root over events 1 to sequence, hex
  std::string public_key;      // 64 hex digits: the raw key
  std::string signature;       // 128 hex digits, over head_bytes()
};

/// What the signature covers: the netstrings of "stevie-head-1", sequence, time and root.
std::string head_bytes(const SignedHead& head);

/// The head file: a JSON object with the members format ("stevie-head-1"), sequence, time, root, public_key
/// and signature.
std::string format_head(const SignedHead& head);
/// Checks form, not the signature. Throws Error "ledger.bad_head".
SignedHead parse_head(std::string_view text, const std::string& place);

/// Whether the signature over head_bytes() is that of this raw public key (hex).
bool is_signed_by(const SignedHead& head, const std::string& public_key);

/// A private key.
class SigningKey {
 public:
  /// Reads a PEM file. Throws Error "ledger.bad_key": no ed25519 key, or others may read the file.
  static SigningKey load(const std::filesystem::path& path);
  /// Makes a key and its file, readable for the owner only. Where the file has come to exist meanwhile that
  /// one is loaded. Throws Error "file.unwritable".
  static SigningKey create(const std::filesystem::path& path);

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  /// Raw public key in hex.
  const std::string& public_key() const { return public_key_; }
  /// PEM of the public key.
  std::string public_pem() const;
  SignedHead sign(std::uint64_t sequence, TimeMs time, const std::string& root) const;

 private:
  struct Handle;
  explicit SigningKey(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
  std::string public_key_;
};

/// Raw public key (hex) out of a PEM file. Throws Error "ledger.bad_key".
std::string load_public_key(const std::filesystem::path& path);

/// The files beside a ledger.
class HeadFiles {
 public:
  HeadFiles(const std::filesystem::path& folder, const std::string& name);

  const std::filesystem::path& head() const { return head_; }
  const std::filesystem::path& key() const { return key_; }
  const std::filesystem::path& public_key() const { return public_key_; }

  /// Absent where there is no such file. Throws as parse_head() and SigningKey::load().
  std::optional<SignedHead> read_head() const;
  std::optional<SigningKey> read_key() const;
  std::optional<std::string> read_public_key() const;

  /// The key, made where it is missing, with the public key beside it.
  SigningKey make_key() const;
  /// Replaces the head unless the file holds a newer one, which another process wrote meanwhile. Throws Error
  /// "file.unwritable".
  void write_head(const SignedHead& head) const;

 private:
  std::filesystem::path head_, key_, public_key_, lock_;
};

}  // namespace stevie::ledger
