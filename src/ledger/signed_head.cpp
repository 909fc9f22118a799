#include "ledger/signed_head.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/hex.h"
#include "ledger/merkle.h"
#include "ledger/netstring.h"

namespace stevie::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view head_format = "stevie-head-1";
constexpr std::size_t most_head_bytes = 4096;
constexpr std::size_t public_key_bytes = 32;
constexpr std::size_t signature_bytes = 64;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free>;
using Bio = std::unique_ptr<BIO, Free>;

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

/// Empty unless it is an ed25519 key.
std::string raw_public_key(const EVP_PKEY* key) {
  std::string raw(public_key_bytes, '\0');
  std::size_t size = raw.size();
  const bool is_ed25519 = key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
  if (!is_ed25519 ||
      EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) {
    return {};
  }
  return raw;
}

[[noreturn]] void bad_key(const fs::path& path, const std::string& message) {
  throw Error("ledger.bad_key", message, path.string());
}

/// Writes a file that only the owner may read, unless there is one of that name. Returns whether it wrote.
bool write_secret_once(const fs::path& path, std::string_view bytes) {
  const auto unwritable = [&path] {
    return Error("file.unwritable",
                 fmt::format("cannot write the key here ({}): free this place or choose another",
                             std::strerror(errno)),
                 path.string());
  };
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = ::mkstemp(temporary.data());  // mode 0600
  if (descriptor < 0) throw unwritable();
  const bool written =
      ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(descriptor) == 0;
  ::close(descriptor);
  // link() instead of rename(): it fails where another process made its key first.
  const bool linked = written && ::link(temporary.c_str(), path.c_str()) == 0;
  const bool was_there = written && !linked && errno == EEXIST;
  const Error fault = unwritable();
  ::unlink(temporary.c_str());
  if (!linked && !was_there) throw fault;
  return linked;
}

/// Holds a lock among processes on a file while it lives.
class FileLock {
 public:
  explicit FileLock(const fs::path& path)
      : descriptor_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX) != 0) {
      const std::string reason = std::strerror(errno);
      if (descriptor_ >= 0) ::close(descriptor_);
      throw Error("file.unwritable",
                  fmt::format("cannot lock this file ({}): check who may write here", reason), path.string());
    }
  }
  ~FileLock() { ::close(descriptor_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_;
};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

struct SigningKey::Handle {
  Key key;
};

std::string head_bytes(const SignedHead& head) {
  return netstrings({head_format, std::to_string(head.sequence), std::to_string(head.time), head.root});
}

std::string format_head(const SignedHead& head) {
  return fmt::format(
      "{{\"format\": \"{}\",\n \"sequence\": {},\n \"time\": {},\n \"root\": \"{}\",\n \"public_key\": "
      "\"{}\",\n "
      "\"signature\": \"{}\"}}\n",
      head_format, head.sequence, head.time, head.root, head.public_key, head.signature);
}

SignedHead parse_head(std::string_view text, const std::string& place) {
  const Error bad("ledger.bad_head", "this is no head file of a ledger, or it is damaged: restore a copy",
                  place);
  if (text.size() > most_head_bytes) throw bad;
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.size() != 6) throw bad;
  const auto text_at = [&json, &bad](const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) throw bad;
    return found->get<std::string>();
  };
  const auto number_at = [&json, &bad](const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned()) throw bad;
    const auto number = found->get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) throw bad;
    return number;
  };
  if (text_at("format") != head_format) throw bad;
  SignedHead head{.sequence = number_at("sequence"),
                  .time = static_cast<TimeMs>(number_at("time")),
                  .root = text_at("root"),
                  .public_key = text_at("public_key"),
                  .signature = text_at("signature")};
  if (!parse_digest(head.root) || from_hex(head.public_key, public_key_bytes).empty() ||
      from_hex(head.signature, signature_bytes).empty()) {
    throw bad;
  }
  return head;
}

bool is_signed_by(const SignedHead& head, const std::string& public_key) {
  const std::string raw = from_hex(public_key, public_key_bytes);
  const std::string signature = from_hex(head.signature, signature_bytes);
  if (raw.empty() || signature.empty()) return false;
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
  const DigestContext context(EVP_MD_CTX_new());
  const std::string message = head_bytes(head);
  return key && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

SigningKey::SigningKey(std::unique_ptr<Handle> handle)
    : handle_(std::move(handle)), public_key_(stevie::to_hex(raw_public_key(handle_->key.get()))) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::load(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    bad_key(path, "others may use this key: `chmod 600` it, and make a new one if somebody may have read it");
  }
  const std::string pem = read_file(path);
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto handle = std::make_unique<Handle>();
  // An empty pass phrase instead of a question at the terminal.
  handle->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, const_cast<char*>("")));
  if (raw_public_key(handle->key.get()).empty()) {
    bad_key(path, "this is no ed25519 key without a pass phrase, or it is damaged: restore a copy");
  }
  return SigningKey(std::move(handle));
}

SigningKey SigningKey::create(const fs::path& path) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!key || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    bad_key(path, "OpenSSL could not make an ed25519 key");
  }
  write_secret_once(path, text_in(bio.get()));
  return load(path);
}

std::string SigningKey::public_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), handle_->key.get());
  return text_in(bio.get());
}

SignedHead SigningKey::sign(std::uint64_t sequence, TimeMs time, const std::string& root) const {
  SignedHead head{.sequence = sequence, .time = time, .root = root, .public_key = public_key_};
  const std::string message = head_bytes(head);
  std::string signature(signature_bytes, '\0');
  std::size_t size = signature.size();
  const DigestContext context(EVP_MD_CTX_new());
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, handle_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(message), message.size()) != 1) {
    throw Error("ledger.bad_key", "OpenSSL could not sign with the ledger's key");
  }
  head.signature = stevie::to_hex(signature);
  return head;
}

std::string load_public_key(const fs::path& path) {
  const std::string pem = read_file(path);
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  const std::string raw = raw_public_key(key.get());
  if (raw.empty()) bad_key(path, "this is no ed25519 public key, or it is damaged: restore a copy");
  return stevie::to_hex(raw);
}

HeadFiles::HeadFiles(const fs::path& folder, const std::string& name)
    : head_(folder / (name + ".head")),
      key_(folder / (name + ".key")),
      public_key_(folder / (name + ".pub")),
      lock_(folder / (name + ".lock")) {}

std::optional<SignedHead> HeadFiles::read_head() const {
  if (!is_there(head_)) return std::nullopt;
  return parse_head(read_file(head_), head_.string());
}

std::optional<SigningKey> HeadFiles::read_key() const {
  if (!is_there(key_)) return std::nullopt;
  return SigningKey::load(key_);
}

std::optional<std::string> HeadFiles::read_public_key() const {
  if (!is_there(public_key_)) return std::nullopt;
  return load_public_key(public_key_);
}

SigningKey HeadFiles::make_key() const {
  std::error_code fault;
  fs::create_directories(key_.parent_path(), fault);  // a failure shows when the key is written
  const bool is_new = !is_there(key_);
  SigningKey key = is_new ? SigningKey::create(key_) : SigningKey::load(key_);
  if (is_new || !is_there(public_key_)) write_file(public_key_, key.public_pem());
  return key;
}

void HeadFiles::write_head(const SignedHead& head) const {
  const FileLock lock(lock_);
  try {
    const std::optional<SignedHead> present = read_head();
    if (present && present->sequence > head.sequence) return;
  } catch (const Error&) {
    // What is unreadable is not newer.
  }
  write_file(head_, format_head(head));
}

}  // namespace stevie::ledger
