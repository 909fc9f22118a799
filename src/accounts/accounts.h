#pragma once
/// accounts: who may do what.
///
/// Users with a role and a password (Argon2id), short access tokens, refresh tokens that can be revoked, API
/// keys. Everything secret is stored as a hash, in a database of its own beside the ledger. Start with:
///   accounts.h   Role, Principal, AccountStore
///
/// In: names, passwords and tokens from outside, hostile until checked. Out: a Principal, or nothing.
///
/// What always holds:
///   - no password, token or key is stored, logged or shown again as it was handed out;
///   - authenticate() takes microseconds and asks no database; everything with a password takes an Argon2id
///     and belongs on a worker thread;
///   - the last enabled administrator can be neither removed, disabled nor demoted.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/error.h"
#include "core/time.h"

namespace stevie::accounts {

/// Each may do what those before it may.
enum class Role : std::uint8_t {
  viewer,         // looks
  operator_role,  // starts and stops sessions, changes parameters, kills and re-arms
  admin           // manages users, keys and what only a person in charge may
};
std::string_view to_string(Role role);   // "viewer", "operator", "admin"
Role parse_role(std::string_view name);  // throws Error "accounts.unknown_role"

/// Who is asking.
struct Principal {
  std::string user;
  Role role = Role::viewer;
  std::string via;  // "access token", "API key ci"
};

struct User {
  std::string name;
  Role role = Role::viewer;
  bool enabled = true;
  TimeMs created = 0;
  std::optional<TimeMs> last_login;
};

/// What a login gives. Shown once.
struct Tokens {
  std::string access, refresh;
  TimeMs access_expires = 0, refresh_expires = 0;
  User user;
};

struct ApiKey {
  std::string id;            // public part, in front of the secret
  std::string user;          // in whose name it acts
  std::string name;          // "ci"
  Role role = Role::viewer;  // not above the user's
  TimeMs created = 0;
  std::optional<TimeMs> expires, last_used;
};

struct AccountConfig {
  std::string url = "sqlite:///stevie-accounts.db";  // as LedgerConfig::url
  TimeMs access_lifetime = 15 * minute_ms;
  TimeMs refresh_lifetime = 14 * day_ms;
  std::size_t tries = 5;               // failed logins of a name, or of an address, in `try_window`
  TimeMs try_window = 15 * minute_ms;  // before further ones are refused until it has passed
  std::size_t least_password = 12;     // characters
  /// What one password costs to look at, by Argon2id with three passes. Default 64 MiB: RFC 9106's choice for
  /// machines that have little memory, about 0.1 s. At most two are looked at at once.
  std::size_t password_memory = 64;  // MiB
};
void describe(ConfigBinder& binder, AccountConfig& config);

/// Error "accounts.too_many_tries".
class TooManyTries : public Error {
 public:
  TooManyTries(TimeMs now, TimeMs again);
  TimeMs again() const { return again_; }  // from then on another try is taken

 private:
  TimeMs again_;
};

/// Thread-safe. What a database does that is gone: everything throws Error "accounts.unreachable" but
/// authenticate(), which goes on with what it knew.
class AccountStore {
 public:
  /// Opens or makes the database. `now`: for tests. Throws Error "accounts.bad_url", "accounts.unreachable",
  /// "accounts.newer_schema", "accounts.locked", "accounts.login_refused", "accounts.unwritable",
  /// "accounts.damaged", "accounts.not_accounts".
  static std::unique_ptr<AccountStore> open(const AccountConfig& config, std::function<TimeMs()> now = {});
  virtual ~AccountStore() = default;

  virtual std::vector<User> users() = 0;
  bool has_user() { return !users().empty(); }
  /// Throws Error "accounts.bad_name", "accounts.weak_password" and "accounts.exists".
  virtual User add_user(const std::string& name, const std::string& password, Role role) = 0;
  /// Throw Error "accounts.unknown_user", "accounts.last_admin", set_password() "accounts.weak_password"; all
  /// end the user's tokens. A new password also ends a lock by failed logins; keys go with the user only.
  virtual User set_password(const std::string& name, const std::string& password) = 0;
  virtual User set_role(const std::string& name, Role role) = 0;
  virtual User set_enabled(const std::string& name, bool enabled) = 0;
  virtual void remove_user(const std::string& name) = 0;

  /// A token with which the first administrator is made, once, while there is no user; valid for a day. The
  /// newest one counts. Nothing where there are users.
  virtual std::optional<std::string> make_setup_token() = 0;
  /// Throws Error "accounts.bad_setup_token".
  virtual Tokens set_up(const std::string& token, const std::string& name, const std::string& password) = 0;

  /// Throws Error "accounts.bad_login" - the same, after the same time, whatever was wrong - and
  /// TooManyTries. `address`: of the peer. One user has at most 100 logins: a further one ends the oldest.
  virtual Tokens login(const std::string& name, const std::string& password, const std::string& address) = 0;
  /// A new pair for a refresh token, which is used up. One that was used before ends all tokens of its
  /// login. Throws Error "accounts.bad_refresh_token".
  virtual Tokens refresh(const std::string& refresh_token) = 0;
  /// Ends the login that the refresh token belongs to; no error for an unknown one.
  virtual void logout(const std::string& refresh_token) = 0;

  /// Access token or API key. Microseconds. Access tokens are of the store that gave them and end with it;
  /// what another process changed holds within a second, what this one changed at once.
  virtual std::optional<Principal> authenticate(std::string_view bearer) = 0;
  /// Takes over what other processes changed. A thread of the store calls it several times a second; public
  /// for tests.
  virtual void look_around() {}

  /// The whole key is in `secret`, shown once. Throws Error "accounts.unknown_user", "accounts.bad_name",
  /// "accounts.role_too_high", "accounts.exists" (the user has a key of that name), "accounts.bad_expiry"
  /// (not in the future), "accounts.too_many_keys" (100 a user). A key acts with its role or its user's,
  /// whichever is less, and not while the user is disabled; a new password leaves it.
  struct NewKey {
    ApiKey key;
    std::string secret;
  };
  virtual NewKey add_key(const std::string& user, const std::string& name, Role role,
                         std::optional<TimeMs> expires) = 0;
  virtual std::vector<ApiKey> keys() = 0;
  virtual void remove_key(const std::string& id) = 0;  // throws Error "accounts.unknown_key"
};

}  // namespace stevie::accounts
