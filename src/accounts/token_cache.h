#pragma once
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "accounts/account_database.h"

namespace stevie::accounts {

/// What authenticate() looks at, in memory: users and keys as the database had them, and the access tokens of
/// this process. Thread-safe; nothing here waits for anything but another look or change of the same kind.
///
/// Bounded: a login has at most its two newest access tokens, the whole at most `most_access_tokens`; where
/// that is reached, those that end first go.
class TokenCache {
 public:
  explicit TokenCache(std::size_t most_access_tokens = 20'000) : most_(most_access_tokens) {}

  std::optional<Principal> find(std::string_view bearer, TimeMs now) const;

  void add_access(const Fingerprint& token, const std::string& login, const std::string& user, TimeMs expires,
                  TimeMs now);
  /// Users and keys are these from now on; access tokens of other logins than these are void.
  void replace(const Snapshot& snapshot);
  void end_login(const std::string& login);
  /// Nothing of this user is accepted until the next replace().
  void forget_user(const std::string& user);
  void forget_key(const std::string& id);

  /// Keys that were used since the last call, and when.
  std::vector<std::pair<std::string, TimeMs>> take_uses();
  std::optional<TimeMs> last_used(const std::string& key_id) const;
  std::size_t access_tokens() const;

 private:
  struct CachedUser {
    Role role;
    bool enabled;
  };
  struct CachedKey {
    ApiKey key;
    Fingerprint secret;
    mutable std::atomic<TimeMs> used{0};
    mutable std::atomic<bool> is_use_new{false};
  };
  struct Access {
    std::string login, user;
    TimeMs expires;
  };
  /// A fingerprint is random already.
  struct FirstBytes {
    std::size_t operator()(const Fingerprint& fingerprint) const {
      std::size_t value = 0;
      std::memcpy(&value, fingerprint.data(), sizeof(value));
      return value;
    }
  };

  const CachedUser* enabled_user(const std::string& name) const;
  void make_room(TimeMs now);
  void drop(const Fingerprint& token);
  template <class Condition>
  void drop_where(Condition condition);

  mutable std::shared_mutex mutex_;
  std::size_t most_;
  std::unordered_map<std::string, CachedUser> users_;
  std::unordered_map<std::string, std::shared_ptr<CachedKey>> keys_;
  std::unordered_map<Fingerprint, Access, FirstBytes> access_;
  std::unordered_map<std::string, std::vector<Fingerprint>> of_login_;  // newest last
};

inline constexpr std::string_view access_prefix = "stv_a_", refresh_prefix = "stv_r_", key_prefix = "stv_k_",
                                  setup_prefix = "stv_s_";
inline constexpr std::size_t key_id_length = 12;

}  // namespace stevie::accounts
